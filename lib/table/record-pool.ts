/**
 * The writer's book of a table's records: which are in the table, which rest, which are free, and in what
 * order they came. All of it is private to the writer; the records themselves are in the table's shared pool.
 *
 *   never used -- take() --> (being filled in) -- add() --> live -- retire() --> quarantine --> free
 *        top -->                     ^                                                           |
 *                                    +------------------------- take() --------------------------+
 *
 * Order costs nothing while records are handed out one after the other, for then their numbers tell it. With
 * the first record used again the book begins to write each entry's place down (4 bytes a record).
 */
import type { Epochs } from '../memory/epoch.js';
import { Quarantine } from './quarantine.js';

const LAST_PLACE = 2 ** 32 - 1;

/** Throws the Error of a self check unless `holds`. */
export function expect(holds: boolean, broken: string): void {
  if (!holds) throw new Error(`table self check: ${broken}`);
}

/** Life cycle and order of the records of one table. */
export class RecordPool {
  /** Live records. */
  count = 0;
  readonly #epochs: Epochs | undefined;
  #quarantine: Quarantine | undefined;
  #capacity: number;
  #live: Int32Array;
  /** Records from here on have never been handed out. */
  #top = 0;
  /** A stack of free records. */
  #free = new Int32Array(0);
  #freeCount = 0;
  #places: Uint32Array | undefined;
  #nextPlace = 0;

  /** @param epochs the readers in other threads; without it a retired record is free at once. */
  constructor(capacity: number, epochs: Epochs | undefined) {
    this.#capacity = capacity;
    this.#live = new Int32Array(Math.ceil(capacity / 32));
    this.#epochs = epochs;
    this.#quarantine = epochs && new Quarantine(epochs);
  }

  /** Bytes of private memory. */
  get bytes(): number {
    const order = this.#places?.byteLength ?? 0;
    return this.#live.byteLength + this.#free.byteLength + order + (this.#quarantine?.bytes ?? 0);
  }

