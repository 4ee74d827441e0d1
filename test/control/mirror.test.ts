/** What stock ip does to an interface, as its VTEP hears of it. The VTEP is a fake, the kernel is not. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Mirror } from '../../lib/control/mirror.js';
import { Notifier } from '../../lib/control/notify.js';
import { completeConfig } from '../../lib/control/validate.js';
import { EAGAIN, ENOBUFS, errnoNumber } from '../../lib/native/errno.js';
import { getLink } from '../../lib/native/netlink/request.js';
import type { Shim } from '../../lib/native/shim.js';
import { FakeEngine, type FakeVtep } from '../support/fake-engine.js';
import { NEEDS_ROOT, shimIn } from '../support/kernel-shim.js';
import { Namespace } from '../support/lab/namespace.js';
import { soon } from '../support/soon.js';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const MAC = 'e6:4b:f9:ce:d7:7b';

interface Scene {
  ns: Namespace;
  shim: Shim;
  engine: FakeEngine;
  vtep: FakeVtep;
  mirror: Mirror;
  /** Runs several ip commands at once. */
  ip(...lines: string[]): Promise<void>;
}

/** A namespace with an interface vtep0 that a fake VTEP believes to be its own. */
async function scene(
  t: { teardown(fn: () => unknown): void },
  purpose: string,
  before: string[] = [],
): Promise<Scene> {
  const ns = await Namespace.create(purpose);
  t.teardown(() => ns.close());
  const ip = async (...lines: string[]): Promise<void> => {
    await ns.command(['ip', '-n', ns.name, '-batch', '-'], { input: lines.join('\n') });
  };
  await ip('link add vtep0 type veth peer name ve1', 'link set ve1 up', ...before);
  const shim = shimIn(ns.path);
  const link = getLink(shim, 'vtep0');
  const engine = new FakeEngine();
  engine.nextIndex = link?.ifindex ?? 0;
  engine.takesOver = true;
  const mirror = new Mirror({ shim, engine, log });
  t.teardown(() => mirror.close());
  const vtep = engine.add(completeConfig({ name: 'vtep0', id: 1 }));
  await sleep(5);
  vtep.notices.length = 0;
  return { ns, shim, engine, vtep, mirror, ip };
}

/** Waits until `done`, at most a second. */
t.test('neighbours', { skip: NEEDS_ROOT }, async (t) => {
  const { vtep, ip } = await scene(t, 'mirror-neigh');
  const { neighbours } = vtep;
  await ip('link set vtep0 up', `neigh add 10.20.1.3 lladdr ${MAC} dev vtep0`);
  t.ok(await soon(() => neighbours.list().length === 1));
  t.match(neighbours.get('10.20.1.3'), { lladdr: MAC, state: 'permanent', origin: 'kernel', router: false });

  await ip(`neigh replace 10.20.1.3 lladdr 02:00:00:00:00:09 dev vtep0 nud reachable router extern_learn`);
  t.ok(await soon(() => neighbours.get('10.20.1.3')?.state === 'reachable'));
  t.match(neighbours.get('10.20.1.3'), { lladdr: '02:00:00:00:00:09', router: true, externLearn: true });

  await ip(`neigh add fd00::3 lladdr ${MAC} dev vtep0 nud stale`, `neigh add 10.9.9.9 lladdr ${MAC} dev ve1`);
  t.ok(await soon(() => neighbours.get('fd00::3')?.state === 'stale'));
  await ip('neigh add proxy 10.20.1.77 dev vtep0', 'neigh del 10.20.1.3 dev vtep0');
  t.ok(await soon(() => neighbours.get('10.20.1.3') === undefined));
  t.same(
    neighbours.list().map(({ dst }) => dst),
    ['fd00::3'],
    'neither proxies nor other interfaces',
  );
});

t.test('an entry that loses its MAC is forgotten', { skip: NEEDS_ROOT }, async (t) => {
  const { vtep, ip } = await scene(t, 'mirror-failed');
  await ip('link set vtep0 up', `neigh add 10.20.1.3 lladdr ${MAC} dev vtep0`);
  t.ok(await soon(() => vtep.neighbours.get('10.20.1.3') !== undefined));
  await ip('neigh change 10.20.1.3 dev vtep0 nud failed');
  t.ok(await soon(() => vtep.neighbours.get('10.20.1.3') === undefined));
});

