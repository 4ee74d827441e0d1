/**
 * How a worker waits when all its descriptors are drained. Sleeping is right for an idle worker, and dear for a busy
 * one: whoever sends has to wake it, which costs 15 to 50 us where an idle virtual CPU is halted.
 *
 *   load since the last waits            a wait begins with
 *   little                               nothing: the worker sleeps until it is woken
 *   many frames a wait, at a high rate   a nap until the next BATCH of them should be there: they wake nobody
 *   many octets a wait in large entries, looking, for 0 to `limit` us: `window` grows while sleeps are so short that
 *   or as asked                          looking would have met their end, and falls to 0 when they are longer
 *                                        (KVM: halt_poll_ns, grow_halt_poll_ns, shrink_halt_poll_ns)
 *
 * Looking costs a core that nobody else wanted: between two looks the worker yields to whoever is ready to run
 * (native-shim/poll.c). What is remembered of earlier waits halves with each, so that acknowledgements between two
 * super-frames do not end a bulk transfer, and a ping never begins one. Measurements: docs/performance.md.
 */

/** Octets remembered that make a transfer a bulk one, half a super-frame, and octets of an entry, on an average. */
const BULK_OCTETS = 32 * 1024;
const BULK_ENTRY = 4 * 1024;
/** Microseconds to look for more of a bulk transfer. */
const BULK_POLL = 200;
/** The window that a first short sleep opens; from then on it doubles. */
const FIRST_WINDOW = 20;
/** Frames remembered that make a stream: 4 a wait. A ping has one, whatever its rate. */
const STREAM_FRAMES = 8;
/** Frames a microsecond that make a stream worth a nap: 70 kpps. */
const STREAM_RATE = 0.07;
/** Frames a nap waits for, and its microseconds at most. */
const BATCH = 32;
const LONGEST_NAP = 250;

/**
 * @example
 * const policy = new WaitPolicy(50);
 * policy.before(octets, entries, frames, elapsed); // moved in the microseconds since the last wait
 * // nap for policy.nap, look for policy.window, sleep
 * policy.after(waited); // microseconds that looking and sleeping took
 */
export class WaitPolicy {
  /** Microseconds to sleep whatever comes. */
  nap = 0;
  /** Microseconds to look before sleeping. */
  window = 0;
  /**
   * Whether a bulk transfer is going on. Its bursts are long, and the next stage, or the program that is to be fed, may
   * have been woken on this worker's own CPU: it goes first (12.1 -> 14.1 Gbit/s, two hosts on two cores).
   */
  bulk = false;
  readonly #asked: number;
  #limit = 0;
  #grown: number;
  #octets = 0;
  #entries = 0;
  #frames = 0;
  #elapsed = 0;

  /** @param asked microseconds to look at most whatever the load, 0 = only in bulk transfers */
  constructor(asked: number) {
    this.#asked = asked;
    this.#grown = asked;
  }

  /**
   * Decides how the next wait begins.
   * @param octets moved since the last wait began, `elapsed` microseconds ago, in `entries` of batches that were `frames`
   */
  before(octets: number, entries: number, frames: number, elapsed: number): void {
    this.#octets = octets + this.#octets / 2;
    this.#entries = entries + this.#entries / 2;
    this.#frames = frames + this.#frames / 2;
    this.#elapsed = elapsed + this.#elapsed / 2;
    this.bulk = this.#octets >= BULK_OCTETS && this.#octets >= BULK_ENTRY * this.#entries;
    this.#limit = this.bulk ? Math.max(BULK_POLL, this.#asked) : this.#asked;
    this.window = Math.min(this.#grown, this.#limit);
    this.nap = this.#limit === 0 ? this.#napNow() : 0;
  }

  #napNow(): number {
    const rate = this.#frames / this.#elapsed;
    if (this.#frames < STREAM_FRAMES || rate < STREAM_RATE) return 0;
    return Math.min(LONGEST_NAP, Math.round(BATCH / rate));
  }

  /** Learns from how long looking and sleeping took, in microseconds. */
  after(waited: number): void {
    if (waited > this.#limit) this.#grown = 0;
    else if (waited > this.#grown)
      this.#grown = Math.min(this.#limit, Math.max(FIRST_WINDOW, 2 * this.#grown));
  }
}
