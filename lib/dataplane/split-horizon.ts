/**
 * Split horizon (as of RFC 4762, section 4.4, and of bridge ports with a split-horizon group): what came in at a device of a
 * group leaves through none of the group, so that hosts in a full mesh may bridge their VTEPs without a loop.
 *
 * A frame in a TAP does not say where the bridge has it from, but its source MAC does: the group remembers which
 * sources its devices heard of a moment ago. A moment is what a bridge needs to hand a frame on, with plenty to spare,
 * and no more, so that a guest which moves here is not mistaken for an echo of itself for long.
 *
 * The table is shared memory, one a group. Two workers that write one slot at a time may lose a source, never more.
 */

/** Ticks of 100 ms, of which the first may be short: 200 to 300 ms. */
const MOMENT = 2;
const SETS = 4_096;
const WAYS = 4;
/** MAC (32 and 16 bits with a valid bit), tick. */
const STRIDE = 3;
const VALID = 0x10000;

/** Words of a group's table. */
export const HORIZON_WORDS = SETS * WAYS * STRIDE;

function setOf(high: number, low: number): number {
  const mixed = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
  return (mixed >>> 20) * (WAYS * STRIDE);
}

/** A frame from `high`, `low` came in. Of those in its place the one not heard of for the longest time gives way. */
export function hear(words: Int32Array, high: number, low: number, now: number): void {
  const begin = setOf(high, low);
  let oldest = begin;
  let age = -1;
  for (let at = begin; at < begin + WAYS * STRIDE; at += STRIDE) {
    const old = words[at + 1] === 0 ? 0x7fffffff : (now - words[at + 2]) | 0;
    if (words[at + 1] === (low | VALID) && words[at] === high) {
      if (old !== 0) words[at + 2] = now;
      return;
    }
    if (old <= age) continue;
    age = old;
    oldest = at;
  }
  words[oldest + 1] = 0;
  words[oldest] = high;
  words[oldest + 2] = now;
  words[oldest + 1] = low | VALID;
}

/** Whether a frame from `high`, `low` has just come in. */
export function isHeard(words: Int32Array, high: number, low: number, now: number): boolean {
  const begin = setOf(high, low);
  for (let at = begin; at < begin + WAYS * STRIDE; at += STRIDE) {
    if (words[at + 1] === (low | VALID) && words[at] === high) return ((now - words[at + 2]) | 0) <= MOMENT;
  }
  return false;
}
