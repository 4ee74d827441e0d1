/**
 * Counters that one thread adds to and others read: a row of 64-bit floats on a SharedArrayBuffer. One block
 * per worker and device: a counter has a single writer, so no atomic operation is needed, and a reader sees a
 * value at most a moment old (an aligned 64-bit load is one access on the processors we run on).
 *
 * Integers are exact to 2^53: frames for 285 years at 1 Mpps, bytes for 83 days at 10 Gbit/s, after which a
 * byte counter is right to within a few parts in 10^16 and a frame counter still exact.
 */

const MAX_COUNTERS = 4_096;

/** A block of counters; the total of a device is the sum over its workers' blocks. */
export class CounterBlock {
  readonly share: SharedArrayBuffer;
  readonly values: Float64Array;

  /** @param counters 1 to 4,096; all begin at 0 unless `share` is given, the block another thread made. */
  constructor(counters: number, share?: SharedArrayBuffer) {
    if (!Number.isInteger(counters) || counters < 1 || counters > MAX_COUNTERS) {
      throw new RangeError(`block of ${counters} counters: expected an integer from 1 to ${MAX_COUNTERS}`);
    }
    // Rounded up to whole cache lines, so that two workers' blocks never share one.
    const bytes = Math.ceil(counters / 8) * 64;
    this.share = share ?? new SharedArrayBuffer(bytes);
    if (this.share.byteLength !== bytes) {
      throw new RangeError(
        `counter share of ${this.share.byteLength} bytes: expected ${bytes} for ${counters} counters`,
      );
    }
    this.values = new Float64Array(this.share, 0, counters);
  }

  /** Adds `amount` to counter `counter`; by the one thread that writes the block. */
  add(counter: number, amount: number): void {
    this.values[counter] += amount;
  }
}
