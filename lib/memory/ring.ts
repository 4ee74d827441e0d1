/**
 * The record ring: what a worker has to tell the control thread (a learned MAC, a miss), as records of 16
 * 32-bit words. One producer, one consumer, no lock; full means drop and count, which is also the rate limit a
 * flood of new MACs needs.
 *
 *   words  0        tail: records published     producer's line
 *          1        dropped
 *         16        head: records released      consumer's line
 *         32 ...    record 0 | record 1 | ... | record capacity-1,   16 words (one cache line) each
 *
 * Both counters run freely and wrap at 2^32; tail - head is the fill level. The producer remembers the head
 * it saw last and looks again only when the ring seems full, the consumer likewise, so that the two lines are
 * not passed to and fro at every record.
 */

/** Words of a record; its meaning is the engine's. */
export const RECORD_WORDS = 16;

const TAIL = 0;
const DROPPED = 1;
const HEAD = 16;
const FIRST = 32;
const MAX_CAPACITY = 1 << 20;

/**
 * Single-producer single-consumer ring. The producer makes one object, the consumer another on the same
 * `share`; each side keeps to its own calls.
 *
 * @example
 * const at = ring.claim();                       const at = ring.front();
 * if (at >= 0) {                                 if (at >= 0) {
 *   ring.words[at] = LEARNED;                      handle(ring.words, at);
 *   ring.publish();                                ring.release();
 * }                                              }
 */
export class RecordRing {
  readonly capacity: number;
  readonly share: SharedArrayBuffer;
  /** All words of the ring; claim() and front() return offsets into it. */
  readonly words: Int32Array;
  readonly #mask: number;
  /** Own copies: of the other side's counter as last seen, and of our own. */
  #tail: number;
  #head: number;

  /** @param capacity records, a power of two from 2 to 1,048,576; 64 bytes each. */
  constructor(capacity: number, share?: SharedArrayBuffer) {
    if (
      !Number.isInteger(capacity) ||
      capacity < 2 ||
      capacity > MAX_CAPACITY ||
      (capacity & (capacity - 1)) !== 0
    ) {
      throw new RangeError(
        `record ring of ${capacity} records: expected a power of two from 2 to ${MAX_CAPACITY}`,
      );
    }
    const bytes = (FIRST + capacity * RECORD_WORDS) * 4;
    this.share = share ?? new SharedArrayBuffer(bytes);
    if (this.share.byteLength !== bytes) {
      throw new RangeError(
        `record ring share of ${this.share.byteLength} bytes: expected ${bytes} for ${capacity} records`,
      );
    }
    this.capacity = capacity;
    this.words = new Int32Array(this.share);
    this.#mask = capacity - 1;
    this.#tail = Atomics.load(this.words, TAIL);
    this.#head = Atomics.load(this.words, HEAD);
  }

  /** Records that did not find room, modulo 2^32. */
  get dropped(): number {
    return Atomics.load(this.words, DROPPED) >>> 0;
  }

  /** Records published and not yet released; a moment's view from either side. */
  get length(): number {
    return (Atomics.load(this.words, TAIL) - Atomics.load(this.words, HEAD)) | 0;
  }

  /**
   * Producer: room for one record. Claiming again before publish() returns the same room; the record's words
   * hold old content.
   *
   * @returns offset of the record in `words`, or -1 when the ring is full: the record is counted as dropped.
   */
  claim(): number {
    if (((this.#tail - this.#head) | 0) >= this.capacity) {
      this.#head = Atomics.load(this.words, HEAD);
      if (((this.#tail - this.#head) | 0) >= this.capacity) {
        this.words[DROPPED]++;
        return -1;
      }
    }
    return FIRST + (this.#tail & this.#mask) * RECORD_WORDS;
  }

  /** Producer: hands the claimed record to the consumer. */
  publish(): void {
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(this.words, TAIL, this.#tail);
  }

  /** Consumer: offset of the oldest record in `words`, or -1 when there is none. */
  front(): number {
    if (this.#head === this.#tail) {
      this.#tail = Atomics.load(this.words, TAIL);
      if (this.#head === this.#tail) return -1;
    }
    return FIRST + (this.#head & this.#mask) * RECORD_WORDS;
  }

  /** Consumer: gives the room of the oldest record back. */
  release(): void {
    this.#head = (this.#head + 1) | 0;
    Atomics.store(this.words, HEAD, this.#head);
  }
}
