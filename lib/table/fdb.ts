/**
 * The forwarding database: which remote a MAC is behind (kernel: struct vxlan_fdb, drivers/net/vxlan).
 *
 *   word  31               16 15               0
 *     0   |  MAC, octets 0 to 3                 |   key
 *     1   |  MAC, octets 4, 5 |  VNI, low 16    |   key
 *     2   |  flags            | state  | VNI,   |   key: the low 8 bits, which are the VNI's high ones
 *     3   |  remotes: index in RemoteTable, < 0: ~id in RemoteLists, CHOICE | id: a nexthop group
 *     4   |  used: when a frame was last sent to it
 *     5   |  updated: when one was last received from it, or the entry changed
 *
 * 24 bytes and 6 to 9 of the index an entry. Times are whatever 32-bit unit the caller keeps. A change of
 * remotes, of state or of flags is one store; both stamps may be written by readers.
 *
 * To replace a list of remotes without a reader ever seeing a freed one: create() the new list, setRemotes(),
 * then free() the old list and release() the remotes that went.
 */
import { hash2 } from './hash.js';
import { HashTable, type TableOptions, type TableShare } from './hash-table.js';
import type { RemoteLists } from './remote-list.js';

/** States, as NUD_* of linux/neighbour.h. */
export const STATE_REACHABLE = 0x02;
export const STATE_STALE = 0x04;
export const STATE_NOARP = 0x40;
export const STATE_PERMANENT = 0x80;

/** Flags, as NTF_* of linux/neighbour.h, and our own above them. */
export const FLAG_EXT_LEARNED = 0x10;
export const FLAG_ROUTER = 0x80;
/** The data plane learned the entry. */
export const FLAG_LEARNED = 0x100;

const RECORD_WORDS = 6;
const MAC_HIGH = 0;
const MAC_LOW_VNI = 1;
const FLAGS_STATE_VNI = 2;
const REMOTES = 3;
const USED = 4;
const UPDATED = 5;

/** Lookups of a burst that are under way together. */
const TOGETHER = 64;
const tags = new Int32Array(TOGETHER);
const homes = new Int32Array(TOGETHER);
const slots = new Int32Array(TOGETHER);
const words = new Int32Array(TOGETHER);

/** Spreads the VNI's high bits over the second key word, where its low 16 already are. */
const VNI_HIGH_SPREAD = 0x5bd1e995;

function hash(macHigh: number, low: number, vniHigh: number, seed: number, secret: number): number {
  return hash2(macHigh, low ^ Math.imul(vniHigh, VNI_HIGH_SPREAD), seed, secret);
}

/**
 * MAC and VNI -> remotes. A MAC is given as macHigh, its first four octets as a signed 32-bit integer in
 * network order, and macLow, the last two, 0 to 65,535; a VNI is 0 to 16,777,215.
 *
 * @example
 * const fdb = new FdbTable({ limit: 1024 });
 * fdb.insert(0x02000000, 0x0001, 42, remotes.intern(0, 0, 0xffff, 0xc0000202, 0, -1, 0), STATE_PERMANENT, 0, now);
 * const entry = fdb.find(0x02000000, 0x0001, 42);
 */
export class FdbTable extends HashTable {
  /** @throws RangeError for an option out of its range. */
  constructor(options: TableOptions = {}, share?: TableShare) {
    super(RECORD_WORDS, options, share);
  }

  /** A reader's view, in another thread, of the table that `share` is from. */
  static attach(share: TableShare): FdbTable {
    return new FdbTable({}, share);
  }

  /** The entry of a MAC in a VNI, or -1. The data plane's lookup: no allocation, no wait. */
  find(macHigh: number, macLow: number, vni: number): number {
    const { index, records, tagMask } = this;
    const high = macHigh | 0;
    const low = (macLow << 16) | (vni & 0xffff);
    const vniHigh = vni >>> 16;
    const key = hash(high, low, vniHigh, this.seed, this.secret);
    const tag = (key << this.entryBits) | 0x80000000;
    let at = Math.imul(key >>> 2, this.multiplier) >>> this.shift;
    for (;;) {
      const slot = index[at];
      if ((slot & tagMask) === tag) {
        const entry = slot & ~tagMask;
        const word = Math.imul(entry, RECORD_WORDS);
        if (
          records[word + MAC_LOW_VNI] === low &&
          records[word] === high &&
          (records[word + FLAGS_STATE_VNI] & 0xff) === vniHigh
        ) {
          return entry;
        }
      } else if (slot === 0) {
        return -1;
      }
      at = at + 1 === index.length ? 0 : at + 1;
    }
  }

