/**
 * Captures what passes a port into pcapng (draft-ietf-opsawg-pcapng), for Wireshark and tcpdump.
 *
 *   Section Header | Interface Description | Enhanced Packet | Enhanced Packet | ...
 *
 * Frames are written as they are (link type Ethernet). Of datagrams the outer IP and UDP headers are made up from
 * what the batch says of them (link type RAW): addresses and ports are those of the wire, identification and
 * checksums are 0. One line a packet says what the port did with it, when it is sent and refused.
 *
 * Octets go to a function, so that this file needs no file system:
 *
 * @example
 * const out = createWriteStream('vtep0.pcapng');
 * const port = new CaptureReceivePort(tap, new Capture('ethernet', (octets) => out.write(octets)));
 */
import {
  type Batch,
  GSO_SIZE,
  HEADER,
  LENGTH,
  LOCAL0,
  OFFSET,
  PEER0,
  PEER_PORT,
  SOURCE_PORT,
  STATUS,
  TOS,
  TTL,
} from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import type { ReceivePort, TransmitPort } from './port.js';

/** `ethernet`: frames of a TAP; `raw`: datagrams of a UDP socket. */
export type LinkType = 'ethernet' | 'raw';

const LINKTYPES: Record<LinkType, number> = { ethernet: 1, raw: 101 };
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const OPT_END = 0;
const OPT_COMMENT = 1;
const EPB_FLAGS = 2;
const INBOUND = 1;
const OUTBOUND = 2;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const VXLAN_BYTES = 8;
const PROTOCOL_UDP = 17;
const DEFAULT_TTL = 64;

/** A pcapng section with one interface. */
export class Capture {
  readonly linkType: LinkType;
  readonly #write: (octets: Uint8Array) => void;
  readonly #now: () => number;

  /**
   * Begins the section.
   * @param write is given whole blocks, one after the other
   * @param now microseconds since 1970
   */
  constructor(
    linkType: LinkType,
    write: (octets: Uint8Array) => void,
    now: () => number = () => Math.floor((performance.timeOrigin + performance.now()) * 1_000),
  ) {
    this.linkType = linkType;
    this.#write = write;
    this.#now = now;
    // Version 1.0, section length unknown; snap length 0 = unlimited, ticks of 1 us (the default).
    this.#block(SECTION_HEADER, [words32(BYTE_ORDER_MAGIC), words16(1, 0), words32(-1, -1)]);
    this.#block(INTERFACE_DESCRIPTION, [words16(LINKTYPES[linkType], 0), words32(0)]);
  }

  /** Writes one packet, the parts of which follow each other. */
  packet(parts: readonly Uint8Array[], direction: 'in' | 'out', comment = ''): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const now = this.#now();
    const stamp = words32(Math.floor(now / 2 ** 32), now % 2 ** 32);
    const flags = [words16(EPB_FLAGS, 4), words32(direction === 'in' ? INBOUND : OUTBOUND)];
    this.#block(ENHANCED_PACKET, [
      words32(0),
      stamp,
      words32(length, length),
      ...parts,
      padding(length),
      ...flags,
      ...commentOption(comment),
      words16(OPT_END, 0),
    ]);
  }

  #block(type: number, parts: readonly Uint8Array[]): void {
    const total = 12 + parts.reduce((sum, part) => sum + part.length, 0);
    this.#write(Buffer.concat([words32(type, total), ...parts, words32(total)]));
  }
}

/** A receiving port whose arrivals are captured. */
export class CaptureReceivePort implements ReceivePort {
  readonly #port: ReceivePort;
  readonly #capture: Capture;
  readonly #udpPort: number;

  /** @param udpPort port that datagrams arrive on, which no column says; 0 for frames */
  constructor(port: ReceivePort, capture: Capture, udpPort = 0) {
    this.#port = port;
    this.#capture = capture;
    this.#udpPort = udpPort;
  }

  receive(slab: Slab, batch: Batch): number {
    const received = this.#port.receive(slab, batch);
    for (let i = 0; i < received; i++) captureReceived(this.#capture, slab, batch, i, this.#udpPort);
    return received;
  }
}

/** A transmitting port whose departures are captured, with what became of them. */
export class CaptureTransmitPort implements TransmitPort {
  readonly #port: TransmitPort;
  readonly #capture: Capture;

  constructor(port: TransmitPort, capture: Capture) {
    this.#port = port;
    this.#capture = capture;
  }

