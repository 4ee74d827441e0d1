import t from 'tap';
import { FlannelDevice } from '../../lib/flannel/device.js';
import { StaticProgrammer } from '../../lib/flannel/static-programmer.js';
import type { Peer, PeerFamily } from '../../lib/flannel/types.js';
import { NUD_REACHABLE } from '../../lib/native/netlink/neighbour.js';
import { ETH0, FakeDaemonClient, FakeHost, TUNNEL, routeInfo } from './fakes.js';

const BACKEND = { vni: 1, port: 8472, mtu: undefined, gbp: false, learning: false, directRouting: false };
const UNDERLAY = { name: 'eth0', ifindex: ETH0, mtu: 1500, address: '10.99.0.11' };
const H2: PeerFamily = { subnet: '10.5.3.0/24', publicIp: '10.99.0.12', mac: 'b2:56:42:b5:e6:fc' };
const H3: PeerFamily = { subnet: '10.5.4.0/24', publicIp: '10.99.0.13', mac: '02:00:00:00:00:13' };
const H3_6: PeerFamily = { subnet: 'fd05:0:0:58::/64', publicIp: 'fd99::13', mac: 'b6:53:e8:82:2e:c2' };

const peer = (key: string, ipv4?: PeerFamily, ipv6?: PeerFamily): Peer => ({ key, ipv4, ipv6 });

async function scene({ dual = false, directRouting = false } = {}) {
  const written: string[] = [];
  const host = new FakeHost(written);
  const client = new FakeDaemonClient(host);
  const common = { client, host, backend: BACKEND };
  const device = new FlannelDevice({ ...common, family: 4, network: '10.5.0.0/16', underlay: UNDERLAY });
  const device6 = new FlannelDevice({
    ...common,
    ...{ family: 6, network: 'fd05::/56', underlay: { ...UNDERLAY, address: 'fd99::11' } },
  });
  for (const each of dual ? [device, device6] : [device]) await each.ensure();
  await device.configure('10.5.74.0/24');
  if (dual) await device6.configure('fd05:0:0:29::/64');
  written.length = 0;
  const make = (): StaticProgrammer =>
    new StaticProgrammer({
      ...{ client, host, directRouting, ipv4: { device, subnetLength: 24 } },
      ...(dual ? { ipv6: { device: device6, subnetLength: 64 } } : {}),
    });
  /** What was written since it was asked last. */
  const news = (): string[] => written.splice(0);
  return { host, client, device, programmer: make(), make, news };
}

t.test('FDB, then neighbour, then route; removed in reverse', async (t) => {
  const { programmer, news } = await scene();
  await programmer.reconcile([peer('h2', H2)]);
  t.same(news(), [
    'fdb + b2:56:42:b5:e6:fc 10.99.0.12',
    'neighbour + 10.5.3.0 b2:56:42:b5:e6:fc',
    'route + 10.5.3.0/24 10.5.3.0 4 onlink',
  ]);
  await programmer.apply([peer('h3', H3)], []);
  t.same(news(), [
    'fdb + 02:00:00:00:00:13 10.99.0.13',
    'neighbour + 10.5.4.0 02:00:00:00:00:13',
    'route + 10.5.4.0/24 10.5.4.0 4 onlink',
  ]);
  await programmer.apply([], ['h2']);
  t.same(news(), ['route - 10.5.3.0/24', 'neighbour - 10.5.3.0', 'fdb - b2:56:42:b5:e6:fc 10.99.0.12']);
});

t.test('both families', async (t) => {
  const { programmer, news } = await scene({ dual: true });
  await programmer.reconcile([peer('h2', H2), peer('h3', H3, H3_6)]);
  const written = news();
  t.equal(written.length, 9, 'three entries a family of a peer');
  t.same(written.slice(6), [
    'fdb + b6:53:e8:82:2e:c2 fd99::13',
    'neighbour + fd05:0:0:58:: b6:53:e8:82:2e:c2',
    'route + fd05:0:0:58::/64 fd05:0:0:58:: 5 onlink',
  ]);
  const yes = { fdb: true, neighbour: true, route: true };
  t.same(await programmer.state(), [
    { key: 'h2', ipv4: yes, ipv6: undefined, error: undefined },
    { key: 'h3', ipv4: yes, ipv6: yes, error: undefined },
  ]);
  await programmer.apply([peer('h3', H3)], []);
  t.same(news(), [
    'route - fd05:0:0:58::/64',
    'neighbour - fd05:0:0:58::',
    'fdb - b6:53:e8:82:2e:c2 fd99::13',
  ]);
});

