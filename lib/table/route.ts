/**
 * Routes: the next hop for the longest prefix that covers an overlay address, IPv4 and IPv6 apart.
 *
 *   word 0..3  prefix: 128 bits, most significant word first; IPv4 is v4-mapped      key
 *        4     | flags, 16 bits | family, 8 bits | prefix length, 8 bits |            key: the low 16 bits
 *        5..8  next hop, as an address; 0, 0, 0, 0 = on link
 *
 * A hash table of all prefixes, probed once for each prefix length in use, longest first (prefix-lengths.ts).
 * That costs a hash and a probe per length: a VTEP's routes have one to three lengths, and a lookup is then as
 * fast as anything. A full Internet table has 25, each a cache miss: some 20 times slower and 45 bytes a route.
 * For that a compressed trie (a poptrie: 64-way nodes with population counts, a few bytes a route) is to take
 * this place behind the same interface, whose callers know entries by number only.
 *
 * A change of next hop takes a new record which replaces the old one in the index, so a reader never meets
 * half of one address and half of another. A v4-mapped address meets IPv4 routes only: ::/0 is not a default
 * route for IPv4.
 */
import { hash4 } from './hash.js';
import { HashTable, type TableOptions, type TableShare } from './hash-table.js';
import { PrefixLengths, V4_DEFAULT_WORD, V4_WORD, V6_DEFAULT_WORD, V6_WORD } from './prefix-lengths.js';
import { type AddressFamily, checkPrefix, isMapped, maskOf, scopeOf } from './prefix.js';

export type { AddressFamily } from './prefix.js';

/** Flags of a route. */
export const ROUTE_ORIGIN_KERNEL = 0x01;
export const ROUTE_ORIGIN_OWN = 0x02;
/** The next hop is reachable on the link although no prefix says so (RTNH_F_ONLINK). */
export const ROUTE_ONLINK = 0x04;

/** What a reader needs of a route table; plain data for postMessage. */
export interface RouteShare extends TableShare {
  readonly lengths: SharedArrayBuffer;
}

const RECORD_WORDS = 9;
const LENGTH_FAMILY_FLAGS = 4;
const NEXT_HOP = 5;

/**
 * Prefix -> next hop. Addresses are four signed 32-bit words, IPv4 v4-mapped with lengths of 0 to 32.
 *
 * @example
 * // 10.20.2.0/24 via 10.20.2.0 onlink
 * routes.set(0, 0, 0xffff, 0x0a140200, 24, 4, 0, 0, 0xffff, 0x0a140200, ROUTE_ONLINK | ROUTE_ORIGIN_OWN);
 * const entry = routes.lookup(0, 0, 0xffff, 0x0a140204);
 */
export class RouteTable extends HashTable {
  readonly #lengths: PrefixLengths;

  /** @throws RangeError for an option out of its range. */
  constructor(options: TableOptions<RouteShare> = {}, share?: RouteShare) {
    super(RECORD_WORDS, options as TableOptions, share);
    this.#lengths = new PrefixLengths(share?.lengths);
  }

  /** A reader's view, in another thread. */
  static attach(share: RouteShare): RouteTable {
    return new RouteTable({}, share);
  }

