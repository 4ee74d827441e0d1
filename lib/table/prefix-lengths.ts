/**
 * Which prefix lengths a route table has, so that a lookup probes only those.
 *
 *   word   0          1        2         3          4          5           6
 *   bits | v4 1..32 | v4 0   | v6 1..32 | v6 33..64 | v6 65..96 | v6 97..128 | v6 0 |
 *
 * Bit n of a word is length n + 1 of its range, so that counting leading zeroes finds the longest first. The
 * words are shared and never move; how many routes have a length is the writer's own.
 */

import { scopeOf } from './prefix.js';
import { expect } from './record-pool.js';

export const V4_WORD = 0;
export const V4_DEFAULT_WORD = 1;
export const V6_WORD = 2;
export const V6_DEFAULT_WORD = 6;
const WORDS = 7;
const LENGTHS = 129;

/** The lengths in use of both families. */
export class PrefixLengths {
  /** The bits, for lookups. */
  readonly words: Int32Array;
  readonly #routes = new Uint32Array(2 * LENGTHS);

  constructor(share: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4)) {
    this.words = new Int32Array(share);
  }

  /** Writer: a route of this length is about to enter. */
  add(family: 4 | 6, length: number): void {
    if (this.#routes[slot(family, length)]++ === 0)
      Atomics.or(this.words, wordOf(family, length), bitOf(length));
  }

  /** Writer: a route of this length has left. */
  remove(family: 4 | 6, length: number): void {
    if (--this.#routes[slot(family, length)] === 0)
      Atomics.and(this.words, wordOf(family, length), ~bitOf(length));
  }

  /** Writer: all routes have left. */
  clear(): void {
    this.#routes.fill(0);
    for (let word = 0; word < WORDS; word++) Atomics.store(this.words, word, 0);
  }

  /** Writer: routes of a length. */
  count(family: 4 | 6, length: number): number {
    return this.#routes[slot(family, length)];
  }

  /** True when the bit of a length is set. */
  has(family: 4 | 6, length: number): boolean {
    return (this.words[wordOf(family, length)] & bitOf(length)) !== 0;
  }

  /** Writer: verifies counts and bits against the routes there are, each given by its scope (prefix.ts). */
  selfCheck(scopes: number[]): void {
    const routes = new Map<number, number>();
    for (const scope of scopes) routes.set(scope, (routes.get(scope) ?? 0) + 1);
    for (const family of [4, 6] as const) {
      for (let length = 0; length <= (family === 4 ? 32 : 128); length++) {
        const found = routes.get(scopeOf(length, family)) ?? 0;
        const counted = this.count(family, length);
        expect(found === counted, `${found} IPv${family} routes of length ${length}, counted ${counted}`);
        expect(this.has(family, length) === found > 0, `bit of IPv${family} length ${length} is wrong`);
      }
    }
  }
}

function slot(family: 4 | 6, length: number): number {
  return (family === 4 ? 0 : LENGTHS) + length;
}

function wordOf(family: 4 | 6, length: number): number {
  if (length === 0) return family === 4 ? V4_DEFAULT_WORD : V6_DEFAULT_WORD;
  return family === 4 ? V4_WORD : V6_WORD + ((length - 1) >> 5);
}

function bitOf(length: number): number {
  return length === 0 ? 1 : 1 << ((length - 1) & 31);
}
