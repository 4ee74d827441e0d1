/**
 * UDP header (RFC 768)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |          Source Port          |       Destination Port        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |             Length            |            Checksum           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * The length counts header and payload. Over IPv4 a checksum of 0 means "none"; a computed 0 is sent as 0xffff.
 */
import { get16, put16 } from './bytes.js';

export const SOURCE_PORT = 0;
export const DESTINATION_PORT = 2;
export const LENGTH = 4;
export const CHECKSUM = 6;
export const HEADER_BYTES = 8;

/** checkUdp: fewer octets than a header has. */
export const UDP_SHORT = -1;
/** checkUdp: the length field is less than 8 or more than there is. */
export const UDP_LENGTH = -2;

/**
 * Says whether header and payload lie within `length` octets from `offset`.
 * @returns 0, UDP_SHORT or UDP_LENGTH
 */
export function checkUdp(bytes: Uint8Array, offset: number, length: number): number {
  if (length < HEADER_BYTES) return UDP_SHORT;
  const declared = get16(bytes, offset + LENGTH);
  return declared < HEADER_BYTES || declared > length ? UDP_LENGTH : 0;
}

/** Source port, 0 to 65535. */
export function sourcePort(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset + SOURCE_PORT);
}

/** Destination port, 0 to 65535. */
export function destinationPort(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset + DESTINATION_PORT);
}

/** Octets of header and payload. */
export function udpLength(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset + LENGTH);
}

/** Writes a header with checksum 0. `length` counts header and payload. */
export function putUdp(bytes: Uint8Array, offset: number, from: number, to: number, length: number): void {
  put16(bytes, offset + SOURCE_PORT, from);
  put16(bytes, offset + DESTINATION_PORT, to);
  put16(bytes, offset + LENGTH, length);
  put16(bytes, offset + CHECKSUM, 0);
}
