/** Acts that must not overlap. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `act` once all before it have ended, well or not; settles as it does. */
  take<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Resolves when all that were asked for have ended. */
  async end(): Promise<void> {
    await this.#last;
  }
}
