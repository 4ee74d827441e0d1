/**
 * A bad wire: a receiving port that loses, doubles, damages and swaps what arrives, by a sequence of random numbers
 * of its own, so that a run can be repeated (the idea of smoltcp's FaultInjector).
 *
 *   received   [a] [b] [c] [d] [e]
 *   handed on  [a] [c'] [d] [b] ...      e lost, c damaged, b late
 *
 * Entries are moved within the burst that brought them: what is late comes last, a duplicate takes the place of a
 * lost one or a slot that was free.
 */
import { type Batch, COLUMNS, LENGTH, OFFSET } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import type { ReceivePort } from './port.js';

/** Chances in percent, 0 to 100; each entry meets them in this order. */
export interface Faults {
  /** Lost. */
  drop?: number;
  /** One octet changed. */
  corrupt?: number;
  /** Handed on twice. */
  duplicate?: number;
  /** Handed on after the rest of its burst. */
  reorder?: number;
}

/** What was done so far, in entries. */
export interface FaultCounts {
  dropped: number;
  corrupted: number;
  duplicated: number;
  reordered: number;
}

export class FaultPort implements ReceivePort {
  readonly counts: FaultCounts = { dropped: 0, corrupted: 0, duplicated: 0, reordered: 0 };
  readonly #port: ReceivePort;
  readonly #faults: Required<Faults>;
  #state: number;

  /** @param seed equal seeds make equal mistakes */
  constructor(port: ReceivePort, faults: Faults, seed = 1) {
    this.#port = port;
    this.#faults = { drop: 0, corrupt: 0, duplicate: 0, reorder: 0, ...faults };
    for (const [name, chance] of Object.entries(this.#faults)) {
      if (!(chance >= 0 && chance <= 100))
        throw new RangeError(`${name} ${chance}: expected 0 to 100 percent`);
    }
    this.#state = seed | 0 || 1;
  }

  /** As the port's own, less what is lost: 0 does not mean that the port is empty while entries were dropped. */
  receive(slab: Slab, batch: Batch): number {
    for (;;) {
      const received = this.#port.receive(slab, batch);
      if (received <= 0) return received;
      this.#spoil(slab, batch);
      // A burst lost whole must not look like an empty port: its owner would go to sleep.
      if (batch.length > 0) return batch.length;
    }
  }

  #spoil(slab: Slab, batch: Batch): void {
    const received = batch.length;
    const order: number[] = [];
    const late: number[] = [];
    const doubles: number[] = [];
    for (let i = 0; i < received; i++) {
      if (this.#happens('drop')) {
        this.counts.dropped++;
        continue;
      }
      if (this.#happens('corrupt')) this.#corrupt(slab, batch, i);
      if (this.#happens('duplicate')) doubles.push(i);
      if (this.#happens('reorder')) {
        this.counts.reordered++;
        late.push(i);
      } else {
        order.push(i);
      }
    }
    order.push(...late);
    this.#duplicate(slab, batch, order, doubles);
    arrange(batch, order);
  }

  #corrupt(slab: Slab, batch: Batch, i: number): void {
    const length = batch.get(LENGTH, i);
    if (length === 0) return;
    slab.bytes[batch.get(OFFSET, i) + this.#below(length)] ^= 1 << this.#below(8);
    this.counts.corrupted++;
  }

  /** Copies entries into slots of this burst that nobody uses, as long as there are any. */
  #duplicate(slab: Slab, batch: Batch, order: number[], doubles: readonly number[]): void {
    const room = Math.min(batch.capacity, slab.slots);
    const used = new Set(order);
    let spare = 0;
    for (const i of doubles) {
      while (used.has(spare)) spare++;
      if (spare >= room) return;
      used.add(spare);
      const from = batch.get(OFFSET, i);
      const to = slab.slotOffset(spare);
      slab.bytes.copyWithin(to, from, from + batch.get(LENGTH, i));
      for (let column = 0; column < COLUMNS; column++) batch.set(column, spare, batch.get(column, i));
      batch.set(OFFSET, spare, to);
      order.push(spare);
      this.counts.duplicated++;
    }
  }

  #happens(fault: keyof Faults): boolean {
    return this.#below(100) < this.#faults[fault];
  }

  /** xorshift32 (Marsaglia, 2003). */
  #below(bound: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % bound;
  }
}

/** Puts the entries `order` names in that order, from 0. */
function arrange(batch: Batch, order: readonly number[]): void {
  for (let column = 0; column < COLUMNS; column++) {
    const values = order.map((entry) => batch.get(column, entry));
    for (const [i, value] of values.entries()) batch.set(column, i, value);
  }
  batch.length = order.length;
}
