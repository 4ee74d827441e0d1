/**
 * The index of a hash table: slots that lead to records, linear probing, tombstones (hash-table.ts has the
 * picture and says why a single store publishes an entry and another one takes it out).
 *
 * A reader's lookup is written out in each table's `find`, over the fields here:
 *
 *   at = imul(hash >>> 2, multiplier) >>> shift         home slot (index-size.ts)
 *   tag = (hash << entryBits) | IN_USE
 *   index[at] === 0                                     no entry; the probe ends
 *   (index[at] & tagMask) === tag                       the record index[at] & ~tagMask may be it: compare
 *   otherwise                                           on to the next slot, round the end
 */
import { capacityOf, fillOf, multiplierOf, shiftOf } from './index-size.js';
import { expect } from './record-pool.js';

const EMPTY = 0;
const TOMBSTONE = 1;
/** Set in every slot that leads to a record, which makes it negative. */
const IN_USE = 0x80000000 | 0;

/** Slots, and for the writer what changes them. */
export abstract class SlotIndex {
  protected index: Int32Array;
  protected multiplier = 2;
  protected shift = 0;
  /** Low bits of a slot that are the entry; `tagMask` covers the others. */
  protected entryBits = 0;
  protected tagMask = 0;
  /** Writer: slots that an entry has left. */
  protected tombstones = 0;

  protected constructor(index: Int32Array) {
    this.index = index;
    this.use(index);
  }

  /** Hash of a record's key, from its words. */
  protected abstract hashOf(entry: number): number;

  /** Goes over to other slots. */
  protected use(index: Int32Array): void {
    const slots = index.length;
    this.index = index;
    this.tombstones = 0;
    this.multiplier = multiplierOf(slots);
    this.shift = shiftOf(slots);
    this.entryBits = 32 - Math.clz32(capacityOf(slots) - 1);
    this.tagMask = -1 << this.entryBits;
  }

  /** Writer: puts an entry where its probe finds it. */
  protected occupy(entry: number): void {
    const at = this.#roomFor(this.hashOf(entry));
    if (this.index[at] === TOMBSTONE) this.tombstones--;
    Atomics.store(this.index, at, this.#slotFor(entry));
  }

  /** Writer: as occupy, in an index that no reader has yet. */
  protected fill(entry: number): void {
    this.index[this.#roomFor(this.hashOf(entry))] = this.#slotFor(entry);
  }

  /** Writer: an entry of the same key takes the slot of `old`. */
  protected takeOver(old: number, entry: number): void {
    Atomics.store(this.index, this.#slotOf(old), this.#slotFor(entry));
  }

  /** Writer: makes an entry's slot a tombstone; or, where a probe ends right behind it, empties it and the tombstones before. */
  protected vacate(entry: number): void {
    const at = this.#slotOf(entry);
    if (this.index[this.#after(at)] !== EMPTY) {
      Atomics.store(this.index, at, TOMBSTONE);
      this.tombstones++;
      return;
    }
    Atomics.store(this.index, at, EMPTY);
    for (let i = this.#before(at); this.index[i] === TOMBSTONE; i = this.#before(i)) {
      Atomics.store(this.index, i, EMPTY);
      this.tombstones--;
    }
  }

  /** Writer: verifies each slot on its own. Returns how many lead to an entry. */
  protected checkSlots(has: (entry: number) => boolean): number {
    let tombstones = 0;
    let entries = 0;
    for (let at = 0; at < this.index.length; at++) {
      const slot = this.index[at];
      if (slot === TOMBSTONE) tombstones++;
      if (slot === EMPTY || slot === TOMBSTONE) continue;
      const entry = slot & ~this.tagMask;
      expect(slot < 0 && has(entry), `slot ${at} (${slot}) leads to no entry`);
      expect(slot === this.#slotFor(entry), `slot ${at} (${slot}) has another tag than entry ${entry}`);
      entries++;
    }
    expect(tombstones === this.tombstones, `${tombstones} tombstones, counted ${this.tombstones}`);
    expect(
      entries + tombstones <= fillOf(this.index.length),
      `index of ${this.index.length} slots is overfull`,
    );
    return entries;
  }

  #slotFor(entry: number): number {
    return (this.hashOf(entry) << this.entryBits) | IN_USE | entry;
  }

  #homeOf(hash: number): number {
    return Math.imul(hash >>> 2, this.multiplier) >>> this.shift;
  }

  #after(at: number): number {
    return at + 1 === this.index.length ? 0 : at + 1;
  }

  #before(at: number): number {
    return at === 0 ? this.index.length - 1 : at - 1;
  }

  /** Where the slot of an entry in the table is. */
  #slotOf(entry: number): number {
    const slot = this.#slotFor(entry);
    let at = this.#homeOf(this.hashOf(entry));
    while (this.index[at] !== slot) at = this.#after(at);
    return at;
  }

  /** The first slot of a hash's probe that is empty or a tombstone. */
  #roomFor(hash: number): number {
    let at = this.#homeOf(hash);
    while (this.index[at] < 0) at = this.#after(at);
    return at;
  }
}
