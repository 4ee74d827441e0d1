/** The verbs of `bridge mdb` and where frames for a group go (cases of the kernel's test_vxlan_mdb.sh). */
import t from 'tap';
import type { MdbRequest } from '../../lib/engine/types.js';
import { MemoryHost, NEAR, OTHER, PEER, peers, ZERO_MAC } from '../support/memory-host.js';
import { BROADCAST, tagged, udp6Frame, udpFrame } from '../support/packets.js';

const GROUP = '239.1.1.1';
const MAC = '01:00:5e:01:01:01';
const SOURCE = '10.0.0.1';
const refusal = (code: string, errno: string) => ({ code: `ERR_VTEP_${code}`, errno });
const THIRD = '192.0.2.4';

const to = (group: string, source = SOURCE, mac = MAC): Uint8Array =>
  udpFrame(mac, NEAR, { src: source, dst: group });
const to6 = (group: string, source = '2001:db8:9::1'): Uint8Array =>
  udp6Frame('33:33:00:00:00:01', NEAR, { src: source, dst: group });
const add = (host: MemoryHost, change: Partial<MdbRequest> = {}): void =>
  host.vtep.mdb.set({ verb: 'add', group: GROUP, dst: PEER, ...change });
const mdbEvents = (host: MemoryHost): string[] =>
  host.events().flatMap((event) => {
    if (event.type !== 'mdb') return [];
    const { entry, remote } = event;
    const { filterMode, blocked } = remote;
    const mode = `${filterMode}${blocked ? ' blocked' : ''}`;
    return [`${event.action} (${entry.source ?? '*'}, ${entry.group}) ${remote.dst} ${mode}`];
  });

t.test('add, replace, delete, get', async (t) => {
  for (const underlay of [
    { local: '192.0.2.1', dst: PEER },
    { local: '2001:db8::1', dst: '2001:db8::2' },
  ]) {
    for (const key of [{ group: GROUP }, { group: 'ff0e::1' }, { group: GROUP, source: SOURCE }]) {
      const host = new MemoryHost({ local: underlay.local });
      const { mdb } = host.vtep;
      const { dst } = underlay;
      mdb.set({ verb: 'add', ...key, dst });
      const filterMode = key.source === undefined ? 'exclude' : 'include';
      const remote = { dst, filterMode, sources: [], protocol: 4, blocked: false };
      t.same(mdb.get(key), { ...key, remotes: [remote] });
      t.throws(() => mdb.set({ verb: 'add', ...key, dst }), refusal('EXISTS', 'EEXIST'));
      const change = { port: 1_234, vni: 4_321, via: 'eth1', protocol: 123 };
      mdb.set({ verb: 'replace', ...key, dst, ...change });
      t.same(mdb.get(key)?.remotes, [{ ...remote, ...change }]);
      mdb.set({ verb: 'replace', ...key, dst, port: 4_789, vni: 42 });
      t.same(mdb.get(key)?.remotes, [remote], "the device's own port and VNI are not shown");
      mdb.delete({ ...key, dst });
      t.equal(mdb.get(key), undefined);
      t.throws(() => mdb.delete({ ...key, dst }), refusal('NO_ENTRY', 'ENOENT'));
      t.equal(host.vtep.tables.remotes.count, 0, 'nothing is held');
    }
  }
});

t.test('refused, and nothing changed', async (t) => {
  const host = new MemoryHost();
  const bad: [string, Partial<MdbRequest>, RegExp][] = [
    ['a unicast group', { group: '10.1.1.1' }, /not multicast/],
    ['a group of the link', { group: '224.0.0.5' }, /local multicast: "224\.0\.0\.5"/],
    ['all nodes of the link', { group: 'ff02::1' }, /link-local all nodes/],
    ['a group source', { source: GROUP }, /multicast source/],
    ['a source of the other family', { source: '2001:db8::1' }, /invalid source address/],
    ['all zeros with a source', { group: '0.0.0.0', source: SOURCE }, /all-zeros/],
    ['all zeros with a filter mode', { group: '::', filterMode: 'exclude' }, /Filter mode/],
    ['all zeros with sources', { group: '0.0.0.0', sources: [SOURCE] }, /Source list can only/],
    ['(S, G) with a filter mode', { source: SOURCE, filterMode: 'include' }, /Filter mode/],
    ['(S, G) with sources', { source: SOURCE, sources: [SOURCE] }, /Source list can only/],
    ['include nobody', { filterMode: 'include' }, /empty source list/],
    ['sources without filter mode', { sources: [SOURCE] }, /without filter mode/],
    ['a group among the sources', { filterMode: 'exclude', sources: [GROUP] }, /multicast source/],
    ['a source twice', { filterMode: 'exclude', sources: [SOURCE, SOURCE] }, /listed twice/],
    ['a protocol of the kernel', { protocol: 3 }, /proto 3/],
    ['an interface that is not there', { via: 'eth9' }, /eth9/],
    ['an address of the other family', { dst: '2001:db8::2' }, /not an IPv4/],
  ];
  for (const [name, change, message] of bad) t.throws(() => add(host, change), { message }, name);
  t.throws(() => host.vtep.mdb.delete({ group: '224.0.0.5', dst: PEER }), { message: /local multicast/ });
  t.same([host.vtep.mdb.list(), host.events()], [[], []]);
  host.vtep.mdb.set({ verb: 'replace', group: GROUP, dst: PEER });
  t.same(mdbEvents(host), [`new (*, ${GROUP}) ${PEER} exclude`], 'replace makes what is missing');
});

