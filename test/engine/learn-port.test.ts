/** Peers answered at the port they send from: `learn-port`. */
import t from 'tap';
import { HeardPorts } from '../../lib/engine/heard-ports.js';
import type { LinkConfig } from '../../lib/engine/types.js';
import { RemoteTable } from '../../lib/table/remote.js';
import { formatAddress, parseAddress } from '../../lib/wire/text.js';
import { FAR, MemoryHost, NEAR, OTHER, PEER, ZERO_MAC } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const SECOND = '02:00:00:00:02:03';
const FROM_FAR = udpFrame(NEAR, FAR);
const TO_FAR = udpFrame(FAR, NEAR);
const TO_ALL = udpFrame('ff:ff:ff:ff:ff:ff', NEAR);

const learner = (config: Partial<LinkConfig> = {}): MemoryHost =>
  new MemoryHost({ learnPort: true, ...config });

/** Where a frame goes: "192.0.2.2:4789". */
const sentTo = (host: MemoryHost, frame: Uint8Array): string[] =>
  host.send(frame).map(({ peer, port }) => `${formatAddress(peer)}:${port}`);

/** Remotes of an entry as `fdb show` has them. */
const shown = (host: MemoryHost, mac: string) => host.vtep.fdb.get(mac)?.remotes;

t.test('without the option a source port is nobody’s', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.arrive(FROM_FAR, { port: 40_001 });
  t.same(shown(host, FAR), [{ dst: PEER }]);
  t.same(sentTo(host, TO_FAR), [`${PEER}:4789`]);
});

t.test('learned with the MAC, shown, and answered at once', async (t) => {
  const host = learner();
  host.events();
  host.arrive(FROM_FAR, { port: 40_001 });
  t.same(shown(host, FAR), [{ dst: PEER, port: 40_001 }]);
  t.match(host.events(), [{ type: 'fdb', action: 'new', remote: { dst: PEER, port: 40_001 } }]);
  t.same(sentTo(host, TO_FAR), [`${PEER}:40001`]);
});

t.test('the device’s own port is no port', async (t) => {
  const host = learner();
  host.arrive(FROM_FAR, { port: 4_789 });
  t.same(shown(host, FAR), [{ dst: PEER }]);
  host.arrive(FROM_FAR, { port: 40_001 });
  host.arrive(FROM_FAR, { port: 4_789 });
  t.same(shown(host, FAR), [{ dst: PEER }]);
  t.same(sentTo(host, TO_FAR), [`${PEER}:4789`]);
});

t.test('source port 0 has no answer (RFC 768), so it is not learned', async (t) => {
  const host = learner();
  host.arrive(FROM_FAR, { port: 40_001 });
  host.arrive(FROM_FAR, { port: 0 });
  t.same(shown(host, FAR), [{ dst: PEER, port: 40_001 }]);
  host.arrive(udpFrame(NEAR, SECOND), { port: 0 });
  t.same(
    shown(host, SECOND),
    [{ dst: PEER, port: 40_001 }],
    'so it goes to where the address was heard from last',
  );
});

t.test('roams when the port changes, is told and counted', async (t) => {
  const host = learner();
  host.arrive(FROM_FAR, { port: 40_001 });
  host.events();
  host.arrive(FROM_FAR, { port: 40_001 });
  t.same(host.events(), [], 'nothing has changed');
  host.arrive(FROM_FAR, { port: 40_002 });
  t.match(host.events(), [{ type: 'fdb', action: 'new', remote: { dst: PEER, port: 40_002 } }]);
  t.same(sentTo(host, TO_FAR), [`${PEER}:40002`]);
  host.arrive(FROM_FAR, { from: OTHER, port: 40_003 });
  t.same(shown(host, FAR), [{ dst: OTHER, port: 40_003 }], 'to another address with its port');
  t.match(host.vtep.statistics().events, { learned: 1, moved: 2 });
  t.equal(host.vtep.tables.remotes.count, 1, 'former remotes are gone');
  host.vtep.fdb.set({ verb: 'replace', mac: FAR, dst: PEER, port: 7, state: 'dynamic' });
  host.arrive(FROM_FAR, { port: 40_004 });
  t.same(shown(host, FAR), [{ dst: PEER, port: 40_004 }], 'a dynamic entry, too');
});