  transmit(slab: Slab, batch: Batch): void {
    this.#port.transmit(slab, batch);
    for (let j = 0; j < batch.length; j++) captureSent(this.#capture, slab, batch, j);
  }
}

function captureReceived(capture: Capture, slab: Slab, batch: Batch, i: number, udpPort: number): void {
  const offset = batch.get(OFFSET, i);
  const length = batch.get(LENGTH, i);
  if (capture.linkType === 'ethernet') {
    capture.packet([slab.bytes.subarray(offset, offset + length)], 'in');
    return;
  }
  // Datagrams that arrived joined (UDP_GRO) are written one by one, as they were on the wire.
  const segment = batch.get(GSO_SIZE, i) || Math.max(1, length);
  for (let done = 0; done === 0 || done < length; done += segment) {
    const payload = slab.bytes.subarray(offset + done, offset + Math.min(length, done + segment));
    const from = address(batch, PEER0, i);
    const headers = outerHeaders(from, address(batch, LOCAL0, i, from), payload.length, {
      source: batch.get(PEER_PORT, i),
      destination: udpPort,
      tos: batch.get(TOS, i),
      ttl: batch.get(TTL, i),
    });
    capture.packet([headers, payload], 'in');
  }
}

function captureSent(capture: Capture, slab: Slab, batch: Batch, j: number): void {
  const offset = batch.get(OFFSET, j);
  const length = batch.get(LENGTH, j);
  const status = batch.get(STATUS, j);
  const comment = status === 0 ? '' : `not sent: errno ${-status}`;
  const frame = slab.bytes.subarray(offset, offset + length);
  if (capture.linkType === 'ethernet') {
    capture.packet([frame], 'out', comment);
    return;
  }
  const header = batch.get(HEADER, j);
  const to = address(batch, PEER0, j);
  const headers = outerHeaders(address(batch, LOCAL0, j, to), to, VXLAN_BYTES + length, {
    source: batch.get(SOURCE_PORT, j),
    destination: batch.get(PEER_PORT, j),
    tos: batch.get(TOS, j),
    ttl: batch.get(TTL, j),
  });
  capture.packet([headers, slab.bytes.subarray(header, header + VXLAN_BYTES), frame], 'out', comment);
}

/** Octets of an address: 4 or 16; one that is not known is the any-address of the family of `like`. */
function address(batch: Batch, column: number, entry: number, like?: Uint8Array): Uint8Array {
  const words = [0, 1, 2, 3].map((word) => batch.get(column + word, entry));
  const isV4 = like === undefined ? (words[0] | words[1]) === 0 && words[2] === 0xffff : like.length === 4;
  const octets = new DataView(new ArrayBuffer(16));
  for (const [i, word] of words.entries()) octets.setInt32(4 * i, word);
  return new Uint8Array(octets.buffer, isV4 ? 12 : 0);
}

interface OuterFields {
  source: number;
  destination: number;
  tos: number;
  /** 0 = the system's, of which 64 is the default. */
  ttl: number;
}

/** IP and UDP headers around `length` octets of payload. A super-frame too long for its length field says 0. */
function outerHeaders(from: Uint8Array, to: Uint8Array, length: number, fields: OuterFields): Uint8Array {
  const isV4 = to.length === 4;
  const ip = isV4 ? IPV4_BYTES : IPV6_BYTES;
  const view = new DataView(new ArrayBuffer(ip + UDP_BYTES));
  const datagram = UDP_BYTES + length;
  const fit = (octets: number) => (octets > 0xffff ? 0 : octets);
  if (isV4) {
    view.setUint16(0, 0x4500 | fields.tos);
    view.setUint16(2, fit(ip + datagram));
    view.setUint8(8, fields.ttl || DEFAULT_TTL);
    view.setUint8(9, PROTOCOL_UDP);
  } else {
    view.setUint32(0, ((6 << 28) | (fields.tos << 20)) >>> 0);
    view.setUint16(4, fit(datagram));
    view.setUint8(6, PROTOCOL_UDP);
    view.setUint8(7, fields.ttl || DEFAULT_TTL);
  }
  const octets = new Uint8Array(view.buffer);
  octets.set(from, isV4 ? 12 : 8);
  octets.set(to, isV4 ? 16 : 24);
  view.setUint16(ip, fields.source);
  view.setUint16(ip + 2, fields.destination);
  view.setUint16(ip + 4, fit(datagram));
  return octets;
}

function commentOption(text: string): Uint8Array[] {
  if (text === '') return [];
  const octets = new TextEncoder().encode(text);
  return [words16(OPT_COMMENT, octets.length), octets, padding(octets.length)];
}

/** Zeros up to a multiple of four. */
function padding(length: number): Uint8Array {
  return new Uint8Array(-length & 3);
}

function words32(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values, (value) => value | 0).buffer);
}

function words16(...values: number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}
