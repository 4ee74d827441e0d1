/**
 * How a worker waits when all its descriptors are drained. Sleeping is right for an idle worker, and dear for a busy
 * one: whoever sends has to wake it, which costs 15 to 50 us where an idle virtual CPU is halted.
 *
 *   load since the last waits            a wait begins with
 *   little                               nothing: the worker sleeps until it is woken
 *   many frames a wait                   a nap of NAP us: more of them come meanwhile, and wake nobody
 *   many octets a wait, or as asked      looking, for 0 to `limit` us: `window` grows while sleeps are so short that
 *                                        looking would have met their end, and falls to 0 when they are longer
 *                                        (KVM: halt_poll_ns, grow_halt_poll_ns, shrink_halt_poll_ns)
 *
 * Looking costs a core that nobody else wanted: between two looks the worker yields to whoever is ready to run
 * (native-shim/poll.c). What is remembered of earlier waits halves with each, so that acknowledgements between two
 * super-frames do not end a bulk transfer, and a ping never begins one. Measurements: docs/performance.md.
 */

/** Octets remembered that make a transfer a bulk one: half a super-frame. */
const BULK_OCTETS = 32 * 1024;
/** Microseconds to look for more of a bulk transfer. */
const BULK_POLL = 200;
/** The window that a first short sleep opens; from then on it doubles. */
const FIRST_WINDOW = 20;
/** Entries remembered that make a stream of small frames: 16 a wait. */
const STREAM_ENTRIES = 32;
/** Microseconds of a nap: 33 frames at 330 kpps, and far from filling a TAP queue. */
const NAP = 100;

/**
 * @example
 * const policy = new WaitPolicy(50);
 * policy.before(octets, entries); // moved since the last wait; then nap for policy.nap, look for policy.window, sleep
 * policy.after(waited);           // microseconds that looking and sleeping took
 */
export class WaitPolicy {
  /** Microseconds to sleep whatever comes. */
  nap = 0;
  /** Microseconds to look before sleeping. */
  window = 0;
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

  /** Decides how the next wait begins. */
  before(octets: number, entries: number): void {
    this.#octets = octets + this.#octets / 2;
    this.#entries = entries + this.#entries / 2;
    this.#limit = this.#octets >= BULK_OCTETS ? Math.max(BULK_POLL, this.#asked) : this.#asked;
    this.window = Math.min(this.#grown, this.#limit);
    this.nap = this.#limit === 0 && this.#entries >= STREAM_ENTRIES ? NAP : 0;
  }

  /** Learns from how long looking and sleeping took, in microseconds. */
  after(waited: number): void {
    if (waited > this.#limit) this.#grown = 0;
    else if (waited > this.#grown)
      this.#grown = Math.min(this.#limit, Math.max(FIRST_WINDOW, 2 * this.#grown));
  }
}
