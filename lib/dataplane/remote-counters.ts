/**
 * What went to each remote VTEP and what came from it, in one worker: a bounded hash table on shared memory, written by
 * that worker alone and read by control. Only a device with `remote-stats` has one.
 *
 *   words     | seed, 7 unused | key of row 0 | key of row 1 | ... | key of the row of all others |
 *   key       address (four words), UDP port (0 = the device's), VNI (-1 = the device's), sequence, unused
 *   counters  | packets and bytes | learn limit | last heard, last sent | one for every reason |   a row, as 64-bit floats
 *
 * A key is looked for in a window of rows from its hash's on, and the row found last is tried first: bursts come from
 * one source mostly. A new key takes the first row that was never used; in a full window the one that was idle longest,
 * if that is five minutes; else it counts with all others, as do those that lost their row. So neither memory nor the
 * time for a datagram grows with the sources that somebody invents, and what is alive is not displaced by them.
 *
 * The sequence is odd while a row is given to another key, so that control does not take one's counters for the other's.
 */
import { hash4, secretOf } from '../table/hash.js';
import { REASONS } from './reasons.js';

/** Rows, a power of two. */
export const REMOTE_ROWS = 1_024;
/** The row of what has none of its own. */
export const OTHERS = REMOTE_ROWS;
const WINDOW = 16;
/** Ticks (100 ms) without a packet after which a row may be given away. */
const IDLE = 3_000;
const KEY_WORDS = 8;
const PORT = 4;
const VNI = 5;
const SEQUENCE = 6;
/** No key has it. */
const NO_VNI = -2;
const HASH_SHIFT = 32 - Math.log2(REMOTE_ROWS);

/** Counters of a row. Packets and bytes as those of a device (counters.ts). */
export const REMOTE_RX_PACKETS = 0;
export const REMOTE_RX_BYTES = 1;
export const REMOTE_TX_PACKETS = 2;
export const REMOTE_TX_BYTES = 3;
/** MACs not learned because the peer was at its learn limit. */
export const REMOTE_LIMITED = 4;
/** Tick of the last datagram from it, and to it, plus one; 0 = never. */
export const REMOTE_HEARD = 5;
export const REMOTE_SENT = 6;
export const REMOTE_REASON0 = 7;
export const REMOTE_COUNTERS = REMOTE_REASON0 + REASONS.length;

const KEYS_BYTES = (1 + REMOTE_ROWS + 1) * KEY_WORDS * 4;
const SHARE_BYTES = KEYS_BYTES + (REMOTE_ROWS + 1) * REMOTE_COUNTERS * 8;

/** A row as control reads it. */
export interface RemoteRow {
  /** Four words; undefined for the row of all others. */
  readonly address: Int32Array | undefined;
  readonly port: number;
  readonly vni: number;
  readonly counters: Float64Array;
}

/** Counters by {address, port, VNI}. */
export class RemoteCounters {
  readonly share: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #counters: Float64Array;
  readonly #seed: number;
  readonly #secret: number;
  #last = OTHERS;

  /** @param share the memory of counters that another thread made; default new, all 0, with a random seed */
  constructor(share?: SharedArrayBuffer) {
    this.share = share ?? new SharedArrayBuffer(SHARE_BYTES);
    this.#words = new Int32Array(this.share, 0, KEYS_BYTES / 4);
    this.#counters = new Float64Array(this.share, KEYS_BYTES);
    if (share === undefined) {
      this.#words[0] = crypto.getRandomValues(new Int32Array(1))[0];
      this.#words[keyOf(OTHERS) + VNI] = NO_VNI;
    }
    this.#seed = this.#words[0];
    this.#secret = secretOf(this.#seed);
  }

