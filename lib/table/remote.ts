/**
 * Remotes: the VTEPs (or multicast groups) that entries lead to, each written down once however many MACs are
 * behind it, and counted by its references (kernel: struct vxlan_rdst, which it keeps per entry).
 *
 *   word 0..3  address: 128 bits, most significant word first; IPv4 is v4-mapped (0, 0, 0xffff, a.b.c.d)
 *        4     UDP port,         0 = the device's; in the upper half the one it was heard from (learn-port), 0 = none
 *        5     VNI,             -1 = the device's (0 is a legal VNI)
 *        6     interface index,  0 = the device's
 *        7     what control knows of it. Low bits: flags, that the address is this host's (LOCAL), a peer that may
 *              send (KNOWN), a peer at its learn limit (FULL). From bit 8 on: the greatest packet its path carries,
 *              0 = not known. A record is half a cache line and never straddles two
 *
 * But for the upper half of word 4 and word 7 a remote never changes. Workers read its columns by index; only the writer looks one up by value. Since FDB
 * entries refer to remotes, the table waits for its readers when it grows (memory/epoch.ts).
 */
import { hash4 } from './hash.js';
import { HashTable, type TableOptions, type TableShare } from './hash-table.js';

const RECORD_WORDS = 8;
const PORT = 4;
const VNI = 5;
const IFINDEX = 6;
const KNOWLEDGE = 7;
const PORT_MASK = 0xffff;
const HEARD_SHIFT = 16;
const LIMIT_SHIFT = 8;
const FLAG_BITS = (1 << LIMIT_SHIFT) - 1;

/** Bits of the flags. */
export const REMOTE_LOCAL = 1;
export const REMOTE_KNOWN = 2;
export const REMOTE_FULL = 4;

/** Folds what mostly is 0, -1, 0 into the address words. */
function hash(
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  port: number,
  vni: number,
  ifindex: number,
  seed: number,
  secret: number,
): number {
  return hash4(
    a0 ^ Math.imul(port, 0x3c6ef372),
    a1 ^ vni,
    a2 ^ Math.imul(ifindex, 0x1b873593),
    a3,
    seed,
    secret,
  );
}

/** {address, port, VNI, interface} -> index, with reference counts. */
export class RemoteTable extends HashTable {
  #references = new Uint32Array(0);

  /** @throws RangeError for an option out of its range. */
  constructor(options: TableOptions = {}, share?: TableShare) {
    super(RECORD_WORDS, options, share);
  }

  /** A reader's view, in another thread. */
  static attach(share: TableShare): RemoteTable {
    return new RemoteTable({}, share);
  }

  /**
   * Writer: the index of a remote, with one reference more; it is added where it was not known.
   *
   * @param port 0 to 65,535, 0 = the device's.
   * @param vni 0 to 16,777,215, -1 = the device's.
   * @param ifindex 0 = the device's.
   * @returns the index, or -1 when the table is at its limit.
   * @throws Error when the table grows while a reader is stuck in a burst; nothing has changed then.
   */
  intern(a0: number, a1: number, a2: number, a3: number, port: number, vni: number, ifindex: number): number {
    const known = this.find(a0, a1, a2, a3, port, vni, ifindex);
    if (known >= 0) {
      this.#references[known]++;
      return known;
    }
    const index = this.count < this.limit ? this.allocate() : -1;
    if (index < 0) return -1;
    const { records } = this;
    const word = index * RECORD_WORDS;
    records[word] = a0;
    records[word + 1] = a1;
    records[word + 2] = a2;
    records[word + 3] = a3;
    records[word + PORT] = port;
    records[word + VNI] = vni;
    records[word + IFINDEX] = ifindex;
    records[word + KNOWLEDGE] = 0;
    this.link(index);
    this.#count(index);
    return index;
  }

  /** Index of a remote, or -1 when there is none; takes no reference. */
  find(a0: number, a1: number, a2: number, a3: number, port: number, vni: number, ifindex: number): number {
    const { index, records, tagMask } = this;
    const key = hash(a0, a1, a2, a3, port, vni, ifindex, this.seed, this.secret);
    const tag = (key << this.entryBits) | 0x80000000;
    let at = Math.imul(key >>> 2, this.multiplier) >>> this.shift;
    for (;;) {
      const slot = index[at];
      if (slot === 0) return -1;
      if ((slot & tagMask) === tag) {
        const entry = slot & ~tagMask;
        const word = Math.imul(entry, RECORD_WORDS);
        if (
          records[word + 3] === (a3 | 0) &&
          records[word + 2] === (a2 | 0) &&
          records[word + 1] === (a1 | 0) &&
          records[word] === (a0 | 0) &&
          (records[word + PORT] & PORT_MASK) === port &&
          records[word + VNI] === vni &&
          records[word + IFINDEX] === ifindex
        ) {
          return entry;
        }
      }
      at = at + 1 === index.length ? 0 : at + 1;
    }
  }

  /** Writer: one reference more to a remote in the table. */
  retain(index: number): void {
    if (!this.has(index)) throw new RangeError(`remote ${index} is not in the table`);
    this.#references[index]++;
  }

