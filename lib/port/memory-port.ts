/**
 * Ports in memory, for tests, experiments and the library without a TAP: what is put in is received in order, what
 * is transmitted is kept until taken. No shim, no privilege, no offloads: every frame is complete.
 */
import {
  type Batch,
  CSUM,
  GSO_SIZE,
  HEADER,
  IFINDEX,
  LENGTH,
  LOCAL0,
  OFFLOAD,
  OFFSET,
  PEER0,
  PEER_PORT,
  PORT,
  SOURCE_PORT,
  STATUS,
  TOS,
  TTL,
} from '../memory/batch.js';
import { SLOT_BYTES, type Slab } from '../memory/slab.js';
import type { ReceivePort, TransmitPort } from './port.js';

const VXLAN_BYTES = 8;
const ENODEV = 19;
const EMSGSIZE = 90;

/** A UDP datagram with what its outer headers say. Addresses are four words (memory/batch.ts). */
export interface Datagram {
  payload: Uint8Array;
  /** Arriving: the outer source; leaving: the outer destination. */
  peer: Int32Array;
  /** Port of the peer. */
  port: number;
  /** Leaving: the outer source port. */
  sourcePort?: number;
  /** Leaving: outer source address, zeros = chosen by the system. */
  local?: Int32Array;
  tos?: number;
  /** Leaving: of the outer IPv6 header. */
  flowLabel?: number;
  ttl?: number;
  ifindex?: number;
}

/** The guests' side of one device. Frames put in by `send` are received; `take` gives what was transmitted. */
export class MemoryFrames implements ReceivePort {
  readonly #arrived: Uint8Array[] = [];
  readonly #left: Uint8Array[] = [];

  /** Queues a copy of an Ethernet frame (without check sequence), 0 to 65,600 octets, for the next burst. */
  send(frame: Uint8Array): void {
    if (frame.length > SLOT_BYTES)
      throw new RangeError(`frame of ${frame.length} bytes: at most ${SLOT_BYTES} fit a slot`);
    this.#arrived.push(frame.slice());
  }

  /** What the VTEP handed up since the last call. */
  take(): Uint8Array[] {
    return this.#left.splice(0);
  }

  receive(slab: Slab, batch: Batch): number {
    const count = Math.min(this.#arrived.length, batch.limit, slab.slots);
    for (const [i, frame] of this.#arrived.splice(0, count).entries()) putEntry(slab, batch, i, frame);
    batch.length = count;
    return count;
  }

  /** Used by MemoryFrameWriter. */
  accept(frame: Uint8Array): void {
    this.#left.push(frame);
  }
}

/** Hands each frame to the MemoryFrames that its PORT column stands for. */
export class MemoryFrameWriter implements TransmitPort {
  readonly #portOf: (fd: number) => MemoryFrames | undefined;

  constructor(portOf: (fd: number) => MemoryFrames | undefined) {
    this.#portOf = portOf;
  }

  transmit(slab: Slab, batch: Batch): void {
    for (let j = 0; j < batch.length; j++) {
      const offset = batch.get(OFFSET, j);
      const frame = slab.bytes.slice(offset, offset + batch.get(LENGTH, j));
      const port = this.#portOf(batch.get(PORT, j));
      port?.accept(frame);
      batch.set(STATUS, j, port === undefined ? -ENODEV : 0);
    }
  }
}

/** The underlay. Datagrams put in by `send` are received; those transmitted go to `take`. */
export class MemoryDatagrams implements ReceivePort, TransmitPort {
  readonly #arrived: Datagram[] = [];
  readonly #left: Datagram[] = [];

  /** Queues a datagram as if it had arrived from `datagram.peer`. One too long for a slot arrives truncated. */
  send(datagram: Datagram): void {
    this.#arrived.push({ ...datagram, payload: datagram.payload.slice() });
  }

  /** What the VTEP sent since the last call. */
  take(): Datagram[] {
    return this.#left.splice(0);
  }

  receive(slab: Slab, batch: Batch): number {
    const count = Math.min(this.#arrived.length, batch.limit, slab.slots);
    for (const [i, datagram] of this.#arrived.splice(0, count).entries()) {
      const truncated = datagram.payload.length > SLOT_BYTES;
      putEntry(slab, batch, i, truncated ? datagram.payload.subarray(0, SLOT_BYTES) : datagram.payload);
      for (let word = 0; word < 4; word++) batch.set(PEER0 + word, i, datagram.peer[word]);
      batch.set(PEER_PORT, i, datagram.port);
      batch.set(TOS, i, datagram.tos ?? 0);
      batch.set(TTL, i, datagram.ttl ?? 0);
      batch.set(IFINDEX, i, datagram.ifindex ?? 0);
      batch.set(STATUS, i, truncated ? -EMSGSIZE : 0);
    }
    batch.length = count;
    return count;
  }

  transmit(slab: Slab, batch: Batch): void {
    for (let j = 0; j < batch.length; j++) {
      const header = batch.get(HEADER, j);
      const offset = batch.get(OFFSET, j);
      const length = batch.get(LENGTH, j);
      const payload = new Uint8Array(VXLAN_BYTES + length);
      payload.set(slab.bytes.subarray(header, header + VXLAN_BYTES));
      payload.set(slab.bytes.subarray(offset, offset + length), VXLAN_BYTES);
      this.#left.push({
        payload,
        peer: words(batch, PEER0, j),
        port: batch.get(PEER_PORT, j),
        sourcePort: batch.get(SOURCE_PORT, j),
        local: words(batch, LOCAL0, j),
        tos: batch.get(TOS, j) & 0xff,
        flowLabel: batch.get(TOS, j) >>> 8,
        ttl: batch.get(TTL, j),
        ifindex: batch.get(IFINDEX, j),
      });
      batch.set(STATUS, j, 0);
    }
  }
}

function putEntry(slab: Slab, batch: Batch, i: number, octets: Uint8Array): void {
  const offset = slab.slotOffset(i);
  slab.bytes.set(octets, offset);
  batch.set(OFFSET, i, offset);
  batch.set(LENGTH, i, octets.length);
  batch.set(OFFLOAD, i, 0);
  batch.set(GSO_SIZE, i, 0);
  batch.set(CSUM, i, 0);
  batch.set(STATUS, i, 0);
}

function words(batch: Batch, column: number, entry: number): Int32Array {
  return Int32Array.from({ length: 4 }, (_, word) => batch.get(column + word, entry));
}
