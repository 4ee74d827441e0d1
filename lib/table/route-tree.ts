/**
 * The routes of one family: records, and a trie over their prefixes (prefix-trie.ts).
 *
 *   IPv4   word 0     prefix
 *               1     | next hop, 26 bits | prefix length, 6 bits |       8 bytes
 *   IPv6   word 0..3  prefix
 *               4     | next hop, 24 bits | prefix length, 8 bits |      20 bytes
 *
 * With the trie about 20 bytes an IPv4 route where there are many. Another next hop takes a record of its own, and the
 * trie is told in one store a slot; the last word changes in place only to a next hop of the same address.
 */
import type { Epochs } from '../memory/epoch.js';
import { type Advise, sharedWords } from '../memory/shared-words.js';
import { MOST_TRIE_ENTRIES, PrefixTrie } from './prefix-trie.js';
import { expect, RecordPool } from './record-pool.js';
import { type TriePrefixes, TrieWriter } from './trie-writer.js';

const FEWEST = 16;
/** From here on growing by a quarter, not by doubling, keeps the waste small. */
const DOUBLING = 2 ** 15;

/** What a reader needs of a tree; plain data for postMessage. */
export interface RouteTreeShare {
  readonly trie: SharedArrayBuffer;
  readonly records: SharedArrayBuffer;
}

export interface RouteTreeOptions {
  epochs?: Epochs | undefined;
  advise?: Advise | undefined;
  /** There are new buffers. */
  onMove: () => void;
}

interface Writer {
  readonly options: RouteTreeOptions;
  readonly pool: RecordPool;
  readonly trie: TrieWriter;
}

export class RouteTree implements TriePrefixes {
  readonly width: 1 | 4;
  /** For lookups. */
  readonly trie: PrefixTrie;
  records: Int32Array;
  readonly #recordWords: number;
  readonly #lengthBits: number;
  readonly #writer: Writer | undefined;

  /** @param width words of an address: 1 for IPv4, 4 for IPv6. */
  constructor(width: 1 | 4, options: RouteTreeOptions | RouteTreeShare) {
    this.width = width;
    this.#recordWords = width + 1;
    this.#lengthBits = width === 1 ? 6 : 8;
    if ('trie' in options) {
      this.records = new Int32Array(options.records);
      this.trie = new PrefixTrie(new Int32Array(options.trie));
      return;
    }
    const { epochs, advise, onMove } = options;
    this.records = sharedWords(FEWEST * this.#recordWords);
    const trie = new TrieWriter(width, this, { epochs, advise, onMove });
    this.#writer = { options, pool: new RecordPool(FEWEST, epochs), trie };
    this.trie = trie.trie;
  }

  /** Writer: how many routes there are. */
  get count(): number {
    return this.#write().pool.count;
  }

  /** Writer: bytes of all buffers, shared and private, as allocated. */
  get bytes(): number {
    const { pool, trie } = this.#write();
    return this.records.byteLength + pool.bytes + trie.bytes;
  }

  /** Writer: what find(), add(), replace() and remove() are about. */
  get key(): Int32Array {
    return this.#write().trie.key;
  }

  share(): RouteTreeShare {
    return {
      trie: this.trie.words.buffer as SharedArrayBuffer,
      records: this.records.buffer as SharedArrayBuffer,
    };
  }

  /** Reader: goes over to new buffers. */
  adopt(share: RouteTreeShare): void {
    this.records = new Int32Array(share.records);
    this.trie.use(new Int32Array(share.trie));
  }

  /** Writer: the entry of exactly `key`, or -1. */
  find(length: number): number {
    return this.#write().trie.find(length);
  }

  /** Writer: a route for `key`, which has none. Returns its entry, or -1 when there can be no more. */
  add(length: number, hop: number): number {
    const { pool, trie } = this.#write();
    trie.suit(pool.count + 1);
    const entry = this.#record(length, hop);
    if (entry < 0) return -1;
    if (trie.insert(length, entry)) {
      pool.add(entry);
      return entry;
    }
    pool.giveBack(entry);
    return -1;
  }

  /** Writer: another entry for `key`; a reader meets the one or the other. Returns it, or -1. */
  replace(old: number, length: number, hop: number): number {
    const { pool, trie } = this.#write();
    const entry = this.#record(length, hop);
    if (entry < 0) return -1;
    trie.replace(length, old, entry);
    pool.substitute(old, entry);
    return entry;
  }

  /** Writer: takes a route out; its record may be read until the reader's next burst. */
  remove(entry: number): void {
    const { pool, trie } = this.#write();
    for (let i = 0; i < this.width; i++) trie.key[i] = this.prefixWord(entry, i);
    trie.remove(this.prefixLength(entry), entry);
    pool.retire(entry);
    trie.suit(pool.count);
  }

  /** Writer: takes every route out. */
  clear(): void {
    const { pool, trie, options } = this.#write();
    this.records = sharedWords(FEWEST * this.#recordWords);
    pool.reset(FEWEST);
    trie.build(0);
    options.onMove();
  }

  /** Writer: true for the entry of a route. */
  has(entry: number): boolean {
    return this.#write().pool.has(entry);
  }

  next(after: number): number {
    return this.#write().pool.next(after);
  }

  /** Writer: entries, newest first. */
  newestFirst(): IterableIterator<number> {
    return this.#write().pool.newestFirst();
  }

  prefixWord(entry: number, word: number): number {
    return this.records[Math.imul(entry, this.#recordWords) + word];
  }

  prefixLength(entry: number): number {
    return this.records[Math.imul(entry, this.#recordWords) + this.width] & ((1 << this.#lengthBits) - 1);
  }

  /** The entry's next hop. */
  hop(entry: number): number {
    return this.records[Math.imul(entry, this.#recordWords) + this.width] >>> this.#lengthBits;
  }

  /** Writer: a next hop of the same address. */
  setHop(entry: number, hop: number): void {
    const word = (hop << this.#lengthBits) | this.prefixLength(entry);
    Atomics.store(this.records, entry * this.#recordWords + this.width, word);
  }

  selfCheck(): void {
    const { pool, trie } = this.#write();
    pool.selfCheck();
    trie.selfCheck();
    for (let entry = this.next(-1); entry >= 0; entry = this.next(entry)) {
      for (let i = 0; i < this.width; i++) trie.key[i] = this.prefixWord(entry, i);
      expect(trie.find(this.prefixLength(entry)) === entry, `route ${entry} is not found by its own prefix`);
    }
  }

  #write(): Writer {
    if (this.#writer) return this.#writer;
    throw new Error('this is the view of a reader; only the thread that made the table changes or walks it');
  }

  /** A record for `key` that is in no trie yet, or -1. */
  #record(length: number, hop: number): number {
    const { pool, trie } = this.#write();
    let entry = pool.take();
    if (entry < 0) {
      this.#grow();
      entry = pool.take();
      if (entry < 0) return -1;
    }
    const word = entry * this.#recordWords;
    for (let i = 0; i < this.width; i++) this.records[word + i] = trie.key[i];
    this.records[word + this.width] = (hop << this.#lengthBits) | length;
    return entry;
  }

  #grow(): void {
    const { pool, trie, options } = this.#write();
    const capacity = this.records.length / this.#recordWords;
    const grown = capacity < DOUBLING ? 2 * capacity : Math.ceil(capacity * 1.25);
    if (grown > MOST_TRIE_ENTRIES) return;
    const records = sharedWords(grown * this.#recordWords, options.advise);
    records.set(this.records);
    this.records = records;
    pool.extend(grown);
    trie.move();
    options.onMove();
  }
}