  override share(): RouteShare {
    return { ...super.share(), lengths: this.#lengths.words.buffer as SharedArrayBuffer };
  }

  /** The route of the longest prefix that covers an address, or -1: no allocation, no wait. */
  lookup(a0: number, a1: number, a2: number, a3: number): number {
    return isMapped(a0, a1, a2) ? this.#lookup4(a3) : this.#lookup6(a0, a1, a2, a3);
  }

  /** The route of exactly this prefix, or -1. */
  find(a0: number, a1: number, a2: number, a3: number, length: number, family: AddressFamily): number {
    return this.#probe(a0 | 0, a1 | 0, a2 | 0, a3 | 0, scopeOf(length, family));
  }

  /**
   * Writer: the route of a prefix from now on, whether it had one or not.
   *
   * @param n0 next hop, words n0 to n3; all 0 = on link.
   * @returns the entry, which after a change of next hop may have another number; -1 at the limit.
   * @throws RangeError for a length that the family has not, for bits set beyond it, and for a prefix of
   * the other family.
   */
  set(
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    length: number,
    family: AddressFamily,
    n0: number,
    n1: number,
    n2: number,
    n3: number,
    flags: number,
  ): number {
    checkPrefix(a0, a1, a2, a3, length, family);
    const known = this.find(a0, a1, a2, a3, length, family);
    if (known >= 0 && this.#leadsTo(known, n0, n1, n2, n3)) {
      this.setFlags(known, flags);
      return known;
    }
    if (known < 0 && this.count >= this.limit) return -1;
    const entry = this.allocate();
    if (entry < 0) return -1;
    const { records } = this;
    const word = entry * RECORD_WORDS;
    records[word] = a0;
    records[word + 1] = a1;
    records[word + 2] = a2;
    records[word + 3] = a3;
    records[word + LENGTH_FAMILY_FLAGS] = (flags << 16) | scopeOf(length, family);
    records[word + NEXT_HOP] = n0;
    records[word + NEXT_HOP + 1] = n1;
    records[word + NEXT_HOP + 2] = n2;
    records[word + NEXT_HOP + 3] = n3;
    if (known >= 0) {
      this.substitute(known, entry);
      return entry;
    }
    this.#lengths.add(family, length);
    this.link(entry);
    return entry;
  }

  override remove(entry: number): void {
    super.remove(entry);
    this.#lengths.remove(this.family(entry), this.length(entry));
  }

  override clear(): void {
    super.clear();
    this.#lengths.clear();
  }

  override selfCheck(): void {
    super.selfCheck();
    const scopes: number[] = [];
    for (let entry = this.next(-1); entry >= 0; entry = this.next(entry)) {
      scopes.push(scopeOf(this.length(entry), this.family(entry)));
    }
    this.#lengths.selfCheck(scopes);
  }

  /** Prefix, bits 0 to 31 (the most significant). */
  prefix0(entry: number): number {
    return this.records[entry * RECORD_WORDS];
  }

  /** Prefix, bits 32 to 63. */
  prefix1(entry: number): number {
    return this.records[entry * RECORD_WORDS + 1];
  }

  /** Prefix, bits 64 to 95. */
  prefix2(entry: number): number {
    return this.records[entry * RECORD_WORDS + 2];
  }

  /** Prefix, bits 96 to 127: all of an IPv4 prefix. */
  prefix3(entry: number): number {
    return this.records[entry * RECORD_WORDS + 3];
  }

  /** Prefix length, 0 to 32 or 128. */
  length(entry: number): number {
    return this.records[entry * RECORD_WORDS + LENGTH_FAMILY_FLAGS] & 0xff;
  }

  /** 4 or 6. */
  family(entry: number): AddressFamily {
    return ((this.records[entry * RECORD_WORDS + LENGTH_FAMILY_FLAGS] >>> 8) & 0xff) as AddressFamily;
  }

  /** ROUTE_* bits. */
  flags(entry: number): number {
    return this.records[entry * RECORD_WORDS + LENGTH_FAMILY_FLAGS] >>> 16;
  }

  /** Writer: other ROUTE_* bits. */
  setFlags(entry: number, flags: number): void {
    const word = this.records[entry * RECORD_WORDS + LENGTH_FAMILY_FLAGS];
    this.store(entry, LENGTH_FAMILY_FLAGS, (word & 0xffff) | (flags << 16));
  }

  /** Next hop, bits 0 to 31; on link when all four words are 0. */
  nextHop0(entry: number): number {
    return this.records[entry * RECORD_WORDS + NEXT_HOP];
  }

  /** Next hop, bits 32 to 63. */
  nextHop1(entry: number): number {
    return this.records[entry * RECORD_WORDS + NEXT_HOP + 1];
  }

  /** Next hop, bits 64 to 95. */
  nextHop2(entry: number): number {
    return this.records[entry * RECORD_WORDS + NEXT_HOP + 2];
  }

  /** Next hop, bits 96 to 127. */
  nextHop3(entry: number): number {
    return this.records[entry * RECORD_WORDS + NEXT_HOP + 3];
  }

  protected override hashOf(entry: number): number {
    const { records } = this;
    const word = entry * RECORD_WORDS;
    const scope = records[word + LENGTH_FAMILY_FLAGS] & 0xffff;
    return this.#hash(records[word], records[word + 1], records[word + 2], records[word + 3], scope);
  }

  protected override findAgain(entry: number): number {
    const { records } = this;
    const word = entry * RECORD_WORDS;
    const scope = records[word + LENGTH_FAMILY_FLAGS] & 0xffff;
    return this.#probe(records[word], records[word + 1], records[word + 2], records[word + 3], scope);
  }

  #leadsTo(entry: number, n0: number, n1: number, n2: number, n3: number): boolean {
    const { records } = this;
    const word = entry * RECORD_WORDS + NEXT_HOP;
    return (
      records[word] === (n0 | 0) &&
      records[word + 1] === (n1 | 0) &&
      records[word + 2] === (n2 | 0) &&
      records[word + 3] === (n3 | 0)
    );
  }