t.test('a source list makes, changes and removes (S, G) entries', async (t) => {
  const host = new MemoryHost();
  const { mdb } = host.vtep;
  add(host, { filterMode: 'exclude', sources: ['10.0.0.1', '10.0.0.2'], protocol: 186, port: 1_234 });
  t.same(mdbEvents(host), [
    `new (10.0.0.1, ${GROUP}) ${PEER} include blocked`,
    `new (10.0.0.2, ${GROUP}) ${PEER} include blocked`,
    `new (*, ${GROUP}) ${PEER} exclude`,
  ]);
  t.match(mdb.get({ group: GROUP })?.remotes[0], { sources: ['10.0.0.2', '10.0.0.1'] });
  t.match(mdb.get({ group: GROUP, source: '10.0.0.2' })?.remotes[0], {
    protocol: 186,
    port: 1_234,
    sources: [],
  });
  t.throws(() => add(host, { source: '10.0.0.2' }), refusal('EXISTS', 'EEXIST'));
  mdb.set({
    verb: 'replace',
    group: GROUP,
    dst: PEER,
    filterMode: 'include',
    sources: ['10.0.0.2', '10.0.0.3'],
  });
  t.same(mdbEvents(host), [
    `new (10.0.0.2, ${GROUP}) ${PEER} include`,
    `new (10.0.0.3, ${GROUP}) ${PEER} include`,
    `del (10.0.0.1, ${GROUP}) ${PEER} include blocked`,
    `new (*, ${GROUP}) ${PEER} include`,
  ]);
  t.equal(mdb.get({ group: GROUP, source: '10.0.0.1' }), undefined);
  mdb.delete({ group: GROUP, source: '10.0.0.3', dst: PEER });
  host.events();
  mdb.delete({ group: GROUP, dst: PEER });
  t.same(mdbEvents(host), [`del (*, ${GROUP}) ${PEER} include`, `del (10.0.0.2, ${GROUP}) ${PEER} include`]);
  t.same(mdb.list(), []);
  t.equal(host.vtep.tables.remotes.count, 0);
});

t.test('an add whose source is taken changes nothing', async (t) => {
  const host = new MemoryHost();
  add(host, { source: '10.0.0.2' });
  host.events();
  t.throws(
    () => add(host, { filterMode: 'exclude', sources: ['10.0.0.1', '10.0.0.2'] }),
    refusal('EXISTS', 'EEXIST'),
  );
  t.same([host.events(), host.vtep.mdb.list().length], [[], 1]);
});

t.test('newest first, 64 remotes to a group', async (t) => {
  const host = new MemoryHost();
  for (let i = 1; i <= 64; i++) add(host, { dst: `198.51.100.${i}` });
  add(host, { group: '239.1.1.2' });
  const [newest, oldest] = host.vtep.mdb.list();
  t.equal(newest.group, '239.1.1.2');
  t.equal(oldest.remotes.length, 64);
  t.same([oldest.remotes[0].dst, oldest.remotes[63].dst], ['198.51.100.64', '198.51.100.1']);
  t.equal(host.send(to(GROUP)).length, 64);
});

t.test('flush by each filter', async (t) => {
  const host = new MemoryHost();
  const { mdb } = host.vtep;
  const fill = (): void => {
    mdb.flush({});
    add(host, { dst: PEER });
    add(host, { dst: OTHER, port: 1_111, vni: 7, protocol: 186 });
    add(host, { group: '239.1.1.2', dst: OTHER, srcVni: 9 });
  };
  const left = (): string[] =>
    mdb.list().flatMap(({ group, remotes }) => remotes.map(({ dst }) => `${group} ${dst}`));
  for (const [filter, count] of [
    [{}, 3],
    [{ dst: PEER }, 1],
    [{ dst: '192.0.2.99' }, 0],
    [{ port: 1_111 }, 1],
    [{ port: 4_789 }, 2],
    [{ vni: 7 }, 1],
    [{ vni: 42 }, 2],
    [{ protocol: 186 }, 1],
    [{ protocol: 4 }, 2],
    [{ srcVni: 9 }, 1],
    [{ srcVni: 42 }, 2],
    [{ dst: OTHER, vni: 42 }, 1],
  ] as const) {
    fill();
    t.equal(mdb.flush(filter), count, JSON.stringify(filter));
    t.equal(left().length, 3 - count);
  }
});

