/**
 * Time of the tables: ticks of 100 ms since the engine's start, as signed 32-bit integers. Differences stay right
 * when the count wraps (`(now - then) | 0`), after 6.8 years. A coarse tick means that refreshing an entry a thousand
 * times a second writes it ten times.
 */

/** Milliseconds a tick. */
export const TICK = 100;
export const TICKS_PER_SECOND = 1_000 / TICK;

export interface Clock {
  /** Ticks since the start. */
  now(): number;
}

/** A clock on the system's monotonic one. Clocks of several threads agree when they share `start`. */
export class MonotonicClock implements Clock {
  /** Milliseconds of the epoch at tick 0. */
  readonly start: number;

  constructor(start = performance.timeOrigin + performance.now()) {
    this.start = start;
  }

  now(): number {
    return Math.floor((performance.timeOrigin - this.start + performance.now()) / TICK) | 0;
  }
}

/** Whole seconds from `then` to `now`, both ticks; never negative. */
export function secondsSince(then: number, now: number): number {
  return Math.max(0, Math.floor(((now - then) | 0) / TICKS_PER_SECOND));
}
