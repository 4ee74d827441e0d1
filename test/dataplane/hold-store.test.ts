/** Frames copied out of a slab and back, of every length, in any order. */
import fc from 'fast-check';
import t from 'tap';
import { HoldStore, ROUTED, SINCE } from '../../lib/dataplane/hold-store.js';
import { Batch, CSUM, GSO_SIZE, GSO_TCPV4, LENGTH, OFFLOAD, OFFSET, STATUS } from '../../lib/memory/batch.js';
import { SLOT_BYTES, Slab } from '../../lib/memory/slab.js';

const slab = new Slab(2);

/** A batch whose entry 0 is a frame of `length` octets that tell `n` and their place. */
function frame(length: number, n: number): Batch {
  const rx = new Batch(1);
  rx.length = 1;
  rx.set(OFFSET, 0, slab.slotOffset(1));
  rx.set(LENGTH, 0, length);
  rx.set(OFFLOAD, 0, GSO_TCPV4 | 1);
  rx.set(GSO_SIZE, 0, 1_000 + n);
  rx.set(CSUM, 0, 34 | (16 << 16));
  for (let i = 0; i < length; i++) slab.bytes[slab.slotOffset(1) + i] = (n + i + (i >> 8)) & 255;
  return rx;
}

function isRight(out: Batch, length: number, n: number): boolean {
  const at = slab.slotOffset(0);
  if (out.get(LENGTH, 0) !== length || out.get(OFFSET, 0) !== at || out.get(GSO_SIZE, 0) !== 1_000 + n)
    return false;
  for (let i = 0; i < length; i++) if (slab.bytes[at + i] !== ((n + i + (i >> 8)) & 255)) return false;
  return true;
}

t.test('what was put in comes out, whatever lies between', async (t) => {
  const step = fc.record({
    free: fc.boolean(),
    which: fc.nat(1_000),
    length: fc.oneof(
      fc.integer({ min: 1, max: 1_600 }),
      fc.constantFrom(512, 513, 1_024, 65_550, SLOT_BYTES),
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
      const store = new HoldStore();
      store.prepare(64);
      const kept: { at: number; length: number; n: number }[] = [];
      const out = new Batch(1);
      for (const [n, { free, which, length }] of steps.entries()) {
        if (free && kept.length > 0) {
          const [taken] = kept.splice(which % kept.length, 1);
          out.length = 0;
          store.fill(slab, out, taken!.at);
          store.free(taken!.at);
          if (!isRight(out, taken!.length, taken!.n))
            throw new Error(`frame ${taken!.n} of ${taken!.length}`);
        } else if (store.fits(length)) {
          kept.push({ at: store.put(slab, frame(length, n), 0, n, false), length, n });
        }
      }
      for (const { at, length, n } of kept) {
        out.length = 0;
        store.fill(slab, out, at);
        if (!isRight(out, length, n)) throw new Error(`frame ${n} of ${length} at the end`);
      }
    }),
    { numRuns: 40 },
  );
  t.pass('40 sequences');
});

t.test('columns of a released frame', async (t) => {
  const store = new HoldStore();
  store.prepare(2);
  const at = store.put(slab, frame(100, 3), 0, 77, true);
  t.same([store.length(at), store.since(at), store.behind(at)], [100, 77, -1]);
  const out = new Batch(2);
  out.set(STATUS, 0, -90);
  store.fill(slab, out, at);
  t.equal(out.length, 1);
  t.same(
    [OFFLOAD, GSO_SIZE, CSUM, STATUS, SINCE, ROUTED].map((column) => out.get(column, 0)),
    [GSO_TCPV4 | 1, 1_003, 34 | (16 << 16), 0, 77, 1],
  );
});

t.test('it is full by frames or by octets, and empty again', async (t) => {
  const store = new HoldStore();
  t.notOk(store.fits(1), 'before it is prepared');
  store.prepare(2);
  const all = [store.put(slab, frame(60, 1), 0, 0, false), store.put(slab, frame(60, 2), 0, 0, false)];
  t.notOk(store.fits(1), 'two frames');
  for (const at of all) store.free(at);
  t.ok(store.fits(4 << 20));
  t.notOk(store.fits((4 << 20) + 1));
  const large = new HoldStore();
  large.prepare(1_000);
  let count = 0;
  for (; large.fits(SLOT_BYTES); count++) large.put(slab, frame(SLOT_BYTES, count), 0, 0, false);
  t.equal(count, Math.floor(8_192 / Math.ceil(SLOT_BYTES / 512)));
});
