/** Nexthop groups: their own rules, FDB entries that refer to them, and which member a flow takes (fib_nexthops.sh). */
import t from 'tap';
import type { NexthopRequest } from '../../lib/engine/types.js';
import { MemoryHost, FAR, NEAR, OTHER, PEER, peers, ZERO_MAC } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const GROUP_MAC = '01:00:5e:00:00:05';
const argument = (errno = 'EINVAL') => ({ code: 'ERR_VTEP_ARGUMENT', errno });

/** 61 and 62 are gateways, 101 their group, 64 an IPv6 one, 104 its group. */
function hostWithGroups(config = {}): MemoryHost {
  const host = new MemoryHost(config);
  const { nexthops } = host.engine;
  nexthops.set({ verb: 'add', id: 61, via: PEER });
  nexthops.set({ verb: 'add', id: 62, via: OTHER });
  nexthops.set({ verb: 'add', id: 101, group: [{ id: 61 }, { id: 62 }] });
  nexthops.set({ verb: 'add', id: 64, via: '2001:db8::2' });
  nexthops.set({ verb: 'add', id: 104, group: [{ id: 64 }] });
  return host;
}

const flow = (port: number, mac = FAR): Uint8Array => udpFrame(mac, NEAR, {}, [port, 2_000]);
const flows = (count: number, mac = FAR): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => flow(1_000 + i, mac));
/** How many of 400 flows each destination got. */
function spread(host: MemoryHost, mac = FAR): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < 10; i++) {
    for (const peer of peers(host.send(...flows(400, mac).slice(i * 40, i * 40 + 40))))
      counts[peer] = (counts[peer] ?? 0) + 1;
  }
  return counts;
}

t.test('subscribers are told, in the kernel’s order', async (t) => {
  const host = hostWithGroups();
  const { nexthops } = host.engine;
  const told = (): string[] =>
    host.events().flatMap((event) => {
      if (event.type !== 'nexthop') return [];
      const { id, via, group } = event.entry;
      return [`${event.action} ${event.cause} ${id} ${via ?? group!.map((member) => member.id).join('/')}`];
    });
  t.same(told(), [
    `new add 61 ${PEER}`,
    `new add 62 ${OTHER}`,
    'new add 101 61/62',
    'new add 64 2001:db8::2',
    'new add 104 64',
  ]);
  nexthops.set({ verb: 'add', id: 102, group: [{ id: 61 }] });
  nexthops.set({ verb: 'replace', id: 101, group: [{ id: 62 }, { id: 61 }] });
  nexthops.set({ verb: 'replace', id: 61, via: '192.0.2.9' });
  t.same(told(), ['new add 102 61', 'new replace 101 62/61', 'new replace 61 192.0.2.9']);
  t.throws(() => nexthops.set({ verb: 'add', id: 61, via: PEER }));
  t.same(told(), [], 'a refusal is no event');
  nexthops.delete(61);
  t.same(
    told(),
    ['del delete 61 192.0.2.9', 'new delete 101 62', 'del delete 102 61'],
    'the last given first',
  );
  t.equal(nexthops.flush(), 4);
  t.same(told(), [
    'del delete 101 62',
    'del delete 104 64',
    `del delete 62 ${OTHER}`,
    'del delete 64 2001:db8::2',
  ]);
});

t.test('who gave a group is not changed by replacing it, as in the kernel', async (t) => {
  const { nexthops } = hostWithGroups().engine;
  t.equal(nexthops.set({ verb: 'replace', id: 101, group: [{ id: 61 }], protocol: 4 }).protocol, 0);
  t.equal(nexthops.set({ verb: 'replace', id: 61, via: PEER, protocol: 4 }).protocol, 4);
});

