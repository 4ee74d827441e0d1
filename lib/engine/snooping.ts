/**
 * Neighbour snooping of one VTEP, control's half (`neighsnoop`): what the workers saw goes into the neighbour table here,
 * as many entries as the option allows, and goes out again when nothing was heard of it for as long as an FDB entry lives.
 */
import { RECORD_ADDRESS0, RECORD_FLAGS, RECORD_MAC_HIGH, RECORD_MAC_LOW } from '../dataplane/records.js';
import { NTF_ROUTER, NUD_CONNECTED, ORIGIN_OWN, ORIGIN_SNOOPED, SNOOPED_HERE } from '../table/neighbour.js';
import { TICKS_PER_SECOND } from './clock.js';
import type { NeighbourStore } from './neighbour-store.js';

/** The ageing scan runs once in so many ticks. */
const SCAN_INTERVAL = TICKS_PER_SECOND;
const MARKS = NTF_ROUTER | SNOOPED_HERE;

export class Snooping {
  readonly events = { neighSnooped: 0, neighMoved: 0, neighAged: 0 };
  readonly #store: NeighbourStore;
  readonly #fullChanged: () => void;
  #limit: number;
  #full = false;
  #nextScan = 0;

  /**
   * @param limit as of limit()
   * @param fullChanged called when `isFull` has another value
   */
  constructor(store: NeighbourStore, limit: number, fullChanged: () => void) {
    this.#store = store;
    this.#limit = limit;
    this.#fullChanged = fullChanged;
    store.snoopedChanged = () => this.#recount();
  }

  /** True while the limit keeps addresses from being learned; workers then post none. */
  get isFull(): boolean {
    return this.#limit > 0 && this.#store.snooped >= this.#limit;
  }

  /** @param limit greatest number of entries; 0 = off, and what was snooped goes. A smaller one takes none away */
  limit(limit: number): void {
    this.#limit = limit;
    if (limit === 0) this.flush();
    this.#recount();
  }

  /** Acts on a worker's NEIGHBOUR record at `at` of `words`. The table may have changed since: looked at afresh. */
  record(words: Int32Array, at: number): void {
    if (this.#limit === 0) return;
    const address = words.slice(at + RECORD_ADDRESS0, at + RECORD_ADDRESS0 + 4);
    const mac = { high: words[at + RECORD_MAC_HIGH], low: words[at + RECORD_MAC_LOW] };
    const said = words[at + RECORD_FLAGS];
    const { table } = this.#store;
    const entry = table.find(address[0], address[1], address[2], address[3]);
    const flags = entry < 0 ? 0 : table.flags(entry);
    if ((flags & ORIGIN_SNOOPED) === 0) {
      if (this.isFull || (flags & ORIGIN_OWN) !== 0) return;
      if (entry >= 0 && (table.state(entry) & NUD_CONNECTED) !== 0) return;
    }
    const isMove =
      (flags & ORIGIN_SNOOPED) !== 0 &&
      (table.macHigh(entry) !== mac.high ||
        table.macLow(entry) !== mac.low ||
        ((flags ^ said) & SNOOPED_HERE) !== 0);
    if ((flags & ORIGIN_SNOOPED) !== 0 && !isMove && table.state(entry) === said >>> 8) {
      // Two packets of one burst: the second says nothing new.
      if (((flags ^ said) & MARKS) === 0) return;
    }
    if (!this.#store.snoop(address, mac, said >>> 8, said & MARKS)) return;
    if ((flags & ORIGIN_SNOOPED) === 0) this.events.neighSnooped++;
    else if (isMove) this.events.neighMoved++;
  }

  /** Scans when it is time. @param ageing seconds */
  age(ageing: number): void {
    const { table, now, snooped } = this.#store;
    if (snooped === 0 || ((now - this.#nextScan) | 0) < 0) return;
    this.#nextScan = (now + SCAN_INTERVAL) | 0;
    for (const entry of table.entries()) {
      if ((table.flags(entry) & ORIGIN_SNOOPED) === 0) continue;
      if (((now - table.updated(entry)) | 0) < ageing * TICKS_PER_SECOND) continue;
      this.#store.remove(entry);
      this.events.neighAged++;
    }
  }

  /** Everything snooped goes: the interface went down, or the option. */
  flush(): void {
    const { table } = this.#store;
    for (const entry of table.entries()) {
      if ((table.flags(entry) & ORIGIN_SNOOPED) !== 0) this.#store.remove(entry);
    }
  }

  #recount(): void {
    if (this.#full === this.isFull) return;
    this.#full = this.isFull;
    this.#fullChanged();
  }
}
