/**
 * Lists of remotes, for FDB entries with more than one (head-end replication). A list never changes: who
 * adds a remote makes a new list, stores its id in the entry, and frees the old one.
 *
 *   words   | length | remote | remote | ... |  room up to a power of two  | length | remote ...
 *             ^ id: offset of the list
 *
 * One growing arena. Room is given in powers of two, and freed room waits in quarantine until no reader can be
 * walking the list, then serves lists of the same size again. Growing waits for the readers (memory/epoch.ts).
 */
import type { Epochs } from '../memory/epoch.js';
import { Quarantine } from './quarantine.js';
import { expect } from './record-pool.js';

/** Remotes a list may have. */
export const MOST_REMOTES = 65_535;

/**
 * Set in a remotes word that is a list's id and means "one of these by flow": a nexthop group (engine/fdb-groups.ts).
 * Above every remote index and every id.
 */
export const CHOICE = 0x40000000;

const LEAST_ROOM_BITS = 2;
const MOST_WORDS = 2 ** 28;

/** What a reader needs of the lists; plain data for postMessage. */
export interface RemoteListsShare {
  readonly words: SharedArrayBuffer;
}

export interface RemoteListsOptions {
  /** Words to begin with, 16 to 2^28; default 256. */
  capacity?: number;
  /** The readers in other threads; without it, room is reused at once. */
  epochs?: Epochs;
  /** New buffers: post them to every reader before returning. */
  onGrow?: (share: RemoteListsShare) => void;
}

/** log2 of the room for a list of so many remotes. */
function roomBits(length: number): number {
  return Math.max(LEAST_ROOM_BITS, 32 - Math.clz32(length));
}

/** Immutable lists of indexes in RemoteTable. */
export class RemoteLists {
  readonly #options: RemoteListsOptions | undefined;
  readonly #quarantine: Quarantine | undefined;
  /** Per power of two: offsets of free room. */
  readonly #free: number[][] = Array.from({ length: 17 + 1 }, () => []);
  readonly #live = new Set<number>();
  #words: Int32Array;
  #top = 0;
  #unsettled = false;

  /** @throws RangeError for a capacity out of its range. */
  constructor(options: RemoteListsOptions = {}, share?: RemoteListsShare) {
    const capacity = options.capacity ?? 256;
    if (!Number.isInteger(capacity) || capacity < 16 || capacity > MOST_WORDS) {
      throw new RangeError(`remote lists of ${capacity} words: expected an integer from 16 to ${MOST_WORDS}`);
    }
    this.#words = new Int32Array(share?.words ?? new SharedArrayBuffer(capacity * 4));
    if (share) return;
    this.#options = options;
    this.#quarantine = options.epochs && new Quarantine(options.epochs);
  }

  /** A reader's view, in another thread. */
  static attach(share: RemoteListsShare): RemoteLists {
    return new RemoteLists({}, share);
  }