t.test("an own entry wins over the host's", { skip: NEEDS_ROOT }, async (t) => {
  const { vtep, ip } = await scene(t, 'mirror-own');
  vtep.neighbours.set({ verb: 'add', dst: '10.20.1.3', lladdr: '02:00:00:00:00:01' });
  await ip(
    'link set vtep0 up',
    `neigh add 10.20.1.3 lladdr ${MAC} dev vtep0`,
    `neigh add 10.20.1.4 lladdr ${MAC} dev vtep0`,
  );
  t.ok(await soon(() => vtep.neighbours.get('10.20.1.4') !== undefined));
  t.match(vtep.neighbours.get('10.20.1.3'), { lladdr: '02:00:00:00:00:01', origin: 'own' });
});

t.test('routes', { skip: NEEDS_ROOT }, async (t) => {
  const { vtep, ip } = await scene(t, 'mirror-route');
  const routes = () =>
    Object.fromEntries(vtep.routes.list().map(({ dst, via, onlink }) => [dst, { via, onlink }]));
  await ip(
    'link set vtep0 up',
    'addr add 10.20.1.1/24 dev vtep0',
    'route add 10.20.2.0/24 via 10.20.2.0 dev vtep0 onlink',
  );
  t.ok(await soon(() => '10.20.2.0/24' in routes()));
  t.same(routes(), {
    '10.20.1.0/24': { via: undefined, onlink: false },
    '10.20.2.0/24': { via: '10.20.2.0', onlink: true },
  });

  await ip('route replace 10.20.2.0/24 via 10.20.1.9 dev vtep0');
  t.ok(
    await soon(() => routes()['10.20.2.0/24']?.via === '10.20.1.9'),
    'replaced without a deletion being announced',
  );

  await ip(
    'route add 10.20.2.0/24 via 10.20.1.8 dev vtep0 metric 50',
    'route add 10.20.3.0/24 dev vtep0 table 100',
  );
  await ip('route add blackhole 10.20.4.0/24', 'route add default via 10.20.1.7 dev vtep0');
  t.ok(await soon(() => '0.0.0.0/0' in routes()));
  t.match(routes(), { '10.20.2.0/24': { via: '10.20.1.9' } }, 'the lower metric stays');
  t.notOk('10.20.3.0/24' in routes(), 'other tables are no concern');

  await ip('route del 10.20.2.0/24 via 10.20.1.9');
  t.ok(await soon(() => routes()['10.20.2.0/24']?.via === '10.20.1.8'), 'the next metric takes its place');

  await ip(
    'link add other0 type veth peer name other1',
    'link set other0 up',
    'addr add 10.99.0.1/24 dev other0',
  );
  await ip('route replace 10.20.2.0/24 via 10.99.0.2 dev other0 metric 50');
  t.ok(await soon(() => !('10.20.2.0/24' in routes())), 'replaced by a route elsewhere');

  await ip(
    'route add fd01::/64 dev vtep0',
    'route add 10.20.6.0/24 nexthop via 10.20.1.5 dev vtep0 nexthop via 10.99.0.3 dev other0',
  );
  t.ok(await soon(() => '10.20.6.0/24' in routes() && 'fd01::/64' in routes()));
  t.match(routes(), { '10.20.6.0/24': { via: '10.20.1.5' }, 'fd01::/64': { onlink: false } });
});

t.test(
  'IPv4 routes vanish in silence when the interface goes down or loses its address',
  { skip: NEEDS_ROOT },
  async (t) => {
    const { vtep, ip } = await scene(t, 'mirror-silent');
    const has = (dst: string): boolean => vtep.routes.list().some((route) => route.dst === dst);
    await ip(
      'link set vtep0 up',
      'addr add 10.20.1.1/24 dev vtep0',
      'route add 10.20.2.0/24 via 10.20.1.9 dev vtep0',
    );
    t.ok(await soon(() => has('10.20.2.0/24')));
    await ip('addr del 10.20.1.1/24 dev vtep0');
    t.ok(await soon(() => !has('10.20.2.0/24')), 'address deleted');
    await ip('addr add 10.20.1.1/24 dev vtep0', 'route add 10.20.2.0/24 via 10.20.1.9 dev vtep0');
    t.ok(await soon(() => has('10.20.2.0/24')));
    await ip('link set vtep0 down');
    t.ok(await soon(() => vtep.routes.list().length === 0), 'interface down');
  },
);

