/**
 * Which misses are told, where a device is not to tell each of them as the kernel does (`missinterval`, `missrate`):
 * a host that scans a subnet then wakes a control plane once an address, not once a frame.
 */
import { TICKS_PER_SECOND } from './clock.js';
import type { MissEvent } from './miss-event.js';
import type { LinkConfig } from './types.js';

type Limits = Pick<LinkConfig, 'missinterval' | 'missrate'>;

/** Misses remembered at most; the oldest are forgotten first, and may then be told early. */
const MOST_REMEMBERED = 65_536;

export class MissLimit {
  /** Misses that were not told. */
  readonly events = { missSuppressed: 0 };
  /** What was missed -> the tick it was told at, oldest first. */
  readonly #told = new Map<string, number>();
  #second = -1;
  #inSecond = 0;

  /** True when the miss is to be told now; counts it. @param now tick */
  allows(miss: MissEvent, { missinterval = 0, missrate = 0 }: Limits, now: number): boolean {
    const key = miss.layer === 2 ? miss.lladdr : miss.dst;
    if (this.#isRepeated(key, missinterval * TICKS_PER_SECOND, now) || this.#isTooMany(missrate, now)) {
      this.events.missSuppressed++;
      return false;
    }
    if (missinterval > 0) this.#remember(key, now);
    return true;
  }

  #isRepeated(key: string, interval: number, now: number): boolean {
    const told = this.#told.get(key);
    return told !== undefined && ((now - told) | 0) < interval;
  }

  #isTooMany(rate: number, now: number): boolean {
    if (rate === 0) return false;
    const second = Math.floor(now / TICKS_PER_SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    return ++this.#inSecond > rate;
  }

  #remember(key: string, now: number): void {
    this.#told.delete(key);
    this.#told.set(key, now);
    if (this.#told.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#told.keys();
    this.#told.delete(oldest);
  }
}
