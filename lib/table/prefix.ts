/**
 * Prefixes of overlay addresses: four 32-bit words, most significant first, and a length. IPv4 prefixes are
 * v4-mapped (0, 0, 0xffff, a.b.c.d) with lengths of their own, 0 to 32.
 */

export type AddressFamily = 4 | 6;

/** The bits of word `word` (0 to 3) of an address that a prefix of `length` bits covers. */
export function maskOf(word: number, length: number): number {
  const bits = length - 32 * word;
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** True for the first three words of an IPv4 address. */
export function isMapped(a0: number, a1: number, a2: number): boolean {
  return (a0 | a1) === 0 && a2 === 0xffff;
}

/** @throws RangeError for a prefix that no address can have as its prefix. */
export function checkPrefix(
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  length: number,
  family: AddressFamily,
): void {
  const bits = family === 4 ? 32 : 128;
  if (!Number.isInteger(length) || length < 0 || length > bits) {
    throw new RangeError(`prefix length ${length}: expected 0 to ${bits} for IPv${family}`);
  }
  if (family === 4 && !isMapped(a0, a1, a2))
    throw new RangeError('IPv4 prefix: expected a v4-mapped address');
  if (family === 6 && isMapped(a0, a1, a2) && length >= 96) {
    throw new RangeError('IPv6 prefix of v4-mapped addresses: give it as an IPv4 prefix');
  }
  const whole = family === 4 ? length + 96 : length;
  const words = [a0, a1, a2, a3];
  if (words.some((word, i) => (word & ~maskOf(i, whole)) !== 0)) {
    throw new RangeError(`prefix of ${length} bits: expected no bits set beyond them`);
  }
}
