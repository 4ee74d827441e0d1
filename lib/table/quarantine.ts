/**
 * Quarantine: numbers (of records, of list offsets) that are unlinked and may still be in a reader's hands.
 * First in, first out, since stamps only rise; a circular buffer that doubles when full and is dropped when
 * a flush has left it empty and large.
 */
import type { Epochs } from '../memory/epoch.js';

const FEWEST = 16;
/** Larger than this and empty: give the memory back. */
const KEEP = 4_096;

/** A queue of retired numbers, released in order once the readers have moved on. */
export class Quarantine {
  readonly #epochs: Epochs;
  #numbers = new Int32Array(FEWEST);
  #stamps = new Float64Array(FEWEST);
  #first = 0;
  #length = 0;

  constructor(epochs: Epochs) {
    this.#epochs = epochs;
  }

  /** How many numbers rest here. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.#numbers.byteLength + this.#stamps.byteLength;
  }

  /** Takes in a number that has just been unlinked; `number` is a 32-bit integer. */
  push(number: number): void {
    if (this.#length === this.#numbers.length) this.#resize(this.#length * 2);
    const at = (this.#first + this.#length) & (this.#numbers.length - 1);
    this.#numbers[at] = number;
    this.#stamps[at] = this.#epochs.retire();
    this.#length++;
  }

  /** The oldest number that no reader can hold any more, or -1: none yet. */
  take(): number {
    if (this.#length === 0 || !this.#epochs.passed(this.#stamps[this.#first])) return -1;
    const number = this.#numbers[this.#first];
    this.#first = (this.#first + 1) & (this.#numbers.length - 1);
    if (--this.#length === 0 && this.#numbers.length > KEEP) this.#resize(FEWEST);
    return number;
  }

  /** The numbers at rest, oldest first; for self checks. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.#length; i++) {
      yield this.#numbers[(this.#first + i) & (this.#numbers.length - 1)];
    }
  }

  #resize(size: number): void {
    const numbers = new Int32Array(size);
    const stamps = new Float64Array(size);
    for (let i = 0; i < this.#length; i++) {
      const from = (this.#first + i) & (this.#numbers.length - 1);
      numbers[i] = this.#numbers[from];
      stamps[i] = this.#stamps[from];
    }
    this.#numbers = numbers;
    this.#stamps = stamps;
    this.#first = 0;
  }
}
