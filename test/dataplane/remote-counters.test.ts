/** Counters by remote: rows for those that are met, within bounds whoever they are. */
import t from 'tap';
import {
  OTHERS,
  REMOTE_COUNTERS,
  REMOTE_HEARD,
  REMOTE_LIMITED,
  REMOTE_REASON0,
  REMOTE_ROWS,
  type RemoteRow,
  REMOTE_RX_BYTES,
  REMOTE_RX_PACKETS,
  REMOTE_SENT,
  REMOTE_TX_PACKETS,
  RemoteCounters,
} from '../../lib/dataplane/remote-counters.js';
import { Random } from '../support/random.js';

type Address = readonly [number, number, number, number];

const v4 = (n: number): Address => [0, 0, 0xffff, (0x0a000000 + n) | 0];
const IDLE = 3_000;

/** Control's view: rows with a key, and the others. */
function seen(counters: RemoteCounters): { rows: RemoteRow[]; others: RemoteRow } {
  const all = [...RemoteCountersOf(counters).rows()];
  return { rows: all.filter((row) => row.address !== undefined), others: all.at(-1)! };
}

/** As another thread would look. */
const RemoteCountersOf = (counters: RemoteCounters): RemoteCounters => new RemoteCounters(counters.share);

t.test('address, port and VNI are the key', async (t) => {
  const counters = new RemoteCounters();
  const keys = [
    [...v4(1), 0, -1],
    [...v4(1), 4_790, -1],
    [...v4(1), 0, 0],
    [...v4(1), 0, 7],
    [...v4(2), 0, -1],
    [0, 0, 0, 0x0a000001, 0, -1],
    [0, 1, 0xffff, 0x0a000001, 0, -1],
    [1, 0, 0xffff, 0x0a000001, 0, -1],
  ] as [number, number, number, number, number, number][];
  for (const key of keys) t.equal(counters.find(...key), -1, 'not yet');
  const rows = keys.map((key) => counters.row(...key, 0));
  t.equal(new Set(rows).size, keys.length);
  keys.forEach((key, n) => t.equal(counters.find(...key), rows[n]));
  keys.forEach((key, n) => t.equal(counters.row(...key, 5), rows[n]));
  const { rows: shown } = seen(counters);
  t.same(
    shown.map(({ address, port, vni }) => [...address!, port, vni].join()).sort(),
    keys.map((key) => key.join()).sort(),
  );
});

t.test('the key of zeros is not there before it was met', async (t) => {
  const counters = new RemoteCounters();
  t.equal(counters.find(0, 0, 0, 0, 0, 0), -1);
  t.same(seen(counters).rows, []);
});

t.test('counts, and what another thread reads of it', async (t) => {
  const counters = new RemoteCounters();
  const row = counters.row(...v4(1), 0, -1, 0);
  counters.count(row, REMOTE_RX_PACKETS, 100);
  counters.count(row, REMOTE_RX_PACKETS, 50);
  counters.note(row, REMOTE_LIMITED);
  counters.note(row, REMOTE_REASON0 + 3);
  counters.stamp(row, REMOTE_HEARD, 7);
  const [found] = seen(counters).rows;
  t.equal(found!.counters.length, REMOTE_COUNTERS);
  t.equal(found!.counters[REMOTE_RX_PACKETS], 2);
  t.equal(found!.counters[REMOTE_RX_BYTES], 150);
  t.equal(found!.counters[REMOTE_LIMITED], 1);
  t.equal(found!.counters[REMOTE_REASON0 + 3], 1);
  t.equal(found!.counters[REMOTE_HEARD], 8);
  t.equal(found!.counters[REMOTE_TX_PACKETS], 0);
});

t.test('made anew on the same memory a table goes on', async (t) => {
  const before = new RemoteCounters();
  const rows = Array.from({ length: 300 }, (_, n) => before.row(...v4(n), 0, -1, 0));
  const after = new RemoteCounters(before.share);
  rows.forEach((row, n) => t.equal(after.find(...v4(n), 0, -1), row));
});

