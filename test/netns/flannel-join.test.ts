/** Three hosts with `vtep flannel` and a real etcd: joining, moving, leaving. */
import t from 'tap';
import {
  CONFIG,
  entriesOf,
  FlannelLab,
  flannelMissing,
  madeUpLease,
} from '../support/flannel/flannel-lab.js';
import type { Host } from '../support/lab/host.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { soon } from '../support/soon.js';

const why = labMissing() || missingFor(['uvtep']) || (await flannelMissing());

const PATIENT = { timeout: 90_000 };
const counts = async (host: Host, expected: number): Promise<boolean> =>
  await soon(async () => String(await entriesOf(host)) === String([expected, expected, expected]));

t.test('join, change, leave', why ? { skip: why } : PATIENT, async (t) => {
  const flannel = await FlannelLab.open(['uvtep', 'uvtep', 'uvtep'], '');
  const { etcd } = flannel;
  const [a, b, c] = flannel.hosts as [Host, Host, Host];
  try {
    const waiting = flannel.begin(a);
    t.ok(
      await soon(async () => /no key .*config.*waiting/.test(waiting.stderr)),
      'without a configuration it says what is missing, and waits',
    );
    await etcd.put('config', CONFIG);
    t.ok(await soon(async () => /has joined/.test(waiting.stderr)), 'it joins when there is one');
    await flannel.join(b);
    await flannel.join(c);

    const leases = await etcd.leases();
    t.equal(leases.size, 3);
    for (const [key, value] of leases) {
      t.match(key, /^10\.5\.\d+\.0-24$/);
      t.match(
        value,
        /^\{"PublicIP":"192\.168\.100\.[234]","PublicIPv6":null,"BackendType":"vxlan","BackendData":\{"VNI":1,"VtepMAC":"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"\}\}$/,
      );
    }
    t.match(flannel.env(a), {
      FLANNEL_NETWORK: '10.5.0.0/16',
      FLANNEL_SUBNET: /^10\.5\.\d+\.1\/24$/,
      FLANNEL_MTU: '1450',
      FLANNEL_IPMASQ: 'false',
    });
    for (const host of [a, b, c])
      t.ok(await counts(host, 2), `one route, one neighbour, one FDB entry a peer: ${await entriesOf(host)}`);

    const [guestA, guestB, guestC] = [await flannel.guest(a), await flannel.guest(b), await flannel.guest(c)];
    for (const [from, to] of [
      [guestA, guestB],
      [guestB, guestC],
      [guestC, guestA],
    ] as const)
      t.equal((await from.ping(to.address, { count: 3, interval: 10_000 })).received, 3);
    t.ok((await guestA.streamTo(guestC, { megabytes: 2, mode: 'check' })).ok, 'TCP');

    const status = await flannel.status(a);
    t.match(status, {
      mode: 'static',
      network: '10.5.0.0/16',
      vni: 1,
      port: 8472,
      lease: { key: String, subnet: String, expires: String },
      registry: { name: /^etcd /, error: undefined },
      devices: [{ name: 'flannel.1', mtu: 1450, underlay: 'eth0', local: a.address }],
    });
    t.equal(status.peers.length, 2);
    for (const { ipv4 } of status.peers) t.match(ipv4, { fdb: true, neighbour: true, route: true });

    const mac = '02:00:00:00:00:77';
    await b.namespace.ip(`link set flannel.1 address ${mac}`);
    const told = async (): Promise<boolean> =>
      [...(await etcd.leases()).values()].some((v) => v.includes(mac));
    t.ok(await soon(told), 'a MAC that was changed is published');
    const known = async (): Promise<boolean> =>
      (await a.fdb('flannel.1')).some((entry) => entry.mac === mac && entry.dst === b.address);
    t.ok(await soon(known), 'and known to the others');
    t.ok(await counts(a, 2), `the old MAC is gone: ${await entriesOf(a)}`);
    t.equal((await guestA.ping(guestB.address, { count: 3, interval: 10_000 })).received, 3);

    const keyOfC = (await flannel.status(c)).lease!.key;
    await flannel.leave(c);
    await etcd.remove(`subnets/${keyOfC}`);
    t.ok(await counts(a, 1), `a lease that goes takes its entries with it: ${await entriesOf(a)}`);
    t.ok(await counts(b, 1));
    await flannel.join(c);
    t.ok(await counts(a, 2), 'and it comes back');
    t.equal((await flannel.status(c)).lease!.key, keyOfC, 'to the subnet it had');

    // Not among the hundred subnets that hosts choose from.
    await etcd.putFor(2, 'subnets/10.5.200.0-24', madeUpLease(1)[1]);
    t.ok(await counts(a, 3), 'a host of which only the lease is there');
    t.ok(await counts(a, 2), 'when the lease ends, its entries go');

    const keyOfA = (await flannel.status(a)).lease!.key;
    await etcd.remove(`subnets/${keyOfA}`);
    t.ok(await soon(async () => (await etcd.leases()).has(keyOfA)), 'its own lease is taken again');

    await b.namespace.ip(`addr del ${b.address}/24 dev eth0`);
    await b.namespace.ip('addr add 192.168.100.33/24 dev eth0');
    const moved = async (): Promise<boolean> =>
      (await a.fdb('flannel.1')).some((entry) => entry.dst === '192.168.100.33');
    t.ok(await soon(moved), 'another address of a host is followed');
    t.ok(await counts(a, 2));
    const reached = async (): Promise<boolean> =>
      (await guestA.ping(guestB.address, { count: 3, interval: 10_000 })).received === 3;
    t.ok(await soon(reached), 'and it is reached there');
    const keyAgain = (await flannel.status(a)).lease!.key;
    await flannel.leave(a);
    await etcd.remove(`subnets/${keyAgain}`);
    t.ok(await counts(b, 1), 'it hears of the others at its new address');
  } finally {
    await flannel.close();
  }
});

t.test('a second daemon on a host', why ? { skip: why } : PATIENT, async (t) => {
  const flannel = await FlannelLab.open(['uvtep', 'uvtep', 'uvtep']);
  const [a] = flannel.hosts as [Host];
  try {
    const first = await flannel.join(a);
    const second = flannel.begin(a);
    t.not(await second.ended, 0);
    t.match(second.stderr, /already runs as pid \d+/);
    await first.stop();
  } finally {
    await flannel.close();
  }
});
