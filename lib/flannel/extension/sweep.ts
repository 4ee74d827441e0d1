/**
 * When peers that flanneld has not told of in this run are removed: `settle` seconds after the first `add` of the run, and
 * when none has come for a sixth of that. flanneld tells of all peers in one go as soon as it watches the registry; how long
 * that takes depends on how many there are. Where no `add` comes nothing is removed: a registry that does not answer after
 * `post` must not take the peers along, and entries of hosts that have gone harm nobody meanwhile.
 */
import type { ExtensionState } from './state.js';

/** Part of `settle` that must have passed since the last `add`. */
const QUIET = 1 / 6;

/**
 * @param now milliseconds, of the clock that firstAdd was read from
 * @returns milliseconds until the sweep of this run; undefined when there is none to come
 */
export function sweepDelay(state: ExtensionState, now: number): number | undefined {
  const { firstAdd, lastAdd, settle, swept, generation } = state;
  if (firstAdd === undefined || lastAdd === undefined || settle === 0 || swept === generation)
    return undefined;
  return Math.max(0, firstAdd + settle * 1000 - now, lastAdd + settle * 1000 * QUIET - now);
}
