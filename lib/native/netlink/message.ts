/**
 * Netlink messages (linux/netlink.h), as rtnetlink speaks them. All fields in host byte order, which on every machine
 * this runs on is little-endian; where a payload is in network order its reader says so.
 *
 *   0                   4         6         8                   12                  16
 *   +-------------------+---------+---------+-------------------+-------------------+-----------------
 *   | length            | type    | flags   | sequence          | port id           | body, attributes
 *   +-------------------+---------+---------+-------------------+-------------------+-----------------
 *   length counts the header; the next message begins at the next multiple of 4
 *
 *   attribute:  0         2         4
 *               +---------+---------+-----------------------+
 *               | length  | type    | payload, padded to 4  |    length counts its 4 octets, not the padding
 *               +---------+---------+-----------------------+
 */

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** In an answer: the dumped table changed meanwhile, the dump may have holes. */
export const NLM_F_DUMP_INTR = 0x10;
/** Takes the place of what was there: in a request as in a notification. */
export const NLM_F_REPLACE = 0x100;
/** In a request: refused where there is one. */
export const NLM_F_EXCL = 0x200;
/** In a request: made where there is none. */
export const NLM_F_CREATE = 0x400;
export const NLM_F_DUMP = 0x300;

export const HEADER_SIZE = 16;
const ATTRIBUTE_HEADER = 4;
const DECODER = new TextDecoder();
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of a type. */
const TYPE_MASK = 0x3fff;

/** One message; `body` is a view into the datagram it came in. */
export interface Message {
  type: number;
  flags: number;
  sequence: number;
  body: Uint8Array;
}

/** Type -> payload. A repeated type keeps the last, as the kernel's nla_parse does. */
export type Attributes = Map<number, Uint8Array>;

const align = (length: number): number => (length + 3) & ~3;

/** A DataView on a range of octets. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The messages of one datagram; ends at the first whose length is impossible. */
export function readMessages(datagram: Uint8Array): Message[] {
  const view = viewOf(datagram);
  const messages: Message[] = [];
  let at = 0;
  while (at + HEADER_SIZE <= datagram.length) {
    const length = view.getUint32(at, true);
    if (length < HEADER_SIZE || at + length > datagram.length) break;
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      body: datagram.subarray(at + HEADER_SIZE, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** The attributes from `offset` to the end; ends at the first whose length is impossible. */
export function readAttributes(bytes: Uint8Array, offset = 0): Attributes {
  const view = viewOf(bytes);
  const attributes: Attributes = new Map();
  let at = offset;
  while (at + ATTRIBUTE_HEADER <= bytes.length) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length) break;
    const type = view.getUint16(at + 2, true) & TYPE_MASK;
    attributes.set(type, bytes.subarray(at + ATTRIBUTE_HEADER, at + length));
    at += align(length);
  }
  return attributes;
}

/** A 32-bit attribute in host order; undefined when absent or short. */
export function readU32(attributes: Attributes, type: number): number | undefined {
  const payload = attributes.get(type);
  return payload === undefined || payload.length < 4 ? undefined : viewOf(payload).getUint32(0, true);
}

/** A 16-bit attribute in network order, as ports are. */
export function readBe16(attributes: Attributes, type: number): number | undefined {
  const payload = attributes.get(type);
  return payload === undefined || payload.length < 2 ? undefined : viewOf(payload).getUint16(0, false);
}

/** A string attribute, with or without its terminating zero. */
export function readText(attributes: Attributes, type: number): string | undefined {
  const payload = attributes.get(type);
  if (payload === undefined) return undefined;
  const end = payload.indexOf(0);
  return DECODER.decode(end < 0 ? payload : payload.subarray(0, end));
}

/** An attribute to write: its type and payload. Undefined payloads are left out by buildMessage. */
export type AttributeValue = readonly [type: number, payload: Uint8Array | undefined];

export function u32(value: number | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

/** 16 bits in network order. */
export function be16(value: number | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : Uint8Array.of(value >>> 8, value & 0xff);
}

/** Text with its terminating zero. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

/**
 * Builds one message: header, fixed part, attributes in the order given.
 * @param head the fixed structure after the header; its length must be a multiple of 4
 * @example buildMessage(RTM_GETLINK, NLM_F_REQUEST, ifinfo(0), [[IFLA_IFNAME, text('eth0')]])
 */
export function buildMessage(
  type: number,
  flags: number,
  head: Uint8Array,
  values: readonly AttributeValue[] = [],
): Uint8Array {
  const rest = attributes(values);
  const bytes = new Uint8Array(HEADER_SIZE + head.length + rest.length);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  bytes.set(head, HEADER_SIZE);
  bytes.set(rest, HEADER_SIZE + head.length);
  return bytes;
}

/** Attributes in the order given, as they stand in a message or in the payload of a nested one. */
export function attributes(values: readonly AttributeValue[]): Uint8Array {
  const present = values.filter((entry): entry is readonly [number, Uint8Array] => entry[1] !== undefined);
  const size = present.reduce((sum, [, payload]) => sum + align(ATTRIBUTE_HEADER + payload.length), 0);
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  let at = 0;
  for (const [attribute, payload] of present) {
    view.setUint16(at, ATTRIBUTE_HEADER + payload.length, true);
    view.setUint16(at + 2, attribute, true);
    bytes.set(payload, at + ATTRIBUTE_HEADER);
    at += align(ATTRIBUTE_HEADER + payload.length);
  }
  return bytes;
}

/** Sets the sequence number of a built message, by which its answer is known. */
export function setSequence(message: Uint8Array, sequence: number): void {
  viewOf(message).setUint32(8, sequence, true);
}