t.test('the interface changed from outside', { skip: NEEDS_ROOT }, async (t) => {
  const { vtep, engine, ip } = await scene(t, 'mirror-link');
  await ip('link set vtep0 up');
  t.ok(await soon(() => vtep.notices.length === 1));
  await ip('link set vtep0 address 02:00:00:00:00:42 mtu 1400');
  t.ok(await soon(() => vtep.state().mtu === 1400 && vtep.state().address === '02:00:00:00:00:42'));
  await ip('link set vtep0 down');
  t.ok(await soon(() => !vtep.state().up));
  await ip('link set vtep0 name blue');
  t.ok(await soon(() => engine.get('blue') !== undefined));
  const told = vtep.notices.map((notice) => Object.keys(notice).join());
  t.equal(told.filter((keys) => keys === 'up').length, 2, 'only what changed is told');
  t.same(vtep.notices.at(-1), { name: 'blue' });
});

t.test('a port of a bridge, and paths that may have changed', { skip: NEEDS_ROOT }, async (t) => {
  const { engine, vtep, ip } = await scene(t, 'mirror-port');
  await ip('link add br0 type bridge', 'link set vtep0 master br0');
  t.ok(await soon(() => vtep.state().bridged));
  await ip('link set vtep0 nomaster');
  t.ok(await soon(() => !vtep.state().bridged));
  engine.pathChanges = 0;
  await ip('link set ve1 mtu 1400');
  t.ok(await soon(() => engine.pathChanges > 0), "another interface's MTU");
  engine.pathChanges = 0;
  await ip('addr add 192.0.2.1/24 dev ve1', 'route add 198.51.100.0/24 via 192.0.2.2');
  t.ok(await soon(() => engine.pathChanges > 0), 'a route');
});

t.test('a bridge port leaving its bridge is not deleted', { skip: NEEDS_ROOT }, async (t) => {
  const { vtep, engine, ip } = await scene(t, 'mirror-bridge');
  await ip(
    'link add br0 type bridge',
    'link set vtep0 master br0',
    'link set vtep0 nomaster',
    'link set vtep0 mtu 1399',
  );
  t.ok(await soon(() => vtep.state().mtu === 1399), 'everything before was read');
  t.equal(engine.get('vtep0'), vtep);
  t.same(engine.gone, []);
});

t.test('the interface deleted from outside', { skip: NEEDS_ROOT }, async (t) => {
  const { engine, ip } = await scene(t, 'mirror-del');
  await ip('link del vtep0');
  t.ok(await soon(() => engine.gone.length === 1));
  t.same(engine.gone, ['vtep0']);
});

t.test('the interface moved to another namespace lives on', { skip: NEEDS_ROOT }, async (t) => {
  const before = [
    'link set vtep0 up',
    `neigh add 10.20.1.3 lladdr ${MAC} dev vtep0`,
    'route add 10.20.2.0/24 dev vtep0',
  ];
  const { engine, vtep, ip, mirror, ns, shim } = await scene(t, 'mirror-moved', before);
  t.ok(await soon(() => vtep.routes.list().length === 1 && vtep.neighbours.list().length === 1));
  const guest = await Namespace.create('mirror-guest');
  t.teardown(() => guest.close());
  const { ifindex } = vtep;
  const look = {
    ifindex,
    address: vtep.state().address,
    mtu: 1500,
    up: false,
    bridged: false,
    away: true,
    netns: '',
  };
  vtep.seen = look;
  await ip(`link set vtep0 netns ${guest.name}`, 'link set ve1 mtu 1300');
  t.ok(await soon(() => vtep.state().away));
  t.same([vtep.routes.list(), vtep.neighbours.list()], [[], []], 'what was of this namespace is forgotten');
  mirror.resync();
  t.equal(engine.get('vtep0'), vtep);
  t.same(engine.gone, []);
  vtep.notices.length = 0;
  vtep.seen = { ...look, up: true, mtu: 1400 };
  t.ok(await soon(() => vtep.notices.length > 0), 'it is looked at');
  t.same(vtep.notices, [{ up: true, mtu: 1400 }]);
  await guest.ip(`link set vtep0 netns ${ns.name}`);
  await ip('link set vtep0 up', `neigh add 10.20.1.4 lladdr ${MAC} dev vtep0`);
  vtep.seen = { ...look, ifindex: getLink(shim, 'vtep0')!.ifindex, away: false, up: true };
  t.ok(await soon(() => vtep.neighbours.get('10.20.1.4') !== undefined), 'and its tables are mirrored again');
});

