/**
 * How a worker waits when all its descriptors are drained. Sleeping is right for an idle worker, and dear for a busy
 * one: whoever sends has to wake it, which costs 15 to 50 us where an idle virtual CPU is halted.
 *
 *   load since the last waits            a wait begins with
 *   little                               nothing: the worker sleeps until it is woken, or a moderated source is due
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

/**
 * @example
 * const policy = new WaitPolicy(50);
 * policy.before(octets, entries); // moved since the last wait
 * // look for policy.window, sleep
 * policy.after(waited); // microseconds that looking and sleeping took
 */
export class WaitPolicy {
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

  /** @param asked microseconds to look at most whatever the load, 0 = only in bulk transfers */
  constructor(asked: number) {
    this.#asked = asked;
    this.#grown = asked;
  }

  /** Decides how the next wait begins, by the octets moved since the last one in so many entries of batches. */
  before(octets: number, entries: number): void {
    this.#octets = octets + this.#octets / 2;
    this.#entries = entries + this.#entries / 2;
    this.bulk = this.#octets >= BULK_OCTETS && this.#octets >= BULK_ENTRY * this.#entries;
    this.#limit = this.bulk ? Math.max(BULK_POLL, this.#asked) : this.#asked;
    this.window = Math.min(this.#grown, this.#limit);
  }

  /** Whether the worker may look rather than sleep: then no source is moderated. */
  get looks(): boolean {
    return this.#limit > 0;
  }

  /** Learns from how long looking and sleeping took, in microseconds. */
  after(waited: number): void {
    if (waited > this.#limit) this.#grown = 0;
    else if (waited > this.#grown)
      this.#grown = Math.min(this.#limit, Math.max(FIRST_WINDOW, 2 * this.#grown));
  }
}
