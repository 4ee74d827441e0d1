/** What each remote sent and was sent, through the engine: `remote-stats`, `vtep remote show`. */
import t from 'tap';
import { COUNTERS } from '../../lib/dataplane/counters.js';
import { type DeviceSettings, REMOTE_STATS } from '../../lib/dataplane/device.js';
import type { Dataplane } from '../../lib/engine/dataplane.js';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import type { WorkerMessage } from '../../lib/engine/messages.js';
import { makeTables } from '../../lib/engine/tables.js';
import { WorkerCore } from '../../lib/engine/worker-core.js';
import { WorkerLink } from '../../lib/engine/worker-link.js';
import { RecordRing } from '../../lib/memory/ring.js';
import type { RemoteEntry, RemoteStatistics } from '../../lib/engine/types.js';
import { FAR, ManualClock, MemoryHost, NEAR, OTHER, PEER, ZERO_MAC } from '../support/memory-host.js';
import { tagged, udpFrame, vxlanPacket } from '../support/packets.js';

const TO_FAR = udpFrame(FAR, NEAR);
const FROM_FAR = udpFrame(NEAR, FAR);
const STRANGER = '203.0.113.9';
const OCTETS = TO_FAR.length - 14;

/** "192.0.2.2", "192.0.2.2 port 5000", "… vni 7", with what is not zero of its counters. */
function table(host: MemoryHost): Record<string, Partial<RemoteStatistics>> {
  return Object.fromEntries(host.vtep.remotes().remotes.map((remote) => [nameOf(remote), met(remote)]));
}

function nameOf({ dst, port, vni, known }: RemoteEntry): string {
  const words = [
    dst,
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(vni === undefined ? [] : [`vni ${vni}`]),
  ];
  return [...words, ...(known ? [] : ['unknown'])].join(' ');
}

function met({ statistics }: RemoteEntry): Partial<RemoteStatistics> {
  const { reasons, heard: _heard, sent: _sent, ...counts } = statistics!;
  const some = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  return Object.keys(reasons).length === 0 ? some : { ...some, reasons };
}

t.test('without the option: who is known, and no counters', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER, port: 5_000, vni: 7 });
  host.vtep.fdb.set({ verb: 'add', mac: '02:00:00:00:03:01', dst: '0.0.0.0' });
  host.arrive(FROM_FAR, { from: PEER });
  host.send(TO_FAR);
  t.same(host.vtep.remotes(), {
    remotes: [
      { dst: PEER, known: true },
      { dst: OTHER, port: 5_000, vni: 7, known: true },
    ],
  });
});

t.test('sent and received, by address, port and VNI', async (t) => {
  const host = new MemoryHost({ remote: PEER, remoteStats: true });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER, port: 5_000 });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER, port: 5_000, vni: 7 });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: '239.1.1.1', via: 'eth0' });
  t.same(table(host)[PEER], {}, 'known before anything passed');
  host.send(TO_FAR, TO_FAR);
  host.arrive(FROM_FAR, { from: PEER });
  host.arrive(FROM_FAR, { from: OTHER });
  host.arrive(udpFrame(NEAR, '02:00:00:00:02:77'), { from: STRANGER });
  host.vtep.fdb.delete({ mac: '02:00:00:00:02:77' });
  const sent = { txPackets: 2, txBytes: 2 * OCTETS };
  const received = { rxPackets: 1, rxBytes: OCTETS };
  t.same(table(host), {
    [PEER]: { ...sent, ...received },
    [OTHER]: received,
    [`${OTHER} port 5000`]: sent,
    [`${OTHER} port 5000 vni 7`]: sent,
    [`${STRANGER} unknown`]: received,
    '239.1.1.1': sent,
  });
  const totals = host.counters();
  t.equal(totals['txPackets'], 8);
  t.equal(totals['rxPackets'], 3);
  t.match(host.vtep.remotes().others, { rxPackets: 0, txPackets: 0 });
});

t.test('seconds since it was heard and sent to', async (t) => {
  const host = new MemoryHost({ remote: PEER, remoteStats: true });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER });
  const ages = () => host.vtep.remotes().remotes.map(({ statistics: s }) => [s?.heard, s?.sent]);
  t.same(ages(), [
    [undefined, undefined],
    [undefined, undefined],
  ]);
  host.send(TO_FAR);
  host.clock.pass(5);
  host.arrive(FROM_FAR);
  host.clock.pass(2);
  t.same(ages(), [
    [2, 7],
    [undefined, 7],
  ]);
});

t.test('a burst with several sources and several frames of each', async (t) => {
  const host = new MemoryHost({ remoteStats: true, learning: false });
  const { underlay } = host.system;
  const { parseAddress } = await import('../../lib/wire/text.js');
  for (let n = 0; n < 40; n++) {
    const peer = parseAddress([PEER, OTHER, STRANGER][n % 3]!)!;
    underlay.send({
      payload: vxlanPacket(42, n % 2 === 0 ? FROM_FAR : FROM_FAR.subarray(0, 10)),
      peer,
      port: n,
    });
  }
  host.engine.poll();
  const all = table(host);
  const counts = [PEER, OTHER, STRANGER].map((dst) => all[`${dst} unknown`]!);
  t.same(
    counts.map(({ rxPackets, reasons }) => [rxPackets, reasons?.['inner_too_small']]),
    [
      [7, 7],
      [6, 7],
      [7, 6],
    ],
  );
});

