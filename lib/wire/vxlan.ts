/**
 * VXLAN header (RFC 7348, section 5)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |R|R|R|R|I|R|R|R|            Reserved                           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                VXLAN Network Identifier (VNI) |   Reserved    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * I must be 1 for a valid VNI. The reserved fields are sent as 0. The RFC has the receiver ignore them; Linux
 * rejects what is set in its reserved_bits mask (by default every reserved bit), and so do we.
 */
import { get32, put32 } from './bytes.js';

export const FLAGS = 0;
export const VNI = 4;
/** RFC 7348, section 5. */
export const HEADER_BYTES = 8;
/** The largest VNI: 24 bits. */
export const MAX_VNI = 0xffffff;

/** The I flag in the first word. */
export const I_FLAG = 0x08000000;
/** Bits of each word that must be zero on receipt unless a device says otherwise: 0xf7ffffff 000000ff. */
export const RESERVED_HIGH = 0xf7ffffff | 0;
export const RESERVED_LOW = 0x000000ff;

/** checkVxlan: fewer than 8 octets follow the UDP header. */
export const VXLAN_SHORT = -1;
/** checkVxlan: the I flag is clear. */
export const VXLAN_I_FLAG_CLEAR = -2;
/** checkVxlan, checkReserved: a bit that must be zero is set. */
export const VXLAN_RESERVED = -3;

/**
 * The checks that come before the VNI is looked up (vxlan_rcv in vxlan_core.c).
 * @param length octets of the UDP payload
 * @returns 0, VXLAN_SHORT or VXLAN_I_FLAG_CLEAR
 */
export function checkFlags(bytes: Uint8Array, offset: number, length: number): number {
  if (length < HEADER_BYTES) return VXLAN_SHORT;
  return (get32(bytes, offset + FLAGS) & I_FLAG) === 0 ? VXLAN_I_FLAG_CLEAR : 0;
}

/**
 * The check that comes after, because the mask is a device's: 0 or VXLAN_RESERVED.
 * @param high mask of the first word, `low` mask of the second; a bit set here must be zero in the header
 */
export function checkReserved(
  bytes: Uint8Array,
  offset: number,
  high = RESERVED_HIGH,
  low = RESERVED_LOW,
): number {
  return (get32(bytes, offset + FLAGS) & high) === 0 && (get32(bytes, offset + VNI) & low) === 0
    ? 0
    : VXLAN_RESERVED;
}

/**
 * Both checks at once, for who needs no VNI in between: 0, VXLAN_SHORT, VXLAN_I_FLAG_CLEAR or VXLAN_RESERVED.
 * After 0 the header may be read, and an inner frame of length - HEADER_BYTES octets follows.
 */
export function checkVxlan(
  bytes: Uint8Array,
  offset: number,
  length: number,
  high = RESERVED_HIGH,
  low = RESERVED_LOW,
): number {
  const verdict = checkFlags(bytes, offset, length);
  return verdict === 0 ? checkReserved(bytes, offset, high, low) : verdict;
}

/** VXLAN network identifier, 0 to MAX_VNI. */
export function vni(bytes: Uint8Array, offset: number): number {
  return get32(bytes, offset + VNI) >>> 8;
}

/** Writes a header: I flag, `identifier`, zeros. */
export function putVxlan(bytes: Uint8Array, offset: number, identifier: number): void {
  put32(bytes, offset + FLAGS, I_FLAG);
  put32(bytes, offset + VNI, identifier << 8);
}
