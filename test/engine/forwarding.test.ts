/** The verbs of `bridge fdb` with the kernel's verdicts, each event told once. Expected events were measured on a kernel device (6.18). */
import t from 'tap';
import type { FdbFlush } from '../../lib/engine/types.js';
import { FAR, MemoryHost, NEAR, OTHER, PEER, ZERO_MAC } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const GROUP = '01:00:5e:00:00:05';
const FRAME = udpFrame(NEAR, FAR);
const refusal = (code: string, errno: string) => ({ code: `ERR_VTEP_${code}`, errno });

t.test('add: permanent unless said otherwise', async (t) => {
  const host = new MemoryHost();
  const { fdb } = host.vtep;
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:01', dst: PEER });
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:02', dst: PEER, state: 'static' });
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:03', dst: PEER, state: 'dynamic' });
  t.same(host.fdbEvents(), [
    `new 02:00:00:00:02:01 ${PEER} permanent`,
    `new 02:00:00:00:02:02 ${PEER} static`,
    `new 02:00:00:00:02:03 ${PEER} reachable`,
  ]);
  t.same(
    fdb.list().map((entry) => entry.mac.slice(-1)),
    ['3', '2', '1'],
    'newest first',
  );
  t.same(fdb.get('02:00:00:00:02:01'), {
    mac: '02:00:00:00:02:01',
    remotes: [{ dst: PEER }],
    state: 'permanent',
    router: false,
    externLearn: false,
    learned: false,
    used: 0,
    updated: 0,
  });
});

t.test('add: EEXIST for a MAC that somebody gave; what was learned gives way', async (t) => {
  const host = new MemoryHost();
  const { fdb } = host.vtep;
  host.arrive(FRAME);
  host.fdbEvents();
  fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  t.equal(host.entry(FAR), `${OTHER} permanent`);
  t.same(host.fdbEvents(), [`new ${FAR} ${OTHER} permanent`]);
  t.throws(() => fdb.set({ verb: 'add', mac: FAR, dst: PEER }), refusal('EXISTS', 'EEXIST'));
  t.equal(host.entry(FAR), `${OTHER} permanent`);
  fdb.set({ verb: 'replace', mac: FAR, dst: PEER, state: 'dynamic', externLearn: true });
  t.throws(() => fdb.set({ verb: 'add', mac: FAR, dst: OTHER }), refusal('EXISTS', 'EEXIST'));
});

t.test('refused arguments change nothing', async (t) => {
  const host = new MemoryHost();
  const { fdb } = host.vtep;
  t.throws(() => fdb.set({ verb: 'add', mac: FAR, dst: '2001:db8::1' }), refusal('ARGUMENT', 'EAFNOSUPPORT'));
  t.throws(() => fdb.set({ verb: 'add', mac: FAR, dst: 'somewhere' }), refusal('ARGUMENT', 'EINVAL'));
  t.throws(() => fdb.set({ verb: 'add', mac: '02:00', dst: PEER }), refusal('ARGUMENT', 'EINVAL'));
  t.throws(() => fdb.set({ verb: 'add', mac: FAR, dst: PEER, via: 'eth9' }), refusal('NO_DEVICE', 'ENODEV'));
  t.throws(() => fdb.delete({ mac: FAR }), refusal('NO_ENTRY', 'ENOENT'));
  t.same(fdb.list(), []);
  t.same(host.events(), []);
  const six = new MemoryHost({ local: '2001:db8::1' });
  t.throws(() => six.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER }), refusal('ARGUMENT', 'EAFNOSUPPORT'));
  six.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '2001:DB8:0::2' });
  t.equal(six.entry(FAR), '2001:db8::2 permanent');
});

t.test('append on a group or the zero MAC adds a remote, the same one in silence', async (t) => {
  for (const mac of [GROUP, ZERO_MAC, 'ff:ff:ff:ff:ff:ff']) {
    const host = new MemoryHost();
    const { fdb } = host.vtep;
    for (const dst of [PEER, OTHER, PEER]) fdb.set({ verb: 'append', mac, dst });
    fdb.set({ verb: 'append', mac, dst: PEER, port: 4_789, vni: 42 });
    t.equal(host.entry(mac), `${PEER},${OTHER} permanent`);
    t.same(host.fdbEvents(), [`new ${mac} ${PEER} permanent`, `new ${mac} ${OTHER} permanent`]);
    for (const more of [{ port: 1 }, { vni: 7 }, { via: 'eth1' }]) {
      fdb.set({ verb: 'append', mac, dst: PEER, ...more });
    }
    t.equal(fdb.get(mac)?.remotes.length, 5, 'another port, VNI or interface is another remote');
  }
});