t.test('objects: what is refused, as by the kernel', async (t) => {
  const { engine } = hostWithGroups();
  const { nexthops } = engine;
  const before = nexthops.list();
  const bad: [string, Omit<NexthopRequest, 'verb'>, RegExp][] = [
    ['neither gateway nor group', { id: 9 }, /Invalid address family/],
    ['both', { id: 9, via: PEER, group: [{ id: 61 }] }, /either/],
    ['mixed families', { id: 9, group: [{ id: 61 }, { id: 64 }] }, /mixed family/],
    ['a member that is not there', { id: 9, group: [{ id: 99 }] }, /Invalid nexthop id/],
    [
      'a group in a group',
      { id: 9, group: [{ id: 101 }, { id: 61 }] },
      /can not be a nexthop within a group/,
    ],
    ['a member twice', { id: 9, group: [{ id: 61 }, { id: 61 }] }, /used twice/],
    ['a gateway by a group', { id: 61, group: [{ id: 62 }] }, /nexthop with a nexthop group/],
    ['a group by a gateway', { id: 101, via: PEER }, /nexthop group with a nexthop/],
    ['a member by another family', { id: 61, via: '2001:db8::9' }, /mixed family/],
  ];
  for (const [name, request, message] of bad)
    t.throws(() => nexthops.set({ verb: 'replace', ...request }), { ...argument(), message }, name);
  t.throws(() => nexthops.set({ verb: 'add', id: 61, via: PEER }), {
    code: 'ERR_VTEP_EXISTS',
    errno: 'EEXIST',
  });
  t.throws(() => nexthops.delete(999), { code: 'ERR_VTEP_NO_ENTRY', errno: 'ENOENT' });
  t.same(nexthops.list(), before);
  t.same(
    [nexthops.set({ verb: 'add', via: PEER }).id, nexthops.set({ verb: 'add', id: 0, via: PEER }).id],
    [1, 2],
  );
});

t.test('FDB entries: what is refused, as by the kernel', async (t) => {
  const host = hostWithGroups();
  const { fdb } = host.vtep;
  fdb.set({ verb: 'add', mac: OTHER_MAC, dst: PEER });
  fdb.set({ verb: 'add', mac: FAR, nhid: 101 });
  host.events();
  t.throws(() => fdb.set({ verb: 'add', mac: NEAR, nhid: 999 }), {
    ...argument(),
    message: /does not exist/,
  });
  t.throws(() => fdb.set({ verb: 'add', mac: NEAR, nhid: 61 }), {
    ...argument(),
    message: /not a multipath group/,
  });
  t.throws(() => fdb.set({ verb: 'add', mac: NEAR, nhid: 104 }), argument('EAFNOSUPPORT'));
  t.throws(() => fdb.set({ verb: 'add', mac: NEAR, nhid: 101, dst: PEER }), {
    ...argument(),
    message: /exclusive/,
  });
  t.throws(() => fdb.set({ verb: 'add', mac: NEAR }), { ...argument(), message: /"dst" or "nhid"/ });
  const unsupported = { code: 'ERR_VTEP_UNSUPPORTED', errno: 'EOPNOTSUPP' };
  t.throws(() => fdb.set({ verb: 'append', mac: FAR, nhid: 101 }), {
    ...unsupported,
    message: /append to a nexthop/,
  });
  t.throws(() => fdb.set({ verb: 'replace', mac: OTHER_MAC, nhid: 101 }), {
    ...unsupported,
    message: /non nexthop/,
  });
  t.throws(() => fdb.set({ verb: 'add', mac: FAR, nhid: 101 }), { code: 'ERR_VTEP_EXISTS', errno: 'EEXIST' });
  fdb.set({ verb: 'replace', mac: FAR, dst: OTHER });
  fdb.set({ verb: 'append', mac: FAR, dst: OTHER });
  fdb.delete({ mac: FAR, dst: PEER });
  t.match(fdb.get(FAR), { nhid: 101, remotes: [] }, 'success, and nothing changed');
  t.same(host.events(), []);
  t.equal(fdb.list().length, 2);
});

const OTHER_MAC = '02:00:00:00:02:03';

t.test('a flow goes to one member and stays there; flows are spread by weight', async (t) => {
  const host = hostWithGroups();
  const { fdb } = host.vtep;
  const { nexthops } = host.engine;
  fdb.set({ verb: 'add', mac: FAR, nhid: 101 });
  fdb.set({ verb: 'append', mac: GROUP_MAC, nhid: 101 });
  fdb.set({ verb: 'add', mac: ZERO_MAC, nhid: 101 });
  t.same(
    host.fdbEvents(),
    [FAR, GROUP_MAC, ZERO_MAC].map((mac) => `new ${mac} nhid 101 permanent`),
  );
  for (const mac of [FAR, GROUP_MAC, '02:00:00:00:02:77']) {
    const counts = spread(host, mac);
    t.equal(counts[PEER] + counts[OTHER], 400, 'one copy a frame');
    t.ok(counts[PEER] > 140 && counts[OTHER] > 140, JSON.stringify(counts));
  }
  const first = peers(host.send(flow(7)))[0];
  t.same(peers(host.send(flow(7), flow(7))), [first, first]);
  nexthops.set({ verb: 'replace', id: 101, group: [{ id: 61 }, { id: 62, weight: 3 }] });
  const counts = spread(host);
  t.ok(counts[OTHER] > 250 && counts[OTHER] < 350, JSON.stringify(counts));
});

