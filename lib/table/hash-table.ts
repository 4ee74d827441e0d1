/**
 * The base of all tables: a hash index over a pool of fixed-width records, both Int32Arrays on
 * SharedArrayBuffers, with one writer and any number of wait-free readers in other threads.
 *
 *   index     home slot of a hash, then linear probing; 256, 384, 512, 768 ... slots (index-size.ts)
 *             +---+---------------+------------------+
 *             | 1 | hash's low    | entry: number of |   0 = empty: the end of a probe
 *             |   | bits: the tag | the record       |   1 = tombstone: an entry was here, probe on
 *             +---+---------------+------------------+
 *               31                 \ as many bits as the pool needs
 *   records   | record 0 | record 1 | ...             recordWords words each, laid out by the subclass
 *
 * The tag makes a probe touch a wrong record once in a thousand times (10 bits left at a million entries), so
 * that a hit costs one cache line of the index and one of the record, a miss mostly the first alone.
 *
 * Publication. Nothing a reader can see is ever half-written: a record is complete before the slot that leads
 * to it is stored, and everything that changes in a published record is one word. Both are a single 32-bit
 * Atomics.store; readers use plain loads, whose order is kept by the address depending on the loaded slot.
 * There is no version word: a reader never retries, never waits, and costs a writer nothing. (The first design
 * had a sequence lock per table. It makes every reader pay at every burst, and a writer in a learning flood
 * makes readers repeat their lookups; this way a reader sees each entry as it was before or after a change,
 * which is all that a frame may expect.)
 *
 * Removal turns the slot into a tombstone. The record stays as it is, in quarantine, until every reader has
 * passed a quiescent state (memory/epoch.ts), then joins the free list. A tombstone in front of an empty slot
 * ends no probe early, so it is emptied at once; where too many pile up, the index is rebuilt.
 *
 * Growing. Full (or too many tombstones), the writer allocates new buffers, copies, and from then on writes
 * only those; it passes them to `onGrow`, which must post them to every reader, and announces a generation.
 * Readers go on in the old buffers, which are a consistent picture of that moment, until they adopt() the new
 * ones at the start of their next burst. What a reader stamps (used, updated) in between goes into the old
 * record and is lost. Entry numbers stay the same. A table that other tables refer into (RemoteTable) goes
 * further and waits until all have adopted, see memory/epoch.ts.
 *
 * Time stamps are the only words readers write: plain stores, the last one wins.
 */
import type { Epochs } from '../memory/epoch.js';
import { type Advise, sharedWords } from '../memory/shared-words.js';
import { secretOf } from './hash.js';
import { capacityOf, fillOf, MOST_SLOTS, nextSlots, slotsFor } from './index-size.js';
import { expect, RecordPool } from './record-pool.js';
import { SlotIndex } from './slot-index.js';

/** Greatest number of entries of any table, 67,108,864. */
export const MOST_ENTRIES = 2 ** 26;

const DEFAULT_CAPACITY = 64;

/** What a reader needs of a table; plain data for postMessage. */
export interface TableShare {
  readonly index: SharedArrayBuffer;
  readonly records: SharedArrayBuffer;
  readonly seed: number;
}

export interface TableOptions<Share extends TableShare = TableShare> {
  /** Entries to make room for at once, 1 to 67,108,864; default 64. */
  capacity?: number;
  /** Greatest number of entries; 0 (default) = 67,108,864. */
  limit?: number;
  /** 32-bit seed of the hash; default random. */
  seed?: number;
  /** The readers in other threads. Without it storage is reused at once: for a table of one thread. */
  epochs?: Epochs;
  /** New buffers: post them to every reader before returning. Must not touch the table. */
  onGrow?: (share: Share) => void;
  /** Told of large buffers before they are touched, for huge pages. */
  advise?: Advise;
}

