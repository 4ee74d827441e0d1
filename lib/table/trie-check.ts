/** The self check of a prefix trie: what every slot, bucket and item must be (prefix-trie.ts has the picture). */
import type { ExactPrefixes, PrefixRecords } from './exact-prefixes.js';
import { maskOf } from './prefix.js';
import * as trie from './prefix-trie.js';
import { expect } from './record-pool.js';
import type { TrieArena } from './trie-arena.js';

export interface TrieParts {
  readonly arena: TrieArena;
  readonly records: PrefixRecords;
  readonly exact: ExactPrefixes;
}

/** What the root leads to: how many items, and how many words of blocks. @throws Error naming what is wrong. */
export function checkTrie(parts: TrieParts): { items: number; words: number } {
  const seen = { items: 0, words: 0 };
  checkSlot(parts, 0, 0, new Int32Array(4), seen);
  return seen;
}

/** The longest prefix that covers a key, is shorter than `length`, and is in no bucket; or -1. */
export function coverOf(
  exact: ExactPrefixes,
  width: number,
  key: Int32Array,
  length: number,
  scratch: Int32Array,
): number {
  for (let bits = length - 1; bits >= 0 && exact.count > 0; bits--) {
    for (let i = 0; i < width; i++) scratch[i] = key[i] & maskOf(i, bits);
    const entry = exact.find(scratch, bits);
    if (entry >= 0) return entry;
  }
  return -1;
}

/** @param path the bits that lead to the slot at `at`, `depth` of them. */
function checkSlot(
  parts: TrieParts,
  at: number,
  depth: number,
  path: Int32Array,
  seen: { items: number; words: number },
): void {
  const { arena, exact } = parts;
  const { words, width } = arena;
  const slot = words[at];
  if (trie.isNode(slot)) {
    const stride = trie.strideOf(slot);
    seen.words += arena.wordsOf(slot);
    expect(depth + stride <= 32 * width, `node at ${at} is ${depth} + ${stride} bits deep`);
    for (let i = 0; i < 2 ** stride; i++) {
      const below = path.slice();
      below[depth >> 5] |= i << (32 - stride - (depth & 31));
      checkSlot(parts, trie.offsetOf(slot) + i, depth + stride, below, seen);
    }
    return;
  }
  const cover = trie.isBucket(slot) ? trie.entryOf(words[trie.offsetOf(slot)]) : slot - 1;
  const expected = coverOf(exact, width, path, depth + 1, new Int32Array(4));
  expect(cover === expected, `slot ${at} is covered by entry ${cover}, not ${expected}`);
  if (trie.isBucket(slot)) checkBucket(parts, slot, depth, path, seen);
}

function checkBucket(
  { arena, records }: TrieParts,
  slot: number,
  depth: number,
  path: Int32Array,
  seen: { items: number; words: number },
): void {
  const { words, width } = arena;
  const items = trie.countOf(slot);
  expect(items > 0, `bucket ${slot} is empty`);
  seen.items += items;
  seen.words += arena.wordsOf(slot);
  let shortest = depth + 1;
  for (let i = 0; i < items; i++) {
    const item = trie.offsetOf(slot) + 1 + i * (width + 1);
    const entry = trie.entryOf(words[item + width]);
    const length = 32 * width - trie.hostOf(words[item + width]);
    expect(length >= shortest, `item of entry ${entry} has ${length} bits behind one of ${shortest}`);
    expect(
      records.prefixLength(entry) === length,
      `item of entry ${entry} has another length than its record`,
    );
    for (let word = 0; word < width; word++) {
      const prefix = words[item + word];
      expect(records.prefixWord(entry, word) === prefix, `item of entry ${entry} has another prefix`);
      expect((prefix & maskOf(word, depth)) === path[word], `item of entry ${entry} is under the wrong slot`);
    }
    shortest = length;
  }
}