  /** Row of a key that has one, else -1. */
  find(a0: number, a1: number, a2: number, a3: number, port: number, vni: number): number {
    if (this.#isAt(this.#last, a0, a1, a2, a3, port, vni)) return this.#last;
    const home = this.#home(a0, a1, a2, a3, port, vni);
    for (let i = 0; i < WINDOW; i++) {
      const row = (home + i) & (REMOTE_ROWS - 1);
      if (this.#words[keyOf(row) + SEQUENCE] === 0) return -1;
      if (this.#isAt(row, a0, a1, a2, a3, port, vni)) {
        this.#last = row;
        return row;
      }
    }
    return -1;
  }

  /**
   * Row of a key, from now on if it had none; OTHERS where there is no room.
   * @param port UDP port, 0 = the device's
   * @param vni -1 = the device's
   * @param now tick
   */
  row(a0: number, a1: number, a2: number, a3: number, port: number, vni: number, now: number): number {
    const known = this.find(a0, a1, a2, a3, port, vni);
    if (known >= 0) return known;
    const row = this.#vacant(this.#home(a0, a1, a2, a3, port, vni), now);
    if (row === OTHERS) return row;
    const words = this.#words;
    const key = keyOf(row);
    const sequence = words[key + SEQUENCE];
    Atomics.store(words, key + SEQUENCE, sequence + 1);
    this.#clear(row);
    words[key] = a0;
    words[key + 1] = a1;
    words[key + 2] = a2;
    words[key + 3] = a3;
    words[key + PORT] = port;
    words[key + VNI] = vni;
    // Never 0 again, whatever it counts to.
    Atomics.store(words, key + SEQUENCE, (sequence + 2) | 0 || 2);
    this.#last = row;
    return row;
  }

  /** A datagram went out, or was handed up. @param packets REMOTE_RX_PACKETS or REMOTE_TX_PACKETS; bytes are the next */
  count(row: number, packets: number, octets: number): void {
    const at = row * REMOTE_COUNTERS + packets;
    this.#counters[at]++;
    this.#counters[at + 1] += octets;
  }

  /** Something else happened: a reason of REASONS, or REMOTE_LIMITED. @param counter REMOTE_REASON0 + the reason */
  note(row: number, counter: number): void {
    this.#counters[row * REMOTE_COUNTERS + counter]++;
  }

  /** @param when REMOTE_HEARD or REMOTE_SENT */
  stamp(row: number, when: number, now: number): void {
    this.#counters[row * REMOTE_COUNTERS + when] = now + 1;
  }

  /** Control: the rows in use, copied, that of all others last. */
  *rows(): Generator<RemoteRow> {
    const words = this.#words;
    for (let row = 0; row < REMOTE_ROWS; row++) {
      const key = keyOf(row);
      const sequence = Atomics.load(words, key + SEQUENCE);
      if (sequence === 0 || (sequence & 1) !== 0) continue;
      const copy = {
        address: words.slice(key, key + 4),
        port: words[key + PORT],
        vni: words[key + VNI],
        counters: this.#copy(row),
      };
      if (Atomics.load(words, key + SEQUENCE) === sequence) yield copy;
    }
    yield { address: undefined, port: 0, vni: -1, counters: this.#copy(OTHERS) };
  }

  #copy(row: number): Float64Array {
    return this.#counters.slice(row * REMOTE_COUNTERS, (row + 1) * REMOTE_COUNTERS);
  }

  #isAt(row: number, a0: number, a1: number, a2: number, a3: number, port: number, vni: number): boolean {
    const words = this.#words;
    const key = keyOf(row);
    return (
      words[key + 3] === a3 &&
      words[key + 2] === a2 &&
      words[key + 1] === a1 &&
      words[key] === a0 &&
      words[key + PORT] === port &&
      words[key + VNI] === vni
    );
  }

  #home(a0: number, a1: number, a2: number, a3: number, port: number, vni: number): number {
    const mixed = hash4(a0 ^ Math.imul(port, 0x3c6ef372), a1 ^ vni, a2, a3, this.#seed, this.#secret);
    return mixed >>> HASH_SHIFT;
  }

  /** A row for another key in the window from `home` on, or OTHERS. */
  #vacant(home: number, now: number): number {
    let longest = OTHERS;
    let most = IDLE - 1;
    for (let i = 0; i < WINDOW; i++) {
      const row = (home + i) & (REMOTE_ROWS - 1);
      if (this.#words[keyOf(row) + SEQUENCE] === 0) return row;
      const idle = Math.min(this.#since(row, REMOTE_HEARD, now), this.#since(row, REMOTE_SENT, now));
      if (idle <= most) continue;
      longest = row;
      most = idle;
    }
    return longest;
  }

  #since(row: number, when: number, now: number): number {
    const stamp = this.#counters[row * REMOTE_COUNTERS + when];
    return stamp === 0 ? 0x7fffffff : (now + 1 - stamp) | 0;
  }

  /** What a row counted goes to all others. */
  #clear(row: number): void {
    const counters = this.#counters;
    const from = row * REMOTE_COUNTERS;
    const to = OTHERS * REMOTE_COUNTERS;
    for (let i = 0; i < REMOTE_COUNTERS; i++) {
      if (i !== REMOTE_HEARD && i !== REMOTE_SENT) counters[to + i] += counters[from + i];
      counters[from + i] = 0;
    }
  }
}

/** Word offset of a row's key. */
function keyOf(row: number): number {
  return (row + 1) * KEY_WORDS;
}
