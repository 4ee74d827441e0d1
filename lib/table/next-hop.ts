/**
 * Next hops of routes, each written down once with the flags of its routes and counted by their number.
 *
 *   word 0..3  address: 128 bits, most significant word first; IPv4 is v4-mapped; 0, 0, 0, 0 = on link
 *        4     flags
 *
 * A next hop never changes. Since routes refer to it, the table waits for its readers when it grows (memory/epoch.ts).
 */
import { hash4 } from './hash.js';
import { HashTable, type TableOptions, type TableShare } from './hash-table.js';

const RECORD_WORDS = 5;
const FLAGS = 4;

/** {address, flags} -> index, with reference counts. */
export class NextHopTable extends HashTable {
  #references = new Uint32Array(0);

  /** @throws RangeError for an option out of its range. */
  constructor(options: TableOptions = {}, share?: TableShare) {
    super(RECORD_WORDS, options, share);
  }

  /**
   * Writer: the index of a next hop, with one reference more; it is added where it was not known.
   *
   * @returns the index, or -1 when the table is at its limit.
   */
  intern(n0: number, n1: number, n2: number, n3: number, flags: number): number {
    const known = this.find(n0, n1, n2, n3, flags);
    if (known >= 0) {
      this.#references[known]++;
      return known;
    }
    const index = this.count < this.limit ? this.allocate() : -1;
    if (index < 0) return -1;
    const { records } = this;
    const word = index * RECORD_WORDS;
    records[word] = n0;
    records[word + 1] = n1;
    records[word + 2] = n2;
    records[word + 3] = n3;
    records[word + FLAGS] = flags;
    this.link(index);
    this.#count(index);
    return index;
  }

  /** Index of a next hop, or -1 when there is none; takes no reference. */
  find(n0: number, n1: number, n2: number, n3: number, flags: number): number {
    const { index, records, tagMask } = this;
    const key = hash4(n0 ^ Math.imul(flags, 0x3c6ef372), n1, n2, n3, this.seed, this.secret);
    const tag = (key << this.entryBits) | 0x80000000;
    let at = Math.imul(key >>> 2, this.multiplier) >>> this.shift;
    for (;;) {
      const slot = index[at];
      if (slot === 0) return -1;
      if ((slot & tagMask) === tag) {
        const entry = slot & ~tagMask;
        if (this.leadsTo(entry, n0, n1, n2, n3) && records[entry * RECORD_WORDS + FLAGS] === flags)
          return entry;
      }
      at = at + 1 === index.length ? 0 : at + 1;
    }
  }

  /** Writer: one reference less; with the last one the next hop goes. Readers may go on reading it for a burst. */
  release(index: number): void {
    if (--this.#references[index] === 0) this.remove(index);
  }

  /** Writer: how many references a next hop has. */
  references(index: number): number {
    return this.has(index) ? this.#references[index] : 0;
  }

  /** Word `word` of the address, 0 to 3. */
  address(index: number, word: number): number {
    return this.records[index * RECORD_WORDS + word];
  }

  /** Flags of the routes. */
  flags(index: number): number {
    return this.records[index * RECORD_WORDS + FLAGS];
  }

  /** True when this is the address, whatever the flags. */
  leadsTo(index: number, n0: number, n1: number, n2: number, n3: number): boolean {
    const { records } = this;
    const word = index * RECORD_WORDS;
    return (
      records[word + 3] === (n3 | 0) &&
      records[word + 2] === (n2 | 0) &&
      records[word + 1] === (n1 | 0) &&
      records[word] === (n0 | 0)
    );
  }

  /** True when two next hops differ in their flags at most. */
  isSameAddress(one: number, other: number): boolean {
    const { records } = this;
    const word = other * RECORD_WORDS;
    return this.leadsTo(one, records[word], records[word + 1], records[word + 2], records[word + 3]);
  }

  protected override get isReferredTo(): boolean {
    return true;
  }

  protected override hashOf(index: number): number {
    const { records } = this;
    const word = index * RECORD_WORDS;
    return hash4(
      records[word] ^ Math.imul(records[word + FLAGS], 0x3c6ef372),
      records[word + 1],
      records[word + 2],
      records[word + 3],
      this.seed,
      this.secret,
    );
  }

  protected override findAgain(index: number): number {
    const [n0, n1, n2, n3] = [0, 1, 2, 3].map((word) => this.address(index, word));
    return this.find(n0, n1, n2, n3, this.flags(index));
  }

  /** The first reference. */
  #count(index: number): void {
    if (index >= this.#references.length) {
      const references = new Uint32Array(Math.max(16, 2 ** (32 - Math.clz32(index))));
      references.set(this.#references);
      this.#references = references;
    }
    this.#references[index] = 1;
  }
}