  /**
   * Writer: one reference less; with the last one the remote goes. Readers may go on reading its columns until
   * their next burst. @throws RangeError when it is not in the table.
   */
  release(index: number): void {
    if (!this.has(index)) throw new RangeError(`remote ${index} is not in the table`);
    if (--this.#references[index] === 0) this.remove(index);
  }

  /** Writer: how many references a remote has, 0 = not in the table. */
  references(index: number): number {
    return this.has(index) ? this.#references[index] : 0;
  }

  /** Address, bits 0 to 31 (the most significant). */
  address0(index: number): number {
    return this.records[index * RECORD_WORDS];
  }

  /** Address, bits 32 to 63. */
  address1(index: number): number {
    return this.records[index * RECORD_WORDS + 1];
  }

  /** Address, bits 64 to 95. */
  address2(index: number): number {
    return this.records[index * RECORD_WORDS + 2];
  }

  /** Address, bits 96 to 127: all of an IPv4 address. */
  address3(index: number): number {
    return this.records[index * RECORD_WORDS + 3];
  }

  /** Whether it has this address. */
  isAt(index: number, a0: number, a1: number, a2: number, a3: number): boolean {
    const { records } = this;
    const word = index * RECORD_WORDS;
    return (
      records[word + 3] === a3 && records[word + 2] === a2 && records[word + 1] === a1 && records[word] === a0
    );
  }

  /** UDP port, 0 = the device's. */
  port(index: number): number {
    return this.records[index * RECORD_WORDS + PORT] & PORT_MASK;
  }

  /** UDP port that it was heard from, where that is to be answered (learn-port); 0 = none. */
  heardPort(index: number): number {
    return this.records[index * RECORD_WORDS + PORT] >>> HEARD_SHIFT;
  }

  /** Where to send: its own UDP port, or the one it was heard from, 0 = the device's. */
  sendPort(index: number): number {
    const ports = this.records[index * RECORD_WORDS + PORT];
    return ports & PORT_MASK || ports >>> HEARD_SHIFT;
  }

  /** Writer: a remote without a port of its own was heard from one, 1 to 65,535; 0 forgets it. */
  setHeardPort(index: number, port: number): void {
    this.store(index, PORT, this.port(index) | (port << HEARD_SHIFT));
  }

  /** VNI, -1 = the device's. */
  vni(index: number): number {
    return this.records[index * RECORD_WORDS + VNI];
  }

  /** Index of the egress interface, 0 = the device's. */
  ifindex(index: number): number {
    return this.records[index * RECORD_WORDS + IFINDEX];
  }

  /** True when the address is one of this host. */
  isLocal(index: number): boolean {
    return (this.records[index * RECORD_WORDS + KNOWLEDGE] & REMOTE_LOCAL) !== 0;
  }

  /** True for a peer that entries given by hand or by a control plane name. */
  isKnown(index: number): boolean {
    return (this.records[index * RECORD_WORDS + KNOWLEDGE] & REMOTE_KNOWN) !== 0;
  }

  /** True while no more MACs are to be learned behind it. */
  isFull(index: number): boolean {
    return (this.records[index * RECORD_WORDS + KNOWLEDGE] & REMOTE_FULL) !== 0;
  }

  /** Writer: sets or clears one of the flags; writes nothing when it is so already. */
  mark(index: number, flag: number, on: boolean): void {
    const before = this.records[index * RECORD_WORDS + KNOWLEDGE];
    const after = on ? before | flag : before & ~flag;
    if (after !== before) this.store(index, KNOWLEDGE, after);
  }

  /** Octets behind the inner Ethernet header that reach it in one piece, 0 = not known. */
  packetLimit(index: number): number {
    return this.records[index * RECORD_WORDS + KNOWLEDGE] >>> LIMIT_SHIFT;
  }

  /** Writer: what was found out about the path to a remote, 0 to 65,535. */
  setPacketLimit(index: number, octets: number): void {
    const flags = this.records[index * RECORD_WORDS + KNOWLEDGE] & FLAG_BITS;
    this.store(index, KNOWLEDGE, (octets << LIMIT_SHIFT) | flags);
  }

  protected override get isReferredTo(): boolean {
    return true;
  }

  protected override hashOf(index: number): number {
    const { records, seed, secret } = this;
    const word = index * RECORD_WORDS;
    return hash(
      records[word],
      records[word + 1],
      records[word + 2],
      records[word + 3],
      records[word + PORT] & PORT_MASK,
      records[word + VNI],
      records[word + IFINDEX],
      seed,
      secret,
    );
  }

  protected override findAgain(index: number): number {
    const { records } = this;
    const word = index * RECORD_WORDS;
    const address = [0, 1, 2, 3].map((i) => records[word + i]) as [number, number, number, number];
    return this.find(...address, this.port(index), this.vni(index), this.ifindex(index));
  }

  /** The first reference. */
  #count(index: number): void {
    if (index >= this.#references.length) {
      const references = new Uint32Array(Math.max(64, 2 ** (32 - Math.clz32(index))));
      references.set(this.#references);
      this.#references = references;
    }
    this.#references[index] = 1;
  }
}