/** What only the writer has. */
interface Writer {
  readonly options: TableOptions;
  readonly capacity: number;
  pool: RecordPool;
  /** Readers may still be in buffers that a reference from another table has no place in. */
  unsettled: boolean;
}

function checkedInteger(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`table ${name} ${value}: expected an integer from ${least} to ${most}`);
}

/** Index, records and their life cycle; subclasses add the record's layout, `find` by hand, and accessors. */
export abstract class HashTable extends SlotIndex {
  /** Greatest number of entries. */
  readonly limit: number;
  protected readonly recordWords: number;
  protected readonly seed: number;
  protected readonly secret: number;
  protected records: Int32Array;
  readonly #writer: Writer | undefined;

  /**
   * @param share given: a reader's view of another thread's table; `options` are then without meaning.
   * @throws RangeError for an option out of its range.
   */
  protected constructor(recordWords: number, options: TableOptions, share?: TableShare) {
    const capacity = checkedInteger('capacity', options.capacity ?? DEFAULT_CAPACITY, 1, MOST_ENTRIES);
    const slots = slotsFor(capacity);
    super(share ? new Int32Array(share.index) : sharedWords(slots, options.advise));
    const seed = share?.seed ?? options.seed ?? crypto.getRandomValues(new Int32Array(1))[0];
    this.seed = checkedInteger('seed', seed, -(2 ** 31), 2 ** 32 - 1) | 0;
    this.secret = secretOf(this.seed);
    this.limit = checkedInteger('limit', options.limit ?? 0, 0, MOST_ENTRIES) || MOST_ENTRIES;
    this.recordWords = recordWords;
    this.records = share
      ? new Int32Array(share.records)
      : sharedWords(capacityOf(slots) * recordWords, options.advise);
    if (share) return;
    const pool = new RecordPool(capacityOf(slots), options.epochs);
    this.#writer = { options, capacity, pool, unsettled: false };
  }

  /** Writer: entries in the table. */
  get count(): number {
    return this.#write().pool.count;
  }

  /** Writer: bytes of all buffers, shared and private, as allocated. */
  get bytes(): number {
    return this.index.byteLength + this.records.byteLength + this.#write().pool.bytes;
  }

  /** What a reader needs: for attach() in its thread, later for adopt(). */
  share(): TableShare {
    return {
      index: this.index.buffer as SharedArrayBuffer,
      records: this.records.buffer as SharedArrayBuffer,
      seed: this.seed,
    };
  }