  /** What a reader needs for attach() and adopt(). */
  share(): RemoteListsShare {
    return { words: this.#words.buffer as SharedArrayBuffer };
  }

  /** Reader: goes over to new buffers, between two bursts. Ids stay the same. */
  adopt(share: RemoteListsShare): void {
    if (this.#options)
      throw new Error('adopt() is for the view of a reader; these lists are their own writer');
    this.#words = new Int32Array(share.words);
  }

  /** Writer: lists in use. */
  get count(): number {
    return this.#live.size;
  }

  /** Bytes of the arena, as allocated. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  /**
   * Writer: a new list, in the order given.
   *
   * @returns its id, 0 or more; the remotes word of an FDB entry is ~id.
   * @throws RangeError for a list of no remotes or more than 65,535; Error when the lists grow while a reader
   * is stuck in a burst. Nothing has changed then.
   */
  create(indexes: readonly number[]): number {
    if (indexes.length < 1 || indexes.length > MOST_REMOTES) {
      throw new RangeError(`list of ${indexes.length} remotes: expected 1 to ${MOST_REMOTES}`);
    }
    if (this.#options === undefined)
      throw new Error('this is the view of a reader; only its writer makes lists');
    this.#settle();
    const id = this.#room(roomBits(indexes.length));
    this.#words.set(indexes, id + 1);
    this.#words[id] = indexes.length;
    this.#live.add(id);
    return id;
  }

  /**
   * Writer: the list is no longer wanted. Its id must have been replaced in the FDB before.
   *
   * @throws RangeError when `id` is not a list in use.
   */
  free(id: number): void {
    if (!this.#live.delete(id)) throw new RangeError(`remote list ${id} is not in use`);
    if (this.#quarantine) this.#quarantine.push(id);
    else this.#release(id);
  }

  /** The first remote that a remotes word stands for: a remote itself, a list's first, or a nexthop group's. */
  first(word: number): number {
    if (word < 0) return this.at(~word, 0);
    return word < CHOICE ? word : this.at(word & ~CHOICE, 1);
  }

  /** How many remotes a remotes word stands for: of a nexthop group, its members. */
  countOf(word: number): number {
    if (word < 0) return this.length(~word);
    return word < CHOICE ? 1 : this.length(word & ~CHOICE) >>> 1;
  }

  /** One of the remotes that a remotes word stands for, 0 to count - 1; in a nexthop group a bound precedes each. */
  nth(word: number, position: number): number {
    if (word < 0) return this.at(~word, position);
    return word < CHOICE ? word : this.at(word & ~CHOICE, 2 * position + 1);
  }

  /** Remotes in the list. */
  length(id: number): number {
    return this.#words[id];
  }

  /** Index in RemoteTable of the remote at `position`, 0 to length - 1. */
  at(id: number, position: number): number {
    return this.#words[id + 1 + position];
  }

  /** Writer: verifies that lists, free room and room at rest make up the arena without overlap. */
  selfCheck(): void {
    const starts = [...this.#live, ...(this.#quarantine ?? []), ...this.#free.flat()].sort((a, b) => a - b);
    let end = 0;
    for (const id of starts) {
      expect(id === end, `remote list at ${id}, expected at ${end}`);
      end = id + 2 ** roomBits(this.#words[id]);
    }
    expect(end === this.#top, `remote lists end at ${end}, expected ${this.#top}`);
  }

  /** Room of 2^bits words: reused, or at the end of the arena. */
  #room(bits: number): number {
    for (let i = 0; i < 2 && this.#quarantine; i++) {
      const id = this.#quarantine.take();
      if (id >= 0) this.#release(id);
    }
    const reused = this.#free[bits].pop();
    if (reused !== undefined) return reused;
    const id = this.#top;
    if (id + 2 ** bits > this.#words.length) this.#grow(id + 2 ** bits);
    this.#top += 2 ** bits;
    return id;
  }

  /** The length stays in its word, so the room's size is known when it is reused. */
  #release(id: number): void {
    this.#free[roomBits(this.#words[id])].push(id);
  }

  #grow(needed: number): void {
    if (this.#options === undefined)
      throw new Error("these are a reader's lists; only their writer makes new ones");
    let length = this.#words.length * 2;
    while (length < needed) length *= 2;
    if (length > MOST_WORDS) throw new RangeError(`remote lists of ${length} words: at most ${MOST_WORDS}`);
    const words = new Int32Array(new SharedArrayBuffer(length * 4));
    words.set(this.#words);
    this.#words = words;
    this.#options?.onGrow?.(this.share());
    this.#options?.epochs?.announce();
    this.#unsettled = true;
    this.#settle();
  }

  /** Waits until no reader is in buffers from before the last move, where a new list would have no place. */
  #settle(): void {
    if (!this.#unsettled) return;
    this.#options?.epochs?.synchronize();
    this.#unsettled = false;
  }
}