  /**
   * The entries of many keys of one VNI at once, for tables larger than the caches: find() waits for memory twice, a
   * group of lookups together, first for the index, then for the records (docs/performance-tables.md has figures).
   *
   * @param highs first four octets of each MAC, signed; `lows` the last two, 0 to 65,535.
   * @param found takes for each MAC its entry, or -1.
   */
  findBurst(highs: Int32Array, lows: Int32Array, vni: number, count: number, found: Int32Array): void {
    for (let first = 0; first < count; first += TOGETHER) {
      const group = count - first < TOGETHER ? count - first : TOGETHER;
      this.#readIndex(highs, lows, vni, first, group);
      this.#readRecords(first, group, found);
      this.#takeAnswers(highs, lows, vni, first, group, found);
    }
  }

  /**
   * Writer: adds the entry of a key that has none.
   *
   * @param remotes index in RemoteTable, or ~id of a list in RemoteLists.
   * @param now stamps both used and updated.
   * @returns the entry, or -1 when the table is at its limit.
   * @throws RangeError for a key that is malformed or in the table.
   */
  insert(
    macHigh: number,
    macLow: number,
    vni: number,
    remotes: number,
    state: number,
    flags: number,
    now: number,
  ): number {
    if (macLow >>> 16 !== 0 || vni >>> 24 !== 0)
      throw new RangeError(`FDB key ${macHigh}, ${macLow}, ${vni}`);
    if (this.find(macHigh, macLow, vni) >= 0)
      throw new RangeError(`FDB key ${macHigh}, ${macLow}, ${vni} has an entry`);
    const entry = this.count < this.limit ? this.allocate() : -1;
    if (entry < 0) return -1;
    const { records } = this;
    const word = entry * RECORD_WORDS;
    records[word + MAC_HIGH] = macHigh;
    records[word + MAC_LOW_VNI] = (macLow << 16) | (vni & 0xffff);
    records[word + FLAGS_STATE_VNI] = (flags << 16) | ((state & 0xff) << 8) | (vni >>> 16);
    records[word + REMOTES] = remotes;
    records[word + USED] = now;
    records[word + UPDATED] = now;
    this.link(entry);
    return entry;
  }

  /** First four octets of the entry's MAC, signed. */
  macHigh(entry: number): number {
    return this.records[entry * RECORD_WORDS + MAC_HIGH];
  }

  /** Last two octets of the entry's MAC. */
  macLow(entry: number): number {
    return this.records[entry * RECORD_WORDS + MAC_LOW_VNI] >>> 16;
  }

  /** The VNI the entry is keyed by. */
  vni(entry: number): number {
    const word = entry * RECORD_WORDS;
    return (
      ((this.records[word + FLAGS_STATE_VNI] & 0xff) << 16) | (this.records[word + MAC_LOW_VNI] & 0xffff)
    );
  }

  /** Index in RemoteTable, ~id of a list, or CHOICE | id of one. Read it once per frame: it may change between two reads. */
  remotes(entry: number): number {
    return this.records[entry * RECORD_WORDS + REMOTES];
  }

  /** Writer: other remotes, at once for every reader. */
  setRemotes(entry: number, remotes: number): void {
    this.store(entry, REMOTES, remotes);
  }

  /** Index of the entry's first remote in RemoteTable, whether it has one or a list. */
  firstRemote(entry: number, lists: RemoteLists): number {
    return lists.first(this.remotes(entry));
  }

  /** STATE_* bits. */
  state(entry: number): number {
    return (this.records[entry * RECORD_WORDS + FLAGS_STATE_VNI] >>> 8) & 0xff;
  }

  /** Writer: other STATE_* bits. */
  setState(entry: number, state: number): void {
    const word = this.records[entry * RECORD_WORDS + FLAGS_STATE_VNI];
    this.store(entry, FLAGS_STATE_VNI, (word & ~0xff00) | ((state & 0xff) << 8));
  }

