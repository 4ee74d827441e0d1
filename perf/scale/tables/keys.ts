/** Keys to fill tables with and to ask for: random, and the same in every run. */

/** Keys asked for in one pass: more than the caches keep, few enough that reading them costs next to nothing. */
export const ASKED = 1 << 18;

/** Unsigned 32-bit numbers without pattern (xorshift32). */
export function numbers(start: number): () => number {
  let x = start | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

export interface Prefixes {
  /** Four words each; IPv4 v4-mapped. */
  words: Int32Array;
  lengths: Uint8Array;
}

/** How many in a thousand have a length, roughly as in the tables of the Internet's routers: 25 lengths of IPv4. */
const LENGTHS_V4: Record<number, number> = {
  ...{ 8: 0.016, 9: 0.014, 10: 0.04, 11: 0.1, 12: 0.3, 13: 0.6, 14: 1.2, 15: 2.1, 16: 13.5, 17: 8.4, 18: 14 },
  ...{
    19: 25.5,
    20: 44,
    21: 53,
    22: 112,
    23: 100,
    24: 590,
    25: 5,
    26: 5,
    27: 5,
    28: 5,
    29: 5,
    30: 5,
    31: 0.5,
    32: 5,
  },
};
const LENGTHS_V6: Record<number, number> = {
  ...{
    19: 0.05,
    20: 0.2,
    24: 0.5,
    28: 3,
    29: 22,
    30: 3,
    31: 2,
    32: 110,
    33: 15,
    34: 12,
    35: 8,
    36: 35,
    38: 10,
  },
  ...{ 40: 70, 42: 12, 44: 75, 45: 6, 46: 18, 47: 16, 48: 500, 56: 12, 64: 8, 128: 4 },
};
/** The first 16 bits of most IPv6 prefixes there are. */
const REGIONS = [
  0x2001, 0x2400, 0x2401, 0x2402, 0x2403, 0x2404, 0x2405, 0x2406, 0x2407, 0x2408, 0x2409, 0x240a,
].concat(
  [
    0x2600, 0x2601, 0x2602, 0x2603, 0x2604, 0x2605, 0x2606, 0x2607, 0x2620, 0x2800, 0x2803, 0x2804, 0x2a00,
    0x2a01,
  ],
  [
    0x2a02, 0x2a03, 0x2a04, 0x2a05, 0x2a06, 0x2a07, 0x2a09, 0x2a0a, 0x2a0b, 0x2a0c, 0x2a0d, 0x2a0e, 0x2a10,
    0x2c0f,
  ],
);

/** `count` different prefixes of a family. */
export function prefixes(family: 4 | 6, count: number): Prefixes {
  const next = numbers(family);
  const length = lengthsOf(family === 4 ? LENGTHS_V4 : LENGTHS_V6, next);
  const words = new Int32Array(4 * count);
  const lengths = new Uint8Array(count);
  const known = new Set<number>();
  for (let i = 0; i < count;) {
    const bits = length();
    const high =
      family === 4 ? next() : ((REGIONS[next() % REGIONS.length]! << 16) | (next() & 0xffff)) >>> 0;
    const kept = (bits >= 32 ? high : high & (-1 << (32 - bits))) >>> 0;
    const middle = family === 6 && bits > 32 ? (next() & (bits >= 64 ? -1 : -1 << (64 - bits))) >>> 0 : 0;
    // Exact below 2^53 for IPv4; for IPv6 a rare collision makes us take another prefix, which is as good.
    const key = (kept * 2 ** 13 + (middle >>> 16)) * 128 + bits;
    if (known.has(key)) continue;
    known.add(key);
    words.set(family === 4 ? [0, 0, 0xffff, kept] : [kept, middle, 0, 0], 4 * i);
    lengths[i++] = bits;
  }
  return { words, lengths };
}

function lengthsOf(shares: Record<number, number>, next: () => number): () => number {
  const steps: [number, number][] = [];
  let sum = 0;
  for (const [length, share] of Object.entries(shares)) steps.push([(sum += share), Number(length)]);
  return () => {
    const at = (next() / 2 ** 32) * sum;
    return steps.find(([bound]) => at < bound)![1];
  };
}

/** An address that the prefix of number `i` covers, into four words of `out`. */
export function within(
  { words, lengths }: Prefixes,
  i: number,
  next: () => number,
  out: Int32Array,
  at: number,
): void {
  const mapped = words[4 * i] === 0;
  for (let word = 0; word < 4; word++) {
    const told = lengths[i]! + (mapped ? 96 : 0) - 32 * word;
    const free = told >= 32 ? 0 : told <= 0 ? -1 : ~(-1 << (32 - told));
    out[at + word] = words[4 * i + word]! | (free === 0 ? 0 : next() & free);
  }
}
