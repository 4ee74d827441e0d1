/**
 * Routes: the next hop for the longest prefix that covers an overlay address, IPv4 and IPv6 apart.
 *
 *   lookup(address) --> trie of the family --> entry --> record: prefix, length, next hop --> address, flags
 *                       prefix-trie.ts                   route-tree.ts                        next-hop.ts
 *
 * Entries of IPv6 routes have bit 30 set. A change of next hop takes a new record which replaces the old one in the
 * trie, so a reader never meets half of one address and half of another. A v4-mapped address meets IPv4 routes only:
 * ::/0 is not a default route for IPv4.
 *
 * What a trie buys over a hash table probed once for each prefix length in use, which this was: docs/performance-tables.md.
 */
import { NextHopTable } from './next-hop.js';
import { type AddressFamily, checkPrefix, isMapped } from './prefix.js';
import type { PrefixTrie } from './prefix-trie.js';
import { expect } from './record-pool.js';
import { MOST_ROUTES, type RouteOptions, type RouteShare } from './route-options.js';
import { RouteTree } from './route-tree.js';

export type { AddressFamily } from './prefix.js';
export type { RouteOptions, RouteShare } from './route-options.js';

/** Flags of a route. */
export const ROUTE_ORIGIN_KERNEL = 0x01;
export const ROUTE_ORIGIN_OWN = 0x02;
/** The next hop is reachable on the link although no prefix says so (RTNH_F_ONLINK). */
export const ROUTE_ONLINK = 0x04;

const V6 = 1 << 30;
const V6_ALONE = ~V6;
const V4_MAPPED = 0xffff;

/**
 * Prefix -> next hop. Addresses are four signed 32-bit words, IPv4 v4-mapped with lengths of 0 to 32.
 *
 * @example
 * // 10.20.2.0/24 via 10.20.2.0 onlink
 * routes.set(0, 0, 0xffff, 0x0a140200, 24, 4, 0, 0, 0xffff, 0x0a140200, ROUTE_ONLINK | ROUTE_ORIGIN_OWN);
 * const entry = routes.lookup(0, 0, 0xffff, 0x0a140204);
 */
export class RouteTable {
  /** Greatest number of routes. */
  readonly limit: number;
  readonly #v4: RouteTree;
  readonly #v6: RouteTree;
  /** That of #v4, one step nearer. */
  readonly #trie4: PrefixTrie;
  readonly #hops: NextHopTable;
  readonly #options: RouteOptions;

  /** @throws RangeError for an option out of its range. */
  constructor(options: RouteOptions = {}, share?: RouteShare) {
    const { epochs, advise, seed, limit = 0 } = options;
    if (!Number.isInteger(limit) || limit < 0 || limit > MOST_ROUTES) {
      throw new RangeError(`route table limit ${limit}: expected an integer from 0 to ${MOST_ROUTES}`);
    }
    this.limit = limit || MOST_ROUTES;
    this.#options = options;
    const onMove = (): void => this.#moved();
    this.#v4 = new RouteTree(1, share?.v4 ?? { epochs, advise, onMove });
    this.#v6 = new RouteTree(4, share?.v6 ?? { epochs, advise, onMove });
    this.#trie4 = this.#v4.trie;
    // The next hops' own growth announces the table's share, and then waits for the readers.
    const onGrow = (): void => options.onGrow?.(this.share());
    this.#hops = new NextHopTable({ epochs, seed, onGrow, limit: MOST_ROUTES }, share?.hops);
  }

  /** A reader's view, in another thread. */
  static attach(share: RouteShare): RouteTable {
    return new RouteTable({}, share);
  }

  /** Writer: routes in the table. */
  get count(): number {
    return this.#v4.count + this.#v6.count;
  }

  /** Writer: bytes of all buffers, shared and private, as allocated. */
  get bytes(): number {
    return this.#v4.bytes + this.#v6.bytes + this.#hops.bytes;
  }

