/** Pauses between attempts that grow, and differ from host to host, so that a server that comes back is not met by all at once. */
export class BackOff {
  readonly #first: number;
  readonly #greatest: number;
  readonly #random: () => number;
  #pause: number;

  /**
   * @param first and greatest milliseconds
   * @param random 0 to 1
   */
  constructor(first = 100, greatest = 5_000, random: () => number = Math.random) {
    this.#first = first;
    this.#greatest = greatest;
    this.#random = random;
    this.#pause = first;
  }

  /** Milliseconds to wait now: half the pause to all of it; the next is twice as long. */
  next(): number {
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, this.#greatest);
    return pause * (0.5 + 0.5 * this.#random());
  }

  /** It works again. */
  reset(): void {
    this.#pause = this.#first;
  }
}
