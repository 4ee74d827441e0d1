/**
 * The storage of a prefix trie: blocks in one Int32Array on a SharedArrayBuffer, handed out by its one writer.
 *
 *   | root slot | 3 unused | block | block | ...            | room |
 *                                                       top ^
 *
 * A block that has been unlinked rests in quarantine until no reader can be in it (memory/epoch.ts), then joins the
 * list of free blocks of its size, which runs through their first words. Blocks are named by the slot that leads to
 * them (prefix-trie.ts), which says where and how large they are. Growing copies everything; offsets stay.
 */
import type { Epochs } from '../memory/epoch.js';
import { type Advise, sharedWords } from '../memory/shared-words.js';
import {
  bucketSlot,
  countOf,
  isBucket,
  MOST_ITEMS,
  NODE_ALIGNMENT,
  nodeSlot,
  offsetOf,
  strideOf,
} from './prefix-trie.js';
import { Quarantine } from './quarantine.js';
import { expect } from './record-pool.js';

const FEWEST_WORDS = 256;
/** What the offset in a slot can reach. */
const MOST_WORDS = 2 ** 27;
/** From here on growing by a quarter, not by doubling, keeps the waste small. */
const DOUBLING_WORDS = 2 ** 16;
const STRIDES = 32;
/** The blocks of the root slot itself. */
const RESERVED_WORDS = 4;
/** Two blocks a time: quarantine shrinks faster than it can grow. */
const RECLAIMED = 2;

export class TrieArena {
  words: Int32Array;
  /** Words of a key. */
  readonly width: number;
  readonly #advise: Advise | undefined;
  readonly #quarantine: Quarantine | undefined;
  #top = RESERVED_WORDS;
  /** Words of blocks that are linked. */
  #live = RESERVED_WORDS;
  /** First free bucket of so many items, then first free node of such a stride; 0 = none. */
  readonly #freeBuckets = new Int32Array(MOST_ITEMS + 1);
  readonly #freeNodes = new Int32Array(STRIDES);

  constructor(width: number, epochs: Epochs | undefined, advise: Advise | undefined, words = 0) {
    this.width = width;
    this.#advise = advise;
    this.#quarantine = epochs && new Quarantine(epochs);
    this.words = sharedWords(Math.max(FEWEST_WORDS, words), advise);
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.words.byteLength + (this.#quarantine?.bytes ?? 0);
  }

  /** True when more than half of what was handed out has come back: time to build anew. */
  get isSparse(): boolean {
    return this.#top > DOUBLING_WORDS && this.#live < this.#top / 2;
  }

  /**
   * Makes sure that blocks of so many words in all can be handed out.
   *
   * @returns 0 when there was room, 1 when the words have moved to a new array, -1 when there can be no more.
   */
  reserve(words: number): -1 | 0 | 1 {
    const { length } = this.words;
    const needed = this.#top + words;
    if (needed <= length) return 0;
    if (needed > MOST_WORDS) return -1;
    const grown = length < DOUBLING_WORDS ? 2 * length : Math.ceil(length * 0.3125) * 4;
    this.move(Math.min(MOST_WORDS, Math.max(needed, grown)));
    return 1;
  }

  /** Copies everything to a new array. */
  move(length: number): void {
    const moved = sharedWords(length, this.#advise);
    moved.set(this.words);
    this.words = moved;
  }

  /** A bucket's slot; its words are to be written before the slot is published. Room has been reserved. */
  bucket(items: number): number {
    this.#reclaim();
    const size = this.#bucketWords(items);
    let offset = this.#freeBuckets[items];
    if (offset !== 0) this.#freeBuckets[items] = this.words[offset];
    else {
      offset = this.#top;
      this.#top += size;
    }
    this.#live += size;
    return bucketSlot(offset, items);
  }

  /** A node's slot, likewise. */
  node(stride: number): number {
    let offset = this.#freeNodes[stride];
    if (offset !== 0) this.#freeNodes[stride] = this.words[offset];
    else {
      offset = Math.ceil(this.#top / NODE_ALIGNMENT) * NODE_ALIGNMENT;
      this.#top = offset + 2 ** stride;
    }
    this.#live += 2 ** stride;
    return nodeSlot(offset, stride);
  }

  /** The block of a slot has been unlinked: readers may be in it for a while yet. */
  retire(slot: number): void {
    this.#live -= this.wordsOf(slot);
    if (this.#quarantine) this.#quarantine.push(slot);
    else this.#release(slot);
  }

  /** Words of the block a slot leads to. */
  wordsOf(slot: number): number {
    return isBucket(slot) ? this.#bucketWords(countOf(slot)) : 2 ** strideOf(slot);
  }

  /** @param linked words of all blocks that the root leads to. */
  selfCheck(linked: number): void {
    expect(linked + RESERVED_WORDS === this.#live, `${linked} words are linked, counted ${this.#live}`);
    expect(this.#top <= this.words.length, `top ${this.#top} is beyond ${this.words.length} words`);
    let idle = 0;
    for (const slot of this.#quarantine ?? []) idle += this.wordsOf(slot);
    for (let items = 1; items <= MOST_ITEMS; items++) {
      idle += this.#freeBlocks(this.#freeBuckets[items]) * this.#bucketWords(items);
    }
    for (let stride = 0; stride < STRIDES; stride++) {
      idle += this.#freeBlocks(this.#freeNodes[stride]) * 2 ** stride;
    }
    expect(this.#live + idle <= this.#top, `${this.#live} live and ${idle} idle words of ${this.#top}`);
  }

  #bucketWords(items: number): number {
    return 1 + items * (this.width + 1);
  }

  #freeBlocks(first: number): number {
    let blocks = 0;
    for (let offset = first; offset !== 0; offset = this.words[offset]) blocks++;
    return blocks;
  }

  #reclaim(): void {
    if (this.#quarantine === undefined) return;
    for (let i = 0; i < RECLAIMED; i++) {
      const slot = this.#quarantine.take();
      if (slot === -1) return; // no slot: its offset would lie beyond MOST_WORDS
      this.#release(slot);
    }
  }

  #release(slot: number): void {
    const offset = offsetOf(slot);
    const list = isBucket(slot) ? this.#freeBuckets : this.#freeNodes;
    const size = isBucket(slot) ? countOf(slot) : strideOf(slot);
    this.words[offset] = list[size];
    list[size] = offset;
  }
}