t.test('(*, G) exclude and include, (S, G)', async (t) => {
  const host = new MemoryHost({ remote: THIRD });
  add(host, { filterMode: 'exclude', sources: ['10.0.0.2'], dst: PEER });
  t.same(peers(host.send(to(GROUP))), [PEER], 'any source');
  t.same(peers(host.send(to(GROUP, '10.0.0.2'))), [], 'but the one that is excluded');
  t.equal(host.reasons()['mdb_nobody'], 1);
  host.vtep.mdb.flush({});
  add(host, { filterMode: 'include', sources: ['10.0.0.2'], dst: PEER });
  t.same(peers(host.send(to(GROUP))), [], 'no source');
  t.same(peers(host.send(to(GROUP, '10.0.0.2'))), [PEER], 'but the one that is included');
  add(host, { dst: OTHER });
  t.same(peers(host.send(to(GROUP))), [OTHER]);
  add(host, { source: '10.0.0.2', dst: OTHER });
  t.same(peers(host.send(to(GROUP, '10.0.0.2'))), [PEER, OTHER], 'the newest last');
  t.equal(host.vtep.statistics().events['multicast'], 4);
  t.equal(host.vtep.statistics().events['flooded'], 0);
});

t.test('each remote has its own port, VNI and interface', async (t) => {
  const host = new MemoryHost();
  add(host, { dst: PEER, port: 1_111, vni: 7, via: 'eth1' });
  add(host, { dst: OTHER });
  const [first, second] = host.send(to(GROUP));
  t.same([first.port, first.ifindex, first.payload[6]], [1_111, host.system.indexOf('eth1'), 7]);
  t.same([second.port, second.ifindex, second.payload[6]], [4_789, 0, 42]);
});

t.test('a group as remote (P2MP)', async (t) => {
  const host = new MemoryHost({ local: '192.0.2.1' });
  add(host, { dst: '239.9.9.9', via: 'eth0' });
  const [sent] = host.send(to(GROUP));
  t.same([peers([sent])[0], sent.ttl], ['239.9.9.9', 1]);
});

t.test('all-zeros entries take what no entry is for', async (t) => {
  const host = new MemoryHost({ remote: THIRD });
  add(host, { group: '0.0.0.0', dst: PEER });
  t.same(peers(host.send(to('239.1.1.9'))), [PEER], 'unregistered IPv4');
  t.same(peers(host.send(to6('ff0e::9'))), [THIRD], 'IPv6 has its own');
  add(host, { group: '::', dst: OTHER });
  t.same(peers(host.send(to6('ff0e::9'))), [OTHER], 'unregistered IPv6');
  t.same(
    peers(host.send(to('224.0.0.251', SOURCE, '01:00:5e:00:00:fb'), to6('ff02::fb'))),
    [THIRD, THIRD],
    'link-local groups flood',
  );
  t.same(peers(host.send(to(GROUP, SOURCE, '02:00:00:00:02:02'))), [THIRD], 'a unicast MAC');
  t.same(peers(host.send(to('255.255.255.255', SOURCE, BROADCAST))), [THIRD], 'broadcast');
  t.same(peers(host.send(tagged(to(GROUP), 5))), [THIRD], 'a tag hides the packet, as in the kernel');
  add(host, { group: GROUP, dst: OTHER });
  t.same(peers(host.send(to(GROUP))), [OTHER], 'a registered group');
});

t.test('the MDB comes before the FDB, and is gone when it is empty', async (t) => {
  const host = new MemoryHost({ remote: THIRD });
  host.vtep.fdb.set({ verb: 'append', mac: MAC, dst: PEER });
  add(host, { dst: OTHER });
  t.same(peers(host.send(to(GROUP))), [OTHER]);
  host.vtep.set({ up: false });
  host.vtep.set({ up: true });
  t.same(peers(host.send(to(GROUP))), [OTHER], 'it survives down and up');
  host.vtep.mdb.delete({ group: GROUP, dst: OTHER });
  t.same(peers(host.send(to(GROUP))), [PEER]);
  t.equal(host.entry(ZERO_MAC), `${THIRD} permanent`);
});

t.test('src_vni keys another VNI, which frames of this device do not have', async (t) => {
  const host = new MemoryHost({ remote: THIRD });
  add(host, { srcVni: 9 });
  t.match(host.vtep.mdb.list(), [{ srcVni: 9 }]);
  t.same(peers(host.send(to(GROUP))), [THIRD]);
});