t.test('the interface deleted where it was moved to', { skip: NEEDS_ROOT }, async (t) => {
  const { engine, vtep, ip } = await scene(t, 'mirror-moved-del');
  const guest = await Namespace.create('mirror-guest2');
  t.teardown(() => guest.close());
  await ip(`link set vtep0 netns ${guest.name}`);
  t.ok(await soon(() => vtep.state().away));
  vtep.seen = 'gone';
  t.ok(await soon(() => engine.gone.length > 0));
  t.same(engine.gone, ['vtep0']);
});

t.test('what was there before the VTEP was known is found', { skip: NEEDS_ROOT }, async (t) => {
  const before = [
    'link set vtep0 up',
    `neigh add 10.20.1.3 lladdr ${MAC} dev vtep0`,
    'route add 10.20.2.0/24 dev vtep0',
  ];
  const { vtep } = await scene(t, 'mirror-window', before);
  t.ok(await soon(() => vtep.neighbours.list().length === 1));
  t.match(vtep.routes.list(), [{ dst: '10.20.2.0/24' }]);
});

t.test('a VTEP that made its interface costs no reading of tables', async (t) => {
  const asked: number[] = [];
  const shim = {
    netlinkOpen: () => 9,
    netlinkSend: (_fd: number, message: Uint8Array) => asked.push(message[4]!),
    netlinkReceive: () => EAGAIN,
    watch: () => 1,
    unwatch: () => 0,
    close: () => 0,
  } as unknown as Shim;
  const engine = new FakeEngine();
  const mirror = new Mirror({ shim, engine, log });
  t.teardown(() => mirror.close());
  asked.length = 0; // Addresses are read once, at the start.
  for (let id = 0; id < 200; id++) engine.add(completeConfig({ name: `vtep${id}`, id }));
  await sleep(5);
  t.same(asked, []);

  engine.takesOver = true;
  for (let id = 200; id < 400; id++) engine.add(completeConfig({ name: `vtep${id}`, id }));
  await sleep(5);
  t.ok(asked.length > 0 && asked.length <= 9, `one reading for all that were taken over: ${asked.join()}`);
});

t.test('lost notifications are made up for', { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('mirror-lost');
  t.teardown(() => ns.close());
  await ns.ip('link add vtep0 type veth peer name ve1');
  await ns.ip('link set vtep0 up');
  const real = shimIn(ns.path);
  // The subscribed socket says ENOBUFS once and has lost all it had; other sockets work.
  let subscribed = -1;
  let full = false;
  const shim: Shim = {
    ...real,
    netlinkOpen(groups) {
      const fd = real.netlinkOpen(groups);
      if (groups.length > 0) subscribed = fd;
      return fd;
    },
    netlinkReceive(fd, buffer) {
      if (fd !== subscribed || full === false) return real.netlinkReceive(fd, buffer);
      while (real.netlinkReceive(fd, buffer) > 0);
      full = false;
      return ENOBUFS;
    },
  };
  const engine = new FakeEngine();
  engine.nextIndex = getLink(real, 'vtep0')?.ifindex ?? 0;
  const mirror = new Mirror({ shim, engine, log });
  t.teardown(() => mirror.close());
  const vtep = engine.add(completeConfig({ name: 'vtep0', id: 1 }));
  const commands = [
    `neigh add 10.0.0.1 lladdr ${MAC} dev vtep0`,
    `neigh add 10.0.0.2 lladdr ${MAC} dev vtep0`,
  ];
  for (const command of commands) await ns.ip(command);
  t.ok(await soon(() => vtep.neighbours.list().length === 2));
  full = true;
  await ns.ip('neigh del 10.0.0.1 dev vtep0');
  t.ok(await soon(() => vtep.neighbours.list().length === 1), 'the deletion was lost and still noticed');
  t.ok(vtep.neighbours.get('10.0.0.2'));
});

t.test('tables that cannot be read are not taken for empty', { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('mirror-unread');
  t.teardown(() => ns.close());
  await ns.ip('link add vtep0 type veth peer name ve1');
  const real = shimIn(ns.path);
  let exhausted = false;
  const shim: Shim = {
    ...real,
    netlinkOpen: (groups, netns) =>
      exhausted && groups.length === 0 ? -errnoNumber('EMFILE') : real.netlinkOpen(groups, netns),
  };
  const engine = new FakeEngine();
  engine.nextIndex = getLink(real, 'vtep0')?.ifindex ?? 0;
  const mirror = new Mirror({ shim, engine, log });
  t.teardown(() => mirror.close());
  engine.add(completeConfig({ name: 'vtep0', id: 1 }));
  exhausted = true;
  t.throws(() => mirror.resync(), /EMFILE|too many open files/i);
  t.equal(engine.list().length, 1, 'the VTEP is still there');
  exhausted = false;
  mirror.resync();
  t.equal(engine.list().length, 1);
});