t.test('identical input writes nothing and asks nobody', async (t) => {
  const { programmer, client, host, news } = await scene();
  const peers = [peer('h2', H2), peer('h3', H3)];
  await programmer.reconcile(peers);
  news();
  client.calls = 0;
  for (let i = 0; i < 100; i++)
    await programmer.apply([peer('h2', { ...H2 }), peer('h3', { ...H3 })], ['nobody']);
  t.equal(client.calls, 0, 'not even read');
  await programmer.reconcile([...peers].reverse());
  t.same(news(), []);
  t.equal(client.calls, 2, 'link and FDB are read');
  t.equal(host.lookUps, 0, 'without DirectRouting routing is not asked');
});

t.test('a changed MAC: the old FDB entry goes', async (t) => {
  const { programmer, news } = await scene();
  await programmer.reconcile([peer('h2', H2), peer('h3', H3)]);
  news();
  await programmer.apply([peer('h2', { ...H2, mac: '02:00:00:00:00:22' })], []);
  t.same(news(), [
    'fdb + 02:00:00:00:00:22 10.99.0.12',
    'neighbour + 10.5.3.0 02:00:00:00:00:22',
    'fdb - b2:56:42:b5:e6:fc 10.99.0.12',
  ]);
});

t.test('… unless another peer uses it', async (t) => {
  const { programmer, news } = await scene();
  const second = { ...H2, subnet: '10.5.9.0/24' };
  await programmer.reconcile([peer('h2', H2), peer('h2-b', second)]);
  t.equal(news().filter((line) => line.startsWith('fdb')).length, 1, 'one host, two leases, one entry');
  await programmer.apply([peer('h2', { ...H2, mac: '02:00:00:00:00:22' })], []);
  t.same(news(), ['fdb + 02:00:00:00:00:22 10.99.0.12', 'neighbour + 10.5.3.0 02:00:00:00:00:22']);
  await programmer.apply([], ['h2-b']);
  t.ok(news().includes('fdb - b2:56:42:b5:e6:fc 10.99.0.12'));
});

t.test('a changed public address replaces the FDB entry and nothing else', async (t) => {
  const { programmer, news } = await scene();
  await programmer.reconcile([peer('h2', H2)]);
  news();
  await programmer.apply([peer('h2', { ...H2, publicIp: '10.99.0.99' })], []);
  t.same(news(), ['fdb + b2:56:42:b5:e6:fc 10.99.0.99']);
});

t.test('a subnet that goes to another host stays routed', async (t) => {
  const { programmer, news } = await scene();
  await programmer.reconcile([peer('old', H2)]);
  news();
  await programmer.apply([peer('new', { ...H3, subnet: H2.subnet })], ['old']);
  t.same(news(), [
    'fdb + 02:00:00:00:00:13 10.99.0.13',
    'neighbour + 10.5.3.0 02:00:00:00:00:13',
    'fdb - b2:56:42:b5:e6:fc 10.99.0.12',
  ]);
});

t.test('reconcile repairs the difference exactly, and leaves what is foreign', async (t) => {
  const { programmer, make, host, client, news } = await scene();
  await programmer.reconcile([peer('h2', H2), peer('h3', H3)]);
  await programmer.close();
  // While nobody ran: h2 left, h3's MAC changed, its route vanished, somebody added entries.
  host.routeList = host.routeList.filter(({ dst }) => dst[2] !== 4);
  const foreignRoutes = [
    routeInfo('10.5.3.0/24', '10.99.0.1', { ifindex: ETH0, priority: 50 }),
    routeInfo('172.16.0.0/12', '10.5.3.0', { onlink: true }),
    routeInfo('10.5.20.0/24', '10.99.0.1', { ifindex: ETH0 }),
  ];
  host.routeList.push(...foreignRoutes);
  host.neighbour(TUNNEL, '10.5.3.7', '02:00:00:00:00:07');
  host.neighbour(TUNNEL, '10.5.21.0', '02:00:00:00:00:08', NUD_REACHABLE);
  host.neighbour(ETH0, '10.5.22.0', '02:00:00:00:00:09');
  client.entry('flannel.1', '02:00:00:00:00:07', ['10.99.0.12'], { state: 'static' });
  client.entry('flannel.1', '00:00:00:00:00:00', ['10.99.0.12']);
  news();
  const next = make();
  await next.reconcile([peer('h3', { ...H3, mac: '02:00:00:00:00:33' })]);
  t.same(news(), [
    'fdb + 02:00:00:00:00:33 10.99.0.13',
    'neighbour + 10.5.4.0 02:00:00:00:00:33',
    'route + 10.5.4.0/24 10.5.4.0 4 onlink',
    'route - 10.5.3.0/24',
    'neighbour - 10.5.3.0',
    'fdb - b2:56:42:b5:e6:fc 10.99.0.12',
    'fdb - 02:00:00:00:00:13 10.99.0.13',
  ]);
  for (const route of foreignRoutes) t.ok(host.routeList.includes(route));
  t.same([...(client.fdbs.get('flannel.1')?.keys() ?? [])].sort(), [
    '00:00:00:00:00:00',
    '02:00:00:00:00:07',
    '02:00:00:00:00:33',
  ]);
  await next.restore();
  t.same(news(), [], 'once');
});

