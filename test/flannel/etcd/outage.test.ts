/** What a registry does while etcd is away, and after. */
import t from 'tap';
import { Etcd, NO_ETCD } from '../../support/etcd.js';
import { attributes, CONFIG, Host, value } from './host.js';
import { startRelay } from './relay.js';

const SUBNETS = '/coreos.com/network/subnets/';

t.test('etcd', { skip: NO_ETCD }, async (t) => {
  const etcd = await Etcd.start();
  await etcd.put('/coreos.com/network/config', CONFIG);
  const endpoints = [etcd.endpoint];
  const hosts = new Set<Host>();
  const host = (options: object = {}): Host => {
    const made = new Host({ endpoints, ...options });
    hosts.add(made);
    return made;
  };
  t.afterEach(async () => {
    for (const one of hosts) await one.registry.close();
    hosts.clear();
  });
  t.teardown(() => etcd.close());

  t.test('killed and started again: what changed meanwhile is known, what did not is not told', async (t) => {
    await etcd.put(`${SUBNETS}10.5.9.0-24`, value(9));
    const one = await host().watch();
    const own = await one.registry.acquire(attributes(1));
    await etcd.kill();
    await one.until(() => one.registry.status().error === `etcd ${etcd.endpoint}: ECONNREFUSED`);
    t.same([...one.leases.keys()], ['10.5.9.0-24'], 'what is known stays');
    const publishing = one.registry.publish(attributes(2));
    await etcd.restart();
    await publishing;
    await one.until(() => one.snapshots.length === 2);
    await etcd.put(`${SUBNETS}10.5.8.0-24`, value(8));
    await one.until(() => one.leases.has('10.5.8.0-24'));
    t.equal(one.registry.status().error, undefined);
    t.equal((await etcd.get(SUBNETS + own.key))!.value, value(2), 'published as soon as it was back');
    t.same(one.problems, [], 'what passes is no problem to tell');
  });

  t.test('compaction while etcd was away: nothing is missed', async (t) => {
    const relay = await startRelay(etcd.endpoint);
    t.teardown(() => relay.close());
    const one = await host({ endpoints: [relay.endpoint] }).watch();
    t.ok(one.leases.has('10.5.9.0-24'));
    relay.close();
    await etcd.kill();
    await one.until(() => one.registry.status().error === `etcd ${relay.endpoint}: ECONNREFUSED`);
    await etcd.restart();
    await etcd.remove(`${SUBNETS}10.5.9.0-24`);
    for (let i = 0; i < 20; i++) await etcd.put(`${SUBNETS}10.5.30.0-24`, value(30 + i));
    await etcd.compact();
    await relay.reopen();
    await one.until(() => one.snapshots.length === 2);
    t.equal(one.leases.get('10.5.30.0-24')?.attributes.publicIp, '10.99.0.49');
    t.notOk(one.leases.has('10.5.9.0-24'), 'a deletion that nobody told of');
    await etcd.put(`${SUBNETS}10.5.31.0-24`, value(31));
    await one.until(() => one.leases.has('10.5.31.0-24'));
    t.same(one.problems, []);
  });

  t.test('compaction between the list and the watch', async (t) => {
    let isFirst = true;
    const relay = await startRelay(etcd.endpoint, async (path) => {
      if (path !== '/v3/watch' || !isFirst) return;
      isFirst = false;
      for (let i = 0; i < 20; i++) await etcd.put(`${SUBNETS}10.5.32.0-24`, value(30 + i));
      await etcd.remove(`${SUBNETS}10.5.31.0-24`);
      await etcd.compact();
    });
    t.teardown(() => relay.close());
    const one = await host({ endpoints: [relay.endpoint] }).watch();
    t.ok(one.leases.has('10.5.31.0-24'));
    await one.until(() => one.snapshots.length === 2);
    t.match(one.leases.get('10.5.32.0-24'), { attributes: { publicIp: '10.99.0.49' } });
    t.notOk(one.leases.has('10.5.31.0-24'));
    await etcd.put(`${SUBNETS}10.5.33.0-24`, value(33));
    await one.until(() => one.leases.has('10.5.33.0-24'));
    t.equal(one.snapshots.length, 2, 'once: no loop');
    t.same(one.problems, []);
  });

  t.test('a lease that ends while etcd is unreachable for us', async (t) => {
    const one = await host({ timeToLive: 2 }).watch();
    const { key } = await one.registry.acquire(attributes(1));
    const { lease } = (await etcd.get(SUBNETS + key))!;
    await etcd.kill();
    await one.until(() => one.registry.status().error !== undefined);
    const { length } = one.owns;
    await etcd.restart();
    await etcd.post('/v3/lease/revoke', { ID: lease }).catch(() => {});
    await one.until(() => one.owns.length > length);
    t.equal(one.owns.at(-1)!.key, key, 'the same subnet');
    t.equal((await etcd.get(SUBNETS + key))!.value, value(1));
  });

  t.test('an etcd that hangs is found out', async (t) => {
    const one = await host({ probeAfter: 100, timeout: 200 }).watch();
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.equal(one.snapshots.length, 1, 'silence alone is no reason');
    process.kill(etcd.pid, 'SIGSTOP');
    await one.until(() => one.registry.status().error === `etcd ${etcd.endpoint}: no answer within 0.2 s`);
    process.kill(etcd.pid, 'SIGCONT');
    await one.until(() => one.snapshots.length === 2 && one.registry.status().error === undefined);
  });

  t.test('started before etcd: it waits', async (t) => {
    await etcd.kill();
    const one = host();
    const acquiring = one.registry.acquire(attributes(3));
    one.registry.watch(one);
    await one.until(() => one.registry.status().error !== undefined);
    await etcd.restart();
    t.match(await acquiring, { attributes: { publicIp: '10.99.0.3' } });
    await one.until(() => one.snapshots.length === 1);
  });

  t.test('one endpoint of two is dead, at first and later', async (t) => {
    const one = await host({ endpoints: ['http://127.0.0.1:1', etcd.endpoint] }).watch();
    t.match(await one.registry.acquire(attributes(4)), { attributes: { publicIp: '10.99.0.4' } });
    t.equal(one.registry.status().name, `etcd ${etcd.endpoint} (one of 2)`);
    await etcd.put(`${SUBNETS}10.5.60.0-24`, value(60));
    await one.until(() => one.leases.has('10.5.60.0-24'));
    await etcd.kill();
    const both = `etcd ${etcd.endpoint}: ECONNREFUSED; etcd http://127.0.0.1:1: ECONNREFUSED`;
    await one.until(() => one.registry.status().error === both);
    await etcd.restart();
    await one.until(() => one.snapshots.length === 2);
  });

  t.test('closing while etcd is away does not wait for it', async (t) => {
    const one = await host().watch();
    await one.registry.acquire(attributes(5));
    await etcd.kill();
    const publishing = one.registry.publish(attributes(6));
    const began = performance.now();
    setTimeout(() => void one.registry.close(), 50);
    await t.rejects(publishing, { message: 'the registry was closed', errno: 'ECANCELED' });
    await one.registry.close();
    t.ok(performance.now() - began < 2000);
  });
});