  /** Makes room for records up to `capacity`; the records there are keep their numbers. */
  extend(capacity: number): void {
    this.#capacity = capacity;
    const live = new Int32Array(Math.ceil(capacity / 32));
    live.set(this.#live);
    this.#live = live;
    if (this.#places) this.#places = this.#writtenPlaces(this.#places);
  }

  /** A record that is free, or one never used; -1 when there is neither. */
  take(): number {
    this.#reclaim();
    if (this.#freeCount > 0) {
      this.#places ??= this.#writtenPlaces();
      return this.#free[--this.#freeCount];
    }
    return this.#top < this.#capacity ? this.#top++ : -1;
  }

  /** A taken record that entered no table, and that no reader has seen, is free again. */
  giveBack(entry: number): void {
    this.#release(entry);
  }

  /** Every record has gone, and with new storage for `capacity` of them nothing of the old is at rest. */
  reset(capacity: number): void {
    this.count = 0;
    this.#capacity = capacity;
    this.#live = new Int32Array(Math.ceil(capacity / 32));
    this.#top = 0;
    this.#free = new Int32Array(0);
    this.#freeCount = 0;
    this.#places = undefined;
    this.#nextPlace = 0;
    this.#quarantine = this.#epochs && new Quarantine(this.#epochs);
  }

  /** A taken record enters the table, as its newest. */
  add(entry: number): void {
    if (this.#places) this.#places[entry] = this.#newestPlace(this.#places);
    this.#live[entry >> 5] |= 1 << (entry & 31);
    this.count++;
  }

  /** A taken record enters in the place of `old`, which is retired. */
  substitute(old: number, entry: number): void {
    this.#places ??= this.#writtenPlaces();
    this.#places[entry] = this.#places[old];
    this.#live[entry >> 5] |= 1 << (entry & 31);
    this.count++;
    this.retire(old);
  }

  /** A record has left the table: readers may hold it for a while yet. */
  retire(entry: number): void {
    this.#live[entry >> 5] &= ~(1 << (entry & 31));
    this.count--;
    if (this.#quarantine) this.#quarantine.push(entry);
    else this.#release(entry);
  }

  /** True for the number of a live record. */
  has(entry: number): boolean {
    return entry >= 0 && entry < this.#top && ((this.#live[entry >> 5] >>> (entry & 31)) & 1) === 1;
  }

  /** The live record with the lowest number above `after`, or -1. */
  next(after: number): number {
    const live = this.#live;
    for (let entry = after + 1; entry < this.#top;) {
      const rest = live[entry >> 5] >>> (entry & 31);
      if (rest & 1) return entry;
      entry = rest === 0 ? (entry | 31) + 1 : entry + 31 - Math.clz32(rest & -rest);
    }
    return -1;
  }

  /** Live records, newest first, as of the first step; those retired before their turn are left out. */
  *newestFirst(): IterableIterator<number> {
    // Sorted as 64-bit numbers, place above record (we run on little-endian machines only: no BigInt is made).
    const keys = new BigUint64Array(this.count);
    const halves = new Uint32Array(keys.buffer);
    let at = 0;
    for (let entry = this.next(-1); entry >= 0; entry = this.next(entry)) {
      halves[at++] = entry;
      halves[at++] = this.#placeOf(entry);
    }
    keys.sort();
    for (at = halves.length - 2; at >= 0; at -= 2) {
      const entry = halves[at];
      if (this.has(entry) && this.#placeOf(entry) === halves[at + 1]) yield entry;
    }
  }

  /** Every record handed out is live, at rest or free, and only one of them; each live one has its own place. */
  selfCheck(): void {
    const idle = new Set<number>(this.#quarantine);
    for (let i = 0; i < this.#freeCount; i++) {
      expect(!idle.has(this.#free[i]), `record ${this.#free[i]} is free twice`);
      idle.add(this.#free[i]);
    }
    for (const entry of idle) expect(!this.has(entry), `record ${entry} is free and in the table`);
    const places = new Set<number>();
    let live = 0;
    for (let entry = this.next(-1); entry >= 0; entry = this.next(entry), live++)
      places.add(this.#placeOf(entry));
    expect(live === this.count, `${live} records are live, count is ${this.count}`);
    expect(places.size === live, `${live} records have ${places.size} places in the order`);
    expect(live + idle.size === this.#top, `${live} live and ${idle.size} idle records of ${this.#top}`);
  }

  /** Two a time: the quarantine shrinks faster than it can grow, and no insertion pays for a whole flush. */
  #reclaim(): void {
    if (this.#quarantine === undefined) return;
    for (let i = 0; i < 2; i++) {
      const entry = this.#quarantine.take();
      if (entry < 0) return;
      this.#release(entry);
    }
  }

  #release(entry: number): void {
    if (this.#freeCount === this.#free.length) {
      const free = new Int32Array(Math.max(16, this.#free.length * 2));
      free.set(this.#free);
      this.#free = free;
    }
    this.#free[this.#freeCount++] = entry;
  }

  #placeOf(entry: number): number {
    return this.#places === undefined ? entry : this.#places[entry];
  }

  /** Places of all records: the given ones, or, for a pool that did without so far, the records' numbers. */
  #writtenPlaces(known?: Uint32Array): Uint32Array {
    const places = new Uint32Array(this.#capacity);
    if (known) places.set(known);
    else {
      for (let entry = 0; entry < this.#top; entry++) places[entry] = entry;
      this.#nextPlace = this.#top;
    }
    return places;
  }

  #newestPlace(places: Uint32Array): number {
    if (this.#nextPlace === LAST_PLACE) this.#renumber(places);
    return this.#nextPlace++;
  }

  /** After four billion insertions: closes the gaps. */
  #renumber(places: Uint32Array): void {
    let place = this.count;
    for (const entry of [...this.newestFirst()]) places[entry] = --place;
    this.#nextPlace = this.count;
  }
}
