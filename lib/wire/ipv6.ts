/**
 * IPv6 header (RFC 8200, section 3; RFC 2474 and RFC 3168 for the traffic class)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |Version|    DSCP   |ECN|             Flow Label                |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |         Payload Length        |  Next Header  |   Hop Limit   |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                                                               |
 *   +                    Source Address (128 bits)                  +
 *   |                                                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                                                               |
 *   +                 Destination Address (128 bits)                +
 *   |                                                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * The payload length counts everything after these 40 octets, extension headers included. There is no header
 * checksum. Most extension headers share one shape: next header, length in 8-octet units less one, content.
 */
import { get16, get32, put16, put32 } from './bytes.js';

export const PAYLOAD_LENGTH = 4;
export const NEXT_HEADER = 6;
export const HOP_LIMIT = 7;
export const SOURCE = 8;
export const DESTINATION = 24;
export const HEADER_BYTES = 40;

export const HOP_BY_HOP = 0;
export const ROUTING = 43;
export const FRAGMENT = 44;
export const DESTINATION_OPTIONS = 60;
export const ICMPV6 = 58;
export const NO_NEXT_HEADER = 59;
export const FRAGMENT_BYTES = 8;

/** checkIpv6: fewer octets than a header has. */
export const IPV6_SHORT = -1;
/** checkIpv6: the version is not 6. */
export const IPV6_VERSION = -2;
/** checkIpv6: the payload length is more than there is. */
export const IPV6_PAYLOAD_LENGTH = -3;

/**
 * Says whether the fixed header may be read: after 0, no getter of this file reads outside `length`.
 * @param length octets from `offset` to the end of the frame
 * @returns 0, or IPV6_SHORT, IPV6_VERSION, IPV6_PAYLOAD_LENGTH
 */
export function checkIpv6(bytes: Uint8Array, offset: number, length: number): number {
  if (length < HEADER_BYTES) return IPV6_SHORT;
  if (bytes[offset] >>> 4 !== 6) return IPV6_VERSION;
  return HEADER_BYTES + payloadLength(bytes, offset) > length ? IPV6_PAYLOAD_LENGTH : 0;
}

/** Octets after the fixed header. */
export function payloadLength(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset + PAYLOAD_LENGTH);
}

/** Protocol number of what follows the fixed header, possibly an extension header. */
export function nextHeader(bytes: Uint8Array, offset: number): number {
  return bytes[offset + NEXT_HEADER];
}

/** Hops left, 0 to 255. */
export function hopLimit(bytes: Uint8Array, offset: number): number {
  return bytes[offset + HOP_LIMIT];
}

/** Takes one hop off the hop limit, which the caller knows to be above 1. */
export function decrementHopLimit(bytes: Uint8Array, offset: number): void {
  bytes[offset + HOP_LIMIT]--;
}

/** DSCP and ECN, 0 to 255. */
export function trafficClass(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] & 0x0f) << 4) | (bytes[offset + 1] >>> 4);
}

/** Flow label, 0 to 0xfffff. */
export function flowLabel(bytes: Uint8Array, offset: number): number {
  return get32(bytes, offset) & 0xfffff;
}

/** ECN field, 0 to 3 (ecn.ts). */
export function ecn(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 1] >>> 4) & 3;
}

/** Writes the ECN field, 0 to 3. */
export function setEcn(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset + 1] = (bytes[offset + 1] & 0xcf) | (value << 4);
}

/** True for ff00::/8, of the address at `offset`. */
export function isMulticastAddress(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0xff;
}

/** True for ::, of the address at `offset`. */
export function isUnspecifiedAddress(bytes: Uint8Array, offset: number): boolean {
  return upperWords(bytes, offset) === 0 && get32(bytes, offset + 12) === 0;
}

/** True for ::1, of the address at `offset`. */
export function isLoopbackAddress(bytes: Uint8Array, offset: number): boolean {
  return upperWords(bytes, offset) === 0 && get32(bytes, offset + 12) === 1;
}

function upperWords(bytes: Uint8Array, offset: number): number {
  return get32(bytes, offset) | get32(bytes, offset + 4) | get32(bytes, offset + 8);
}

/** True for the extension headers that a router or a flow hash steps over; the fragment header among them. */
export function isExtension(header: number): boolean {
  return header === HOP_BY_HOP || header === ROUTING || header === FRAGMENT || header === DESTINATION_OPTIONS;
}

/** Octets of the extension header `header` at `offset`, of which at least two are readable. */
export function extensionBytes(bytes: Uint8Array, offset: number, header: number): number {
  return header === FRAGMENT ? FRAGMENT_BYTES : (bytes[offset + 1] + 1) << 3;
}

/** Writes everything but the addresses. */
export function putIpv6(
  bytes: Uint8Array,
  offset: number,
  payload: number,
  traffic: number,
  label: number,
  next: number,
  hops: number,
): void {
  put32(bytes, offset, 0x60000000 | (traffic << 20) | label);
  put16(bytes, offset + PAYLOAD_LENGTH, payload);
  bytes[offset + NEXT_HEADER] = next;
  bytes[offset + HOP_LIMIT] = hops;
}

/** Writes an address from its four words, most significant first. */
export function putAddress(
  bytes: Uint8Array,
  offset: number,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
): void {
  put32(bytes, offset, word0);
  put32(bytes, offset + 4, word1);
  put32(bytes, offset + 8, word2);
  put32(bytes, offset + 12, word3);
}
