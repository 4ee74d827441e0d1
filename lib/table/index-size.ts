/**
 * Sizes of a hash index: powers of two and the steps half-way between them,
 *
 *   256, 384, 512, 768, 1024, ...                    slots = multiplier * 2^k, multiplier 2 or 3
 *
 * so that a full table wastes a third at most where doubling wastes half. A hash's home slot is
 *
 *   position = imul(hash >>> 2, multiplier) >>> shift         (30 bits times 2 or 3 fits 32)
 *
 * which takes the high bits; the low ones are left for the tag. This costs one multiplication (a nanosecond)
 * more than masking. The load a size bears is low where memory is cheap: a quarter while the index fits the
 * first-level caches (a random hit then costs 11 ns, not 15: mostly a wrongly guessed branch less), a half
 * up to 64 K slots, 65 % above.
 */

export const FEWEST_SLOTS = 256;
export const MOST_SLOTS = 3 * 2 ** 26;
const QUARTER_LOAD_SLOTS = 32_768;
const HALF_LOAD_SLOTS = 65_536;

function isPowerOfTwo(slots: number): boolean {
  return (slots & (slots - 1)) === 0;
}

/** 2 for a power of two, 3 for the half-way step. */
export function multiplierOf(slots: number): number {
  return isPowerOfTwo(slots) ? 2 : 3;
}

/** By how much imul(hash >>> 2, multiplier) is shifted right to give a position below `slots`. */
export function shiftOf(slots: number): number {
  return Math.clz32(slots / multiplierOf(slots)) - 1;
}

/** The next greater size. */
export function nextSlots(slots: number): number {
  return isPowerOfTwo(slots) ? (slots / 2) * 3 : (slots / 3) * 4;
}

/** Entries an index of this size bears; also the number of records allocated with it. */
export function capacityOf(slots: number): number {
  if (slots <= QUARTER_LOAD_SLOTS) return slots / 4;
  return slots <= HALF_LOAD_SLOTS ? slots / 2 : Math.floor(slots * 0.65);
}

/** Slots that may be in use by entries and tombstones together before the index is rebuilt. */
export function fillOf(slots: number): number {
  return capacityOf(slots) + Math.floor(slots / 8);
}

/** The smallest size for so many entries. */
export function slotsFor(entries: number): number {
  let slots = FEWEST_SLOTS;
  while (capacityOf(slots) < entries) slots = nextSlots(slots);
  return slots;
}
