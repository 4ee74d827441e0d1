/**
 * Epochs: when may storage that readers could still be looking at be used again?
 *
 * The tables have one writer and wait-free readers in other threads. What the writer unlinks (a removed
 * record, a replaced list) may still be in a reader's hands, so its storage rests in quarantine until every
 * reader has passed a quiescent state: a moment between two bursts at which it holds nothing (the idea of
 * RCU, the quiescent-state flavour of McKenney's and Desnoyers' userspace RCU).
 *
 *   reader 0   ==burst==|==burst==|==burst==|          offline (blocked in wait)
 *   reader 1   =====burst======|======burst======|==
 *   writer            ^ unlink, stamp = retire()  ^ passed(stamp): both have entered again since
 *
 *   words:  [ generation, 15 zeroes ][ counter of reader 0, 15 unused ][ counter of reader 1, ...
 *
 * A reader's counter is odd while it is online and changes at every enter() and leave(). A grace period is a
 * snapshot of all counters; it is over once each counter that was odd has changed. Counters are only compared
 * for equality, so their wrapping at 2^32 is harmless; stamps are the writer's own numbers, exact to 2^53.
 * Each counter has a cache line of its own: readers never slow each other down.
 *
 * New buffers. A table that grows moves to new SharedArrayBuffers and its readers go on in the old ones, which
 * no longer change. A reader that passed a quiescent state but never noticed would then follow an old record
 * to something that has been reused. Hence the generation: the writer posts the new buffers, then announce()s;
 * enter() returns the generation, and a reader that sees it changed adopts what was posted before it looks
 * anything up. Whatever is retired after the announcement can only pass after every reader has entered again,
 * and therefore has adopted.
 *
 * Tables that refer to each other. A reader may find, in a table that has not moved, a reference that was made
 * after the table it leads into had moved, and look for it in the old buffers. A table that others refer into
 * therefore synchronize()s when it grows: the writer waits until every reader has adopted the new buffers, a
 * burst's time at most. Only the writer ever waits, and only then.
 *
 * Order: the writer's unlinking is an Atomics.store and so is a reader's counter, both sequentially consistent.
 * enter() ends with an Atomics.load, so that no plain load of the burst can move in front of it (arm64).
 */

const LINE = 16;
const GENERATION = 0;
/** A word nobody writes, to sleep on. */
const SLEEP = 1;
const SLEEP_MS = 0.05;
const MAX_READERS = 256;

/** What attach() needs; plain data for postMessage. */
export interface EpochShare {
  readonly buffer: SharedArrayBuffer;
}

/**
 * Grace periods between one writer and up to `maxReaders` readers, numbered by whoever starts them.
 *
 * @example
 * // reader                                   // writer
 * const generation = epochs.enter(0);         table.remove(entry);      // unlinks and retires
 * if (generation !== adopted) adoptAll();     const stamp = epochs.retire();
 * burst();                                    ...
 * epochs.leave(0); // before blocking         if (epochs.passed(stamp)) reuse();
 */
export class Epochs {
  readonly maxReaders: number;
  readonly #words: Int32Array;
  readonly #snapshot: Int32Array;
  #completed = 0;
  #running = false;

  /** @param maxReaders 0 to 256; readers are numbered from 0 and begin offline. */
  constructor(maxReaders: number, share?: EpochShare) {
    if (!Number.isInteger(maxReaders) || maxReaders < 0 || maxReaders > MAX_READERS) {
      throw new RangeError(`epochs for ${maxReaders} readers: expected an integer from 0 to ${MAX_READERS}`);
    }
    const bytes = (1 + maxReaders) * LINE * 4;
    const buffer = share?.buffer ?? new SharedArrayBuffer(bytes);
    if (buffer.byteLength !== bytes) {
      throw new RangeError(
        `epochs share of ${buffer.byteLength} bytes: expected ${bytes} for ${maxReaders} readers`,
      );
    }
    this.maxReaders = maxReaders;
    this.#words = new Int32Array(buffer);
    this.#snapshot = new Int32Array(maxReaders);
  }

  /** A reader's view of the writer's epochs. */
  static attach(share: EpochShare): Epochs {
    return new Epochs(share.buffer.byteLength / (LINE * 4) - 1, share);
  }

  /** What a reader needs for attach(). */
  share(): EpochShare {
    return { buffer: this.#words.buffer as SharedArrayBuffer };
  }

  /**
   * Reader: a quiescent state, and online from here on. To be called at the start of every burst; nothing
   * found in a table before may be used afterwards.
   *
   * @returns the generation. When it differs from the last one seen, adopt every share that was posted
   * before looking anything up.
   */
  enter(reader: number): number {
    const at = LINE + reader * LINE;
    Atomics.store(this.#words, at, ((this.#words[at] | 1) + 2) | 0);
    return Atomics.load(this.#words, GENERATION);
  }

  /**
   * Reader: offline until the next enter(); it holds nothing and nobody waits for it. To be called before
   * blocking, and by the control thread for a reader that has ended.
   */
  leave(reader: number): void {
    const at = LINE + reader * LINE;
    Atomics.store(this.#words, at, ((this.#words[at] | 1) + 1) | 0);
  }

  /** Reader or writer: the generation, as enter() returns it. */
  get generation(): number {
    return Atomics.load(this.#words, GENERATION);
  }

  /** Writer: new buffers have been posted to every reader. The tables call it after their `onGrow`. */
  announce(): void {
    Atomics.add(this.#words, GENERATION, 1);
  }

  /** Writer: a stamp for what has just been unlinked. */
  retire(): number {
    // A period that is under way began before the unlinking, so it takes the one after it.
    return this.#completed + (this.#running ? 2 : 1);
  }

  /**
   * Writer: true when no reader can hold anything unlinked before `stamp` was taken. Starts grace periods as
   * needed and never waits; costs one load per reader. With all readers offline it is always true.
   */
  passed(stamp: number): boolean {
    while (this.#completed < stamp) {
      if (!this.#running) this.#begin();
      if (!this.#over()) return false;
      this.#running = false;
      this.#completed++;
    }
    return true;
  }

  /**
   * Writer: returns once every reader has passed a quiescent state: at once when none is online, otherwise
   * within the longest burst. Sleeps meanwhile. Not to be called between enter() and leave() of a reader of
   * the same thread.
   *
   * @param timeout milliseconds after which the readers that are still in a burst count as stuck.
   * @throws Error naming them.
   */
  synchronize(timeout = 1_000): void {
    const stamp = this.retire();
    const deadline = performance.now() + timeout;
    while (!this.passed(stamp)) {
      if (performance.now() > deadline)
        throw new Error(`readers ${this.#stuck()} are in one burst for ${timeout} ms`);
      Atomics.wait(this.#words, SLEEP, 0, SLEEP_MS);
    }
  }

  #begin(): void {
    for (let reader = 0; reader < this.maxReaders; reader++) {
      this.#snapshot[reader] = Atomics.load(this.#words, LINE + reader * LINE);
    }
    this.#running = true;
  }

  #over(): boolean {
    for (let reader = 0; reader < this.maxReaders; reader++) if (this.#holdsUp(reader)) return false;
    return true;
  }

  /** True while a reader is in the burst it was in when the period began. */
  #holdsUp(reader: number): boolean {
    const before = this.#snapshot[reader];
    return (before & 1) !== 0 && Atomics.load(this.#words, LINE + reader * LINE) === before;
  }

  #stuck(): string {
    return Array.from(this.#snapshot.keys())
      .filter((reader) => this.#holdsUp(reader))
      .join(', ');
  }
}