t.test('two peers behind one address have each its port', async (t) => {
  const host = learner();
  host.arrive(FROM_FAR, { port: 40_001 });
  host.arrive(udpFrame(NEAR, SECOND), { port: 40_002 });
  t.same(sentTo(host, TO_FAR), [`${PEER}:40001`]);
  t.same(sentTo(host, udpFrame(SECOND, NEAR)), [`${PEER}:40002`]);
  host.arrive(FROM_FAR, { port: 4_789 });
  host.arrive(udpFrame(NEAR, SECOND), { port: 40_003 });
  t.same(sentTo(host, TO_FAR), [`${PEER}:4789`], 'the device’s own port is one, too');
  t.same(sentTo(host, udpFrame(SECOND, NEAR)), [`${PEER}:40003`]);
  host.vtep.fdb.delete({ mac: FAR, dst: PEER });
  t.equal(shown(host, FAR), undefined, 'and is deleted as it is shown');
});

t.test('a remote known by address is answered at the port heard last', async (t) => {
  const host = learner({ remote: PEER });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER });
  t.same(sentTo(host, TO_ALL).sort(), [`${PEER}:4789`, `${OTHER}:4789`]);
  host.arrive(FROM_FAR, { port: 40_001 });
  t.same(sentTo(host, TO_ALL).sort(), [`${PEER}:40001`, `${OTHER}:4789`]);
  t.same(shown(host, ZERO_MAC), [{ dst: PEER, port: 40_001 }, { dst: OTHER }]);
  host.arrive(FROM_FAR, { port: 40_002 });
  t.same(sentTo(host, TO_ALL).sort(), [`${PEER}:40002`, `${OTHER}:4789`]);
  host.arrive(FROM_FAR, { port: 4_789 });
  t.same(sentTo(host, TO_ALL).sort(), [`${PEER}:4789`, `${OTHER}:4789`]);
});

t.test('over IPv6', async (t) => {
  const host = learner({ remote: '2001:db8::2' });
  host.arrive(FROM_FAR, { from: '2001:db8::2', port: 40_001 });
  t.same(sentTo(host, TO_FAR), ['2001:db8::2:40001']);
  t.same(sentTo(host, TO_ALL), ['2001:db8::2:40001']);
  host.arrive(FROM_FAR, { from: 'fe80::9', port: 40_002, ifindex: 3 });
  t.match(shown(host, FAR), [{ dst: 'fe80::9', port: 40_002, via: /./ }]);
  host.arrive(FROM_FAR, { from: 'fe80::9', port: 40_003, ifindex: 3 });
  t.match(shown(host, FAR), [{ dst: 'fe80::9', port: 40_003, via: /./ }], 'roams on its interface');
});

t.test('members of a nexthop group and of an MDB entry are known by address', async (t) => {
  const host = learner();
  const { nexthops } = host.engine;
  nexthops.set({ verb: 'add', id: 1, via: PEER });
  nexthops.set({ verb: 'add', id: 10, group: [{ id: 1 }] });
  host.vtep.fdb.set({ verb: 'add', mac: SECOND, nhid: 10 });
  host.vtep.mdb.set({ verb: 'add', group: '239.1.1.1', dst: PEER });
  const toGroup = udpFrame('01:00:5e:01:01:01', NEAR, { dst: '239.1.1.1' });
  t.same([...sentTo(host, udpFrame(SECOND, NEAR)), ...sentTo(host, toGroup)], Array(2).fill(`${PEER}:4789`));
  host.arrive(FROM_FAR, { port: 40_001 });
  t.same([...sentTo(host, udpFrame(SECOND, NEAR)), ...sentTo(host, toGroup)], Array(2).fill(`${PEER}:40001`));
});

t.test('a remote added later, and one with an interface of its own', async (t) => {
  const host = learner({ dev: 'eth0' });
  host.arrive(FROM_FAR, { port: 40_001 });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: PEER, via: 'eth1' });
  t.same(sentTo(host, TO_ALL), [`${PEER}:40001`]);
  host.vtep.set({ remote: PEER });
  t.same(sentTo(host, TO_ALL), [`${PEER}:40001`, `${PEER}:40001`]);
});

t.test('a static entry: its address stays, its port follows', async (t) => {
  const host = learner();
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.equal(host.arrive(FROM_FAR, { port: 40_001 }).length, 1);
  t.same(sentTo(host, TO_FAR), [`${PEER}:40001`]);
  t.equal(host.vtep.fdb.get(FAR)!.state, 'permanent');
  t.equal(host.arrive(FROM_FAR, { from: OTHER, port: 40_009 }).length, 0, 'and is defended');
  t.same(host.reasons(), { entry_exists: 1 });
  t.same(sentTo(host, TO_FAR), [`${PEER}:40001`]);
});