t.test('what stands in the place of an entry is replaced', async (t) => {
  const { programmer, host, client, news } = await scene();
  host.routeList.push(routeInfo('10.5.3.0/24', '10.99.0.1', { ifindex: ETH0 }));
  host.neighbour(TUNNEL, '10.5.3.0', '02:00:00:00:00:99', NUD_REACHABLE);
  client.entry('flannel.1', H2.mac, ['10.99.0.12'], { state: 'reachable' });
  await programmer.reconcile([peer('h2', H2)]);
  t.equal(news().length, 3);
  t.match(await programmer.state(), [{ ipv4: { fdb: true, neighbour: true, route: true } }]);
});

t.test('DirectRouting: a route past the tunnel, nothing else', async (t) => {
  const { programmer, host, news } = await scene({ directRouting: true });
  host.onLink.add('10.99.0.12');
  await programmer.reconcile([peer('h2', H2), peer('h3', H3)]);
  t.same(news(), [
    'fdb + 02:00:00:00:00:13 10.99.0.13',
    'neighbour + 10.5.4.0 02:00:00:00:00:13',
    'route + 10.5.3.0/24 10.99.0.12 2',
    'route + 10.5.4.0/24 10.5.4.0 4 onlink',
  ]);
  t.match(await programmer.state(), [
    { key: 'h2', ipv4: { fdb: undefined, neighbour: undefined, route: true } },
    { key: 'h3', ipv4: { fdb: true, neighbour: true, route: true } },
  ]);
  host.lookUps = 0;
  await programmer.apply([peer('h3', { ...H3, mac: '02:00:00:00:00:33' })], []);
  t.equal(host.lookUps, 0, 'asked once');
  news();

  host.onLink.clear();
  host.onLink.add('10.99.0.13');
  await programmer.reconcile([peer('h2', H2), peer('h3', H3)]);
  t.same(
    news(),
    [
      'fdb + b2:56:42:b5:e6:fc 10.99.0.12',
      'neighbour + 10.5.3.0 b2:56:42:b5:e6:fc',
      'route + 10.5.3.0/24 10.5.3.0 4 onlink',
      'route + 10.5.4.0/24 10.99.0.13 2',
      'neighbour - 10.5.4.0',
      'fdb - 02:00:00:00:00:33 10.99.0.13',
    ],
    'asked anew at every reconcile',
  );
  await programmer.apply([], ['h3']);
  t.same(news(), ['route - 10.5.4.0/24']);
});

t.test('a direct route of a peer that left while nobody ran goes', async (t) => {
  const { make, programmer, host, news } = await scene({ directRouting: true });
  host.onLink.add('10.99.0.12');
  await programmer.reconcile([peer('h2', H2)]);
  news();
  await make().reconcile([]);
  t.same(news(), ['route - 10.5.3.0/24']);
});

t.test('what is refused keeps only its own peer waiting', async (t) => {
  const { programmer, host, client, news } = await scene();
  const fourth = { subnet: '10.5.6.0/24', publicIp: '10.99.0.14', mac: '02:00:00:00:00:14' };
  const fifth = { subnet: '10.5.7.0/24', publicIp: '10.99.0.15', mac: '02:00:00:00:00:15' };
  client.refuses.add(H2.mac);
  host.refuses.set('neighbour 10.5.4.0', 'EINVAL').set('route 10.5.6.0/24', 'ENETUNREACH');
  const peers = [peer('h2', H2), peer('h3', H3), peer('h4', fourth), peer('h5', fifth)];
  await programmer.reconcile(peers);
  t.same(news(), [
    'fdb + 02:00:00:00:00:13 10.99.0.13',
    'fdb + 02:00:00:00:00:14 10.99.0.14',
    'fdb + 02:00:00:00:00:15 10.99.0.15',
    'neighbour + 10.5.4.0 02:00:00:00:00:13 EINVAL',
    'neighbour + 10.5.6.0 02:00:00:00:00:14',
    'neighbour + 10.5.7.0 02:00:00:00:00:15',
    'route + 10.5.6.0/24 10.5.6.0 4 onlink ENETUNREACH',
    'route + 10.5.7.0/24 10.5.7.0 4 onlink',
  ]);
  t.match(await programmer.state(), [
    { key: 'h2', ipv4: { fdb: false, neighbour: false, route: false }, error: /is refused/ },
    {
      key: 'h3',
      ipv4: { fdb: true, neighbour: false, route: false },
      error: /neighbour 10\.5\.4\.0: EINVAL/,
    },
    { key: 'h4', ipv4: { fdb: true, neighbour: true, route: false }, error: /ENETUNREACH/ },
    { key: 'h5', ipv4: { fdb: true, neighbour: true, route: true }, error: undefined },
  ]);
  client.refuses.clear();
  host.refuses.clear();
  await programmer.reconcile(peers);
  t.equal(news().length, 6, 'and is tried again');
  t.ok((await programmer.state()).every(({ ipv4, error }) => ipv4?.route && error === undefined));
});