  /** FLAG_* bits, 16 of them. */
  flags(entry: number): number {
    return this.records[entry * RECORD_WORDS + FLAGS_STATE_VNI] >>> 16;
  }

  /** Writer: other FLAG_* bits. */
  setFlags(entry: number, flags: number): void {
    const word = this.records[entry * RECORD_WORDS + FLAGS_STATE_VNI];
    this.store(entry, FLAGS_STATE_VNI, (word & 0xffff) | (flags << 16));
  }

  /** When a frame was last sent to the MAC; unsigned. */
  used(entry: number): number {
    return this.records[entry * RECORD_WORDS + USED] >>> 0;
  }

  /** When a frame was last received from the MAC, or the entry changed; unsigned. */
  updated(entry: number): number {
    return this.records[entry * RECORD_WORDS + UPDATED] >>> 0;
  }

  /** Stamps `used`; readers may. Writes nothing when it is already so, which keeps the cache line shared. */
  touchUsed(entry: number, now: number): void {
    const word = entry * RECORD_WORDS + USED;
    if (this.records[word] !== (now | 0)) this.records[word] = now;
  }

  /** Stamps `updated`; readers may. */
  touchUpdated(entry: number, now: number): void {
    const word = entry * RECORD_WORDS + UPDATED;
    if (this.records[word] !== (now | 0)) this.records[word] = now;
  }

  /** Burst, step 1: for each key the tag and the home slot, and what is in the slot. */
  #readIndex(highs: Int32Array, lows: Int32Array, vni: number, first: number, count: number): void {
    const { index, seed, secret, multiplier, shift, entryBits } = this;
    const vniLow = vni & 0xffff;
    const vniHigh = vni >>> 16;
    for (let i = 0; i < count; i++) {
      const key = hash(highs[first + i], (lows[first + i] << 16) | vniLow, vniHigh, seed, secret);
      const home = Math.imul(key >>> 2, multiplier) >>> shift;
      tags[i] = (key << entryBits) | 0x80000000;
      homes[i] = home;
      slots[i] = index[home];
    }
  }

  /** Step 2: for each key the first record with the right tag, as a guess, and a word of it. */
  #readRecords(first: number, count: number, found: Int32Array): void {
    const { index, records, tagMask } = this;
    for (let i = 0; i < count; i++) {
      const tag = tags[i];
      let slot = slots[i];
      if ((slot & tagMask) !== tag && slot !== 0) {
        let at = homes[i];
        do {
          at = at + 1 === index.length ? 0 : at + 1;
          slot = index[at];
        } while (slot !== 0 && (slot & tagMask) !== tag);
      }
      found[first + i] = slot === 0 ? -1 : slot & ~tagMask;
      slots[i] = slot & ~tagMask;
    }
    // A loop of its own: a wrong guess of the branch above must not keep these waiting (103 ns a key, not 70).
    for (let i = 0; i < count; i++) words[i] = records[Math.imul(slots[i], RECORD_WORDS) + MAC_LOW_VNI];
  }

  /** Step 3: right guesses are answers; the thousandth that was not goes the long way. */
  #takeAnswers(
    highs: Int32Array,
    lows: Int32Array,
    vni: number,
    first: number,
    count: number,
    found: Int32Array,
  ): void {
    const { records } = this;
    const vniLow = vni & 0xffff;
    const vniHigh = vni >>> 16;
    for (let i = 0; i < count; i++) {
      const entry = found[first + i];
      if (entry < 0) continue;
      const word = Math.imul(entry, RECORD_WORDS);
      const low = (lows[first + i] << 16) | vniLow;
      const isSame = words[i] === low && records[word] === highs[first + i];
      if (isSame && (records[word + FLAGS_STATE_VNI] & 0xff) === vniHigh) continue;
      found[first + i] = this.find(highs[first + i], lows[first + i], vni);
    }
  }

  protected override hashOf(entry: number): number {
    const { records } = this;
    const word = entry * RECORD_WORDS;
    const vniHigh = records[word + FLAGS_STATE_VNI] & 0xff;
    return hash(records[word + MAC_HIGH], records[word + MAC_LOW_VNI], vniHigh, this.seed, this.secret);
  }

  protected override findAgain(entry: number): number {
    return this.find(this.macHigh(entry), this.macLow(entry), this.vni(entry));
  }
}
