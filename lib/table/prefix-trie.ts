/**
 * Longest-prefix match: a trie whose nodes fan out as widely as their prefixes are dense and whose leaves are short
 * lists, all in one Int32Array (trie-arena.ts).
 *
 *   word 0          root slot
 *   slot            what a part of the address space leads to:
 *                   | 0 | 0 |              entry + 1, or 0 |    leaf: one route covers all of it, or none does
 *                   | 0 | 1 | stride, 5 |  offset / 4, 25  |    node: 2^stride slots, chosen by the next bits
 *                   | 1 |  items, 4  |  offset, 27         |    bucket
 *   bucket          | value of what covers all of it, or 0 | item | item | ...        shortest prefix first
 *   item            | prefix, 1 or 4 words | value |
 *   value           | entry + 1, 25 bits | bits after the prefix, 7 bits |
 *
 * A lookup goes down the nodes and takes the first item that matches from the bucket's end. (Trying all items without
 * a branch, so that none is guessed wrongly, is slower at every size: docs/performance-tables.md.) A table of a few routes is
 * a single bucket; a full Internet table a root of 2^18 slots (1 MB) with four prefixes behind most of them, in one
 * cache line or two: one wait for memory, where a hash table for each prefix length has one per length. A prefix that
 * ends within a node's stride is in no bucket: all the slots it covers say so themselves ("leaf pushing").
 *
 * The bits of an item's prefix that the way to its bucket has told already are there all the same: comparing whole
 * words is cheaper than masking, and lets the writer find a prefix without its record.
 *
 * Publication: a block is complete before the one store of the slot that leads to it; what changes in a published
 * block is one word (another entry of the same prefix, another cover). Readers need no more than that (hash-table.ts),
 * and never wait. While a prefix of many slots comes or goes, each address is answered as before or as after.
 */

/** Items of a bucket at most; one more turns it into a node. */
export const MOST_ITEMS = 15;
/** Words that a node's offset is a multiple of. */
export const NODE_ALIGNMENT = 4;
/** Entries beyond these do not fit a value. */
export const MOST_TRIE_ENTRIES = 2 ** 25 - 1;

const NODE = 0x40000000;
const BUCKET = 0x80000000 | 0;
const BUCKET_OFFSET = 0x07ffffff;
const NODE_OFFSET = 0x01ffffff;
/** A value is an entry + 1, shifted by so much. */
export const VALUE_SHIFT = 7;

export function bucketSlot(offset: number, items: number): number {
  return BUCKET | (items << 27) | offset;
}

export function nodeSlot(offset: number, stride: number): number {
  return NODE | (stride << 25) | (offset / NODE_ALIGNMENT);
}

export function isBucket(slot: number): boolean {
  return slot < 0;
}

export function isNode(slot: number): boolean {
  return slot >>> 30 === 1;
}

/** Where the block of a node or bucket is. */
export function offsetOf(slot: number): number {
  return slot < 0 ? slot & BUCKET_OFFSET : (slot & NODE_OFFSET) * NODE_ALIGNMENT;
}

/** Items of a bucket. */
export function countOf(slot: number): number {
  return (slot >>> 27) & 15;
}

/** Bits that a node's slots are chosen by. */
export function strideOf(slot: number): number {
  return (slot >>> 25) & 31;
}

/** @param host bits after the prefix; 0 for a cover, which is compared with nothing. */
export function valueOf(entry: number, host: number): number {
  return ((entry + 1) << VALUE_SHIFT) | host;
}

/** The entry of a value, -1 of 0. */
export function entryOf(value: number): number {
  return (value >>> VALUE_SHIFT) - 1;
}

/** Bits after an item's prefix. */
export function hostOf(value: number): number {
  return value & 0x7f;
}

/**
 * What readers need of a trie. A root that is a node stays where it is as long as its words, so where it is and how far
 * a key is shifted to choose its slot are kept here: one load less for a lookup to wait for.
 */
export class PrefixTrie {
  /** To be changed by use() alone. */
  words: Int32Array;
  #root = 0;
  #rootBits = 0;
  /** A shift by 32 bits would be none, so it is made in two halves. */
  #shift = 16;
  #shiftMore = 16;

  constructor(words: Int32Array) {
    this.words = words;
    this.use(words);
  }

  /** Goes over to other words. */
  use(words: Int32Array): void {
    const slot = words[0];
    const isRooted = isNode(slot);
    this.words = words;
    this.#root = isRooted ? offsetOf(slot) : 0;
    this.#rootBits = isRooted ? strideOf(slot) : 0;
    this.#shift = (32 - this.#rootBits) >> 1;
    this.#shiftMore = 32 - this.#rootBits - this.#shift;
  }

  /** The entry of the longest prefix that covers a one-word key, or -1. */
  lookup1(key: number): number {
    const { words } = this;
    let slot = words[this.#root + ((key >>> this.#shift) >>> this.#shiftMore)];
    for (let depth = this.#rootBits; slot >>> 30 === 1;) {
      const stride = (slot >>> 25) & 31;
      slot = words[((slot & NODE_OFFSET) << 2) + ((key << depth) >>> (32 - stride))];
      depth += stride;
    }
    if (slot >= 0) return slot - 1;
    const cover = slot & BUCKET_OFFSET;
    for (let at = cover + 2 * ((slot >>> 27) & 15); at > cover; at -= 2) {
      const value = words[at];
      // The shift takes the low five bits of the value, which are the bits after the prefix: 0 to 31.
      if ((key ^ words[at - 1]) >>> value === 0) return (value >>> VALUE_SHIFT) - 1;
    }
    return (words[cover] >>> VALUE_SHIFT) - 1;
  }

  /** The entry of the longest prefix that covers a four-word key, or -1. */
  lookup4(k0: number, k1: number, k2: number, k3: number): number {
    const { words } = this;
    let slot = words[this.#root + ((k0 >>> this.#shift) >>> this.#shiftMore)];
    for (let depth = this.#rootBits; slot >>> 30 === 1;) {
      const stride = (slot >>> 25) & 31;
      const key = depth < 64 ? (depth < 32 ? k0 : k1) : depth < 96 ? k2 : k3;
      slot = words[((slot & NODE_OFFSET) << 2) + ((key << (depth & 31)) >>> (32 - stride))];
      depth += stride;
    }
    if (slot >= 0) return slot - 1;
    const cover = slot & BUCKET_OFFSET;
    for (let at = cover + 5 * ((slot >>> 27) & 15); at > cover; at -= 5) {
      const value = words[at];
      let rest = k0 ^ words[at - 4];
      const host = value & 0x7f;
      if (host < 96) {
        if (rest !== 0) continue;
        rest = k1 ^ words[at - 3];
        if (host < 64) {
          if (rest !== 0) continue;
          rest = k2 ^ words[at - 2];
          if (host < 32) {
            if (rest !== 0) continue;
            rest = k3 ^ words[at - 1];
          }
        }
      }
      if (rest >>> host === 0) return (value >>> VALUE_SHIFT) - 1; // again the low five bits
    }
    return (words[cover] >>> VALUE_SHIFT) - 1;
  }
}
