/** Tags on and off frames, octet by octet, and what of an offload request moves with them. */
import t from 'tap';
import { COUNTERS, REASON0 } from '../../lib/dataplane/counters.js';
import { Device } from '../../lib/dataplane/device.js';
import { REASONS } from '../../lib/dataplane/reasons.js';
import { noMembers, putTags, removeMember, takeTags, undoTags } from '../../lib/dataplane/trunk.js';
import { CSUM, DEVICE, GSO_TCPV4, LENGTH, NEEDS_CSUM, OFFLOAD, OFFSET } from '../../lib/memory/batch.js';
import { Bench } from '../support/bench.js';
import { concat, macOctets, tagged, udpFrame } from '../support/packets.js';

const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
const FRAME = udpFrame(B, A);
const SHORT = concat(macOctets(B), macOctets(A), [0x81, 0x00, 0x00]);

/** A trunk whose VLAN 10 is member 1, and untagged frames member 2. */
function trunk() {
  const bench = new Bench();
  const members = noMembers();
  members[10] = 1;
  members[0] = 2;
  const reasons = (): Record<string, number> =>
    Object.fromEntries(
      REASONS.map(({ name }, i): [string, number] => [name, bench.device.counters[REASON0 + i]]).filter(
        ([, count]) => count > 0,
      ),
    );
  return { bench, members, reasons, take: () => takeTags(bench.slab, bench.rx, bench.device, members) };
}

/** Devices of numbers 0 to 2; 1 has VLAN 10. */
function devices(bench: Bench): Device[] {
  const { settings, tables, egress } = bench.device;
  const all = [0, 1, 2].map((n) => new Device(n, settings, tables, egress, new Float64Array(COUNTERS)));
  all[1]!.vlan = 10;
  return all;
}

t.test('a tag goes, and says whose the frame is', async (t) => {
  const { bench, reasons, take } = trunk();
  const priority = tagged(FRAME, 0xe00a);
  for (const frame of [tagged(FRAME, 10), FRAME, priority, tagged(FRAME, 0x6000)]) bench.put(frame);
  take();
  t.same(
    [0, 1, 2, 3].map((i) => bench.rx.get(DEVICE, i)),
    [1, 2, 1, 2],
    'VLAN 10; none; VLAN 10 with priority 7; priority alone',
  );
  for (const i of [0, 1, 2, 3]) t.same(bench.frame(i, bench.rx), FRAME);
  t.same(reasons(), {});
});

t.test('only the outermost 802.1Q tag goes; a service tag is none', async (t) => {
  const { bench, take } = trunk();
  const inside = tagged(FRAME, 77);
  bench.put(tagged(inside, 10));
  bench.put(tagged(FRAME, 10, 0x88a8));
  take();
  t.same(bench.frame(0, bench.rx), inside);
  t.same(bench.frame(1, bench.rx), tagged(FRAME, 10, 0x88a8));
  t.equal(bench.rx.get(DEVICE, 1), 2, 'as a frame without a tag');
});

t.test('an offload request moves with the frame', async (t) => {
  const { bench, take } = trunk();
  const csum = (16 << 16) | 38;
  bench.put(tagged(FRAME, 10), { offload: NEEDS_CSUM | GSO_TCPV4, gsoSize: 1_000, csum });
  bench.put(FRAME, { offload: NEEDS_CSUM, csum: (16 << 16) | 34 });
  take();
  t.equal(bench.rx.get(CSUM, 0), (16 << 16) | 34, 'the checksum starts four octets earlier');
  t.equal(bench.rx.get(CSUM, 1), (16 << 16) | 34);
  bench.rx.set(DEVICE, 0, 1);
  putTags(bench.slab, bench.rx, devices(bench));
  t.equal(bench.rx.get(CSUM, 0), csum);
  t.equal(bench.rx.get(OFFLOAD, 0), NEEDS_CSUM | GSO_TCPV4);
  t.same(bench.frame(0, bench.rx), tagged(FRAME, 10));
});

t.test('frames that end here, by reason', async (t) => {
  const { bench, reasons, take } = trunk();
  bench.put(tagged(FRAME, 11));
  bench.put(SHORT);
  bench.put(FRAME.slice(0, 13));
  bench.put(FRAME, { status: -90 });
  bench.put(concat(macOctets(B), macOctets(A), [0x81, 0x00, 0x00, 10]));
  take();
  for (let i = 0; i < bench.rx.length; i++) t.ok(bench.rx.get(DEVICE, i) < 0, `frame ${i}`);
  t.same(reasons(), { no_vni: 1, frame_too_small: 3, too_big: 1 });
});

t.test('tags for what goes up, and as it was afterwards', async (t) => {
  const { bench } = trunk();
  for (const device of [1, 0]) {
    bench.put(FRAME);
    bench.rx.set(DEVICE, bench.rx.length - 1, device);
  }
  const before = [bench.rx.get(OFFSET, 0), bench.rx.get(LENGTH, 0)];
  putTags(bench.slab, bench.rx, devices(bench));
  t.same(bench.frame(0, bench.rx), tagged(FRAME, 10));
  t.same(bench.frame(1, bench.rx), FRAME, 'a device without a VLAN');
  undoTags(bench.slab, bench.rx, devices(bench));
  t.same([bench.rx.get(OFFSET, 0), bench.rx.get(LENGTH, 0)], before);
  t.same(bench.frame(0, bench.rx), FRAME);
});

t.test('a member that goes leaves its VLAN', async (t) => {
  const { members } = trunk();
  removeMember(members, 1);
  t.same([members[10], members[0]], [-1, 2]);
});
