/**
 * Source learning and ageing of one VTEP, control's half: what the workers saw goes into the FDB here, and goes out
 * again when nothing was heard of it (vxlan_snoop, vxlan_cleanup).
 */
import {
  RECORD_ADDRESS0,
  RECORD_IFINDEX,
  RECORD_MAC_HIGH,
  RECORD_MAC_LOW,
  RECORD_PORT,
  RECORD_VNI,
} from '../dataplane/records.js';
import { type Clock, TICKS_PER_SECOND } from './clock.js';
import type { Forwarding } from './forwarding.js';

/** FDB_AGE_INTERVAL: the ageing scan runs at least this often, in ticks. */
const AGE_INTERVAL = 10 * TICKS_PER_SECOND;

export class Learning {
  readonly events = { learned: 0, moved: 0, aged: 0 };
  readonly #fdb: Forwarding;
  readonly #clock: Clock;
  readonly #fullChanged: () => void;
  #full = false;
  #nextAgeing = 0;

  /** @param fullChanged called when `isFull` has another value */
  constructor(fdb: Forwarding, clock: Clock, fullChanged: () => void) {
    this.#fdb = fdb;
    this.#clock = clock;
    this.#fullChanged = fullChanged;
  }

  /** True while maxaddress keeps MACs from being learned; workers then post none, and flood to them. */
  get isFull(): boolean {
    return this.#full;
  }

  /** Acts on a worker's LEARN, MOVE or ROAM record at `at` of `words`. */
  record(words: Int32Array, at: number): void {
    const address = words.slice(at + RECORD_ADDRESS0, at + RECORD_ADDRESS0 + 4);
    const mac = { high: words[at + RECORD_MAC_HIGH], low: words[at + RECORD_MAC_LOW] };
    const [vni, ifindex, port] = [RECORD_VNI, RECORD_IFINDEX, RECORD_PORT].map((word) => words[at + word]);
    const outcome = this.#fdb.learn(mac, vni, address, ifindex, port);
    if (outcome === 'full') this.#setFull(true);
    else if (outcome !== 'kept') this.events[outcome]++;
  }

  /** An entry was removed. */
  removed(): void {
    this.#setFull(false);
  }

  /** The interface went up: the first scan is due in ten seconds. */
  begin(): void {
    this.#nextAgeing = (this.#clock.now() + AGE_INTERVAL) | 0;
  }

  /** `ageing` was changed: the scan is due at once. */
  scanNow(): void {
    this.#nextAgeing = this.#clock.now();
  }

  /** Scans when it is time. @param ageing seconds */
  age(ageing: number): void {
    const now = this.#clock.now();
    if (((now - this.#nextAgeing) | 0) < 0) return;
    const { aged, next } = this.#fdb.age(ageing * TICKS_PER_SECOND);
    this.events.aged += aged;
    this.#nextAgeing = (now + Math.max(TICKS_PER_SECOND, Math.min(AGE_INTERVAL, next))) | 0;
  }

  #setFull(full: boolean): void {
    if (this.#full === full) return;
    this.#full = full;
    this.#fullChanged();
  }
}