t.test('a port given by hand stays', async (t) => {
  const host = learner();
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER, port: 5_000 });
  host.arrive(FROM_FAR, { port: 40_001 });
  t.same(sentTo(host, TO_FAR), [`${PEER}:5000`]);
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: PEER, port: 5_001 });
  t.same(sentTo(host, TO_ALL), [`${PEER}:5001`]);
  t.equal(host.vtep.statistics().events['moved'], 0);
});

t.test('deleted as it is shown, or by its address', async (t) => {
  for (const port of [undefined, 40_001]) {
    const host = learner({ remote: PEER });
    host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER });
    host.arrive(FROM_FAR, { port: 40_001 });
    host.vtep.fdb.delete({ mac: ZERO_MAC, dst: PEER, port });
    t.same(shown(host, ZERO_MAC), [{ dst: OTHER }]);
  }
});

t.test('flushed by the port it is sent to', async (t) => {
  const host = learner();
  host.arrive(FROM_FAR, { port: 40_001 });
  host.arrive(udpFrame(NEAR, SECOND), { port: 40_002 });
  t.equal(host.vtep.fdb.flush({ port: 40_002 }), 1);
  t.equal(shown(host, SECOND), undefined);
});

t.test('at its learn limit a peer may still roam', async (t) => {
  const host = learner({ learnLimit: 1 });
  host.arrive(FROM_FAR, { port: 40_001 });
  host.arrive(udpFrame(NEAR, SECOND), { port: 40_001 });
  t.equal(shown(host, SECOND), undefined);
  host.arrive(FROM_FAR, { port: 40_002 });
  t.same(shown(host, FAR), [{ dst: PEER, port: 40_002 }]);
  t.equal(host.vtep.statistics().events['learnLimited'], 1);
});

t.test('what was learned through the network and comes from this host has the device’s port', async (t) => {
  const host = learner();
  host.arrive(FROM_FAR, { port: 40_001 });
  host.engine.setLocalAddresses([{ address: '192.0.2.100', ifindex: 1 }]);
  const near = host.add({ name: 'vtep1', id: 43, learnPort: true });
  near.fdb.set({ verb: 'add', mac: NEAR, dst: '192.0.2.100', vni: 42 });
  host.system.frames('vtep1').send(FROM_FAR);
  host.engine.poll();
  t.same(shown(host, FAR), [{ dst: '127.0.0.1' }]);
});

t.test('counted by remote: a peer with a port by itself, once it is answered there', async (t) => {
  const host = learner({ remoteStats: true });
  const rows = () =>
    host.vtep.remotes().remotes.map(({ dst, port, known, statistics: s }) => ({
      at: port === undefined ? dst : `${dst}:${port}`,
      known,
      rx: s!.rxPackets,
      tx: s!.txPackets,
    }));
  host.arrive(FROM_FAR, { port: 40_001 });
  t.same(rows(), [
    { at: PEER, known: true, rx: 1, tx: 0 },
    { at: `${PEER}:40001`, known: true, rx: 0, tx: 0 },
  ]);
  host.send(TO_FAR);
  host.arrive(FROM_FAR, { port: 40_001 });
  for (let port = 50_000; port < 50_100; port++) host.arrive(udpFrame(NEAR, SECOND), { port });
  host.vtep.fdb.delete({ mac: SECOND });
  t.same(rows(), [
    { at: PEER, known: true, rx: 101, tx: 0 },
    { at: `${PEER}:40001`, known: true, rx: 1, tx: 1 },
  ]);
});

t.test('ports are remembered as long as an entry leads to the address', async (t) => {
  const remotes = new RemoteTable();
  const heard = new HeardPorts(remotes);
  const words = parseAddress(PEER)!;
  const [a0, a1, a2, a3] = words;
  const plain = remotes.intern(a0, a1, a2, a3, 0, -1, 0);
  heard.heard(words, 7);
  t.equal(remotes.sendPort(plain), 0, 'no entry: not remembered');
  heard.added(plain);
  heard.added(plain);
  heard.heard(words, 7);
  t.equal(remotes.sendPort(plain), 7);
  heard.removed(plain);
  const other = remotes.intern(a0, a1, a2, a3, 0, 9, 0);
  heard.added(other);
  t.equal(remotes.sendPort(other), 7, 'another to the same address');
  const own = remotes.intern(a0, a1, a2, a3, 8, -1, 0);
  heard.added(own);
  t.equal(remotes.sendPort(own), 8);
  for (const index of [plain, other, own]) heard.removed(index);
  heard.heard(words, 9);
  t.equal(remotes.sendPort(plain), 7, 'none any more');
  heard.added(plain);
  t.equal(remotes.sendPort(plain), 0, 'forgotten with the last');
});
