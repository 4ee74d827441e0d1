/** The registry against a real etcd: one for all tests, a prefix for each. */
import t from 'tap';
import type { EtcdRegistryOptions } from '../../../lib/flannel/etcd/registry.js';
import { leaseValue } from '../../../lib/flannel/lease.js';
import { Etcd, NO_ETCD } from '../../support/etcd.js';
import { Random } from '../../support/random.js';
import { attributes, CONFIG, Host, value } from './host.js';
import { startRelay } from './relay.js';

t.test('etcd', { skip: NO_ETCD }, async (t) => {
  const etcd = await Etcd.start();
  const hosts = new Set<Host>();
  t.afterEach(async () => {
    for (const host of hosts) await host.registry.close();
    hosts.clear();
  });
  t.teardown(() => etcd.close());

  let networks = 0;
  /** A network of its own for a test. */
  async function network(config: string | undefined = CONFIG) {
    const prefix = `/net${++networks}`;
    if (config !== '') await etcd.put(`${prefix}/config`, config);
    const host = (options: EtcdRegistryOptions = {}): Host => {
      const made = new Host({ endpoints: [etcd.endpoint], prefix, ...options });
      hosts.add(made);
      return made;
    };
    const subnets = `${prefix}/subnets/`;
    const keys = async () => (await etcd.keys(subnets)).map((key) => key.slice(subnets.length)).sort();
    return { prefix, subnets, host, keys };
  }

  t.test('the configuration', async (t) => {
    const { prefix, host } = await network(
      '{"Network":"10.5.0.0/16","Color":"red","Backend":{"Type":"vxlan","VNI":7}}',
    );
    const { registry, problems } = host();
    t.match(await registry.config(), { ipv4: { network: '10.5.0.0/16' }, backend: { vni: 7 } });
    const other = host();
    await other.registry.config();
    await other.watch();
    t.same(
      other.problems,
      ['config: "Color" means nothing to Flannel and is not used'],
      'once there is somebody to tell',
    );
    await other.registry.config();
    t.equal(other.problems.length, 1, 'once');
    t.same(problems, []);
    await etcd.put(`${prefix}/config`, '{"Network":"10.5.0.0/16"}');
    await t.rejects(host().registry.config(), {
      code: 'ERR_VTEP_ARGUMENT',
      message: new RegExp(`^${prefix}/config: there is no "Backend"`),
    });
    t.match(await host({ assumeVxlan: true }).registry.config(), { backend: { vni: 1 } });
  });

  t.test('no configuration', async (t) => {
    const { prefix, host } = await network('');
    const error = {
      code: 'ERR_VTEP_ARGUMENT',
      message: `etcd ${etcd.endpoint}: there is no key ${prefix}/config, so there is no network`,
    };
    await t.rejects(host().registry.config(), {
      ...error,
      message: new RegExp(`^${error.message}; etcdctl put ${prefix}/config`),
    });
    await t.rejects(host().registry.acquire(attributes(1)), { code: 'ERR_VTEP_ARGUMENT' });
  });

  t.test('a subnet is taken with the recorded key and value, under a lease of a day', async (t) => {
    const { subnets, host, keys } = await network();
    const now = 1_700_000_000_000;
    const one = host({ random: () => 0.02, now: () => now });
    const told = attributes(12, { publicIp: '10.99.0.12', ipv4: { vni: 1, mac: 'b2:56:42:b5:e6:fc' } });
    const lease = await one.registry.acquire(told);
    t.same(lease, {
      key: '10.5.3.0-24',
      subnet: '10.5.3.0/24',
      subnet6: undefined,
      attributes: told,
      expires: now + 86_400_000,
    });
    t.same(await keys(), ['10.5.3.0-24']);
    const stored = (await etcd.get(`${subnets}10.5.3.0-24`))!;
    t.equal(
      stored.value,
      '{"PublicIP":"10.99.0.12","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:56:42:b5:e6:fc"}}',
    );
    t.ok((await etcd.timeToLive(stored.lease)) > 86_390);
  });

  t.test('dual stack, as recorded', async (t) => {
    const config =
      '{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd05::/56","SubnetMin":"10.5.100.0","IPv6SubnetMin":"fd05:0:0:29::","Backend":{"Type":"vxlan","VNI":42}}';
    const { subnets, host } = await network(config);
    const told = attributes(11, {
      publicIp: '10.99.0.11',
      publicIpv6: 'fd99::11',
      ipv4: { vni: 42, mac: '82:e0:29:56:da:2d' },
      ipv6: { vni: 42, mac: '1a:d9:4b:5a:44:1d' },
    });
    const lease = await host({ random: () => 0 }).registry.acquire(told);
    t.equal(lease.key, '10.5.100.0-24&fd05:0:0:29::-64');
    t.equal(
      (await etcd.get(subnets + lease.key))!.value,
      '{"PublicIP":"10.99.0.11","PublicIPv6":"fd99::11","BackendType":"vxlan","BackendData":{"VNI":42,"VtepMAC":"82:e0:29:56:da:2d"},"BackendV6Data":{"VNI":42,"VtepMAC":"1a:d9:4b:5a:44:1d"}}',
    );
    const other = await host({ random: () => 0 }).registry.acquire({ ...told, publicIp: '10.99.0.12' });
    t.equal(other.key, '10.5.101.0-24&fd05:0:0:2a::-64');
  });

  t.test('two keys cannot hold one subnet: the later gives way', async (t) => {
    const config =
      '{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd05::/56","Backend":{"Type":"vxlan"}}';
    const { subnets, host, keys } = await network(config);
    // Between our list and our write another host takes the same IPv4 subnet under another key.
    const foreign = '10.5.1.0-24&fd05:0:0:9::-64';
    let isFirst = true;
    const relay = await startRelay(etcd.endpoint, async (path) => {
      if (path !== '/v3/kv/txn' || !isFirst) return;
      isFirst = false;
      await etcd.put(subnets + foreign, value(2));
    });
    t.teardown(() => relay.close());
    const told = attributes(1, { publicIpv6: 'fd99::1', ipv6: { vni: 1, mac: '02:00:00:00:06:01' } });
    const lease = await host({ endpoints: [relay.endpoint], random: () => 0 }).registry.acquire(told);
    t.equal(isFirst, false);
    t.equal(lease.key, '10.5.2.0-24&fd05:0:0:1::-64');
    t.same(await keys(), [foreign, lease.key]);
    t.equal((await etcd.get(subnets + foreign))!.value, value(2));
  });

  t.test('an own lease that overlaps an older one gives way too', async (t) => {
    const { subnets, host, keys } = await network();
    await etcd.put(`${subnets}10.5.4.0-22`, value(2));
    await etcd.put(`${subnets}10.5.5.0-24`, value(1), await etcd.grant(1000));
    const one = await host().watch();
    const { key } = await one.registry.acquire(attributes(1));
    t.notMatch(key, /^10\.5\.[4-7]\./);
    t.same(await keys(), [key, '10.5.4.0-22'].sort());
    t.same(one.problems, ['10.5.5.0-24: our own lease overlaps the older 10.5.4.0-22; it is deleted']);
  });

  t.test('a host without an address of a family the network has', async (t) => {
    const { host } = await network(
      '{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd05::/56","Backend":{"Type":"vxlan"}}',
    );
    const four =
      'the network has IPv4 (Network), and this host no public IPv4 address; give one with --public-ip';
    const six =
      'the network has IPv6 (IPv6Network), and this host no public IPv6 address; give one with --public-ipv6';
    const argument = (message: string) => ({ code: 'ERR_VTEP_ARGUMENT', message });
    const { registry } = host();
    await t.rejects(registry.acquire(attributes(1, { publicIp: undefined })), argument(four));
    await t.rejects(registry.acquire(attributes(1)), argument(six));
  });

  t.test('an answer that is lost does not lead to two leases', async (t) => {
    const { host, keys } = await network();
    let isFirst = true;
    const relay = await startRelay(etcd.endpoint, undefined, (path) => {
      const isLost = path === '/v3/kv/txn' && isFirst;
      if (isLost) isFirst = false;
      return isLost;
    });
    t.teardown(() => relay.close());
    const lease = await host({ endpoints: [relay.endpoint] }).registry.acquire(attributes(1));
    t.equal(isFirst, false);
    t.same(await keys(), [lease.key], 'the one that was written is found');
  });

  t.test('a restart takes up its lease, and changes nothing that is right', async (t) => {
    const { subnets, host, keys } = await network();
    const first = host();
    const before = await first.registry.acquire(attributes(1));
    await first.registry.close();
    const stored = await etcd.get(subnets + before.key);
    const again = await host().registry.acquire(attributes(1));
    t.match(again, { key: before.key, subnet: before.subnet });
    t.same(await etcd.get(subnets + before.key), stored, 'not even written');
    await host().registry.acquire(attributes(1, { ipv4: { vni: 1, mac: '02:00:00:00:aa:aa' } }));
    t.match(
      await etcd.get(subnets + before.key),
      { value: /aa:aa/, lease: stored!.lease, version: 2 },
      'a new MAC is',
    );
    t.same(await keys(), [before.key]);
  });

  t.test("a flanneld's lease of this host is taken up", async (t) => {
    const { subnets, host } = await network();
    const lease = await etcd.grant(86_400);
    await etcd.put(
      `${subnets}10.5.81.0-24`,
      '{"PublicIP":"10.99.0.1","PublicIPv6":null,"BackendType":"extension","BackendData":"2a:46:6b:0e:42:43"}',
      lease,
    );
    t.match(await host().registry.acquire(attributes(1)), { subnet: '10.5.81.0/24' });
    t.same(await etcd.get(`${subnets}10.5.81.0-24`), { value: value(1), lease, version: 2 });
  });

  t.test('the subnet of an earlier run is wanted again, if it may be had', async (t) => {
    const { subnets, host } = await network();
    t.match(
      await host().registry.acquire(attributes(1), { subnet: '10.5.200.1/24' }),
      { key: '10.5.200.0-24' },
      'as in subnet.env',
    );
    t.notMatch(
      await host().registry.acquire(attributes(2), { subnet: '10.5.200.1/24' }),
      { key: '10.5.200.0-24' },
      'taken',
    );
    t.notMatch(
      await host().registry.acquire(attributes(3), { subnet: '10.6.0.1/24' }),
      { subnet: '10.6.0.0/24' },
      'outside',
    );
    await etcd.put(`${subnets}10.5.201.0-24`, 'garbage');
    t.notMatch(
      await host().registry.acquire(attributes(4), { subnet: '10.5.201.1/24' }),
      { key: '10.5.201.0-24' },
      'what cannot be read holds its subnet',
    );
  });

  t.test('a lease that does not fit the configuration is replaced', async (t) => {
    const { prefix, subnets, host, keys } = await network();
    const { registry } = host();
    const before = await registry.acquire(attributes(1), { subnet: '10.5.40.1/24' });
    await registry.close();
    await etcd.put(`${prefix}/config`, '{"Network":"10.5.0.0/16","SubnetLen":26,"Backend":{"Type":"vxlan"}}');
    const other = host();
    const after = await other.registry.acquire(attributes(1));
    t.match(after, { key: /-26$/ });
    t.same(await keys(), [after.key]);
    await other.watch();
    t.same(other.problems, [
      `${before.key}: our own lease does not fit the network's configuration; it is deleted`,
    ]);
    await other.registry.close();
    await etcd.put(
      `${prefix}/config`,
      '{"Network":"10.5.0.0/16","SubnetLen":26,"EnableIPv6":true,"IPv6Network":"fd05::/56","Backend":{"Type":"vxlan"}}',
    );
    const dual = await host().registry.acquire(attributes(1, { publicIpv6: 'fd99::1' }));
    t.ok(dual.key.startsWith(`${after.key}&fd05:`), 'the IPv4 subnet stays where IPv6 is added');
    t.same(await etcd.keys(subnets), [subnets + dual.key]);
  });

  t.test('a reservation is honoured, and stays one', async (t) => {
    const { subnets, host, keys } = await network();
    await etcd.put(`${subnets}10.5.77.0-24`, value(1));
    await etcd.put(`${subnets}10.5.1.0-24`, value(1), await etcd.grant(1000));
    const one = host();
    const lease = await one.registry.acquire(attributes(1));
    t.match(lease, { key: '10.5.77.0-24', expires: undefined }, 'before a lease');
    t.same(await etcd.get(`${subnets}10.5.77.0-24`), { value: value(1), lease: '0', version: 1 });
    await one.registry.publish(attributes(1, { ipv4: { vni: 1, mac: '02:00:00:00:bb:bb' } }));
    t.match(await etcd.get(`${subnets}10.5.77.0-24`), { value: /bb:bb/, lease: '0', version: 2 });
    await etcd.put(`${subnets}10.5.2.0-24`, value(2));
    t.notMatch(
      await host({ random: () => 0.011 }).registry.acquire(attributes(3)),
      { key: '10.5.2.0-24' },
      "another's reservation",
    );
    await etcd.put(`${subnets}10.6.0.0-24`, value(4));
    const odd = await host().watch();
    t.match(await odd.registry.acquire(attributes(4)), { subnet: /^10\.5\./ });
    t.same(odd.problems, [
      "10.6.0.0-24: our own reservation does not fit the network's configuration; it is not used: delete it, or reserve another subnet",
    ]);
    t.ok((await keys()).includes('10.6.0.0-24'), 'it is a person who made it');
  });

  t.test('a lease that a person makes a reservation, and back', async (t) => {
    const { subnets, host } = await network();
    const one = await host().watch();
    const { key } = await one.registry.acquire(attributes(1));
    const { value: stored } = (await etcd.get(subnets + key))!;
    await etcd.put(subnets + key, stored);
    await one.until(() => one.owns.at(-1)?.expires === undefined);
    const lease = await etcd.grant(500);
    await etcd.put(subnets + key, stored, lease);
    await one.until(() => one.owns.at(-1)?.expires !== undefined);
    t.equal((await etcd.get(subnets + key))!.lease, lease);
    t.same(one.problems, []);
  });

  t.test('hosts that start at once get subnets that differ, every one', async (t) => {
    const { host, keys } = await network(
      '{"Network":"10.5.0.0/24","SubnetLen":28,"Backend":{"Type":"vxlan"}}',
    );
    const random = new Random(7);
    // All want the same first, and then draw from very few: nothing but races.
    const pick = () => random.below(1000) / 1000;
    const leases = await Promise.all(
      Array.from({ length: 15 }, (_, i) =>
        host({ random: pick }).registry.acquire(attributes(i + 1), { subnet: '10.5.0.17/28' }),
      ),
    );
    t.equal(new Set(leases.map(({ key }) => key)).size, 15);
    t.same(await keys(), leases.map(({ key }) => key).sort());
    const late = host({ random: pick });
    const before = await etcd.leases();
    await t.rejects(late.registry.acquire(attributes(99)), {
      code: 'ERR_VTEP_LIMIT',
      message:
        'no subnet is left in 10.5.0.0/24: all of /28 from 10.5.0.16 to 10.5.0.240 are taken; delete the leases of hosts that are gone, or give a larger Network or SubnetLen',
    });
    t.equal(await etcd.leases(), before, 'no lease of etcd is left over');
  });

  t.test('the lease is renewed and nobody hears of it', async (t) => {
    const { subnets, host } = await network();
    const other = await host().watch();
    const one = await host({ timeToLive: 2 }).watch();
    const { key } = await one.registry.acquire(attributes(1));
    await other.until(() => other.leases.has(key));
    const { version } = (await etcd.get(subnets + key))!;
    await one.until(() => one.owns.length >= 4);
    t.equal((await etcd.get(subnets + key))!.version, version);
    t.same(other.changes, [{ leases: [key], gone: [] }]);
    t.ok(one.owns.at(-1)!.expires! > one.owns[0]!.expires!);
    t.same(one.problems, []);
  });

  t.test('the margin is minutes before the end', async (t) => {
    const { host } = await network();
    for (const renewMargin of [0, 1440, NaN])
      t.throws(() => host({ renewMargin }), {
        code: 'ERR_VTEP_ARGUMENT',
        message: `--subnet-lease-renew-margin is ${renewMargin}, expected 1 to 1439 minutes: a lease has 1440`,
      });
    const one = host({ renewMargin: 1, timeToLive: 61 });
    one.registry.watch(one);
    await one.registry.acquire(attributes(1));
    await one.until(() => one.owns.length >= 2);
    t.ok(one.owns[1]!.expires! - one.owns[0]!.expires! > 900, 'a second later, of 61');
  });

  t.test('a lease that was lost is taken again: the same, or another when it is taken', async (t) => {
    const { subnets, host } = await network();
    const one = await host().watch();
    const { key } = await one.registry.acquire(attributes(1));
    await etcd.remove(subnets + key);
    await one.until(() => one.owns.length === 2);
    t.equal(one.owns[1]!.key, key);
    t.equal((await etcd.get(subnets + key))!.value, value(1));

    const { lease } = (await etcd.get(subnets + key))!;
    await etcd.post('/v3/lease/revoke', { ID: lease });
    await one.until(() => one.owns.length === 3);
    t.equal(one.owns[2]!.key, key, 'an expired one too');

    await etcd.put(subnets + key, value(2));
    await one.until(() => one.owns.length === 4);
    t.not(one.owns[3]!.key, key);
    t.equal((await etcd.get(subnets + key))!.value, value(2), 'never written over');
    await one.until(() => one.leases.has(key));
    t.match(one.leases.get(key), { attributes: { publicIp: '10.99.0.2' } }, 'whose it is now');
    t.same(one.problems, [`${key}: our own lease was written over: ${value(2)}`]);
  });

  t.test('a lease that was lost before anybody watched shows at renewal', async (t) => {
    const { subnets, host } = await network();
    const one = host({ timeToLive: 2 });
    const { key } = await one.registry.acquire(attributes(1));
    await etcd.remove(subnets + key);
    one.registry.watch(one);
    await one.until(() => one.owns.length >= 1);
    t.equal((await etcd.get(subnets + key))?.value, value(1));
  });

  t.test('what somebody wrote over our value is put right', async (t) => {
    const { subnets, host } = await network();
    const one = await host().watch();
    const { key } = await one.registry.acquire(attributes(1));
    const { lease } = (await etcd.get(subnets + key))!;
    for (const wrong of [
      leaseValue(attributes(1, { ipv4: { vni: 1, mac: '02:00:00:00:cc:cc' } })),
      'garbage',
    ]) {
      const { length } = one.owns;
      await etcd.put(subnets + key, wrong, lease);
      await one.until(() => one.owns.length > length);
      t.match(await etcd.get(subnets + key), { value: value(1), lease });
    }
    t.equal(one.problems.length, 2);
  });

  t.test('peers are told of a changed address and MAC', async (t) => {
    const { subnets, host, keys } = await network();
    const other = await host().watch();
    const one = host();
    await t.rejects(one.registry.publish(attributes(1)), {
      code: 'ERR_VTEP_ARGUMENT',
      message: 'no lease is held yet: acquire one first',
    });
    const { key } = await one.registry.acquire(attributes(1));
    const { lease } = (await etcd.get(subnets + key))!;
    await one.registry.publish(attributes(7));
    t.same(await etcd.get(subnets + key), { value: value(7), lease, version: 2 });
    await other.until(() => other.leases.get(key)?.attributes.publicIp === '10.99.0.7');
    await one.registry.publish(attributes(7));
    t.equal((await etcd.get(subnets + key))!.version, 2, 'the same again is not written');
    t.same(await keys(), [key]);
    // The old address is another host's now, with a lease of its own: that is not ours.
    const heir = await host().registry.acquire(attributes(1));
    await one.registry.publish(attributes(8));
    t.same(await keys(), [key, heir.key].sort());
  });

  t.test('the watch: the list first, then changes; our own key is never told', async (t) => {
    const { subnets, host } = await network();
    await etcd.put(`${subnets}10.5.9.0-24`, value(9));
    await etcd.put(`${subnets}10.5.8.0-24`, value(8));
    const one = host();
    const own = await one.registry.acquire(attributes(1));
    await one.watch();
    t.same(one.snapshots, [['10.5.9.0-24', '10.5.8.0-24']], 'oldest first');
    await etcd.put(`${subnets}10.5.7.0-24`, value(7));
    await one.until(() => one.leases.has('10.5.7.0-24'));
    t.match(one.leases.get('10.5.7.0-24'), {
      subnet: '10.5.7.0/24',
      attributes: attributes(7),
      expires: undefined,
    });
    await etcd.remove(`${subnets}10.5.9.0-24`);
    await one.until(() => !one.leases.has('10.5.9.0-24'));
    await one.registry.publish(attributes(2));
    await etcd.put(`${subnets}10.5.6.0-24`, value(6));
    await one.until(() => one.leases.has('10.5.6.0-24'));
    t.same(
      one.changes.map(({ leases, gone }) => [...leases, ...gone]),
      [['10.5.7.0-24'], ['10.5.9.0-24'], ['10.5.6.0-24']],
    );
    t.notOk(one.leases.has(own.key));
    const { name, revision, lastContact, error } = one.registry.status();
    t.equal(name, `etcd ${etcd.endpoint}`);
    t.ok(Number(revision) > 5 && Date.now() - lastContact! < 5000);
    t.equal(error, undefined);
  });

  t.test('watching before there is a lease: it is not told when it is made', async (t) => {
    const { subnets, host } = await network();
    await etcd.put(`${subnets}10.5.9.0-24`, value(1), await etcd.grant(1000));
    const one = await host().watch();
    t.same([...one.leases.keys()], ['10.5.9.0-24'], 'of an earlier run');
    await one.registry.acquire(attributes(1));
    t.same([...one.leases.keys()], [], 'ours now');
    const two = await host().watch();
    await two.registry.acquire(attributes(2));
    await one.until(() => one.leases.size === 1);
    t.same(two.changes, []);
  });

  t.test('keys and values that are none are told of once, and are no lease', async (t) => {
    const { subnets, host } = await network();
    await etcd.put(`${subnets}nonsense`, value(2));
    await etcd.put(`${subnets}10.5.3.7-24`, value(3));
    await etcd.put(`${subnets}10.5.4.0-24`, '{');
    await etcd.put(`${subnets}10.5.5.0-24`, value(5));
    const one = await host().watch();
    t.same([...one.leases.keys()], ['10.5.5.0-24']);
    const [nonsense, bits, broken] = one.problems;
    t.equal(nonsense, 'nonsense: the key is no subnet; expected a key such as 10.5.3.0-24');
    t.equal(bits, '10.5.3.7-24: the key 10.5.3.7/24 has host bits set; the subnet is 10.5.3.0/24');
    t.match(broken, /^10\.5\.4\.0-24: its value: no JSON: /);
    await etcd.put(`${subnets}nonsense`, value(2));
    await etcd.put(`${subnets}10.5.5.0-24`, '[]');
    await one.until(() => one.leases.size === 0);
    t.same(one.problems.slice(3), ['10.5.5.0-24: its value: [] is no object'], 'a lease that broke is gone');
    await etcd.put(`${subnets}10.5.5.0-24`, value(5));
    await one.until(() => one.leases.size === 1);
  });

  t.test('1,000 hosts: a list, a renewal storm, and 1,000 changes at once', async (t) => {
    const { subnets, host } = await network('{"Network":"10.0.0.0/8","Backend":{"Type":"vxlan"}}');
    const all = (shift: number) =>
      Array.from(
        { length: 1000 },
        (_, i) => [`${subnets}10.${i >> 8}.${i & 255}.0-24`, value(i + 1 + shift)] as const,
      );
    await etcd.putAll(all(0));
    const began = performance.now();
    const one = await host().watch();
    const listed = performance.now() - began;
    t.equal(one.leases.size, 1000);
    await etcd.putAll(all(0));
    await etcd.put(`${subnets}10.200.0.0-24`, value(5000));
    await one.until(() => one.leases.size === 1001);
    t.same(one.changes, [{ leases: ['10.200.0.0-24'], gone: [] }], '1,000 identical writes say nothing');
    const changing = performance.now();
    await etcd.putAll(all(2000));
    const isNew = () => one.leases.get('10.3.231.0-24')?.attributes.publicIp === attributes(3000).publicIp;
    await one.until(isNew);
    const changed = performance.now() - changing;
    t.equal(one.changes.slice(1).flatMap(({ leases }) => leases).length, 1000);
    t.ok(one.changes.length < 20, `told in ${one.changes.length - 1} calls`);
    t.comment(`listed in ${listed.toFixed(0)} ms, 1,000 changes in ${changed.toFixed(0)} ms`);
    t.ok(listed < 2000 && changed < 2000);
  });

  t.test('a key that went and came again is new', async (t) => {
    const { subnets, host } = await network();
    const one = await host().watch();
    const [a, b, last] = ['10.5.9.0-24', '10.5.8.0-24', '10.5.7.0-24'] as const;
    await etcd.put(subnets + a, value(9));
    await etcd.put(subnets + b, value(8));
    await one.until(() => one.leases.size === 2);
    await etcd.remove(subnets + a);
    await etcd.put(subnets + a, value(9));
    await etcd.put(subnets + last, value(7));
    await one.until(() => one.leases.has(last));
    t.same([...one.leases.keys()], [b, a, last], 'the youngest but one, as in a list made anew');
    const again = await host().watch();
    t.same([...again.leases.keys()], [b, a, last]);
  });

  t.test('the default prefix, and one with a slash at its end', async (t) => {
    await etcd.put('/coreos.com/network/config', CONFIG);
    const made = new Host({ endpoints: [etcd.endpoint] });
    hosts.add(made);
    const { key } = await made.registry.acquire(attributes(1));
    t.ok(await etcd.get(`/coreos.com/network/subnets/${key}`));
    const slash = new Host({ endpoints: [etcd.endpoint], prefix: '/coreos.com//network/' });
    hosts.add(slash);
    t.equal((await slash.registry.acquire(attributes(1))).key, key);
  });
});
