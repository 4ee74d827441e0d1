/** A batch and a slab for the shim's tests, filled and read by field names. */
import {
  Batch,
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
  STATUS,
  TOS,
  TTL,
} from '../../lib/memory/batch.js';
import { Slab } from '../../lib/memory/slab.js';
import type { Shim } from '../../lib/native/shim.js';

export type Address = readonly [number, number, number, number];

/** Words of an IPv4 address, v4-mapped. */
export function v4(a: number, b: number, c: number, d: number): Address {
  return [0, 0, 0xffff, (a << 24) | (b << 16) | (c << 8) | d];
}

export const LOOPBACK4 = v4(127, 0, 0, 1);
export const LOOPBACK6: Address = [0, 0, 0, 1];

/** Fields of an entry; those left out are 0. */
export interface Entry {
  offset?: number;
  length?: number;
  offload?: number;
  gsoSize?: number;
  csum?: number;
  header?: number;
  port?: number;
  peer?: Address;
  peerPort?: number;
  local?: Address;
  ifindex?: number;
  tos?: number;
  ttl?: number;
  status?: number;
}

const COLUMN_OF = {
  offset: OFFSET,
  length: LENGTH,
  offload: OFFLOAD,
  gsoSize: GSO_SIZE,
  csum: CSUM,
  header: HEADER,
  port: PORT,
  peerPort: PEER_PORT,
  ifindex: IFINDEX,
  tos: TOS,
  ttl: TTL,
  status: STATUS,
} as const;

export type Field = keyof typeof COLUMN_OF;

/** A batch over a slab of as many slots. */
export class Burst {
  readonly slab: Slab;
  readonly batch: Batch;

  constructor(slots = 64) {
    this.slab = new Slab(slots);
    this.batch = new Batch(slots);
    this.batch.words.fill(-1);
  }

  get bytes(): Uint8Array {
    return this.slab.bytes;
  }

  get words(): Int32Array {
    return this.batch.words;
  }

  put(index: number, entry: Entry): void {
    for (const [field, column] of Object.entries(COLUMN_OF)) {
      this.batch.set(column, index, entry[field as Field] ?? 0);
    }
    for (let i = 0; i < 4; i++) {
      this.batch.set(PEER0 + i, index, entry.peer?.[i] ?? 0);
      this.batch.set(LOCAL0 + i, index, entry.local?.[i] ?? 0);
    }
  }

  /** Puts a frame into slot `index`, eight octets of a VXLAN header in front, and describes it. */
  putFrame(index: number, frame: Uint8Array, entry: Entry): void {
    const offset = this.slab.slotOffset(index);
    this.bytes.set(VXLAN_HEADER, offset - 8);
    this.bytes.set(frame, offset);
    this.put(index, { offset, length: frame.length, header: offset - 8, ...entry });
  }

  get(field: Field, index: number): number {
    return this.batch.get(COLUMN_OF[field], index);
  }

  column(field: Field, count: number): number[] {
    return Array.from({ length: count }, (_, index) => this.get(field, index));
  }

  peer(index: number): number[] {
    return [0, 1, 2, 3].map((i) => this.batch.get(PEER0 + i, index));
  }

  local(index: number): number[] {
    return [0, 1, 2, 3].map((i) => this.batch.get(LOCAL0 + i, index));
  }

  /** The octets of entry `index`, cut where GRO joined them. */
  datagrams(index: number): Uint8Array[] {
    const offset = this.get('offset', index);
    const length = this.get('length', index);
    const step = this.get('gsoSize', index) || length;
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < length; at += step) {
      pieces.push(this.bytes.slice(offset + at, offset + Math.min(at + step, length)));
    }
    return pieces;
  }
}

/** I flag set, VNI 42 (RFC 7348, section 5). */
export const VXLAN_HEADER = Uint8Array.of(8, 0, 0, 0, 0, 0, 42, 0);

/** What a socket holds, datagram by datagram, with the VXLAN header still in front. */
export function receiveAll(shim: Shim, fd: number, into = new Burst()): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  for (;;) {
    const count = shim.udpReceive(fd, into.bytes, into.words, 0, into.batch.capacity);
    if (count <= 0) return datagrams;
    for (let i = 0; i < count; i++) datagrams.push(...into.datagrams(i));
  }
}

/** `length` octets that begin with `first` and count up. */
export function counting(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
}

/** False, or why a test cannot run. */
export const needsRoot = process.getuid?.() === 0 ? false : 'needs root: it makes interfaces';