t.test('append of a known remote with another state: told once', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: PEER, state: 'static' });
  t.same(host.fdbEvents(), [`new ${ZERO_MAC} ${PEER} static`]);
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER, state: 'dynamic' });
  t.same(host.fdbEvents(), [`new ${ZERO_MAC} ${OTHER} reachable`], 'the new remote alone');
});

t.test('append on a unicast MAC succeeds, adds nothing, and changes state and flags', async (t) => {
  const host = new MemoryHost();
  host.arrive(FRAME);
  host.events();
  host.vtep.fdb.set({ verb: 'append', mac: FAR, dst: OTHER });
  t.equal(host.entry(FAR), `${PEER} permanent`, 'a learned entry became permanent');
  t.same(host.fdbEvents(), [`new ${FAR} ${PEER} permanent`]);
  host.vtep.fdb.set({ verb: 'append', mac: FAR, dst: OTHER });
  t.same(host.events(), [], 'nothing changed, nothing told');
  t.notOk(host.vtep.fdb.get(FAR)?.learned);
});

t.test('replace', async (t) => {
  const host = new MemoryHost();
  const { fdb } = host.vtep;
  fdb.set({ verb: 'replace', mac: FAR, dst: PEER, state: 'dynamic' });
  t.same(host.fdbEvents(), [`new ${FAR} ${PEER} reachable`], 'makes what is missing');
  host.clock.pass(2);
  fdb.set({ verb: 'replace', mac: FAR, dst: PEER, state: 'dynamic' });
  t.same(host.events(), [], 'the same: not told');
  t.equal(fdb.get(FAR)?.updated, 2, 'not stamped either');
  fdb.set({ verb: 'replace', mac: FAR, dst: OTHER, port: 9, router: true });
  t.same(host.fdbEvents(), [`new ${FAR} ${OTHER} permanent`], 'everything at once, one event');
  t.match(fdb.get(FAR), { router: true, updated: 0, remotes: [{ dst: OTHER, port: 9 }] });
});

t.test('replace: unicast only', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  for (const mac of [ZERO_MAC, GROUP]) {
    t.throws(
      () => host.vtep.fdb.set({ verb: 'replace', mac, dst: OTHER }),
      { ...refusal('UNSUPPORTED', 'EOPNOTSUPP'), message: /Cannot replace non-unicast/ },
      mac,
    );
  }
  t.equal(host.entry(ZERO_MAC), `${PEER} permanent`);
});

t.test('use refreshes `updated` and is told to nobody', async (t) => {
  const host = new MemoryHost();
  const request = { verb: 'replace', mac: FAR, dst: PEER, state: 'dynamic' } as const;
  host.vtep.fdb.set(request);
  host.events();
  host.clock.pass(4);
  host.vtep.fdb.set({ ...request, use: true });
  const { used, updated } = host.vtep.fdb.get(FAR)!;
  t.same([used, updated], [4, 0]);
  t.same(host.events(), []);
});

t.test('an externally learned update moves the remote, not the state, of a user’s entry', async (t) => {
  const host = new MemoryHost();
  const { fdb } = host.vtep;
  fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  fdb.set({ verb: 'replace', mac: FAR, dst: PEER, state: 'dynamic', externLearn: true });
  t.match(fdb.get(FAR), { state: 'permanent', externLearn: false, remotes: [{ dst: PEER }] });
  const learned = new MemoryHost();
  learned.arrive(FRAME);
  learned.vtep.fdb.set({ verb: 'replace', mac: FAR, dst: OTHER, state: 'dynamic', externLearn: true });
  t.match(learned.vtep.fdb.get(FAR), { externLearn: true, learned: false, remotes: [{ dst: OTHER }] });
});

