/** What all tables have in common, on the FDB. */
import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import { FdbTable, STATE_REACHABLE } from '../../lib/table/fdb.js';
import { hash2, secretOf } from '../../lib/table/hash.js';
import { FEWEST_SLOTS } from '../../lib/table/index-size.js';
import type { TableShare } from '../../lib/table/hash-table.js';
import { collidingPair } from './collision.js';

const VNI = 42;
const SEED = 7;

function add(table: FdbTable, key: number, remotes = key): number {
  return table.insert(0x02000000, key, VNI, remotes, STATE_REACHABLE, 0, 0);
}

function find(table: FdbTable, key: number): number {
  return table.find(0x02000000, key, VNI);
}

/** Keys whose home is the given slot of the smallest index. */
function keysAt(slot: number, count: number): number[] {
  const keys: number[] = [];
  for (let key = 0; keys.length < count; key++) {
    const hash = hash2(0x02000000, (key << 16) | VNI, SEED, secretOf(SEED));
    if (hash >>> 24 === slot) keys.push(key);
  }
  return keys;
}

t.test('keys that share a home slot, also across the end of the index', async (t) => {
  for (const slot of [0, 100, FEWEST_SLOTS - 1]) {
    const table = new FdbTable({ seed: SEED });
    const keys = keysAt(slot, 12);
    for (const key of keys) add(table, key);
    table.selfCheck();
    for (const key of keys) t.equal(table.remotes(find(table, key)), key);
    for (const key of keys.slice(0, 11)) {
      table.remove(find(table, key));
      table.selfCheck();
      t.equal(find(table, key), -1);
      t.equal(table.remotes(find(table, keys[11])), keys[11], 'the last is found behind the gap');
    }
  }
});

t.test('keys whose whole hash is equal are told apart', async (t) => {
  const pair = collidingPair(SEED, VNI);
  const table = new FdbTable({ seed: SEED });
  for (const i of pair) table.insert(i, i & 0xffff, VNI, i, STATE_REACHABLE, 0, 0);
  for (const i of pair) t.equal(table.remotes(table.find(i, i & 0xffff, VNI)), i);
  table.remove(table.find(pair[0], pair[0] & 0xffff, VNI));
  t.equal(table.find(pair[0], pair[0] & 0xffff, VNI), -1);
  t.equal(table.remotes(table.find(pair[1], pair[1] & 0xffff, VNI)), pair[1]);
  table.selfCheck();
});

t.test('grows through all loads of its index, entry numbers staying the same', async (t) => {
  const table = new FdbTable({ seed: SEED });
  const entries: number[] = [];
  for (let key = 0; key < 60_000; key++) entries.push(add(table, key));
  table.selfCheck();
  t.equal(table.count, 60_000);
  for (let key = 0; key < 60_000; key++) {
    if (find(table, key) !== entries[key]) t.fail(`key ${key} moved`);
  }
});

t.test('churn: tombstones are cleared away, the table does not grow', async (t) => {
  const table = new FdbTable({ seed: SEED });
  for (let key = 0; key < 64; key++) add(table, key);
  const { bytes } = table;
  for (let key = 64; key < 20_000; key++) {
    table.remove(find(table, key - 64));
    add(table, key);
    if (key % 500 === 0) table.selfCheck();
  }
  table.selfCheck();
  t.equal(table.count, 64);
  t.ok(table.bytes < bytes * 3, `${bytes} bytes before, ${table.bytes} after`);
});

t.test('an emptied table leaves no tombstone', async (t) => {
  const table = new FdbTable({ seed: SEED });
  for (let key = 0; key < 64; key++) add(table, key);
  for (let key = 0; key < 64; key++) table.remove(find(table, key));
  table.selfCheck();
  t.ok(new Int32Array(table.share().index).every((slot) => slot === 0));
});

t.test('limit: refuses, and takes again when one has gone', async (t) => {
  const table = new FdbTable({ limit: 3 });
  for (let key = 0; key < 3; key++) t.ok(add(table, key) >= 0);
  t.equal(add(table, 3), -1);
  t.equal(table.count, 3);
  table.remove(find(table, 1));
  t.ok(add(table, 3) >= 0);
  table.selfCheck();
});

t.test('room made at once is not grown into', async (t) => {
  let grown = 0;
  const table = new FdbTable({ capacity: 10_000, onGrow: () => grown++ });
  for (let key = 0; key < 10_000; key++) add(table, key);
  t.equal(grown, 0);
});

t.test('clear empties the table and gives its memory back', async (t) => {
  const table = new FdbTable({ seed: SEED });
  const { bytes } = table;
  for (let key = 0; key < 5_000; key++) add(table, key);
  table.clear();
  t.equal(table.count, 0);
  t.equal(table.bytes, bytes);
  t.equal(find(table, 1), -1);
  add(table, 1);
  table.selfCheck();
  t.same(
    [...table.entries()].map((entry) => table.remotes(entry)),
    [1],
  );
});

