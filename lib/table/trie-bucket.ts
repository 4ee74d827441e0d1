/**
 * Buckets of a prefix trie as new blocks of its arena (prefix-trie.ts has the picture). A bucket that readers know is
 * never changed here: each function makes another one and returns the slot for it, which the caller publishes. The
 * arena must have room.
 */
import * as trie from './prefix-trie.js';
import type { TrieArena } from './trie-arena.js';

/** `count` bits of a key from bit `from` on, all in one word. */
export function bitsOf(key: Int32Array, from: number, count: number): number {
  return bitsAt(key, 0, from, count);
}

function bitsAt(words: Int32Array, key: number, from: number, count: number): number {
  return count === 0 ? 0 : (words[key + (from >> 5)] << (from & 31)) >>> (32 - count);
}

/** Where the item of a prefix is in a bucket, or -1; a leaf has none. */
export function findItem(arena: TrieArena, slot: number, key: Int32Array, host: number): number {
  if (!trie.isBucket(slot)) return -1;
  const { words, width } = arena;
  let at = trie.offsetOf(slot) + 1;
  for (let i = trie.countOf(slot); i > 0; i--, at += width + 1) {
    if (words[at] !== key[0] || trie.hostOf(words[at + width]) !== host) continue;
    if (width === 1 || isSame(words, at, key)) return at;
  }
  return -1;
}

function isSame(words: Int32Array, at: number, key: Int32Array): boolean {
  return words[at + 1] === key[1] && words[at + 2] === key[2] && words[at + 3] === key[3];
}

/** The bucket or leaf of a slot with one prefix more. */
export function withItem(
  arena: TrieArena,
  slot: number,
  key: Int32Array,
  entry: number,
  host: number,
): number {
  const { words, width } = arena;
  const size = width + 1;
  const items = trie.isBucket(slot) ? trie.countOf(slot) : 0;
  const made = arena.bucket(items + 1);
  let to = trie.offsetOf(made);
  let from = trie.offsetOf(slot);
  words[to++] = items === 0 ? slot << trie.VALUE_SHIFT : words[from++];
  let left = items;
  for (; left > 0 && trie.hostOf(words[from + width]) >= host; left--) {
    for (let i = 0; i < size; i++) words[to++] = words[from++];
  }
  for (let i = 0; i < width; i++) words[to++] = key[i];
  words[to++] = trie.valueOf(entry, host);
  for (let i = left * size; i > 0; i--) words[to++] = words[from++];
  return made;
}

/** The bucket of a slot without the item at `item`; the last one leaves a leaf. */
export function withoutItem(arena: TrieArena, slot: number, item: number): number {
  const { words, width } = arena;
  const items = trie.countOf(slot);
  let from = trie.offsetOf(slot);
  if (items === 1) return words[from] >>> trie.VALUE_SHIFT;
  const made = arena.bucket(items - 1);
  let to = trie.offsetOf(made);
  const end = from + 1 + items * (width + 1);
  while (from < end) {
    if (from === item) from += width + 1;
    else words[to++] = words[from++];
  }
  return made;
}

/**
 * A node in the place of a full bucket.
 *
 * @param depth bits that lead to the slot.
 * @param onInner told of each prefix that ends within the node's stride and so is in no bucket any more.
 */
export function parted(
  arena: TrieArena,
  slot: number,
  depth: number,
  stride: number,
  onInner: (entry: number) => void,
): number {
  const { words, width } = arena;
  const made = arena.node(stride);
  const node = trie.offsetOf(made);
  const bucket = trie.offsetOf(slot);
  const end = bucket + 1 + trie.countOf(slot) * (width + 1);
  words.fill(words[bucket] >>> trie.VALUE_SHIFT, node, node + 2 ** stride);
  let item = bucket + 1;
  for (; item < end; item += width + 1) {
    const value = words[item + width];
    const told = 32 * width - trie.hostOf(value) - depth;
    if (told > stride) break; // so are all behind it, being longer
    const first = node + (bitsAt(words, item, depth, told) << (stride - told));
    words.fill(trie.entryOf(value) + 1, first, first + 2 ** (stride - told));
    onInner(trie.entryOf(value));
  }
  for (let i = 0; i < 2 ** stride; i++) gather(arena, node + i, item, end, depth, stride, i);
  return made;
}

/** Turns the leaf at `at` into the bucket of those items whose next bits are `bits`. */
function gather(
  arena: TrieArena,
  at: number,
  first: number,
  end: number,
  depth: number,
  stride: number,
  bits: number,
): void {
  const { words, width } = arena;
  const size = width + 1;
  let items = 0;
  for (let item = first; item < end; item += size) {
    if (bitsAt(words, item, depth, stride) === bits) items++;
  }
  if (items === 0) return;
  const made = arena.bucket(items);
  let to = trie.offsetOf(made);
  words[to++] = words[at] << trie.VALUE_SHIFT;
  for (let item = first; item < end; item += size) {
    if (bitsAt(words, item, depth, stride) !== bits) continue;
    for (let i = 0; i < size; i++) words[to++] = words[item + i];
  }
  words[at] = made;
}
