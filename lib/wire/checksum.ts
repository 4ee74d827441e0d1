/**
 * The Internet checksum (RFC 1071): the 16-bit one's complement of the one's complement sum of 16-bit words.
 *
 * Sums are kept unfolded in a 32-bit integer and folded once at the end: 65,535 octets add up to less than 2^31,
 * so one packet never overflows. This is the slow path's checksum (headers, error replies, tests); the payload
 * of bulk traffic is summed in native-shim.
 */
import { get16 } from './bytes.js';

/**
 * Adds the 16-bit words of a range to `initial`; an odd last octet counts as if a zero followed.
 * @param length octets, at most 65,535
 * @returns an unfolded sum; pass it on as `initial` of the next range (which must start at an even distance) or to fold()
 */
export function sum(bytes: Uint8Array, offset: number, length: number, initial = 0): number {
  const last = offset + length - 1;
  let total = initial;
  let at = offset;
  for (; at < last; at += 2) total += (bytes[at] << 8) | bytes[at + 1];
  return at === last ? total + (bytes[at] << 8) : total;
}

/** Folds a sum to 16 bits with end-around carry; 0 only when every summed word was 0. */
export function fold(total: number): number {
  const once = (total & 0xffff) + (total >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** The checksum field's value for a sum: folded and complemented, 0 to 65535. */
export function finish(total: number): number {
  return ~fold(total) & 0xffff;
}

/**
 * Sum of the IPv4 pseudo-header (RFC 793, section 3.1; RFC 768).
 * @param ip offset of the IPv4 header
 * @param length octets of the transport header and its payload
 */
export function pseudoHeader4(bytes: Uint8Array, ip: number, protocol: number, length: number): number {
  return sum(bytes, ip + 12, 8, protocol + length);
}

/**
 * Sum of the IPv6 pseudo-header (RFC 8200, section 8.1).
 * @param ip offset of the IPv6 header
 * @param length octets of the transport header and its payload, at most 65,535
 */
export function pseudoHeader6(bytes: Uint8Array, ip: number, nextHeader: number, length: number): number {
  return sum(bytes, ip + 8, 32, nextHeader + length);
}

/**
 * The checksum after one 16-bit word under it changed, without summing the rest: HC' = ~(~HC + ~m + m')
 * (RFC 1624, equation 3; the shorter equation of RFC 1141 yields 0xffff where 0 is right).
 */
export function update(checksum: number, before: number, after: number): number {
  return finish((~checksum & 0xffff) + (~before & 0xffff) + after);
}

/** Replaces the word at `offset` and brings the checksum field at `checksum` up to date. */
export function replace16(bytes: Uint8Array, checksum: number, offset: number, value: number): void {
  const corrected = update(get16(bytes, checksum), get16(bytes, offset), value);
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
  bytes[checksum] = corrected >>> 8;
  bytes[checksum + 1] = corrected;
}
