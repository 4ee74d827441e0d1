import t from 'tap';
import * as size from '../../lib/table/index-size.js';

t.test('sizes grow by a half and a third in turn', async (t) => {
  const sizes = [size.FEWEST_SLOTS];
  while (sizes.length < 6) sizes.push(size.nextSlots(sizes[sizes.length - 1]));
  t.same(sizes, [256, 384, 512, 768, 1_024, 1_536]);
});

t.test('a home slot is inside the index, for every size and any hash', async (t) => {
  for (let slots = size.FEWEST_SLOTS; slots <= size.MOST_SLOTS; slots = size.nextSlots(slots)) {
    const home = (hash: number): number =>
      Math.imul(hash >>> 2, size.multiplierOf(slots)) >>> size.shiftOf(slots);
    t.equal(home(0), 0, `first of ${slots}`);
    t.equal(home(-1), slots - 1, `last of ${slots}`);
  }
});

t.test('an index is never filled: a probe always ends', async (t) => {
  for (let slots = size.FEWEST_SLOTS; slots <= size.MOST_SLOTS; slots = size.nextSlots(slots)) {
    t.ok(size.capacityOf(slots) < size.fillOf(slots));
    t.ok(size.fillOf(slots) < slots * 0.8);
  }
});

t.test('the smallest size that bears the entries', async (t) => {
  t.equal(size.slotsFor(1), 256);
  t.equal(size.slotsFor(64), 256);
  t.equal(size.slotsFor(65), 384);
  t.equal(size.slotsFor(1_000_000), 1_572_864);
});
