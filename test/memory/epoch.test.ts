import fc from 'fast-check';
import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';

t.test('with no reader online everything passes at once', async (t) => {
  const epochs = new Epochs(4);
  t.ok(epochs.passed(epochs.retire()));
  epochs.enter(2);
  epochs.leave(2);
  t.ok(epochs.passed(epochs.retire()));
  t.ok(new Epochs(0).passed(1));
});

t.test('a reader in its burst holds things up until it enters again or leaves', async (t) => {
  for (const next of ['enter', 'leave'] as const) {
    const epochs = new Epochs(2);
    const reader = Epochs.attach(epochs.share());
    reader.enter(1);
    const stamp = epochs.retire();
    t.notOk(epochs.passed(stamp));
    t.notOk(epochs.passed(stamp));
    reader[next](1);
    t.ok(epochs.passed(stamp), next);
  }
});

t.test('every online reader must have moved on', async (t) => {
  const epochs = new Epochs(3);
  epochs.enter(0);
  epochs.enter(2);
  const stamp = epochs.retire();
  t.notOk(epochs.passed(stamp));
  epochs.enter(0);
  t.notOk(epochs.passed(stamp));
  epochs.enter(2);
  t.ok(epochs.passed(stamp));
});

t.test('what is retired during a grace period waits for the next one', async (t) => {
  const epochs = new Epochs(2);
  epochs.enter(0);
  epochs.enter(1);
  const early = epochs.retire();
  t.notOk(epochs.passed(early), 'the period begins');
  epochs.enter(0);
  const late = epochs.retire();
  epochs.enter(1);
  t.ok(epochs.passed(early));
  t.notOk(epochs.passed(late), 'reader 0 has been in one burst since before it was retired');
  epochs.enter(0);
  epochs.enter(1);
  t.ok(epochs.passed(late));
});

t.test('a reader that comes online later holds nothing up', async (t) => {
  const epochs = new Epochs(2);
  epochs.enter(0);
  const stamp = epochs.retire();
  t.notOk(epochs.passed(stamp));
  epochs.enter(1);
  epochs.leave(0);
  t.ok(epochs.passed(stamp));
});

t.test('leaving twice is leaving', async (t) => {
  const epochs = new Epochs(1);
  epochs.leave(0);
  epochs.leave(0);
  t.ok(epochs.passed(epochs.retire()));
});

t.test('enter() tells when buffers were announced', async (t) => {
  const epochs = new Epochs(1);
  const before = epochs.enter(0);
  t.equal(epochs.enter(0), before);
  epochs.announce();
  t.not(epochs.enter(0), before);
  t.equal(epochs.enter(0), epochs.generation);
});

t.test('counters wrap at 2^32', async (t) => {
  const epochs = new Epochs(1);
  new Int32Array(epochs.share().buffer)[16] = -3;
  for (let i = 0; i < 4; i++) {
    epochs.enter(0);
    const stamp = epochs.retire();
    t.notOk(epochs.passed(stamp));
    epochs.enter(0);
    t.ok(epochs.passed(stamp));
  }
});

t.test('refuses numbers of readers out of range', async (t) => {
  for (const readers of [-1, 257, 1.5, NaN]) t.throws(() => new Epochs(readers), RangeError, `${readers}`);
});

t.test(
  'synchronize returns at once with nobody in a burst, and names who does not come out of one',
  async (t) => {
    const epochs = new Epochs(4);
    epochs.synchronize();
    epochs.enter(1);
    epochs.enter(3);
    t.throws(() => epochs.synchronize(20), { message: 'readers 1, 3 are in one burst for 20 ms' });
    epochs.leave(1);
    epochs.leave(3);
    epochs.synchronize();
  },
);

t.test('any interleaving: never passes too early, always passes in the end', async () => {
  const readers = 3;
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('enter' as const, 'leave' as const), reader: fc.nat(readers - 1) }),
    fc.record({ do: fc.constantFrom('retire' as const, 'ask' as const), reader: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const epochs = new Epochs(readers);
      const online = new Array<boolean>(readers).fill(false);
      /** Per retired stamp: the readers whose burst began before and still goes on. */
      const pending: { stamp: number; holders: Set<number> }[] = [];
      for (const { do: action, reader } of steps) {
        if (action === 'enter' || action === 'leave') {
          epochs[action](reader);
          online[reader] = action === 'enter';
          for (const { holders } of pending) holders.delete(reader);
        } else if (action === 'retire') {
          pending.push({ stamp: epochs.retire(), holders: new Set([0, 1, 2].filter((r) => online[r])) });
        } else {
          for (const { stamp, holders } of pending) {
            if (epochs.passed(stamp) && holders.size > 0)
              throw new Error('passed while a reader may hold it');
          }
        }
      }
      for (let round = 0; round < 3; round++) {
        for (const { stamp } of pending) epochs.passed(stamp);
        for (let reader = 0; reader < readers; reader++) epochs.enter(reader);
      }
      return pending.every(({ stamp }) => epochs.passed(stamp));
    }),
    { numRuns: 1_000 },
  );
});
