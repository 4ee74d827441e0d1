/**
 * IPv4 header (RFC 791, section 3.1; RFC 2474 and RFC 3168 for the second octet)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |Version|  IHL  |    DSCP   |ECN|          Total Length         |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |         Identification        |0|D|M|     Fragment Offset     |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  Time to Live |    Protocol   |        Header Checksum        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                         Source Address                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                      Destination Address                      |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                    Options                    |    Padding    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * IHL counts 32-bit words, the fragment offset 8-octet units. The header checksum covers the header only.
 */
import { get16, get32, put16, put32 } from './bytes.js';
import { finish, fold, replace16, sum } from './checksum.js';

export const VERSION_IHL = 0;
export const TOS = 1;
export const TOTAL_LENGTH = 2;
export const IDENTIFICATION = 4;
export const FRAGMENT = 6;
export const TTL = 8;
export const PROTOCOL = 9;
export const CHECKSUM = 10;
export const SOURCE = 12;
export const DESTINATION = 16;
/** Without options. */
export const HEADER_BYTES = 20;

export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;
export const FRAGMENT_OFFSET_MASK = 0x1fff;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

/** checkIpv4: fewer octets than a header has. */
export const IPV4_SHORT = -1;
/** checkIpv4: the version is not 4. */
export const IPV4_VERSION = -2;
/** checkIpv4: IHL below 5, or options that run past the end. */
export const IPV4_IHL = -3;
/** checkIpv4: the total length is less than the header or more than there is. */
export const IPV4_TOTAL_LENGTH = -4;

/**
 * Says whether the header may be read: after 0, no getter of this file reads outside `length`.
 * Octets after the total length (Ethernet padding) are allowed; the header checksum is not verified.
 * @param length octets from `offset` to the end of the frame
 * @returns 0, or IPV4_SHORT, IPV4_VERSION, IPV4_IHL, IPV4_TOTAL_LENGTH
 */
export function checkIpv4(bytes: Uint8Array, offset: number, length: number): number {
  if (length < HEADER_BYTES) return IPV4_SHORT;
  if (bytes[offset] >>> 4 !== 4) return IPV4_VERSION;
  const header = headerBytes(bytes, offset);
  if (header < HEADER_BYTES || header > length) return IPV4_IHL;
  const total = totalLength(bytes, offset);
  return total < header || total > length ? IPV4_TOTAL_LENGTH : 0;
}

/** Octets of the header with its options, 20 to 60. */
export function headerBytes(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] & 0x0f) << 2;
}

/** Octets of header and payload. */
export function totalLength(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset + TOTAL_LENGTH);
}

/** DSCP and ECN, 0 to 255. */
export function tos(bytes: Uint8Array, offset: number): number {
  return bytes[offset + TOS];
}

/** Time to live: hops left, 0 to 255. */
export function ttl(bytes: Uint8Array, offset: number): number {
  return bytes[offset + TTL];
}

/** Protocol number of the payload, 0 to 255. */
export function protocol(bytes: Uint8Array, offset: number): number {
  return bytes[offset + PROTOCOL];
}

/** Source address as a signed 32-bit integer. */
export function source(bytes: Uint8Array, offset: number): number {
  return get32(bytes, offset + SOURCE);
}

/** Destination address as a signed 32-bit integer. */
export function destination(bytes: Uint8Array, offset: number): number {
  return get32(bytes, offset + DESTINATION);
}

/** True with the DF bit set. */
export function dontFragment(bytes: Uint8Array, offset: number): boolean {
  return (get16(bytes, offset + FRAGMENT) & DONT_FRAGMENT) !== 0;
}

/** True for every fragment, the first one included. */
export function isFragment(bytes: Uint8Array, offset: number): boolean {
  return (get16(bytes, offset + FRAGMENT) & (MORE_FRAGMENTS | FRAGMENT_OFFSET_MASK)) !== 0;
}

/** True for the second and later fragments, which carry no transport header. */
export function isLaterFragment(bytes: Uint8Array, offset: number): boolean {
  return (get16(bytes, offset + FRAGMENT) & FRAGMENT_OFFSET_MASK) !== 0;
}

/** True for 224.0.0.0/4 (RFC 5771). */
export function isMulticastAddress(address: number): boolean {
  return address >>> 28 === 0xe;
}

/** True for 127.0.0.0/8 (RFC 1122, section 3.2.1.3). */
export function isLoopbackAddress(address: number): boolean {
  return address >>> 24 === 127;
}

/** True when the header checksum is right. */
export function hasValidChecksum(bytes: Uint8Array, offset: number): boolean {
  return fold(sum(bytes, offset, headerBytes(bytes, offset))) === 0xffff;
}

/** Computes and writes the header checksum. */
export function putChecksum(bytes: Uint8Array, offset: number): void {
  put16(bytes, offset + CHECKSUM, 0);
  put16(bytes, offset + CHECKSUM, finish(sum(bytes, offset, headerBytes(bytes, offset))));
}

/**
 * Takes one hop off the time to live and corrects the checksum. The caller makes sure that it is above 1:
 * a packet that arrives with 1 is answered, not forwarded (RFC 1812, section 5.3.1).
 */
export function decrementTtl(bytes: Uint8Array, offset: number): void {
  // TTL is the high octet of its word.
  replace16(bytes, offset + CHECKSUM, offset + TTL, get16(bytes, offset + TTL) - 0x100);
}

/** ECN field, 0 to 3 (ecn.ts). */
export function ecn(bytes: Uint8Array, offset: number): number {
  return bytes[offset + TOS] & 3;
}

/** Writes the ECN field, 0 to 3, and corrects the checksum. */
export function setEcn(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset + CHECKSUM, offset, (get16(bytes, offset) & ~3) | value);
}

/**
 * Writes a header without options, its checksum included.
 * @param total octets of header and payload
 * @param fragment the DF and MF bits and the fragment offset, usually 0 or DONT_FRAGMENT
 * @param from source address, `to` destination address, as 32-bit integers
 */
export function putIpv4(
  bytes: Uint8Array,
  offset: number,
  total: number,
  typeOfService: number,
  identification: number,
  fragment: number,
  timeToLive: number,
  payloadProtocol: number,
  from: number,
  to: number,
): void {
  bytes[offset] = 0x45;
  bytes[offset + TOS] = typeOfService;
  put16(bytes, offset + TOTAL_LENGTH, total);
  put16(bytes, offset + IDENTIFICATION, identification);
  put16(bytes, offset + FRAGMENT, fragment);
  bytes[offset + TTL] = timeToLive;
  bytes[offset + PROTOCOL] = payloadProtocol;
  put32(bytes, offset + SOURCE, from);
  put32(bytes, offset + DESTINATION, to);
  putChecksum(bytes, offset);
}
