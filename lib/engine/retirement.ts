/**
 * Descriptors on their way to being closed: a worker may be using one, or have it in its hands from the last wait, until
 * it begins another burst, having taken the message that it is to let go of it (memory/epoch.ts).
 *
 *   open -- retire() --> waiting -- every worker has moved on --> closed
 *     ^                     |
 *     +----- reclaim() -----+     a port that is wanted again before it is free
 */
import type { Epochs } from '../memory/epoch.js';

/** Milliseconds before it is looked again whether the workers have moved on. */
const REAPING = 5;

/** A descriptor that was retired. */
export interface Retired {
  readonly fd: number;
  readonly stamp: number;
}

export class Retirement {
  readonly #epochs: Epochs | undefined;
  readonly #close: (fd: number) => void;
  #waiting: Retired[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param epochs the workers; undefined when bursts run in this thread, and descriptors are closed at once */
  constructor(epochs: Epochs | undefined, close: (fd: number) => void) {
    this.#epochs = epochs;
    this.#close = close;
  }

  /** Closes a descriptor as soon as no worker can touch it; those that know of it must have been told already. */
  retire(fd: number): Retired {
    const retired = { fd, stamp: this.#epochs?.retire() ?? 0 };
    this.#waiting.push(retired);
    this.reap();
    return retired;
  }

  /** Takes a descriptor back; false when it is closed already. */
  reclaim(retired: Retired): boolean {
    const at = this.#waiting.indexOf(retired);
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  /** Closes what may be closed. */
  reap(): void {
    clearTimeout(this.#timer);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ stamp }) => this.#epochs !== undefined && !this.#epochs.passed(stamp));
    for (const retired of waiting) if (!this.#waiting.includes(retired)) this.#close(retired.fd);
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.reap(), REAPING).unref();
  }

  /** Closes everything: there are no workers any more. */
  closeAll(): void {
    clearTimeout(this.#timer);
    for (const { fd } of this.#waiting.splice(0)) this.#close(fd);
  }
}
