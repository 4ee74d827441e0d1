/**
 * The seeded hash of all tables.
 *
 *   word 0 -- ^ seed, x secret, ^ >>> 15 -- ^ word 1 -- ^ >>> 16, x odd --+-- ^ >>> 16 --> 32 bits
 *   word 2 -- ^ secret, x odd,  ^ >>> 15 -- ^ word 3 -- ^ >>> 16, x odd --+   (four-word keys)
 *
 * A pair of words is 13 cycles, the pairs of a long key side by side. Each step is reversible, so two keys that
 * differ in one word only never collide. What the shifts are for: MACs that count up, or one MAC in a row of
 * VNIs, change only the upper half of a word, and a product of that would fall into a few places of the index.
 *
 * The seed enters by exclusive-or and as a multiplier (the `secret`), so that colliding MACs cannot be worked
 * out beforehand, which is what a learning table needs against a flood. It is not a cryptographic hash: who
 * can time lookups may still find collisions; the tables' limits and the record ring bound what that buys.
 */

/** Odd multipliers with well-spread bits. */
const FIRST = 0x9e3779b1 | 0;
const THIRD = 0xc2b2ae35 | 0;
const LAST = 0x85ebca6b | 0;

function fold(word: number, multiplier: number): number {
  const product = Math.imul(word, multiplier);
  return product ^ (product >>> 15);
}

function spread(word: number, multiplier: number): number {
  return Math.imul(word ^ (word >>> 16), multiplier);
}

/** A secret odd multiplier derived from the 32-bit seed of a table. */
export function secretOf(seed: number): number {
  return spread(fold(seed ^ THIRD, FIRST), LAST) | 1;
}

/** Hash of a two-word key. */
export function hash2(word0: number, word1: number, seed: number, secret: number): number {
  const product = spread(fold(word0 ^ seed, secret) ^ word1, LAST);
  return product ^ (product >>> 16);
}

/** Hash of a four-word key; `word3` is the one that differs most. */
export function hash4(
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  seed: number,
  secret: number,
): number {
  const back = spread(fold(word3 ^ seed, secret) ^ word2, LAST);
  const front = spread(fold(word1 ^ secret, FIRST) ^ word0, THIRD);
  const sum = (back + front) | 0;
  return sum ^ (sum >>> 16);
}
