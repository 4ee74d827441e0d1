/**
 * The seeded hash of all tables: each key word is multiplied and folded by itself, the results are added and
 * multiplied once more.
 *
 *   word 0 -- ^ seed --> x odd -- ^ >>> 15 --+
 *   word 1 -- ^ secret -> x odd -- ^ >>> 15 --+--> x odd -- ^ >>> 16 --> 32 bits
 *
 * The words' products do not depend on each other, so that a processor computes them side by side: about 11
 * cycles for two words. The seed enters by exclusive-or and once as a multiplier (the `secret`), so that
 * colliding MACs cannot be worked out beforehand, which is what a learning table needs against a flood. It is
 * not a cryptographic hash: who can time lookups may still find collisions, and the tables' limits and the
 * record ring bound what that buys.
 */

/** Odd constants with well-spread bits: one for each key word, so that equal words do not cancel out. */
const WORD_1 = 0x9e3779b1 | 0;
const WORD_2 = 0xc2b2ae35 | 0;
const WORD_3 = 0x27d4eb2f | 0;
const LAST = 0x85ebca6b | 0;

function fold(word: number, multiplier: number): number {
  const product = Math.imul(word, multiplier);
  return product ^ (product >>> 15);
}

/** The last step: every bit of the sum reaches the high bits (the position) and the low ones (the tag). */
function finish(sum: number): number {
  const product = Math.imul(sum ^ (sum >>> 15), LAST);
  return product ^ (product >>> 16);
}

/** A secret odd multiplier derived from the 32-bit seed of a table. */
export function secretOf(seed: number): number {
  return finish(fold(seed ^ WORD_3, WORD_1)) | 1;
}

/** Hash of a two-word key. */
export function hash2(word0: number, word1: number, seed: number, secret: number): number {
  return finish((fold(word0 ^ seed, secret) + fold(word1 ^ secret, WORD_1)) | 0);
}

/** Hash of a four-word key. */
export function hash4(
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  seed: number,
  secret: number,
): number {
  const front = (fold(word3 ^ seed, secret) + fold(word2 ^ secret, WORD_1)) | 0;
  const back = (fold(word1 ^ seed, WORD_2) + fold(word0 ^ secret, WORD_3)) | 0;
  return finish((front + back) | 0);
}
