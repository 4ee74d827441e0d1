import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import { RecordPool } from '../../lib/table/record-pool.js';

function filled(entries: number, epochs?: Epochs): RecordPool {
  const pool = new RecordPool(entries, epochs);
  for (let i = 0; i < entries; i++) pool.add(pool.take());
  return pool;
}

t.test('hands out new records, then those retired, then none', async (t) => {
  const pool = filled(3);
  t.equal(pool.take(), -1);
  pool.retire(1);
  t.equal(pool.take(), 1);
  t.equal(pool.take(), -1);
});

t.test('with readers, a retired record rests until they have moved on', async (t) => {
  const epochs = new Epochs(1);
  const pool = filled(2, epochs);
  epochs.enter(0);
  pool.retire(0);
  t.notOk(pool.has(0));
  t.equal(pool.take(), -1);
  epochs.enter(0);
  t.equal(pool.take(), 0);
});

t.test('walks live records across words of its map', async (t) => {
  const pool = filled(200);
  const kept = [0, 31, 32, 63, 95, 96, 127, 199];
  for (let entry = 0; entry < 200; entry++) if (!kept.includes(entry)) pool.retire(entry);
  const met: number[] = [];
  for (let entry = pool.next(-1); entry >= 0; entry = pool.next(entry)) met.push(entry);
  t.same(met, kept);
  t.equal(pool.next(199), -1);
  pool.selfCheck();
});

t.test('newest first, before and after records are used again', async (t) => {
  const pool = filled(5);
  t.same([...pool.newestFirst()], [4, 3, 2, 1, 0]);
  pool.retire(2);
  pool.retire(3);
  pool.add(pool.take());
  t.same([...pool.newestFirst()], [3, 4, 1, 0]);
  pool.extend(8);
  pool.add(pool.take());
  pool.add(pool.take());
  t.same([...pool.newestFirst()], [5, 2, 3, 4, 1, 0]);
  pool.selfCheck();
});

t.test('a substitute takes the place of what it replaces', async (t) => {
  const pool = new RecordPool(8, undefined);
  for (let i = 0; i < 3; i++) pool.add(pool.take());
  const entry = pool.take();
  pool.substitute(1, entry);
  t.same([...pool.newestFirst()], [2, entry, 0]);
  t.equal(pool.count, 3);
  pool.selfCheck();
});

t.test('a loop over the entries may remove them and add others', async (t) => {
  const pool = filled(6);
  const met: number[] = [];
  for (const entry of pool.newestFirst()) {
    met.push(entry);
    if (entry === 5) for (const other of [4, 2]) pool.retire(other);
    if (entry === 3) pool.add(pool.take());
    if (entry === 1) pool.retire(1);
  }
  t.same(met, [5, 3, 1, 0], 'neither what was removed, nor what came in its record');
});

t.test('order costs memory only once records are used again', async (t) => {
  const pool = filled(1_000);
  const before = pool.bytes;
  t.ok(before <= 1_000 / 8 + 8);
  pool.retire(0);
  pool.add(pool.take());
  t.ok(pool.bytes >= before + 4_000);
});
