/**
 * Octets written as hexadecimal digits; blanks, colons and line breaks do not count, `#` starts a comment.
 *
 * @example
 * hex(`
 *   ffff ffff ffff  0200 0000 0001  0806   # Ethernet: broadcast, ARP
 * `);
 */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/#.*$/gm, '').replaceAll(/[\s:]/g, '');
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) throw new TypeError(`not pairs of hexadecimal digits: ${digits}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** A frame placed `headroom` octets into a larger array, as it would lie in a slab, with `tailroom` behind it. */
export function placed(frame: Uint8Array, headroom: number, tailroom = 0): Uint8Array {
  const bytes = new Uint8Array(headroom + frame.length + tailroom);
  bytes.set(frame, headroom);
  return bytes;
}