t.test('delete', async (t) => {
  const host = new MemoryHost();
  const { fdb } = host.vtep;
  const three = [PEER, OTHER, '192.0.2.4'];
  const build = () => {
    for (const dst of three) fdb.set({ verb: 'append', mac: ZERO_MAC, dst });
    host.events();
  };
  build();
  fdb.delete({ mac: ZERO_MAC, dst: OTHER });
  t.same(host.fdbEvents(), [`del ${ZERO_MAC} ${OTHER} permanent`]);
  t.equal(host.entry(ZERO_MAC), `${PEER},192.0.2.4 permanent`);
  fdb.delete({ mac: ZERO_MAC, dst: '192.0.2.77' });
  fdb.delete({ mac: ZERO_MAC, dst: PEER, port: 1 });
  fdb.delete({ mac: ZERO_MAC, dst: PEER, vni: 7 });
  fdb.delete({ mac: ZERO_MAC, dst: PEER, via: 'eth0' });
  t.same(host.events(), [], 'what matches no remote succeeds and does nothing');
  fdb.delete({ mac: ZERO_MAC, dst: PEER, port: 4_789, vni: 42 });
  fdb.delete({ mac: ZERO_MAC, dst: '192.0.2.4' });
  t.equal(host.entry(ZERO_MAC), undefined, 'the entry goes with its last remote');
  t.equal(host.fdbEvents().length, 2);
  build();
  fdb.delete({ mac: ZERO_MAC });
  t.same(
    host.fdbEvents(),
    three.map((dst) => `del ${ZERO_MAC} ${dst} permanent`),
    'one event a remote',
  );
  build();
  fdb.delete({ mac: ZERO_MAC, dst: '0.0.0.0' });
  t.equal(host.entry(ZERO_MAC), undefined, 'dst any means the whole entry');
});

t.test('srcVni: a key of its own that lookups never find', async (t) => {
  const host = new MemoryHost();
  const { fdb } = host.vtep;
  fdb.set({ verb: 'add', mac: FAR, dst: PEER, srcVni: 7 });
  t.same(host.send(udpFrame(FAR, NEAR)), []);
  t.equal(fdb.get(FAR), undefined);
  t.match(fdb.get(FAR, 7), { srcVni: 7 });
  t.throws(() => fdb.delete({ mac: FAR }), refusal('NO_ENTRY', 'ENOENT'));
  fdb.delete({ mac: FAR, srcVni: 7 });
  t.same(fdb.list(), []);
});

t.test('maxaddress counts MACs, the zero entry among them', async (t) => {
  const host = new MemoryHost({ remote: PEER, maxaddress: 2 });
  const { fdb } = host.vtep;
  fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER });
  fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  host.events();
  t.throws(() => fdb.set({ verb: 'add', mac: '02:00:00:00:02:03', dst: PEER }), refusal('LIMIT', 'ENOSPC'));
  t.same(host.events(), []);
  host.arrive(udpFrame(NEAR, '02:00:00:00:02:03'));
  t.equal(fdb.list().length, 2, 'nothing learned');
  fdb.delete({ mac: FAR });
  host.arrive(udpFrame(NEAR, '02:00:00:00:02:03'));
  t.equal(host.entry('02:00:00:00:02:03'), `${PEER} reachable`, 'learned once there is room');
});

t.test('maxaddress: refused sources cost no record each', async (t) => {
  const host = new MemoryHost({ maxaddress: 1 });
  host.arrive(FRAME);
  for (let i = 0; i < 50; i++) host.arrive(udpFrame(NEAR, `02:00:00:00:03:${(16 + i).toString(16)}`));
  t.equal(host.vtep.statistics().rxPackets, 51);
  t.equal(host.vtep.statistics().events['learned'], 1);
});

/** What `bridge fdb flush dev vxlan0 …` of iproute2 leaves of these five, on the kernel device. */
const FLUSHED: [FdbFlush, string][] = [
  [{}, ''],
  [{ permanent: true }, 'dynamic static'],
  [{ permanent: false }, 'default permanent router'],
  [{ static: true }, 'default dynamic permanent router'],
  [{ static: false }, 'permanent router static'],
  [{ dynamic: true }, 'default permanent router static'],
  [{ dynamic: false }, 'default dynamic'],
  [{ router: true }, 'default dynamic permanent static'],
  [{ router: false }, 'router'],
  [{ router: false, permanent: true }, 'dynamic router static'],
  [{ router: true, dynamic: true }, 'default dynamic permanent router static'],
  [{ dst: OTHER }, 'default permanent router'],
  [{ dst: OTHER, dynamic: true }, 'default permanent router static'],
  [{ vni: 42 }, ''],
  [{ port: 9 }, 'default dynamic permanent router static'],
  [{ srcVni: 42 }, ''],
  [{ srcVni: 7 }, 'default dynamic permanent router static'],
];

