/** What is wrong with a key is told once, and again when it is something else, or was right in between. */
export class Problems {
  readonly #told = new Map<string, string>();
  readonly #tell: (key: string, reason: string) => void;

  constructor(tell: (key: string, reason: string) => void) {
    this.#tell = tell;
  }

  /** Says what is wrong with `key` now; undefined: nothing. */
  set(key: string, reason: string | undefined): void {
    if (reason === undefined) {
      this.#told.delete(key);
      return;
    }
    if (this.#told.get(key) === reason) return;
    this.#told.set(key, reason);
    this.#tell(key, reason);
  }

  /** Forgets the keys that are not among `keys`. */
  keep(keys: { has(key: string): boolean }): void {
    for (const key of this.#told.keys()) if (!keys.has(key)) this.#told.delete(key);
  }
}
