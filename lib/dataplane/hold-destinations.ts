/**
 * What held frames wait for (hold-queue.ts): a hash table of destinations with a queue of frame numbers each.
 *
 *   buckets   hash -> destination -> destination ...            chained by NEXT
 *   words     | device | kind | key, 4 words | first frame | last frame | frames | next | bucket | place |
 *   places    the destinations in use, in no order, for who looks through all of them
 *
 * A destination is named by the offset of its words. Keys shorter than four words end in zeros.
 */

/** Words of a destination that others read and write. */
export const OF_DEVICE = 0;
export const KIND = 1;
export const KEY = 2;
export const FIRST = 6;
export const LAST = 7;
export const COUNT = 8;
/** The next of its chain; of a destination that was removed, whatever its owner makes of it. */
export const NEXT = 9;
const BUCKET = 10;
const PLACE = 11;
const STRIDE = 12;

export const NONE = -1;
const BUCKETS = 1_024;

export class HoldDestinations {
  words = new Int32Array(0);
  /** Destinations in use. */
  count = 0;
  readonly #buckets = new Int32Array(BUCKETS).fill(NONE);
  #places = new Int32Array(0);
  #free = NONE;

  /** Takes the memory for `most` destinations. */
  prepare(most: number): void {
    this.words = new Int32Array(most * STRIDE);
    this.#places = new Int32Array(most);
    for (let n = most - 1; n >= 0; n--) this.free(n * STRIDE);
  }

  /** The destination at `place`, 0 to `count` - 1. Whoever removes on the way begins with the last. */
  at(place: number): number {
    return this.#places[place];
  }

  /** The destination of a device with this kind and key, or NONE. */
  find(device: number, kind: number, k0: number, k1: number, k2: number, k3: number): number {
    const w = this.words;
    for (let at = this.#buckets[bucketOf(device, kind, k0, k1, k2, k3)]; at !== NONE; at = w[at + NEXT]) {
      if (w[at + KEY + 1] !== k1 || w[at + KEY + 3] !== k3 || w[at + KEY] !== k0) continue;
      if (w[at + KEY + 2] === k2 && w[at + KIND] === kind && w[at + OF_DEVICE] === device) return at;
    }
    return NONE;
  }

  /** Makes a destination that no frame waits for yet; there must be room. */
  begin(device: number, kind: number, k0: number, k1: number, k2: number, k3: number): number {
    const w = this.words;
    const at = this.#free;
    const bucket = bucketOf(device, kind, k0, k1, k2, k3);
    this.#free = w[at + NEXT];
    w[at + OF_DEVICE] = device;
    w[at + KIND] = kind;
    w[at + KEY] = k0;
    w[at + KEY + 1] = k1;
    w[at + KEY + 2] = k2;
    w[at + KEY + 3] = k3;
    w[at + FIRST] = NONE;
    w[at + LAST] = NONE;
    w[at + COUNT] = 0;
    w[at + NEXT] = this.#buckets[bucket];
    w[at + BUCKET] = bucket;
    w[at + PLACE] = this.count;
    this.#buckets[bucket] = at;
    this.#places[this.count++] = at;
    return at;
  }

  /** Takes a destination out; its words stay until it is freed. */
  remove(at: number): void {
    const w = this.words;
    const bucket = w[at + BUCKET];
    const next = w[at + NEXT];
    if (this.#buckets[bucket] === at) this.#buckets[bucket] = next;
    else w[this.#before(bucket, at) + NEXT] = next;
    const last = this.#places[--this.count];
    this.#places[w[at + PLACE]] = last;
    w[last + PLACE] = w[at + PLACE];
  }

  /** One that was removed may be begun anew. */
  free(at: number): void {
    this.words[at + NEXT] = this.#free;
    this.#free = at;
  }

  #before(bucket: number, at: number): number {
    let before = this.#buckets[bucket];
    while (this.words[before + NEXT] !== at) before = this.words[before + NEXT];
    return before;
  }
}

function bucketOf(device: number, kind: number, k0: number, k1: number, k2: number, k3: number): number {
  const low = Math.imul(k1 ^ k3 ^ Math.imul(device, 0x27d4eb2f), 0x9e3779b1);
  return Math.imul(k0 ^ k2 ^ kind ^ low ^ (low >>> 15), 0x85ebca6b) >>> 22;
}
