/**
 * What changes a prefix trie (prefix-trie.ts has the picture and says what readers may rely on).
 *
 *   insert   down to the slot where the prefix belongs: into the bucket there, which is copied with one item more; or,
 *            where the prefix ends within a node's stride, over all the slots it covers that have nothing longer
 *   full     a bucket of MOST_ITEMS becomes a node of 2^4 slots, and the insertion goes on below it
 *   remove   the same ways back; where it covered slots, the next shorter prefix comes to light
 *   build    all anew with a wider or narrower root, when the number of prefixes has passed a step
 *
 * A prefix is given as `key`, one or four words (the others 0), and its length. Nodes go with the next build only.
 */
import type { Epochs } from '../memory/epoch.js';
import type { Advise } from '../memory/shared-words.js';
import { ExactPrefixes, type PrefixRecords } from './exact-prefixes.js';
import * as trie from './prefix-trie.js';
import { expect } from './record-pool.js';
import { TrieArena } from './trie-arena.js';
import { bitsOf, findItem, parted, withItem, withoutItem } from './trie-bucket.js';
import { checkTrie, coverOf } from './trie-check.js';

/** Bits that a full bucket is parted by, as far as its word of the key has so many. */
const SPLIT_STRIDE = 4;
/** Words that one step may take: a node with its alignment, and items in as many buckets as there may be. */
const ROOM = 2 ** SPLIT_STRIDE + trie.NODE_ALIGNMENT + 6 * (trie.MOST_ITEMS + 1);

/** The root's bits from so many prefixes on: a few prefixes behind a slot, were they spread evenly. */
const ROOTS: readonly (readonly [prefixes: number, bits: number])[] = [
  [0, 0],
  [1_024, 8],
  [16_384, 12],
  [131_072, 16],
  [524_288, 18],
];

function rootBits(prefixes: number): number {
  let bits = 0;
  for (const [least, wanted] of ROOTS) if (prefixes >= least) bits = wanted;
  return bits;
}

/** The trie's prefixes, whose records the writer keeps elsewhere. */
export interface TriePrefixes extends PrefixRecords {
  readonly count: number;
  /** The entry with the lowest number above `after`, or -1. */
  next(after: number): number;
}

export interface TrieOptions {
  epochs?: Epochs | undefined;
  advise?: Advise | undefined;
  /** The trie has moved to new words. */
  onMove: () => void;
}

export class TrieWriter {
  readonly key = new Int32Array(4);
  readonly trie: trie.PrefixTrie;
  readonly #width: number;
  readonly #prefixes: TriePrefixes;
  readonly #options: TrieOptions;
  /** Prefixes that end within a node's stride. */
  readonly #exact: ExactPrefixes;
  readonly #shorter = new Int32Array(4);
  #arena: TrieArena;
  #rootBits = 0;
  #isBuilding = false;

