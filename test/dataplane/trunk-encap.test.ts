/** Frames of several VNIs in one burst, and bursts that do not fit. */
import t from 'tap';
import { COUNTERS } from '../../lib/dataplane/counters.js';
import { Device } from '../../lib/dataplane/device.js';
import { Encap } from '../../lib/dataplane/encap.js';
import { DEVICE, PEER0 } from '../../lib/memory/batch.js';
import { STATE_PERMANENT } from '../../lib/table/fdb.js';
import { get32 } from '../../lib/wire/bytes.js';
import { Bench } from '../support/bench.js';
import { BROADCAST, udpFrame } from '../support/packets.js';

const FRAME = udpFrame(BROADCAST, '02:00:00:00:00:0a');
const NONE = -1;

/** Members 1 and 2 with VNIs 100 and 200, three remotes each. */
function layOut(txCapacity: number) {
  const bench = new Bench({ txCapacity });
  const { settings, tables, egress } = bench.device;
  const devices = [100, 200].map(
    (vni, i) => new Device(i + 1, { ...settings, vni }, tables, egress, new Float64Array(COUNTERS)),
  );
  for (const [i, vni] of [100, 200].entries()) {
    const remotes = [1, 2, 3].map((n) => bench.remote(`192.0.2.${10 * (i + 1) + n}`));
    tables.fdb.insert(0, 0, vni, ~tables.lists.create(remotes), STATE_PERMANENT, 0, 0);
  }
  const all = [bench.device, ...devices];
  const encap = new Encap(bench.slab, bench.ring, bench.pending, 1, all);
  return { bench, encap, devices };
}

/** What left, as "VNI last-octet", in order, and in how many turns. */
function runAll({ bench, encap }: ReturnType<typeof layOut>): { sent: string[]; turns: number } {
  const sent: string[] = [];
  const collect = (): void => {
    for (let j = 0; j < bench.tx.length; j++) {
      const vni = get32(bench.datagram(j), 4) >>> 8;
      sent.push(`${vni} ${bench.tx.get(PEER0 + 3, j) & 0xff}`);
      t.same(bench.frame(j), FRAME);
    }
    bench.tx.length = 0;
    bench.back.length = 0;
  };
  for (let turns = 1; ; turns++) {
    const isDone = encap.runMembers(bench.rx, bench.tx, bench.back, 0);
    collect();
    if (isDone) return { sent, turns };
  }
}

const ONE = ['100 12', '100 13', '100 11'];
const TWO = ['200 22', '200 23', '200 21'];

for (const capacity of [1, 2, 3, 4, 5, 100]) {
  t.test(`a batch of ${capacity} takes what fits, and nothing is lost or sent twice`, async (t) => {
    const bed = layOut(capacity);
    const owners = [NONE, 1, 1, 2, NONE, 2, 1, NONE];
    for (const [i, owner] of owners.entries()) {
      bed.bench.put(FRAME);
      bed.bench.rx.set(DEVICE, i, owner);
    }
    const expected = {
      sent: [...ONE, ...ONE, ...TWO, ...TWO, ...ONE],
      turns: Math.max(1, Math.ceil(15 / capacity)),
    };
    t.same(runAll(bed), expected);
    t.equal(bed.bench.rx.length, owners.length, 'the batch is as it was');
    t.same(runAll(bed).sent, expected.sent, 'and the next one begins at its beginning');
  });
}

t.test('the device of a VNI that went in between takes nothing', async (t) => {
  const bed = layOut(10);
  bed.bench.put(FRAME);
  bed.bench.rx.set(DEVICE, 0, 7);
  t.same(runAll(bed), { sent: [], turns: 1 });
});
