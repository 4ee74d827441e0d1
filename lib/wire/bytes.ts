/**
 * Fields of a header, read and written in network byte order (big-endian, RFC 791 appendix B).
 *
 * Every function of lib/wire takes the slab's one Uint8Array and an offset: no view is made per frame, because
 * making one costs more (34 ns) than everything else done to the frame's header. Nothing here checks bounds;
 * a header's own check function does, once, and the getters trust it afterwards.
 */

/** Unsigned 16-bit value at `offset`, 0 to 65535. */
export function get16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}

/**
 * 32-bit value at `offset` as a *signed* integer, which the engine keeps in a machine word;
 * `get32(b, o) >>> 0` is the unsigned value.
 */
export function get32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3];
}

/** Writes the low 16 bits of `value`. */
export function put16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

/** Writes the low 32 bits of `value`, signed or unsigned. */
export function put32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** Copies four octets; the ranges may not overlap. */
export function copy32(bytes: Uint8Array, to: number, from: number): void {
  bytes[to] = bytes[from];
  bytes[to + 1] = bytes[from + 1];
  bytes[to + 2] = bytes[from + 2];
  bytes[to + 3] = bytes[from + 3];
}

/** Copies the sixteen octets of an IPv6 address; the ranges may not overlap. */
export function copy128(bytes: Uint8Array, to: number, from: number): void {
  copy32(bytes, to, from);
  copy32(bytes, to + 4, from + 4);
  copy32(bytes, to + 8, from + 8);
  copy32(bytes, to + 12, from + 12);
}
