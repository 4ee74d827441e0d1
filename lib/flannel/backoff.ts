/** Pauses between attempts: 100 ms, twice as long each time up to 5 s, less a random part so that hosts do not come together. */
export const FIRST_PAUSE = 100;
export const LONGEST_PAUSE = 5000;

export class Backoff {
  readonly #random: () => number;
  readonly #first: number;
  readonly #longest: number;
  #pause: number;

  /**
   * @param random as Math.random
   * @param first and longest pause, milliseconds
   */
  constructor(random: () => number, first = FIRST_PAUSE, longest = LONGEST_PAUSE) {
    this.#random = random;
    this.#first = first;
    this.#longest = longest;
    this.#pause = first;
  }

  /** Milliseconds to wait now. */
  next(): number {
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, this.#longest);
    return pause * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#pause = this.#first;
  }
}
