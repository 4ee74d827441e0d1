/**
 * Neighbours: the MAC of an overlay address, for answering ARP and ND and for routing between subnets
 * (kernel: the neighbour table of the vxlan device).
 *
 *   word 0..3  address: 128 bits, most significant word first; IPv4 is v4-mapped       key
 *        4     MAC, octets 0 to 3
 *        5     | flags, 8 bits | state, 8 bits | MAC, octets 4 and 5 |
 *        6     used: when it last answered
 *        7     updated: when it was last set
 *
 * 32 bytes: a record is half a cache line and never straddles two. A change that touches word 5 alone is one
 * store; a MAC with other high octets takes a new record that replaces the old one in the index, so that no
 * reader ever meets half of one MAC and half of another.
 */
import { hash4 } from './hash.js';
import { HashTable, type TableOptions, type TableShare } from './hash-table.js';

/** States, as in linux/neighbour.h. */
export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;
/** States in which the MAC may be relied on; only these are answered for (kernel: NUD_CONNECTED). */
export const NUD_CONNECTED = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE;

/** Flags, as in linux/neighbour.h. */
export const NTF_EXT_LEARNED = 0x10;
export const NTF_ROUTER = 0x80;
/** Flags of our own, in the place of NTF_USE, NTF_SELF and NTF_MASTER, which no entry keeps: who gave the entry. */
export const ORIGIN_KERNEL = 0x01;
export const ORIGIN_OWN = 0x02;
export const ORIGIN_SNOOPED = 0x04;
/** With ORIGIN_SNOOPED, in the place of NTF_PROXY: last seen among the own guests, not behind the underlay. */
export const SNOOPED_HERE = 0x08;

const RECORD_WORDS = 8;
const MAC_HIGH = 4;
const MAC_LOW_STATE_FLAGS = 5;
const USED = 6;
const UPDATED = 7;

function packed(macLow: number, state: number, flags: number): number {
  return ((flags & 0xff) << 24) | ((state & 0xff) << 16) | macLow;
}

/**
 * Address -> MAC. An address is four signed 32-bit words, a MAC its first four octets and its last two.
 *
 * @example
 * neighbours.set(0, 0, 0xffff, 0x0a140103, 0xe64bf9ce | 0, 0xd77b, NUD_PERMANENT, ORIGIN_OWN, now);
 * const entry = neighbours.find(0, 0, 0xffff, 0x0a140103);
 */
export class NeighbourTable extends HashTable {
  /** @throws RangeError for an option out of its range. */
  constructor(options: TableOptions = {}, share?: TableShare) {
    super(RECORD_WORDS, options, share);
  }

  /** A reader's view, in another thread. */
  static attach(share: TableShare): NeighbourTable {
    return new NeighbourTable({}, share);
  }

  /** The entry of an address, or -1: no allocation, no wait. */
  find(a0: number, a1: number, a2: number, a3: number): number {
    const { index, records, tagMask } = this;
    const key = hash4(a0, a1, a2, a3, this.seed, this.secret);
    const tag = (key << this.entryBits) | 0x80000000;
    let at = Math.imul(key >>> 2, this.multiplier) >>> this.shift;
    for (;;) {
      const slot = index[at];
      if ((slot & tagMask) === tag) {
        const entry = slot & ~tagMask;
        const word = Math.imul(entry, RECORD_WORDS);
        if (
          records[word + 3] === (a3 | 0) &&
          records[word + 2] === (a2 | 0) &&
          records[word + 1] === (a1 | 0) &&
          records[word] === (a0 | 0)
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
   * Writer: what an address stands for from now on, whether it had an entry or not.
   *
   * @param now stamps `updated`, and `used` of a new entry.
   * @returns the entry, which after a change of MAC may have another number; -1 when the table is at its limit.
   * @throws RangeError for a malformed MAC.
   */
  set(
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    macHigh: number,
    macLow: number,
    state: number,
    flags: number,
    now: number,
  ): number {
    if (macLow >>> 16 !== 0) throw new RangeError(`last two octets of a MAC ${macLow}: expected 0 to 65535`);
    const known = this.find(a0, a1, a2, a3);
    if (known >= 0 && this.macHigh(known) === (macHigh | 0)) {
      this.store(known, MAC_LOW_STATE_FLAGS, packed(macLow, state, flags));
      this.store(known, UPDATED, now);
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
    records[word + MAC_HIGH] = macHigh;
    records[word + MAC_LOW_STATE_FLAGS] = packed(macLow, state, flags);
    records[word + USED] = known < 0 ? now : this.used(known);
    records[word + UPDATED] = now;
    if (known < 0) this.link(entry);
    else this.substitute(known, entry);
    return entry;
  }

  /** Address, bits 0 to 31 (the most significant). */
  address0(entry: number): number {
    return this.records[entry * RECORD_WORDS];
  }

  /** Address, bits 32 to 63. */
  address1(entry: number): number {
    return this.records[entry * RECORD_WORDS + 1];
  }

  /** Address, bits 64 to 95. */
  address2(entry: number): number {
    return this.records[entry * RECORD_WORDS + 2];
  }

  /** Address, bits 96 to 127: all of an IPv4 address. */
  address3(entry: number): number {
    return this.records[entry * RECORD_WORDS + 3];
  }

  /** First four octets of the MAC, signed. */
  macHigh(entry: number): number {
    return this.records[entry * RECORD_WORDS + MAC_HIGH];
  }

  /** Last two octets of the MAC. */
  macLow(entry: number): number {
    return this.records[entry * RECORD_WORDS + MAC_LOW_STATE_FLAGS] & 0xffff;
  }

  /** One of NUD_*. */
  state(entry: number): number {
    return (this.records[entry * RECORD_WORDS + MAC_LOW_STATE_FLAGS] >>> 16) & 0xff;
  }

  /** Writer: another state. */
  setState(entry: number, state: number): void {
    this.store(entry, MAC_LOW_STATE_FLAGS, packed(this.macLow(entry), state, this.flags(entry)));
  }

  /** NTF_* and ORIGIN_* bits. */
  flags(entry: number): number {
    return this.records[entry * RECORD_WORDS + MAC_LOW_STATE_FLAGS] >>> 24;
  }

  /** Writer: other flags. */
  setFlags(entry: number, flags: number): void {
    this.store(entry, MAC_LOW_STATE_FLAGS, packed(this.macLow(entry), this.state(entry), flags));
  }

  /** When the entry last answered; unsigned, in the caller's unit. */
  used(entry: number): number {
    return this.records[entry * RECORD_WORDS + USED] >>> 0;
  }

  /** When the entry was last set; unsigned, in the caller's unit. */
  updated(entry: number): number {
    return this.records[entry * RECORD_WORDS + UPDATED] >>> 0;
  }

  /** Stamps `used`; readers may. Writes nothing when it is already so. */
  touchUsed(entry: number, now: number): void {
    const word = entry * RECORD_WORDS + USED;
    if (this.records[word] !== (now | 0)) this.records[word] = now;
  }

  /** Stamps `updated`; readers may. */
  touchUpdated(entry: number, now: number): void {
    const word = entry * RECORD_WORDS + UPDATED;
    if (this.records[word] !== (now | 0)) this.records[word] = now;
  }

  protected override hashOf(entry: number): number {
    const { records } = this;
    const word = entry * RECORD_WORDS;
    return hash4(
      records[word],
      records[word + 1],
      records[word + 2],
      records[word + 3],
      this.seed,
      this.secret,
    );
  }

  protected override findAgain(entry: number): number {
    return this.find(this.address0(entry), this.address1(entry), this.address2(entry), this.address3(entry));
  }
}
