/**
 * Whether a worker lets a source gather frames, as a network adapter moderates its interrupts (kernel:
 * napi_defer_hard_irqs and gro_flush_timeout; ethtool: adaptive-rx). Waking a worker costs whoever sends 15 to 50 us where
 * an idle virtual CPU is halted; in a stream of frames it need not be woken, for there will be more when it looks next.
 *
 *   frames of this source since it was last drained   next look
 *   few, or few a second                              when its descriptor says so
 *   a stream                                          when BATCH more should be there
 *
 * Each source by itself: the answer to a question is not kept waiting by a stream in the other direction. What is
 * remembered halves each time, so that a short burst is no stream. Measurements: docs/performance.md.
 */

/** Frames remembered that make a stream: 4 a look. A ping has one, whatever its rate. */
const STREAM_FRAMES = 8;
/** Frames a microsecond that make a stream worth it: 70 kpps. */
const STREAM_RATE = 0.07;
/** Frames waited for, and microseconds at most. */
const BATCH = 32;
const LONGEST = 100;
/** Microseconds of silence remembered at most, so that a stream is soon known as one. */
const SILENCE = 5_000;

/**
 * @example
 * source.moderation.frames += received;
 * const pause = source.moderation.drained(performance.now()); // nothing is left: microseconds until the next look
 */
export class Moderation {
  /** Frames since the source was last drained; whoever handles them counts. */
  frames = 0;
  /** When the source is looked at next, in milliseconds; its owner's. */
  due = 0;
  #frames = 0;
  #elapsed = 0;
  #since = 0;

  /**
   * Decides how to wait for more.
   * @param now milliseconds
   * @returns microseconds until the next look; 0 = its descriptor tells
   */
  drained(now: number): number {
    this.#frames = this.frames + this.#frames / 2;
    this.#elapsed = Math.min(SILENCE, (now - this.#since) * 1_000) + this.#elapsed / 2;
    this.frames = 0;
    this.#since = now;
    const rate = this.#frames / this.#elapsed;
    if (this.#frames < STREAM_FRAMES || rate < STREAM_RATE) return 0;
    return Math.min(LONGEST, Math.round(BATCH / rate));
  }
}