t.test('flush: filters are ANDed, bits as iproute2 sends them', async (t) => {
  const names: Record<string, string> = {
    '00': 'default',
    '01': 'permanent',
    '02': 'static',
    '03': 'dynamic',
    '04': 'router',
  };
  for (const [filter, left] of FLUSHED) {
    const host = new MemoryHost({ remote: PEER });
    const { fdb } = host.vtep;
    fdb.set({ verb: 'add', mac: '02:00:00:00:00:01', dst: PEER });
    fdb.set({ verb: 'add', mac: '02:00:00:00:00:02', dst: OTHER, state: 'static' });
    fdb.set({ verb: 'add', mac: '02:00:00:00:00:03', dst: OTHER, state: 'dynamic' });
    fdb.set({ verb: 'add', mac: '02:00:00:00:00:04', dst: PEER, router: true });
    host.events();
    const flushed = fdb.flush(filter);
    const remaining = fdb.list().map((entry) => names[entry.mac.slice(-2)]);
    t.equal(remaining.sort().join(' '), left, JSON.stringify(filter));
    t.equal(flushed, 5 - remaining.length);
    t.equal(host.fdbEvents().length, flushed, 'one event each');
  }
});

t.test('flush by remote takes single remotes', async (t) => {
  const host = new MemoryHost();
  const { fdb } = host.vtep;
  const remotes = [{ dst: PEER }, { dst: PEER, port: 9 }, { dst: OTHER, vni: 7 }, { dst: OTHER, port: 9 }];
  for (const remote of remotes) fdb.set({ verb: 'append', mac: ZERO_MAC, ...remote });
  host.events();
  t.equal(fdb.flush({ port: 9, dst: OTHER }), 1);
  t.same(fdb.get(ZERO_MAC)?.remotes, remotes.slice(0, 3));
  t.equal(fdb.flush({ port: 4_789, vni: 42 }), 1, 'the defaults match what has none of its own');
  t.same(fdb.get(ZERO_MAC)?.remotes, remotes.slice(1, 3));
  t.equal(fdb.flush({ externLearn: true, port: 9 }), 0);
  t.equal(fdb.flush({ vni: 7 }), 1);
  t.equal(fdb.flush({ port: 9 }), 1, 'the last');
  t.same(fdb.list(), []);
  t.equal(host.fdbEvents().length, 4);
});

t.test('a long list of remotes is taken apart in reasonable time', async (t) => {
  const host = new MemoryHost();
  const count = 2_000;
  const dst = (i: number) => `10.1.${i >> 8}.${i & 255}`;
  for (let i = 0; i < count; i++) host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: dst(i) });
  const started = performance.now();
  for (let i = 0; i < count; i++) host.vtep.fdb.delete({ mac: ZERO_MAC, dst: dst(i) });
  t.ok(performance.now() - started < 10_000);
  t.same(host.vtep.fdb.list(), []);
  t.equal(host.vtep.tables.remotes.count, 0, 'no remote is kept');
  t.equal(host.vtep.tables.lists.count, 0, 'no list is kept');
});

t.test('the default destination', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  t.equal(host.entry(ZERO_MAC), `${PEER} permanent`);
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER });
  host.events();
  host.vtep.set({ remote: '192.0.2.9' });
  t.same(host.fdbEvents(), [`new ${ZERO_MAC} 192.0.2.9 permanent`, `del ${ZERO_MAC} ${PEER} permanent`]);
  t.equal(host.entry(ZERO_MAC), `${OTHER},192.0.2.9 permanent`, 'what was added by hand stays');
  host.vtep.set({ remote: OTHER });
  t.equal(host.entry(ZERO_MAC), `${OTHER} permanent`);
  host.vtep.set({ remote: OTHER });
  t.equal(host.entry(ZERO_MAC), `${OTHER} permanent`, 'the same again changes nothing');
});

t.test('the default destination: an entry that is there becomes permanent', async (t) => {
  const host = new MemoryHost();
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: PEER, state: 'dynamic' });
  host.events();
  host.vtep.set({ remote: PEER });
  t.same(host.fdbEvents(), [`new ${ZERO_MAC} ${PEER} permanent`]);
});

t.test('the default destination may be deleted; the option stays', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.vtep.fdb.delete({ mac: ZERO_MAC });
  t.same(host.send(udpFrame(FAR, NEAR)), []);
  t.equal(host.vtep.state().remote, PEER);
  host.vtep.set({ remote: OTHER });
  t.equal(host.entry(ZERO_MAC), `${OTHER} permanent`);
});
