/** One FDB lookup: hit and miss, in the first-level cache and far from it. */
import { FdbTable, STATE_REACHABLE } from '../../../lib/table/fdb.js';
import { FRAMES, type Bench } from '../bench.js';

const VNI = 42;
const HIGH = 0x02000a1e;
/** Keys asked one after the other: more than any cache keeps the order of. */
const ASKED = 1 << 16;

/** Numbers below `bound` in an order without pattern, the same every run (xorshift32). */
function shuffled(bound: number): Int32Array {
  let x = 0x9e3779b9;
  return Int32Array.from({ length: ASKED }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % bound;
  });
}

/** Lookups in a table of `entries`; `present` false asks for MACs that are not there. */
function lookup(name: string, entries: number, present: boolean): Bench {
  const fdb = new FdbTable({ seed: 1, capacity: entries });
  for (let n = 0; n < entries; n++) fdb.insert(HIGH + (n >>> 16), n & 0xffff, VNI, 0, STATE_REACHABLE, 0, 0);
  const numbers = shuffled(entries);
  const high = present ? HIGH : HIGH + 0x100000;
  let at = 0;
  let found = 0;
  const run = (): void => {
    let hits = 0;
    for (let i = 0; i < FRAMES; i++) {
      const n = numbers[(at + i) & (ASKED - 1)]!;
      if (fdb.find(high + (n >>> 16), n & 0xffff, VNI) >= 0) hits++;
    }
    at += FRAMES;
    found = hits;
  };
  run();
  if (found !== (present ? FRAMES : 0)) throw new Error(`${name}: ${found} of ${FRAMES} were found`);
  return { name, run };
}

/** The same in bursts, as a batch would ask. */
function burst(name: string, entries: number): Bench {
  const fdb = new FdbTable({ seed: 1, capacity: entries });
  for (let n = 0; n < entries; n++) fdb.insert(HIGH + (n >>> 16), n & 0xffff, VNI, 0, STATE_REACHABLE, 0, 0);
  const numbers = shuffled(entries);
  const highs = new Int32Array(FRAMES);
  const lows = new Int32Array(FRAMES);
  const found = new Int32Array(FRAMES);
  let at = 0;
  const run = (): void => {
    for (let i = 0; i < FRAMES; i++) {
      const n = numbers[(at + i) & (ASKED - 1)]!;
      highs[i] = HIGH + (n >>> 16);
      lows[i] = n & 0xffff;
    }
    at += FRAMES;
    fdb.findBurst(highs, lows, VNI, FRAMES, found);
  };
  run();
  if (found.some((entry) => entry < 0)) throw new Error(`${name}: not all were found`);
  return { name, run };
}

export const benches: readonly Bench[] = [
  lookup('FDB hit, 64 entries', 64, true),
  lookup('FDB miss, 64 entries', 64, false),
  lookup('FDB hit, 1,000,000 entries, random order', 1_000_000, true),
  burst('FDB burst, 64 entries', 64),
  burst('FDB burst, 1,000,000 entries, random order', 1_000_000),
  lookup('FDB miss, 1,000,000 entries, random order', 1_000_000, false),
];