t.test('more remotes than rows: none is lost from the sum, and those there stay', async (t) => {
  const counters = new RemoteCounters();
  const first = Array.from({ length: 100 }, (_, n) => counters.row(...v4(n), 0, -1, 0));
  for (const row of first) counters.stamp(row, REMOTE_SENT, 0);
  t.notOk(first.includes(OTHERS));
  const strangers = 5 * REMOTE_ROWS;
  for (let n = 0; n < strangers; n++) {
    const row = counters.row(...v4(1_000 + n), 0, -1, IDLE - 1);
    counters.count(row, REMOTE_RX_PACKETS, 10);
    counters.stamp(row, REMOTE_HEARD, IDLE - 1);
  }
  first.forEach((row, n) => t.equal(counters.find(...v4(n), 0, -1), row));
  const { rows, others } = seen(counters);
  t.ok(rows.length <= REMOTE_ROWS);
  t.ok(rows.length > 0.9 * REMOTE_ROWS, 'nearly every row is used before one has none');
  const sum = [...rows, others].reduce((total, row) => total + row.counters[REMOTE_RX_PACKETS], 0);
  t.equal(sum, strangers);
});

t.test('a row that was idle for five minutes is given away where there is no other', async (t) => {
  const counters = new RemoteCounters();
  for (let n = 0; n < 20 * REMOTE_ROWS; n++) {
    const row = counters.row(...v4(n), 0, -1, 0);
    if (row !== OTHERS) counters.count(row, REMOTE_RX_PACKETS, 1);
    counters.stamp(row, REMOTE_HEARD, 0);
  }
  t.equal(seen(counters).rows.length, REMOTE_ROWS, 'full');
  const busy = v4(0);
  counters.stamp(counters.row(...busy, 0, -1, 100), REMOTE_SENT, 100);
  for (let n = 0; n < 500; n++) t.equal(counters.row(1, 2, 3, n, 0, -1, IDLE - 1), OTHERS, 'not yet');
  for (let n = 0; n < 500; n++) {
    const row = counters.row(1, 2, 3, n, 0, -1, IDLE);
    counters.count(row, REMOTE_RX_PACKETS, 1);
    counters.stamp(row, REMOTE_HEARD, IDLE);
  }
  const { rows, others } = seen(counters);
  t.ok(rows.some((row) => row.address![0] === 1));
  t.ok(counters.find(...busy, 0, -1) >= 0, 'one that was sent to since stays');
  const kept = rows.reduce((total, row) => total + row.counters[REMOTE_RX_PACKETS], 0);
  t.equal(
    kept + others.counters[REMOTE_RX_PACKETS],
    REMOTE_ROWS + 500,
    'what it had counted is with the others',
  );
});

t.test('ticks wrap', async (t) => {
  const counters = new RemoteCounters();
  const late = 2 ** 31 - 10;
  for (let n = 0; n < 20 * REMOTE_ROWS; n++) {
    const row = counters.row(...v4(n), 0, -1, late);
    counters.stamp(row, REMOTE_HEARD, late);
  }
  t.equal(counters.row(1, 2, 3, 4, 0, -1, (late + 20) | 0), OTHERS);
  t.not(counters.row(1, 2, 3, 4, 0, -1, (late + IDLE + 20) | 0), OTHERS);
});

t.test('random traffic against a Map', async (t) => {
  const random = new Random(11);
  const counters = new RemoteCounters();
  const model = new Map<string, number>();
  for (let n = 0; n < 20_000; n++) {
    const key = [...v4(random.below(60)), random.below(3), random.below(2) - 1] as const;
    const row = counters.row(...(key as unknown as [number, number, number, number, number, number]), n >> 4);
    const octets = random.below(1_500);
    counters.count(row, REMOTE_RX_PACKETS, octets);
    counters.stamp(row, REMOTE_HEARD, n >> 4);
    model.set(key.join(), (model.get(key.join()) ?? 0) + octets);
  }
  const got = seen(counters).rows.map(({ address, port, vni, counters: row }) => [
    [...address!, port, vni].join(),
    row[REMOTE_RX_BYTES],
  ]);
  t.same(new Map(got as [string, number][]), model);
});