t.test('a reader sees what the writer does, and keeps its picture until it adopts', async (t) => {
  const shares: TableShare[] = [];
  const table = new FdbTable({ capacity: 4, onGrow: (share) => shares.push(share) });
  add(table, 1);
  const reader = FdbTable.attach(table.share());
  t.equal(reader.remotes(find(reader, 1)), 1);
  add(table, 2);
  t.equal(reader.remotes(find(reader, 2)), 2);
  table.setRemotes(find(table, 2), 20);
  t.equal(reader.remotes(find(reader, 2)), 20);
  for (let key = 3; key < 80; key++) add(table, key);
  table.remove(find(table, 1));
  t.equal(shares.length, 1);
  t.equal(reader.remotes(find(reader, 1)), 1, 'as it was when the table grew');
  t.equal(find(reader, 79), -1);
  reader.adopt(shares[0]);
  t.equal(find(reader, 1), -1);
  t.equal(reader.remotes(find(reader, 79)), 79);
});

t.test('growing announces, after the share was given out', async (t) => {
  const epochs = new Epochs(1);
  const generations: number[] = [];
  const table = new FdbTable({ epochs, onGrow: () => generations.push(epochs.generation) });
  const before = epochs.enter(0);
  for (let key = 0; key < 65; key++) add(table, key);
  t.same(generations, [before]);
  t.not(epochs.enter(0), before);
});

t.test('a removed record is as it was until the readers have moved on', async (t) => {
  const epochs = new Epochs(1);
  const table = new FdbTable({ epochs });
  const reader = FdbTable.attach(table.share());
  const gone = add(table, 1);
  epochs.enter(0);
  const held = find(reader, 1);
  table.remove(gone);
  t.equal(find(reader, 1), -1);
  for (let key = 2; key < 50; key++) t.not(add(table, key), gone);
  t.equal(reader.macLow(held), 1);
  t.equal(reader.remotes(held), 1);
  table.selfCheck();
  epochs.enter(0);
  t.equal(add(table, 50), gone, 'now it is used again');
  table.selfCheck();
});

t.test('a reader that never moves on makes the table grow, not err', async (t) => {
  const epochs = new Epochs(1);
  const table = new FdbTable({ epochs, limit: 8 });
  const pool = (): number => table.share().records.byteLength;
  const before = pool();
  epochs.enter(0);
  for (let round = 0; round < 500; round++) table.remove(add(table, round));
  t.equal(table.count, 0);
  table.selfCheck();
  const grown = pool();
  t.ok(grown > before);
  epochs.leave(0);
  for (let round = 0; round < 5_000; round++) table.remove(add(table, round));
  t.equal(pool(), grown, 'and no further once it has moved on');
  table.selfCheck();
});

t.test('one seed, one layout; no seed, another each time', async (t) => {
  const layout = (seed?: number): string => {
    const table = new FdbTable({ seed });
    for (let key = 0; key < 32; key++) add(table, key);
    return new Int32Array(table.share().index).join();
  };
  t.equal(layout(5), layout(5));
  t.not(layout(5), layout(6));
  t.not(layout(), layout());
});

t.test('refuses what cannot be', async (t) => {
  for (const capacity of [0, -1, 1.5, 2 ** 27, NaN]) {
    t.throws(
      () => new FdbTable({ capacity }),
      { name: 'RangeError', message: /capacity/ },
      `capacity ${capacity}`,
    );
  }
  for (const limit of [-1, 0.5, 2 ** 27, NaN]) {
    t.throws(() => new FdbTable({ limit }), { name: 'RangeError', message: /limit/ }, `limit ${limit}`);
  }
  for (const seed of [2 ** 32, 0.5, NaN]) {
    t.throws(() => new FdbTable({ seed }), { name: 'RangeError', message: /seed/ }, `seed ${seed}`);
  }
  const table = new FdbTable({ seed: SEED });
  const entry = add(table, 1);
  table.remove(entry);
  for (const no of [entry, -1, 7, 2 ** 20]) t.throws(() => table.remove(no), RangeError, `remove ${no}`);
  t.throws(() => table.adopt(table.share()), /reader/);
});

t.test('the view of a reader changes nothing', async (t) => {
  const table = new FdbTable({ seed: SEED });
  add(table, 1);
  const reader = FdbTable.attach(table.share());
  t.throws(() => add(reader, 2), /reader/);
  t.throws(() => reader.remove(0), /reader/);
  t.throws(() => reader.clear(), /reader/);
  t.throws(() => reader.count, /reader/);
  t.throws(() => reader.entries(), /reader/);
  t.throws(() => reader.adopt(new FdbTable({ seed: 8 }).share()), /seed/);
});

t.test('selfCheck finds damage', async (t) => {
  const damages: Record<string, (index: Int32Array, records: Int32Array) => void> = {
    'a slot lost': (index) => (index[index.findIndex((slot) => slot < 0)] = 0),
    'a slot that leads nowhere': (index) => (index[index.findIndex((slot) => slot === 0)] = 0x80000020 | 0),
    'a tombstone nobody made': (index) => (index[index.findIndex((slot) => slot === 0)] = 1),
    'a key overwritten': (_, records) => records[0]++,
    'a slot where no probe comes': (index) => {
      const at = index.findIndex((slot) => slot < 0);
      index[(at + 128) % index.length] = index[at];
      index[at] = 0;
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    const table = new FdbTable({ seed: SEED });
    for (let key = 0; key < 5; key++) add(table, key);
    table.selfCheck();
    const { index, records } = table.share();
    damage(new Int32Array(index), new Int32Array(records));
    t.throws(() => table.selfCheck(), /self check/, name);
  }
});