  /** Reader: goes over to new buffers, between two bursts. */
  adopt(share: TableShare): void {
    if (this.#writer) throw new Error('adopt() is for the view of a reader; this table is its own writer');
    if (share.seed !== this.seed)
      throw new RangeError(`share of a table seeded ${share.seed}: expected ${this.seed}`);
    this.records = new Int32Array(share.records);
    this.use(new Int32Array(share.index));
  }

  /**
   * Writer: takes an entry out. Readers that hold its number may go on reading it until their next burst.
   *
   * @throws RangeError when `entry` is not in the table.
   */
  remove(entry: number): void {
    if (!this.has(entry)) throw new RangeError(`entry ${entry} is not in the table`);
    this.vacate(entry);
    this.#write().pool.retire(entry);
  }

  /** Writer: takes every entry out; readers get new, small buffers. */
  clear(): void {
    const writer = this.#write();
    const slots = slotsFor(writer.capacity);
    writer.pool = new RecordPool(capacityOf(slots), writer.options.epochs);
    this.#moveTo(this.#newIndex(slots), this.#newRecords(slots));
  }

  /** Writer: true when `entry` is the number of an entry in the table. */
  has(entry: number): boolean {
    return this.#write().pool.has(entry);
  }

  /**
   * Writer: the entry with the lowest number above `after`, -1 = no more; begin with -1. In no order that
   * means anything, cheap, and indifferent to insertions and removals on the way: for ageing.
   */
  next(after: number): number {
    return this.#write().pool.next(after);
  }

  /**
   * Writer: entry numbers, newest first, as they were at the first step. An entry removed before its turn is
   * left out, so a loop may remove what it meets.
   */
  entries(): IterableIterator<number> {
    return this.#write().pool.newestFirst();
  }

  /** Writer: verifies every invariant of the table. @throws Error naming the first that does not hold. */
  selfCheck(): void {
    const { pool } = this.#write();
    const reached = this.checkSlots((entry) => pool.has(entry));
    expect(reached === pool.count, `index leads to ${reached} entries, count is ${pool.count}`);
    for (let entry = this.next(-1); entry >= 0; entry = this.next(entry)) {
      expect(this.findAgain(entry) === entry, `entry ${entry} is not found by its own key`);
    }
    pool.selfCheck();
  }

  /** True for a table whose entries other tables refer to by number. */
  protected get isReferredTo(): boolean {
    return false;
  }

  /** What `find` answers for the key of `entry`. */
  protected abstract findAgain(entry: number): number;

  /**
   * Writer: a record to fill in and then link() or substitute(). May move to new buffers, so read
   * `this.records` afterwards.
   *
   * @returns its number, or -1 when the format's bound is reached.
   * @throws Error when the table is referred to and a reader is stuck in its burst.
   */
  protected allocate(): number {
    const { pool } = this.#write();
    this.#settle();
    const slots = this.index.length;
    if (pool.count + this.tombstones >= fillOf(slots)) {
      this.#resize(pool.count > capacityOf(slots) * 0.75 ? nextSlots(slots) : slots);
    }
    const entry = pool.take();
    if (entry >= 0 || nextSlots(this.index.length) > MOST_SLOTS) return entry;
    this.#resize(nextSlots(this.index.length));
    return pool.take();
  }

  /** Writer: puts a finished record into the table as its newest entry. */
  protected link(entry: number): void {
    this.#write().pool.add(entry);
    this.occupy(entry);
  }

  /** Writer: puts a finished record in the place of `old`, of the same key; a reader sees the one or the other. */
  protected substitute(old: number, entry: number): void {
    this.takeOver(old, entry);
    this.#write().pool.substitute(old, entry);
  }

  /** Writer: changes one word of a published record. */
  protected store(entry: number, word: number, value: number): void {
    Atomics.store(this.records, entry * this.recordWords + word, value);
  }

  /** @throws Error for the view of a reader, which changes nothing. */
  #write(): Writer {
    if (this.#writer) return this.#writer;
    throw new Error('this is the view of a reader; only the thread that made the table changes or walks it');
  }

  #newIndex(slots: number): Int32Array {
    return sharedWords(slots, this.#write().options.advise);
  }

  #newRecords(slots: number): Int32Array {
    return sharedWords(capacityOf(slots) * this.recordWords, this.#write().options.advise);
  }

  /** A new index without tombstones and, where its size differs, a new pool. */
  #resize(slots: number): void {
    let { records } = this;
    if (slots !== this.index.length) {
      records = this.#newRecords(slots);
      records.set(this.records);
      this.#write().pool.extend(capacityOf(slots));
    }
    this.#moveTo(this.#newIndex(slots), records);
  }

  /** Fills the new index, then tells the readers. */
  #moveTo(index: Int32Array, records: Int32Array): void {
    const writer = this.#write();
    if (this.isReferredTo && records !== this.records) writer.unsettled = true;
    this.records = records;
    this.use(index);
    for (let entry = this.next(-1); entry >= 0; entry = this.next(entry)) this.fill(entry);
    writer.options.onGrow?.(this.share());
    writer.options.epochs?.announce();
    this.#settle();
  }

  /** Waits until no reader is in buffers from before the last move, where that matters. */
  #settle(): void {
    const writer = this.#write();
    if (!writer.unsettled) return;
    writer.options.epochs?.synchronize();
    writer.unsettled = false;
  }
}
