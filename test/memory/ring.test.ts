import { Worker } from 'node:worker_threads';
import t from 'tap';
import { RECORD_WORDS, RecordRing } from '../../lib/memory/ring.js';

function put(ring: RecordRing, value: number): boolean {
  const at = ring.claim();
  if (at < 0) return false;
  ring.words[at] = value;
  ring.words[at + RECORD_WORDS - 1] = ~value;
  ring.publish();
  return true;
}

function get(ring: RecordRing): number | undefined {
  const at = ring.front();
  if (at < 0) return undefined;
  const value = ring.words[at];
  if (ring.words[at + RECORD_WORDS - 1] !== ~value) throw new Error('torn record');
  ring.release();
  return value;
}

t.test('hands records over in order, round and round', async (t) => {
  const producer = new RecordRing(4);
  const consumer = new RecordRing(4, producer.share);
  let expected = 0;
  for (let value = 0; value < 100; value += 3) {
    for (let i = 0; i < 3; i++) t.ok(put(producer, value + i));
    t.equal(consumer.length, 3);
    for (let i = 0; i < 3; i++) t.equal(get(consumer), expected++);
    t.equal(get(consumer), undefined);
  }
});

t.test('one object serves both sides within a thread', async (t) => {
  const ring = new RecordRing(2);
  t.ok(put(ring, 7));
  t.equal(get(ring), 7);
  t.equal(get(ring), undefined);
});

t.test('full: drops, counts, and takes records again once there is room', async (t) => {
  const producer = new RecordRing(2);
  const consumer = new RecordRing(2, producer.share);
  t.ok(put(producer, 1) && put(producer, 2));
  t.notOk(put(producer, 3));
  t.notOk(put(producer, 4));
  t.equal(consumer.dropped, 2);
  t.equal(get(consumer), 1);
  t.ok(put(producer, 5));
  t.equal(get(consumer), 2);
  t.equal(get(consumer), 5);
});

t.test('a claimed record is not seen before it is published, and may be claimed again', async (t) => {
  const ring = new RecordRing(2);
  const at = ring.claim();
  t.equal(ring.front(), -1);
  t.equal(ring.claim(), at);
  ring.publish();
  t.equal(ring.front(), at);
});

t.test('records lie on cache lines of their own, away from both counters', async (t) => {
  const ring = new RecordRing(4);
  const at = ring.claim();
  t.equal((at * 4) % 64, 0);
  t.ok(at >= 32);
});

t.test('counters wrap at 2^32', async (t) => {
  const share = new SharedArrayBuffer((32 + 2 * RECORD_WORDS) * 4);
  const words = new Int32Array(share);
  words[0] = words[16] = 0x7fffffff;
  const producer = new RecordRing(2, share);
  const consumer = new RecordRing(2, share);
  t.ok(put(producer, 1) && put(producer, 2));
  t.notOk(put(producer, 3));
  t.equal(consumer.length, 2);
  t.equal(get(consumer), 1);
  t.equal(get(consumer), 2);
  t.equal(get(consumer), undefined);
});

t.test('refuses capacities that are no power of two, and shares of another size', async (t) => {
  for (const capacity of [0, 1, 3, 2 ** 21, 2.5, NaN]) {
    t.throws(() => new RecordRing(capacity), RangeError, `${capacity}`);
  }
  t.throws(() => new RecordRing(4, new RecordRing(2).share), { message: /expected 384 for 4 records/ });
});

t.test('between threads: nothing lost, torn or out of order', async (t) => {
  const records = 200_000;
  const ring = new RecordRing(64);
  const worker = new Worker(new URL('./ring-producer.js', import.meta.url), {
    workerData: { share: ring.share, capacity: 64, records },
  });
  const sum = await new Promise<number>((resolve, reject) => {
    worker.on('error', reject);
    let expected = 0;
    const drain = (): void => {
      for (let value = get(ring); value !== undefined; value = get(ring)) {
        if (value !== expected++) return reject(new Error(`record ${value}: expected ${expected - 1}`));
      }
      if (expected === records) resolve(expected);
      else setImmediate(drain);
    };
    drain();
  });
  t.equal(sum, records);
  await worker.terminate();
});
