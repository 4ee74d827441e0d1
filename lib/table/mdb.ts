/**
 * The multicast database: which remotes want a group (kernel: struct vxlan_mdb_entry, drivers/net/vxlan).
 *
 *   word 0..3  group: 128 bits, most significant word first; IPv4 is v4-mapped; 0.0.0.0 and :: are "any other group"   key
 *        4..7  source in the same form; four zero words = any source, the (*, G) entry                                key
 *        8     VNI                                                                                                    key
 *        9     remotes: >= 0 index in RemoteTable, < 0: ~id in RemoteLists, NOBODY: the group is known, none wants it
 *
 * 40 bytes and 6 to 9 of the index an entry. As in the FDB, a change of remotes is one store.
 */
import { hash4 } from './hash.js';
import { HashTable, type TableOptions, type TableShare } from './hash-table.js';

/** Remotes of an entry whose every remote is blocked or includes single sources: above every remote index. */
export const NOBODY = 0x7fffffff;

const RECORD_WORDS = 10;
const SOURCE = 4;
const VNI = 8;
const REMOTES = 9;

/** Spreads the VNI over the source's third word, which an IPv4 address leaves constant. */
const VNI_SPREAD = 0x5bd1e995;

/**
 * Group, source and VNI -> remotes. Addresses are four signed 32-bit words.
 *
 * @example
 * mdb.insert([0, 0, 0xffff, 0xef010101 | 0], [0, 0, 0, 0], 42, remotes.intern(0, 0, 0xffff, 0xc0000202, 0, -1, 0));
 * const entry = mdb.find(0, 0, 0xffff, 0xef010101 | 0, 0, 0, 0, 0, 42);
 */
export class MdbTable extends HashTable {
  /** @throws RangeError for an option out of its range. */
  constructor(options: TableOptions = {}, share?: TableShare) {
    super(RECORD_WORDS, options, share);
  }

  /** A reader's view, in another thread. */
  static attach(share: TableShare): MdbTable {
    return new MdbTable({}, share);
  }

  /** The entry of a group and a source (zeros: any) in a VNI, or -1: no allocation, no wait. */
  find(
    g0: number,
    g1: number,
    g2: number,
    g3: number,
    s0: number,
    s1: number,
    s2: number,
    s3: number,
    vni: number,
  ): number {
    const { index, records, tagMask } = this;
    const key = this.#hash(g0, g1, g2, g3, s0, s1, s2, s3, vni);
    const tag = (key << this.entryBits) | 0x80000000;
    let at = Math.imul(key >>> 2, this.multiplier) >>> this.shift;
    for (;;) {
      const slot = index[at];
      if (slot === 0) return -1;
      if ((slot & tagMask) === tag) {
        const entry = slot & ~tagMask;
        const word = Math.imul(entry, RECORD_WORDS);
        if (
          records[word + 3] === (g3 | 0) &&
          records[word + 2] === (g2 | 0) &&
          records[word + 1] === (g1 | 0) &&
          records[word] === (g0 | 0) &&
          records[word + SOURCE + 3] === (s3 | 0) &&
          records[word + SOURCE + 2] === (s2 | 0) &&
          records[word + SOURCE + 1] === (s1 | 0) &&
          records[word + SOURCE] === (s0 | 0) &&
          records[word + VNI] === vni
        ) {
          return entry;
        }
      }
      at = at + 1 === index.length ? 0 : at + 1;
    }
  }

  /**
   * Writer: adds the entry of a key that has none.
   *
   * @param remotes index in RemoteTable, ~id of a list in RemoteLists, or NOBODY.
   * @returns the entry, or -1 when the table is at its limit.
   * @throws RangeError for a key that is in the table.
   */
  insert(group: ArrayLike<number>, source: ArrayLike<number>, vni: number, remotes: number): number {
    const [g0, g1, g2, g3] = Array.from(group);
    const [s0, s1, s2, s3] = Array.from(source);
    if (this.find(g0, g1, g2, g3, s0, s1, s2, s3, vni) >= 0) {
      throw new RangeError(`MDB key ${Array.from(group)}, ${Array.from(source)}, ${vni} has an entry`);
    }
    const entry = this.count < this.limit ? this.allocate() : -1;
    if (entry < 0) return -1;
    this.records.set([g0, g1, g2, g3, s0, s1, s2, s3, vni, remotes], entry * RECORD_WORDS);
    this.link(entry);
    return entry;
  }

  /** Index in RemoteTable, ~id of a list, or NOBODY. Read it once per frame: it may change between two reads. */
  remotes(entry: number): number {
    return this.records[entry * RECORD_WORDS + REMOTES];
  }

  /** Writer: other remotes, at once for every reader. */
  setRemotes(entry: number, remotes: number): void {
    this.store(entry, REMOTES, remotes);
  }

  protected override hashOf(entry: number): number {
    const r = this.records;
    const w = entry * RECORD_WORDS;
    return this.#hash(r[w], r[w + 1], r[w + 2], r[w + 3], r[w + 4], r[w + 5], r[w + 6], r[w + 7], r[w + VNI]);
  }

  protected override findAgain(entry: number): number {
    const r = this.records;
    const w = entry * RECORD_WORDS;
    return this.find(r[w], r[w + 1], r[w + 2], r[w + 3], r[w + 4], r[w + 5], r[w + 6], r[w + 7], r[w + VNI]);
  }

  #hash(
    g0: number,
    g1: number,
    g2: number,
    g3: number,
    s0: number,
    s1: number,
    s2: number,
    s3: number,
    vni: number,
  ): number {
    const group = hash4(g0, g1, g2, g3, this.seed, this.secret);
    return hash4(s0, s1, s2 ^ Math.imul(vni, VNI_SPREAD), s3, group, this.secret);
  }
}