  /** What a reader needs: for attach() in its thread, later for adopt(). */
  share(): RouteShare {
    return { v4: this.#v4.share(), v6: this.#v6.share(), hops: this.#hops.share() };
  }

  /** Reader: goes over to new buffers, between two bursts. */
  adopt(share: RouteShare): void {
    this.#hops.adopt(share.hops);
    this.#v4.adopt(share.v4);
    this.#v6.adopt(share.v6);
  }

  /** The route of the longest prefix that covers an address, or -1: no allocation, no wait. */
  lookup(a0: number, a1: number, a2: number, a3: number): number {
    return isMapped(a0, a1, a2) ? this.#trie4.lookup1(a3) : this.#lookup6(a0, a1, a2, a3);
  }

  /** Writer: the route of exactly this prefix, or -1. */
  find(a0: number, a1: number, a2: number, a3: number, length: number, family: AddressFamily): number {
    const entry = this.#about(a0, a1, a2, a3, family).find(length);
    return entry >= 0 && family === 6 ? entry | V6 : entry;
  }

  /**
   * Writer: the route of a prefix from now on, whether it had one or not.
   *
   * @param n0 next hop, words n0 to n3; all 0 = on link.
   * @param flags ROUTE_* bits, 16 of them.
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
    const tree = this.#about(a0, a1, a2, a3, family);
    const known = tree.find(length);
    if (known < 0 && this.count >= this.limit) return -1;
    const hop = this.#hops.intern(n0, n1, n2, n3, flags & 0xffff);
    if (hop < 0) return -1;
    const entry = hop < MOST_ROUTES ? this.#lead(tree, known, length, hop) : -1;
    if (entry < 0) this.#hops.release(hop);
    return entry >= 0 && family === 6 ? entry | V6 : entry;
  }

  /** Writer: takes a route out. Readers that hold its number may go on reading it until their next burst. */
  remove(entry: number): void {
    if (!this.has(entry)) throw new RangeError(`entry ${entry} is not in the table`);
    const tree = this.#treeOf(entry);
    const hop = tree.hop(entry & V6_ALONE);
    tree.remove(entry & V6_ALONE);
    this.#hops.release(hop);
  }

  /** Writer: takes every route out; readers get new, small buffers. */
  clear(): void {
    this.#v4.clear();
    this.#v6.clear();
    this.#hops.clear();
  }

  /** Writer: true when `entry` is the number of an entry in the table. */
  has(entry: number): boolean {
    return entry >= 0 && this.#treeOf(entry).has(entry & V6_ALONE);
  }

  /** Writer: the entry with the lowest number above `after`, -1 = no more; begin with -1. */
  next(after: number): number {
    const v4 = after < V6 ? this.#v4.next(after) : -1;
    if (v4 >= 0) return v4;
    const v6 = this.#v6.next(after < V6 ? -1 : after & V6_ALONE);
    return v6 < 0 ? -1 : v6 | V6;
  }

  /**
   * Writer: entry numbers, IPv4 before IPv6, newest first, as they were at each family's first step. An entry removed
   * before its turn is left out, so a loop may remove what it meets.
   */
  *entries(): IterableIterator<number> {
    yield* this.#v4.newestFirst();
    for (const entry of this.#v6.newestFirst()) yield entry | V6;
  }

  /** Writer: verifies every invariant of the table. @throws Error naming the first that does not hold. */
  selfCheck(): void {
    this.#v4.selfCheck();
    this.#v6.selfCheck();
    this.#hops.selfCheck();
    const references = new Map<number, number>();
    for (let entry = this.next(-1); entry >= 0; entry = this.next(entry)) {
      const hop = this.#treeOf(entry).hop(entry & V6_ALONE);
      references.set(hop, (references.get(hop) ?? 0) + 1);
    }
    expect(references.size === this.#hops.count, `${references.size} next hops, counted ${this.#hops.count}`);
    for (const [hop, count] of references) {
      const counted = this.#hops.references(hop);
      expect(count === counted, `next hop ${hop} has ${count} routes, counted ${counted}`);
    }
  }

  /** Prefix, bits 0 to 31 (the most significant). */
  prefix0(entry: number): number {
    return entry < V6 ? 0 : this.#v6.prefixWord(entry & V6_ALONE, 0);
  }

  /** Prefix, bits 32 to 63. */
  prefix1(entry: number): number {
    return entry < V6 ? 0 : this.#v6.prefixWord(entry & V6_ALONE, 1);
  }

  /** Prefix, bits 64 to 95. */
  prefix2(entry: number): number {
    return entry < V6 ? V4_MAPPED : this.#v6.prefixWord(entry & V6_ALONE, 2);
  }

  /** Prefix, bits 96 to 127: all of an IPv4 prefix. */
  prefix3(entry: number): number {
    return entry < V6 ? this.#v4.prefixWord(entry, 0) : this.#v6.prefixWord(entry & V6_ALONE, 3);
  }

  /** Prefix length, 0 to 32 or 128. */
  length(entry: number): number {
    return this.#treeOf(entry).prefixLength(entry & V6_ALONE);
  }

  /** 4 or 6. */
  family(entry: number): AddressFamily {
    return entry < V6 ? 4 : 6;
  }

  /** ROUTE_* bits. */
  flags(entry: number): number {
    return this.#hops.flags(this.#hopOf(entry));
  }

  /** Next hop, bits 0 to 31; on link when all four words are 0. */
  nextHop0(entry: number): number {
    return this.#hops.address(this.#hopOf(entry), 0);
  }

  /** Next hop, bits 32 to 63. */
  nextHop1(entry: number): number {
    return this.#hops.address(this.#hopOf(entry), 1);
  }

  /** Next hop, bits 64 to 95. */
  nextHop2(entry: number): number {
    return this.#hops.address(this.#hopOf(entry), 2);
  }

  /** Next hop, bits 96 to 127. */
  nextHop3(entry: number): number {
    return this.#hops.address(this.#hopOf(entry), 3);
  }

  #lookup6(a0: number, a1: number, a2: number, a3: number): number {
    const entry = this.#v6.trie.lookup4(a0, a1, a2, a3);
    return entry < 0 ? -1 : entry | V6;
  }

  /** Leads a prefix to a next hop, of which a reference is passed on; `known` is its entry so far. */
  #lead(tree: RouteTree, known: number, length: number, hop: number): number {
    if (known < 0) return tree.add(length, hop);
    const old = tree.hop(known);
    let entry = known;
    if (this.#hops.isSameAddress(old, hop)) tree.setHop(known, hop);
    else entry = tree.replace(known, length, hop);
    if (entry >= 0) this.#hops.release(old);
    return entry;
  }

  /** The family's tree, its key set to an address. */
  #about(a0: number, a1: number, a2: number, a3: number, family: AddressFamily): RouteTree {
    const tree = family === 4 ? this.#v4 : this.#v6;
    const { key } = tree;
    key[0] = family === 4 ? a3 : a0;
    if (family === 6) {
      key[1] = a1;
      key[2] = a2;
      key[3] = a3;
    }
    return tree;
  }

  #treeOf(entry: number): RouteTree {
    return entry < V6 ? this.#v4 : this.#v6;
  }

  #hopOf(entry: number): number {
    return entry < V6 ? this.#v4.hop(entry) : this.#v6.hop(entry & V6_ALONE);
  }

  #moved(): void {
    this.#options.onGrow?.(this.share());
    this.#options.epochs?.announce();
  }
}