  #lookup4(address: number): number {
    const { words } = this.#lengths;
    for (let lengths = words[V4_WORD]; lengths !== 0;) {
      const bit = 31 - Math.clz32(lengths);
      const entry = this.#probe(0, 0, 0xffff, address & (-1 << (31 - bit)), scopeOf(bit + 1, 4));
      if (entry >= 0) return entry;
      lengths ^= 1 << bit;
    }
    return words[V4_DEFAULT_WORD] === 0 ? -1 : this.#probe(0, 0, 0xffff, 0, scopeOf(0, 4));
  }

  #lookup6(a0: number, a1: number, a2: number, a3: number): number {
    const { words } = this.#lengths;
    for (let word = 3; word >= 0; word--) {
      for (let lengths = words[V6_WORD + word]; lengths !== 0;) {
        const bit = 31 - Math.clz32(lengths);
        const length = 32 * word + bit + 1;
        const entry = this.#probe(
          a0 & maskOf(0, length),
          a1 & maskOf(1, length),
          a2 & maskOf(2, length),
          a3 & maskOf(3, length),
          scopeOf(length, 6),
        );
        if (entry >= 0) return entry;
        lengths ^= 1 << bit;
      }
    }
    return words[V6_DEFAULT_WORD] === 0 ? -1 : this.#probe(0, 0, 0, 0, scopeOf(0, 6));
  }

  /** Words must be signed. */
  #probe(a0: number, a1: number, a2: number, a3: number, scope: number): number {
    const { index, records, tagMask } = this;
    const key = this.#hash(a0, a1, a2, a3, scope);
    const tag = (key << this.entryBits) | 0x80000000;
    let at = Math.imul(key >>> 2, this.multiplier) >>> this.shift;
    for (;;) {
      const slot = index[at];
      if ((slot & tagMask) === tag) {
        const entry = slot & ~tagMask;
        const word = Math.imul(entry, RECORD_WORDS);
        if (
          records[word + 3] === a3 &&
          records[word + 2] === a2 &&
          records[word + 1] === a1 &&
          records[word] === a0 &&
          (records[word + LENGTH_FAMILY_FLAGS] & 0xffff) === scope
        ) {
          return entry;
        }
      } else if (slot === 0) {
        return -1;
      }
      at = at + 1 === index.length ? 0 : at + 1;
    }
  }

  #hash(a0: number, a1: number, a2: number, a3: number, scope: number): number {
    return hash4(a0 ^ Math.imul(scope, 0x2c1b3c6d), a1, a2, a3, this.seed, this.secret);
  }
}