t.test('groups follow their members, entries their group', async (t) => {
  const host = hostWithGroups();
  const { fdb } = host.vtep;
  const { nexthops } = host.engine;
  fdb.set({ verb: 'add', mac: FAR, nhid: 101 });
  fdb.set({ verb: 'add', mac: OTHER_MAC, nhid: 101 });
  nexthops.set({ verb: 'replace', id: 61, via: '192.0.2.9' });
  t.same(Object.keys(spread(host)).sort(), [OTHER, '192.0.2.9']);
  nexthops.delete(61);
  t.same(nexthops.get(101)?.group, [{ id: 62 }]);
  t.same(Object.keys(spread(host)), [OTHER]);
  t.match(fdb.get(FAR), { nhid: 101 }, 'the entry survives a single nexthop');
  fdb.delete({ mac: OTHER_MAC });
  host.events();
  t.throws(() => nexthops.set({ verb: 'replace', id: 62, via: '2001:db8::9' }), argument('EAFNOSUPPORT'));
  t.throws(() => nexthops.set({ verb: 'replace', id: 101, group: [{ id: 64 }] }), argument('EAFNOSUPPORT'));
  nexthops.delete(62);
  t.same(
    [nexthops.get(101), fdb.list(), host.fdbEvents()],
    [undefined, [], []],
    'gone, and not told, as by the kernel',
  );
  t.same([host.vtep.tables.remotes.count, host.vtep.tables.lists.count], [0, 0], 'nothing is held');
});

t.test('replace by another group, delete, flush by nhid', async (t) => {
  const host = hostWithGroups();
  const { fdb } = host.vtep;
  host.engine.nexthops.set({ verb: 'add', id: 102, group: [{ id: 62 }] });
  fdb.set({ verb: 'add', mac: FAR, nhid: 101, state: 'static' });
  fdb.set({ verb: 'replace', mac: FAR, nhid: 102, state: 'static' });
  t.same(host.fdbEvents(), [`new ${FAR} nhid 101 static`, `new ${FAR} nhid 102 static`]);
  t.same(Object.keys(spread(host)), [OTHER]);
  fdb.set({ verb: 'add', mac: OTHER_MAC, dst: PEER });
  fdb.set({ verb: 'add', mac: GROUP_MAC, nhid: 101 });
  host.events();
  t.equal(fdb.flush({ nhid: 101 }), 1);
  t.same(host.fdbEvents(), [`del ${GROUP_MAC} nhid 101 permanent`]);
  t.equal(fdb.flush({ dst: OTHER }), 0, 'a remote filter sees no groups');
  fdb.delete({ mac: FAR });
  fdb.flush({});
  t.same([host.vtep.tables.remotes.count, host.vtep.tables.lists.count], [0, 0]);
});

t.test('maxaddress counts entries of groups, and a refused one holds nothing', async (t) => {
  const host = hostWithGroups({ maxaddress: 1 });
  host.vtep.fdb.set({ verb: 'add', mac: OTHER_MAC, dst: PEER });
  t.throws(() => host.vtep.fdb.set({ verb: 'add', mac: FAR, nhid: 101 }), {
    code: 'ERR_VTEP_LIMIT',
    errno: 'ENOSPC',
  });
  t.equal(host.vtep.tables.lists.count, 0);
  t.notOk(host.vtep.fdb.usesNexthop(101));
});

t.test('learning leaves such entries alone: frames from their MAC are dropped in any state', async (t) => {
  const host = hostWithGroups();
  host.vtep.fdb.set({ verb: 'add', mac: FAR, nhid: 101, state: 'dynamic' });
  host.events();
  t.same(host.arrive(udpFrame(NEAR, FAR), { from: PEER }), []);
  t.same(host.arrive(udpFrame(NEAR, FAR), { from: '192.0.2.77' }), []);
  t.same([host.reasons()['entry_exists'], host.events()], [2, []]);
});

t.test('proxy: a neighbour whose MAC is behind a group is answered for', async (t) => {
  const host = hostWithGroups({ proxy: true });
  const { arpPacket, BROADCAST, ethernetFrame } = await import('../support/packets.js');
  host.vtep.neighbours.set({ verb: 'add', dst: '10.0.0.2', lladdr: FAR });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, nhid: 101 });
  host.send(
    ethernetFrame(
      BROADCAST,
      NEAR,
      0x0806,
      arpPacket({ senderMac: NEAR, senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
    ),
  );
  t.equal(host.replies().length, 1);
});
