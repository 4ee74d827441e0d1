/**
 * The writer's index of the prefixes that are in no bucket of a trie, by prefix and length: open addressing, linear
 * probing; a removal moves what follows back, so there are no tombstones. No reader ever sees it.
 *
 *   slot:  | entry + 1, or 0 = empty |
 */
import { hash4 } from './hash.js';
import { expect } from './record-pool.js';

/** What the keys of entries are read from. */
export interface PrefixRecords {
  /** Word `word` of an entry's prefix; 0 to width - 1. */
  prefixWord(entry: number, word: number): number;
  prefixLength(entry: number): number;
}

const FEWEST = 8;
const SEED = 0x2545f491;
const SECRET = 0x9e3779b1 | 0;

export class ExactPrefixes {
  count = 0;
  readonly #records: PrefixRecords;
  readonly #width: number;
  #slots = new Int32Array(FEWEST);

  constructor(records: PrefixRecords, width: number) {
    this.#records = records;
    this.#width = width;
  }

  get bytes(): number {
    return this.#slots.byteLength;
  }

  clear(): void {
    this.count = 0;
    this.#slots = new Int32Array(FEWEST);
  }

  /** The entry of a prefix, or -1. */
  find(key: Int32Array, length: number): number {
    const slots = this.#slots;
    for (let at = this.#home(hash(key, length)); slots[at] !== 0; at = (at + 1) & (slots.length - 1)) {
      if (this.#is(slots[at] - 1, key, length)) return slots[at] - 1;
    }
    return -1;
  }

  /** Adds an entry whose prefix is not here. */
  add(entry: number): void {
    if (4 * ++this.count > 3 * this.#slots.length) this.#double();
    this.#put(entry);
  }

  /** Takes out an entry that is here. */
  remove(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#placeOf(entry);
    for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(this.#hashOf(slots[at] - 1));
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at];
      hole = at;
    }
    slots[hole] = 0;
    this.count--;
  }

  /** An entry takes the place of another one of the same prefix. */
  replace(old: number, entry: number): void {
    this.#slots[this.#placeOf(old)] = entry + 1;
  }

  selfCheck(): void {
    const key = new Int32Array(4);
    let found = 0;
    for (const slot of this.#slots) {
      if (slot === 0) continue;
      for (let i = 0; i < this.#width; i++) key[i] = this.#records.prefixWord(slot - 1, i);
      expect(
        this.find(key, this.#records.prefixLength(slot - 1)) === slot - 1,
        `prefix ${slot - 1} is not found`,
      );
      found++;
    }
    expect(found === this.count, `${found} prefixes outside buckets, counted ${this.count}`);
  }

  #is(entry: number, key: Int32Array, length: number): boolean {
    if (this.#records.prefixLength(entry) !== length) return false;
    for (let i = 0; i < this.#width; i++) if (this.#records.prefixWord(entry, i) !== key[i]) return false;
    return true;
  }

  #home(hash: number): number {
    return hash & (this.#slots.length - 1);
  }

  #hashOf(entry: number): number {
    const records = this.#records;
    const length = records.prefixLength(entry);
    if (this.#width === 1) return hash4(length, 0, 0, records.prefixWord(entry, 0), SEED, SECRET);
    return hash4(
      length ^ records.prefixWord(entry, 3),
      records.prefixWord(entry, 2),
      records.prefixWord(entry, 1),
      records.prefixWord(entry, 0),
      SEED,
      SECRET,
    );
  }

  #placeOf(entry: number): number {
    let at = this.#home(this.#hashOf(entry));
    while (this.#slots[at] !== entry + 1) at = (at + 1) & (this.#slots.length - 1);
    return at;
  }

  #put(entry: number): void {
    let at = this.#home(this.#hashOf(entry));
    while (this.#slots[at] !== 0) at = (at + 1) & (this.#slots.length - 1);
    this.#slots[at] = entry + 1;
  }

  #double(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    for (const slot of old) if (slot !== 0) this.#put(slot - 1);
  }
}

/** Words of a key beyond its width are 0. */
function hash(key: Int32Array, length: number): number {
  return hash4(length ^ key[3], key[2], key[1], key[0], SEED, SECRET);
}
