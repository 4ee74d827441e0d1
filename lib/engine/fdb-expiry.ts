/** What leaves an FDB without anybody's word: by age, with the interface, or since it is no peer's. */
import { FLAG_EXT_LEARNED, FLAG_LEARNED, STATE_NOARP, STATE_PERMANENT, STATE_STALE } from '../table/fdb.js';
import type { Mac } from '../wire/text.js';
import type { FdbStore } from './fdb-store.js';

/** Entries in one of these are neither learned over, nor aged, nor flushed when the interface goes down. */
export const FIXED = STATE_PERMANENT | STATE_NOARP;

/**
 * Removes what aged out (vxlan_cleanup): entries neither permanent, static nor learned by a control plane, not
 * heard of for `ageing` ticks.
 * @returns how many went, and the ticks until the next entry may; Infinity when none is waiting
 */
export function ageOut(store: FdbStore, ageing: number, now: number): { aged: number; next: number } {
  const { table } = store;
  let aged = 0;
  let next = Infinity;
  for (const entry of table.entries()) {
    if ((table.state(entry) & FIXED) !== 0) continue;
    if ((table.flags(entry) & FLAG_EXT_LEARNED) !== 0) continue;
    const left = ageing - ((now - table.updated(entry)) | 0);
    if (left > 0) {
      next = Math.min(next, left);
      continue;
    }
    table.setState(entry, STATE_STALE);
    store.destroy(entry);
    aged++;
  }
  return { aged, next };
}

/** Removes what was learned of a MAC, of whatever VNI. */
export function removeLearned(store: FdbStore, { high, low }: Mac): void {
  const { table } = store;
  for (const entry of table.entries()) {
    if (table.macHigh(entry) !== high || table.macLow(entry) !== low) continue;
    if ((table.flags(entry) & FLAG_LEARNED) !== 0) store.destroy(entry);
  }
}

/** Removes what is neither permanent nor static. */
export function removeDynamic(store: FdbStore): void {
  const { table } = store;
  for (const entry of table.entries()) {
    if ((table.state(entry) & FIXED) === 0) store.destroy(entry);
  }
}