  /** @param width words of a key. */
  constructor(width: 1 | 4, prefixes: TriePrefixes, options: TrieOptions) {
    this.#width = width;
    this.#prefixes = prefixes;
    this.#options = options;
    this.#exact = new ExactPrefixes(prefixes, width);
    this.#arena = new TrieArena(width, options.epochs, options.advise);
    this.trie = new trie.PrefixTrie(this.#arena.words);
  }

  /** Bytes of memory held, shared and private. */
  get bytes(): number {
    return this.#arena.bytes + this.#exact.bytes;
  }

  /** The entry of exactly `key`, or -1. */
  find(length: number): number {
    const { words } = this.trie;
    let slot = words[0];
    for (let depth = 0; trie.isNode(slot);) {
      const stride = trie.strideOf(slot);
      if (length <= depth + stride) return this.#exact.find(this.key, length);
      slot = words[trie.offsetOf(slot) + bitsOf(this.key, depth, stride)];
      depth += stride;
    }
    if (length === 0) return this.#exact.find(this.key, 0);
    const item = this.#itemOf(slot, length);
    return item < 0 ? -1 : trie.entryOf(words[item + this.#width]);
  }

  /** Adds `key`, which is not here. Returns false, and has added nothing, when the format has no more room. */
  insert(length: number, entry: number): boolean {
    for (let at = 0, depth = 0; ;) {
      if (!this.#reserve()) return false;
      const { words } = this.trie;
      const slot = words[at];
      const stride = trie.isNode(slot) ? trie.strideOf(slot) : 0;
      if (length <= depth + stride) {
        this.#exact.add(entry);
        const first = this.#firstOf(at, depth, length);
        for (let i = this.#countOf(at, depth, length) - 1; i >= 0; i--) this.#raise(first + i, length, entry);
        return true;
      }
      if (stride !== 0) {
        at = trie.offsetOf(slot) + bitsOf(this.key, depth, stride);
        depth += stride;
      } else if (trie.isBucket(slot) && trie.countOf(slot) === trie.MOST_ITEMS) {
        this.#split(at, depth);
      } else {
        this.#addItem(at, length, entry);
        return true;
      }
    }
  }

  /** Takes out `key`, which is here. @throws Error when the format has no more room even for that. */
  remove(length: number, entry: number): void {
    if (!this.#reserve()) throw new Error('the route table has no more room; clear() it');
    const { at, depth } = this.#placeOf(length);
    const slot = this.trie.words[at];
    const isCover = length <= depth + (trie.isNode(slot) ? trie.strideOf(slot) : 0);
    if (!isCover) return this.#removeItem(at, length);
    this.#exact.remove(entry);
    this.#lowerAll(
      at,
      depth,
      length,
      entry,
      coverOf(this.#exact, this.#width, this.key, length, this.#shorter),
    );
  }

  /** Gives `key`, which is here, another entry. */
  replace(length: number, old: number, entry: number): void {
    const { at, depth } = this.#placeOf(length);
    const { words } = this.trie;
    const slot = words[at];
    if (length <= depth + (trie.isNode(slot) ? trie.strideOf(slot) : 0)) {
      this.#exact.replace(old, entry);
      return this.#lowerAll(at, depth, length, old, entry);
    }
    const value = this.#itemOf(slot, length) + this.#width;
    Atomics.store(words, value, trie.valueOf(entry, trie.hostOf(words[value])));
  }

  /** Builds anew where the root does not suit `prefixes` or most blocks are free. Returns whether it did. */
  suit(prefixes: number): boolean {
    const isWider = rootBits(prefixes) > this.#rootBits;
    const isNarrower = rootBits(4 * prefixes) < this.#rootBits;
    if (!isWider && !isNarrower && !this.#arena.isSparse) return false;
    this.build(prefixes);
    return true;
  }

  /** All prefixes once more, in new words, with a root for so many. */
  build(expected: number): void {
    const { epochs, advise } = this.#options;
    this.#rootBits = rootBits(expected);
    this.#exact.clear();
    this.#arena = new TrieArena(this.#width, epochs, advise, 2 * 2 ** this.#rootBits);
    this.#isBuilding = true;
    if (this.#rootBits > 0) this.#arena.words[0] = this.#arena.node(this.#rootBits);
    this.trie.use(this.#arena.words);
    const prefixes = this.#prefixes;
    const key = this.key.slice();
    for (let entry = prefixes.next(-1); entry >= 0; entry = prefixes.next(entry)) {
      for (let i = 0; i < this.#width; i++) this.key[i] = prefixes.prefixWord(entry, i);
      expect(this.insert(prefixes.prefixLength(entry), entry), 'a trie outgrew its format when built anew');
    }
    this.key.set(key);
    this.#isBuilding = false;
    this.#options.onMove();
  }

  /** New words, untold: for a caller whose records move too, so that no reader meets a record its own have not. */
  move(): void {
    this.#arena.move(this.#arena.words.length);
    this.trie.use(this.#arena.words);
  }

  /** Verifies every slot, bucket and item. @throws Error naming the first that is wrong. */
  selfCheck(): void {
    this.#exact.selfCheck();
    const seen = checkTrie({ arena: this.#arena, records: this.#prefixes, exact: this.#exact });
    const total = seen.items + this.#exact.count;
    expect(total === this.#prefixes.count, `${total} prefixes in the trie, ${this.#prefixes.count} routes`);
    this.#arena.selfCheck(seen.words);
  }

  #reserve(): boolean {
    const moved = this.#arena.reserve(ROOM);
    if (moved <= 0) return moved === 0;
    this.trie.use(this.#arena.words);
    if (!this.#isBuilding) this.#options.onMove();
    return true;
  }

  /** The slot of the node or bucket that `key` is in, and how many bits lead to it. */
  #placeOf(length: number): { at: number; depth: number } {
    const { words } = this.trie;
    let at = 0;
    let depth = 0;
    for (let slot = words[0]; trie.isNode(slot); slot = words[at]) {
      const stride = trie.strideOf(slot);
      if (length <= depth + stride) break;
      at = trie.offsetOf(slot) + bitsOf(this.key, depth, stride);
      depth += stride;
    }
    return { at, depth };
  }

  /** The first slot that `key` covers, where it ends within the stride of the node at `at`, or at that slot itself. */
  #firstOf(at: number, depth: number, length: number): number {
    const slot = this.trie.words[at];
    if (!trie.isNode(slot)) return at;
    const told = length - depth;
    return trie.offsetOf(slot) + (bitsOf(this.key, depth, told) << (trie.strideOf(slot) - told));
  }

  /** How many slots those are. */
  #countOf(at: number, depth: number, length: number): number {
    const slot = this.trie.words[at];
    return trie.isNode(slot) ? 2 ** (depth + trie.strideOf(slot) - length) : 1;
  }

  /** Everything under a slot that only a shorter prefix covers, or none, is covered by `entry`. */
  #raise(at: number, length: number, entry: number): void {
    const { words } = this.trie;
    const slot = words[at];
    if (trie.isNode(slot)) {
      const first = trie.offsetOf(slot);
      for (let i = 2 ** trie.strideOf(slot) - 1; i >= 0; i--) this.#raise(first + i, length, entry);
      return;
    }
    const cover = trie.isBucket(slot) ? trie.entryOf(words[trie.offsetOf(slot)]) : slot - 1;
    if (cover < 0 || this.#prefixes.prefixLength(cover) < length) this.#setCover(at, entry);
  }

  #lowerAll(at: number, depth: number, length: number, old: number, entry: number): void {
    const first = this.#firstOf(at, depth, length);
    for (let i = this.#countOf(at, depth, length) - 1; i >= 0; i--) this.#lower(first + i, old, entry);
  }

  /** Everything under a slot that `old` covers is covered by `entry`, -1 = by none. */
  #lower(at: number, old: number, entry: number): void {
    const { words } = this.trie;
    const slot = words[at];
    if (trie.isNode(slot)) {
      const first = trie.offsetOf(slot);
      for (let i = 2 ** trie.strideOf(slot) - 1; i >= 0; i--) this.#lower(first + i, old, entry);
      return;
    }
    const cover = trie.isBucket(slot) ? trie.entryOf(words[trie.offsetOf(slot)]) : slot - 1;
    if (cover === old) this.#setCover(at, entry);
  }

  #setCover(at: number, entry: number): void {
    const { words } = this.trie;
    const slot = words[at];
    if (trie.isBucket(slot)) Atomics.store(words, trie.offsetOf(slot), trie.valueOf(entry, 0));
    else Atomics.store(words, at, entry + 1);
  }

  #addItem(at: number, length: number, entry: number): void {
    const slot = this.trie.words[at];
    const made = withItem(this.#arena, slot, this.key, entry, 32 * this.#width - length);
    Atomics.store(this.trie.words, at, made);
    if (trie.isBucket(slot)) this.#arena.retire(slot);
  }

  #removeItem(at: number, length: number): void {
    const slot = this.trie.words[at];
    const made = withoutItem(this.#arena, slot, this.#itemOf(slot, length));
    Atomics.store(this.trie.words, at, made);
    this.#arena.retire(slot);
  }

  /** Where the item of `key` is in a bucket, or -1. */
  #itemOf(slot: number, length: number): number {
    return findItem(this.#arena, slot, this.key, 32 * this.#width - length);
  }

  #split(at: number, depth: number): void {
    const slot = this.trie.words[at];
    const made = parted(this.#arena, slot, depth, Math.min(SPLIT_STRIDE, 32 - (depth & 31)), (entry) =>
      this.#exact.add(entry),
    );
    Atomics.store(this.trie.words, at, made);
    this.#arena.retire(slot);
  }
}