t.test('removal is tried to its end, and again', async (t) => {
  const { programmer, host, news } = await scene();
  await programmer.reconcile([peer('h2', H2)]);
  news();
  host.refuses.set('route 10.5.3.0/24', 'EPERM');
  await programmer.apply([], ['h2']);
  t.same(news(), ['route - 10.5.3.0/24 EPERM', 'neighbour - 10.5.3.0', 'fdb - b2:56:42:b5:e6:fc 10.99.0.12']);
  host.refuses.clear();
  await programmer.apply([peer('h3', H3)], []);
  t.ok(news().includes('route - 10.5.3.0/24'));
});

t.test('the data-plane daemon restarts', async (t) => {
  const { programmer, client, news, host } = await scene({ dual: true });
  await programmer.reconcile([peer('h2', H2), peer('h3', H3, H3_6)]);
  client.isGone = true;
  await t.rejects(programmer.restore(), { code: 'ERR_VTEP_DAEMON' });
  await t.rejects(programmer.apply([], ['h2']), { code: 'ERR_VTEP_DAEMON' });
  news();
  client.restart();
  await programmer.restore();
  t.same(host.routeList.length, 2, 'everything of the peers told last');
  t.match(await programmer.state(), [
    {
      key: 'h3',
      ipv4: { fdb: true, neighbour: true, route: true },
      ipv6: { fdb: true, neighbour: true, route: true },
    },
  ]);
  t.ok(news().includes('route + 10.5.4.0/24 10.5.4.0 6 onlink'), 'over the new interface');

  client.forget('flannel.1');
  await programmer.apply([peer('h2', H2)], []).catch(() => {});
  await programmer.apply([], []);
  t.match(
    await programmer.state(),
    [
      { key: 'h2', ipv4: { fdb: true, neighbour: true, route: true } },
      { key: 'h3', ipv4: { fdb: true, neighbour: true, route: true } },
    ],
    'after a failure the next call reads the tables',
  );
});

t.test('one family that fails does not stop the other', async (t) => {
  const { programmer, client, host } = await scene({ dual: true });
  client.forget('flannel.1');
  host.interfaces.push({ ...host.interfaces[0], name: 'flannel.1', ifindex: 77, kind: 'vxlan' });
  await t.rejects(programmer.reconcile([peer('h3', H3, H3_6)]), { code: 'ERR_VTEP_NAME_IN_USE' });
  t.equal(host.routeList.length, 1);
});

t.test('what is told while tables are written is written at once after', async (t) => {
  const { programmer, client, news } = await scene();
  await programmer.reconcile([]);
  client.calls = 0;
  const many = Array.from({ length: 200 }, (_, i) =>
    peer(`p${i}`, {
      subnet: `10.5.${i}.0/24`,
      publicIp: `10.99.1.${i}`,
      mac: `02:00:00:00:01:${(i + 256).toString(16).slice(1)}`,
    }),
  );
  await Promise.all(many.map((each) => programmer.apply([each], [])));
  t.equal(client.calls, 1, 'one call for all');
  t.equal(news().length, 600);
  const done = programmer.apply([], ['p1']);
  await programmer.close();
  await done;
  await programmer.apply([], ['p2']);
  t.same(news(), [], 'closed: what is installed stays');
});

t.test('1,000 peers: exactly 1 + 1 + 1 each', async (t) => {
  const { programmer, client, host, news } = await scene();
  const peers = Array.from({ length: 1000 }, (_, i) => {
    const [a, b] = [100 + (i >> 8), i & 255];
    const hex = (n: number): string => n.toString(16).padStart(2, '0');
    return peer(`p${i}`, {
      subnet: `10.5.${b}.${(i >> 8) * 64}/26`,
      publicIp: `10.99.${a}.${b}`,
      mac: `02:00:00:01:${hex(a)}:${hex(b)}`,
    });
  });
  await programmer.reconcile(peers);
  t.same([client.fdbs.get('flannel.1')?.size, host.table.size, host.routeList.length], [1000, 1000, 1000]);
  news();
  await programmer.reconcile(peers);
  t.same(news(), [], 'subnets of another length than the network’s are ours too');
});
