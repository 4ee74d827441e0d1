import t from 'tap';
import { CounterBlock } from '../../lib/memory/counters.js';

t.test('adds, and another view of the share sees it', async (t) => {
  const block = new CounterBlock(9);
  const reader = new CounterBlock(9, block.share);
  block.add(8, 64);
  block.add(8, 1);
  t.equal(reader.values[8], 65);
  t.equal(reader.values[0], 0);
  t.equal(block.values.length, 9);
});

t.test('counts on beyond 32 bits', async (t) => {
  const block = new CounterBlock(1);
  block.add(0, 2 ** 40);
  block.add(0, 1);
  t.equal(block.values[0], 2 ** 40 + 1);
});

t.test('fills whole cache lines, so that blocks never share one', async (t) => {
  t.equal(new CounterBlock(1).share.byteLength, 64);
  t.equal(new CounterBlock(9).share.byteLength, 128);
});

t.test('refuses sizes out of range and shares of another size', async (t) => {
  for (const counters of [0, -1, 1.5, 4_097, NaN]) {
    t.throws(() => new CounterBlock(counters), RangeError, `${counters}`);
  }
  t.throws(() => new CounterBlock(9, new SharedArrayBuffer(64)), { message: /64 bytes: expected 128/ });
});
