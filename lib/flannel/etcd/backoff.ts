/** Pauses between attempts: 100 ms, twice as long each time up to 5 s, less a random part so that hosts do not come together. */
export const FIRST_PAUSE = 100;
export const LONGEST_PAUSE = 5000;

export class Backoff {
  readonly #random: () => number;
  #pause = FIRST_PAUSE;

  /** @param random as Math.random */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait now. */
  next(): number {
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, LONGEST_PAUSE);
    return pause * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#pause = FIRST_PAUSE;
  }
}
