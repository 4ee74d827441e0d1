/** Prefixes as octets, to tell what lies in a network. */
import { addressBytes, addressText, canonicalPrefix } from '../control/address.js';
import { VtepError } from '../errors.js';

export interface Prefix {
  /** 4 or 16, in network order. */
  octets: Uint8Array;
  /** Bits. */
  length: number;
}

/**
 * Reads a prefix.
 * @throws {VtepError} ERR_VTEP_ARGUMENT when the text is none, or has host bits
 * @example parsePrefix('10.5.0.0/16').length // 16
 */
export function parsePrefix(text: string): Prefix {
  const read = canonicalPrefix(text);
  if ('fault' in read) {
    throw new VtepError(
      'ERR_VTEP_ARGUMENT',
      `"${text}" is no prefix (${read.fault}); expected one as 10.5.3.0/24`,
      {
        errno: 'EINVAL',
        word: text,
      },
    );
  }
  const [address, length] = read.prefix.split('/');
  return { octets: addressBytes(address), length: Number(length) };
}

export function prefixText({ octets, length }: Prefix): string {
  return `${addressText(octets)}/${length}`;
}

/** The first address of a prefix. The text must be one. */
export function firstAddress(prefix: string): string {
  return prefix.slice(0, prefix.indexOf('/'));
}

/** Whether an address, or the first one of a prefix at least as long, lies in `network`. */
export function isInside(network: Prefix, octets: Uint8Array): boolean {
  return (
    octets.length === network.octets.length &&
    octets.every((octet, i) => {
      const kept = Math.min(8, Math.max(0, network.length - i * 8));
      return ((octet ^ network.octets[i]) & (0xff00 >> kept) & 0xff) === 0;
    })
  );
}

/** Whether an address is the first of a prefix of `length` bits. */
export function isFirst(octets: Uint8Array, length: number): boolean {
  return octets.every((octet, i) => (octet & (0xff >> Math.min(8, Math.max(0, length - i * 8)))) === 0);
}