t.test('frames refused, by reason', async (t) => {
  const host = new MemoryHost({ remote: PEER, remoteStats: true, allow: 'known' });
  host.arrive(FROM_FAR, { from: STRANGER });
  host.arrive(FROM_FAR, { from: STRANGER });
  host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x88000000));
  host.arrive(udpFrame(NEAR, '01:00:00:00:00:01'));
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  host.arrive(FROM_FAR);
  t.same(table(host), {
    [PEER]: { reasons: { reserved_bits: 1, mac_invalid_source: 1, entry_exists: 1 } },
    [OTHER]: {},
    [`${STRANGER} unknown`]: { reasons: { peer_refused: 2 } },
  });
  t.equal(host.vtep.remotes().remotes[2]!.statistics!.heard, 0, 'a refused datagram is heard, too');
});

t.test('learn-limit', async (t) => {
  const host = new MemoryHost({ remote: PEER, remoteStats: true, learnLimit: 1 });
  for (const n of [1, 2, 3]) host.arrive(udpFrame(NEAR, `02:00:00:00:04:0${n}`));
  t.same(table(host)[PEER], { rxPackets: 3, rxBytes: 3 * OCTETS, learnLimited: 2 });
});

t.test('a MAC that control has not learned yet counts for the address, too', async (t) => {
  const host = new MemoryHost({ remoteStats: true });
  host.arrive(FROM_FAR);
  host.send(TO_FAR);
  t.same(table(host), { [PEER]: { rxPackets: 1, rxBytes: OCTETS, txPackets: 1, txBytes: OCTETS } });
});

t.test('turned on and off on a running device: each time from 0', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.arrive(FROM_FAR);
  host.vtep.set({ remoteStats: true });
  t.same(table(host), { [PEER]: {} });
  host.arrive(FROM_FAR);
  host.vtep.set({ ageing: 100 });
  host.arrive(FROM_FAR);
  t.same(table(host), { [PEER]: { rxPackets: 2, rxBytes: 2 * OCTETS } }, 'another option changes nothing');
  host.vtep.set({ remoteStats: false });
  host.arrive(FROM_FAR);
  t.same(host.vtep.remotes(), { remotes: [{ dst: PEER, known: true }] });
  host.vtep.set({ remoteStats: true });
  t.same(table(host), { [PEER]: {} });
});

t.test('a worker looks for remotes only while a device wants it', async (t) => {
  const system = new MemorySystem();
  const core = new WorkerCore({
    ports: system.ports,
    ring: new RecordRing(64),
    clock: new ManualClock(),
    seed: 1,
    unclaimed: new Float64Array(COUNTERS),
  });
  const post = (_worker: number, message: WorkerMessage): void => core.handle(message);
  const dataplane = { workers: 1, post } as Partial<Dataplane> as Dataplane;
  const egress = { ports: new Int32Array(), plain: new Int32Array(), df: new Int32Array() };
  const settings = (features: number) => ({ features, reception: 0 }) as DeviceSettings;
  const links = [0, 1].map((index) => {
    const link = new WorkerLink(
      dataplane,
      index,
      system.openTap({ name: `vtep${index}`, mtu: 1_500, queues: 1 }),
    );
    link.introduce(settings(0), egress, makeTables(index, 0, dataplane));
    return link;
  });
  const seen = (): boolean => core.loop.countsRemotes;
  t.notOk(seen());
  links[0]!.settings(settings(REMOTE_STATS), egress);
  links[1]!.settings(settings(REMOTE_STATS), egress);
  t.ok(seen());
  links[0]!.settings(settings(0), egress);
  t.ok(seen(), 'the other still does');
  links[1]!.forget();
  t.notOk(seen());
});

t.test('one device counts, its neighbour on the port does not', async (t) => {
  const host = new MemoryHost({ remote: PEER, remoteStats: true });
  const other = host.add({ name: 'vtep1', id: 43, remote: PEER });
  host.arrive(FROM_FAR);
  host.arrive(FROM_FAR, { vni: 43 });
  host.system.frames('vtep1').send(TO_FAR);
  host.engine.poll();
  t.same(table(host), { [PEER]: { rxPackets: 1, rxBytes: OCTETS } });
  t.same(other.remotes(), { remotes: [{ dst: PEER, known: true }] });
  t.match(other.statistics(), { rxPackets: 1, txPackets: 1 });
});

t.test('the VNIs of one device share its table', async (t) => {
  const host = new MemoryHost({
    id: 0,
    external: true,
    vnifilter: true,
    learning: true,
    remote: PEER,
    remoteStats: true,
  });
  host.vtep.vnis!.add({ vnis: [[100, 101]], vlans: [[10, 11]] });
  host.send(tagged(TO_FAR, 10), tagged(TO_FAR, 11));
  host.arrive(FROM_FAR, { vni: 101 });
  t.match(table(host)[PEER], { txPackets: 2, rxPackets: 1 });
  host.vtep.set({ remoteStats: false });
  host.send(tagged(TO_FAR, 10));
  host.vtep.set({ remoteStats: true });
  host.vtep.vnis!.add({ vnis: [[102, 102]], vlans: [[12, 12]] });
  host.send(tagged(TO_FAR, 12));
  t.match(table(host)[PEER], { txPackets: 1 });
});

t.test('with mssclamp, which shares its branch', async (t) => {
  const host = new MemoryHost({ remote: PEER, remoteStats: true, mssclamp: 1_000 });
  t.equal(host.arrive(FROM_FAR).length, 1);
  t.same(table(host), { [PEER]: { rxPackets: 1, rxBytes: OCTETS } });
});