t.test('our own messages coming back change nothing', { skip: NEEDS_ROOT }, async (t) => {
  const { engine, vtep, shim, ip } = await scene(t, 'mirror-echo');
  const notifier = new Notifier({ shim, engine, log });
  t.teardown(() => notifier.close());
  await ip('link set vtep0 up', `neigh add 10.0.0.1 lladdr ${MAC} dev vtep0`);
  t.ok(await soon(() => vtep.neighbours.list().length === 1));
  engine.emit({ type: 'miss', layer: 3, dev: 'vtep0', dst: '10.0.0.1' });
  engine.emit({ type: 'miss', layer: 2, dev: 'vtep0', lladdr: MAC });
  vtep.fdb.set({ verb: 'add', mac: MAC, dst: '10.0.0.1' });
  vtep.fdb.delete({ mac: MAC });
  await ip(`neigh add 10.0.0.2 lladdr ${MAC} dev vtep0`);
  t.ok(await soon(() => vtep.neighbours.list().length === 2), 'all before was read');
  t.match(vtep.neighbours.get('10.0.0.1'), { lladdr: MAC, state: 'permanent' });
});

t.test('closing takes everything with it', { skip: NEEDS_ROOT }, async (t) => {
  const { engine, vtep, mirror, ip } = await scene(t, 'mirror-close');
  mirror.close();
  mirror.close();
  t.equal(engine.listeners, 0);
  await ip('link set vtep0 up', `neigh add 10.0.0.1 lladdr ${MAC} dev vtep0`);
  await sleep(30);
  t.same(vtep.neighbours.list(), []);
});

t.test("the host's addresses", { skip: NEEDS_ROOT }, async (t) => {
  const { engine, ip, shim } = await scene(t, 'mirror-addr', ['addr add 192.0.2.1/24 dev ve1']);
  const ve1 = getLink(shim, 've1')?.ifindex;
  const own = () =>
    engine.addresses
      .filter(({ ifindex, address }) => ifindex === ve1 && !address.startsWith('fe80'))
      .map(({ address }) => address)
      .sort();
  t.same(own(), ['192.0.2.1'], 'those that were there');
  await ip('addr add 192.0.2.5 peer 192.0.2.6 dev ve1', 'addr add 2001:db8::1/64 dev ve1 nodad');
  t.ok(await soon(() => own().length === 3));
  t.same(own(), ['192.0.2.1', '192.0.2.5', '2001:db8::1'], 'not the address of a peer');
  await ip('addr del 192.0.2.1/24 dev ve1');
  t.ok(await soon(() => own().length === 2));
  await ip('addr del 2001:db8::1/64 dev ve1');
  t.ok(await soon(() => own().length === 1));
});

t.test('addresses and routes of another underlay', { skip: NEEDS_ROOT }, async (t) => {
  const other = await Namespace.create('mirror-lower');
  t.teardown(() => other.close());
  const { engine, vtep } = await scene(t, 'mirror-upper');
  const told = (): string[] => (engine.addressesOf.get(3) ?? []).map(({ address }) => address);
  await other.ip('addr add 192.0.2.1/32 dev lo');
  engine.namespaces = [{ number: 3, path: other.path }];
  const link = { ...vtep.state(), linkNetns: 'lower' };
  engine.emit({ type: 'link', action: 'new', dev: 'vtep0', link });
  t.ok(told().includes('192.0.2.1'), 'what is there is known at once');
  t.notOk(
    engine.addresses.some(({ address }) => address === '192.0.2.1'),
    "and is not the daemon's",
  );
  await other.ip('addr add 192.0.2.9/32 dev lo');
  t.ok(await soon(() => told().includes('192.0.2.9')));
  const before = engine.pathChanges;
  await other.ip('route add 198.51.100.0/24 dev lo');
  t.ok(await soon(() => engine.pathChanges > before), 'a route changes paths');
  engine.namespaces = [];
  engine.emit({ type: 'link', action: 'del', dev: 'vtep0', link });
  await sleep(20);
  await other.ip('addr del 192.0.2.9/32 dev lo');
  await sleep(50);
  t.ok(told().includes('192.0.2.9'), 'watched no more');
});
