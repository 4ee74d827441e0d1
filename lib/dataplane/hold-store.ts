/**
 * Held frames (hold-queue.ts), copied out of the slab, whose slots belong to the next burst:
 *
 *   words    frame: | octets | OFFLOAD | GSO_SIZE | CSUM | first block | next frame | tick | is routed |
 *   octets   | block 0, 512 octets | block 1 | block 2 | ...                                              4 MiB
 *   blocks   block -> the next one of its frame, or the next free one
 *
 * A frame is a chain of blocks, so that a ping takes one and a super-frame 128, and room is never in pieces. The system
 * commits only what is touched, and nothing is there before prepare(). A frame is named by the offset of its words.
 */
import * as batch from '../memory/batch.js';
import { type Batch, cell } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import { NONE } from './hold-destinations.js';

const { CSUM, EXTRA, GSO_SIZE, LENGTH, OFFLOAD, OFFSET, SOURCE_PORT, STATUS } = batch;

/** Columns of a batch of released frames: the tick a frame has waited since, and whether it is routed already. */
export const SINCE = EXTRA;
export const ROUTED = SOURCE_PORT;

/** Words of a frame. */
const OCTETS = 0;
const OFFLOADS = 1;
const SEGMENT = 2;
const CHECKSUM = 3;
const BLOCK = 4;
const BEHIND = 5;
const TICK = 6;
const IS_ROUTED = 7;
const STRIDE = 8;

/** Octets of a block; a multiple of four. */
const BLOCK_BYTES = 512;
const BLOCKS = 8_192;

export class HoldStore {
  #words = new Int32Array(0);
  #octets = new DataView(new ArrayBuffer(0));
  #blocks = new Int32Array(0);
  #freeFrame = NONE;
  #freeBlock = NONE;
  #blocksLeft = 0;

  /** Takes the memory for `most` frames. */
  prepare(most: number): void {
    this.#words = new Int32Array(most * STRIDE);
    for (let n = most - 1; n >= 0; n--) this.#freeAt(n * STRIDE);
    this.#octets = new DataView(new ArrayBuffer(BLOCKS * BLOCK_BYTES));
    this.#blocks = new Int32Array(BLOCKS);
    for (let block = BLOCKS - 1; block >= 0; block--) {
      this.#blocks[block] = this.#freeBlock;
      this.#freeBlock = block;
    }
    this.#blocksLeft = BLOCKS;
  }

  /** True when a frame of `length` octets fits. */
  fits(length: number): boolean {
    return this.#freeFrame !== NONE && blocksOf(length) <= this.#blocksLeft;
  }

  /** Copies entry `i` of `rx`, at least one octet, which must fit. Returns the frame; there is none behind it. */
  put(slab: Slab, rx: Batch, i: number, since: number, isRouted: boolean): number {
    const w = this.#words;
    const from = rx.words;
    const c = rx.capacity;
    const frame = this.#freeFrame;
    this.#freeFrame = w[frame + BEHIND];
    w[frame + OCTETS] = from[cell(LENGTH, c, i)];
    w[frame + OFFLOADS] = from[cell(OFFLOAD, c, i)];
    w[frame + SEGMENT] = from[cell(GSO_SIZE, c, i)];
    w[frame + CHECKSUM] = from[cell(CSUM, c, i)];
    w[frame + BLOCK] = this.#copyIn(slab.view, from[cell(OFFSET, c, i)], w[frame + OCTETS]);
    w[frame + BEHIND] = NONE;
    w[frame + TICK] = since;
    w[frame + IS_ROUTED] = isRouted ? 1 : 0;
    return frame;
  }

  /** Appends a frame to `out`, in the slot of its entry, as a port receives one. */
  fill(slab: Slab, out: Batch, frame: number): void {
    const w = this.#words;
    const to = out.words;
    const c = out.capacity;
    const i = out.length++;
    const offset = slab.slotOffset(i);
    this.#copyOut(w[frame + BLOCK], w[frame + OCTETS], slab.view, offset);
    to[cell(OFFSET, c, i)] = offset;
    to[cell(LENGTH, c, i)] = w[frame + OCTETS];
    to[cell(OFFLOAD, c, i)] = w[frame + OFFLOADS];
    to[cell(GSO_SIZE, c, i)] = w[frame + SEGMENT];
    to[cell(CSUM, c, i)] = w[frame + CHECKSUM];
    to[cell(STATUS, c, i)] = 0;
    to[cell(SINCE, c, i)] = w[frame + TICK];
    to[cell(ROUTED, c, i)] = w[frame + IS_ROUTED];
  }

  free(frame: number): void {
    const first = this.#words[frame + BLOCK];
    let last = first;
    for (let next = this.#blocks[last]; next !== NONE; next = this.#blocks[last]) last = next;
    this.#blocks[last] = this.#freeBlock;
    this.#freeBlock = first;
    this.#blocksLeft += blocksOf(this.#words[frame + OCTETS]);
    this.#freeAt(frame);
  }

  /** Octets of a frame. */
  length(frame: number): number {
    return this.#words[frame + OCTETS];
  }

  /** Tick since which a frame waits. */
  since(frame: number): number {
    return this.#words[frame + TICK];
  }

  /** The frame behind one, or NONE. */
  behind(frame: number): number {
    return this.#words[frame + BEHIND];
  }

  /** `next`, or NONE, comes behind `frame`. */
  queue(frame: number, next: number): void {
    this.#words[frame + BEHIND] = next;
  }

  #freeAt(frame: number): void {
    this.#words[frame + BEHIND] = this.#freeFrame;
    this.#freeFrame = frame;
  }

  /** Returns the first block. */
  #copyIn(from: DataView, offset: number, length: number): number {
    const first = this.#freeBlock;
    let block = first;
    let last = first;
    for (let done = 0; done < length; done += BLOCK_BYTES) {
      copy(from, offset + done, this.#octets, block * BLOCK_BYTES, Math.min(BLOCK_BYTES, length - done));
      last = block;
      block = this.#blocks[block];
    }
    this.#blocks[last] = NONE;
    this.#freeBlock = block;
    this.#blocksLeft -= blocksOf(length);
    return first;
  }

  #copyOut(first: number, length: number, to: DataView, offset: number): void {
    let block = first;
    for (let done = 0; done < length; done += BLOCK_BYTES) {
      copy(this.#octets, block * BLOCK_BYTES, to, offset + done, Math.min(BLOCK_BYTES, length - done));
      block = this.#blocks[block];
    }
  }
}

function blocksOf(length: number): number {
  return Math.ceil(length / BLOCK_BYTES);
}

/** Four octets at a time, up to three more than asked for: slots of a slab and blocks have room behind their last one. */
function copy(from: DataView, offset: number, to: DataView, at: number, length: number): void {
  for (let i = 0; i < length; i += 4) to.setInt32(at + i, from.getInt32(offset + i, true), true);
}
