/** Split-horizon groups of an engine: which sources the devices of each have just heard of (dataplane/split-horizon.ts). */
import { HORIZON_WORDS } from '../dataplane/split-horizon.js';

/** Of a device without a group. */
const NONE = new Int32Array(0);

export class Horizons {
  readonly #groups = new Map<number, Int32Array>();

  /** The table of a group, 1 to 255, which its devices share; an empty one for 0. It lives as long as the engine. */
  of(group: number): Int32Array {
    if (group === 0) return NONE;
    let table = this.#groups.get(group);
    if (table === undefined) {
      table = new Int32Array(new SharedArrayBuffer(HORIZON_WORDS * Int32Array.BYTES_PER_ELEMENT));
      this.#groups.set(group, table);
    }
    return table;
  }
}
