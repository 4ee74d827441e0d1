/** Something to be done, never twice at once: asked for while it is being done, it is done once more afterwards. */
export class Sooner {
  readonly #settle: number;
  readonly #act: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #isActing = false;
  #again = false;
  #isClosed = false;

  /**
   * @param settle milliseconds that `soon` waits for more to come
   * @param act must not reject
   */
  constructor(settle: number, act: () => Promise<void>) {
    this.#settle = settle;
    this.#act = act;
  }

  /** When what happens together has happened. */
  soon(): void {
    this.in(this.#settle);
  }

  /** In so many milliseconds at the latest; what is asked for before then waits no longer for it. */
  in(milliseconds: number): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.now(), milliseconds);
  }

  now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed) return;
    this.#again = this.#isActing;
    if (!this.#isActing) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#isActing = true;
    do {
      this.#again = false;
      await this.#act();
    } while (this.#again && !this.#isClosed);
    this.#isActing = false;
  }
}
