/**
 * Canonical text of addresses, MACs and prefixes: what is compared, stored and shown is always one spelling.
 * Strict (lib/wire/text.ts): `1`, `010.0.0.1` and `fe80::1%eth0` are not addresses.
 */
import { formatAddress, isIpv4, parseAddress } from '../wire/text.js';

const MAC = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i;

/** 4 or 6; 0 when the text is no address. ::ffff:192.0.2.1 is IPv4, as in the tables. */
export function familyOf(text: string): 0 | 4 | 6 {
  const words = parseAddress(text);
  if (words === undefined) return 0;
  return isIpv4(words) ? 4 : 6;
}

/**
 * An address in its one spelling (RFC 5952); undefined when it is none.
 * @example canonicalAddress('FE80:0::01') // 'fe80::1'
 */
export function canonicalAddress(text: string): string | undefined {
  const words = parseAddress(text);
  return words && formatAddress(words);
}

/** A MAC in lower case with two digits an octet; undefined when it is none. */
export function canonicalMac(text: string): string | undefined {
  if (!MAC.test(text)) return undefined;
  const octets = text.toLowerCase().split(':');
  return octets.map((octet) => octet.padStart(2, '0')).join(':');
}

/** True for a MAC whose group bit is set (IEEE 802.3, 3.2.3); broadcast included. The MAC must be canonical. */
export function isGroupMac(mac: string): boolean {
  return (parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** True for 224.0.0.0/4 and ff00::/8. The address must be canonical. */
export function isMulticast(address: string): boolean {
  if (familyOf(address) === 6)
    return address.startsWith('ff') && !address.startsWith('ff:') && /^ff[0-9a-f]{2}:/.test(address);
  const first = Number(address.slice(0, address.indexOf('.')));
  return first >= 224 && first <= 239;
}

/** True for fe80::/10. The address must be canonical. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

/** True for 0.0.0.0 and ::, which mean "none" or "this host". */
export function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** The 4 or 16 octets of an address, in network order. The text must be an address. */
export function addressBytes(text: string): Uint8Array {
  const words = parseAddress(text) ?? new Int32Array(4);
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setInt32(i * 4, word));
  return isIpv4(words) ? bytes.subarray(12) : bytes;
}

/** Canonical text of 4 or 16 octets in network order. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return formatAddress([0, 4, 8, 12].map((at) => view.getInt32(at)));
}

/** Canonical text of six octets. */
export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/** The six octets of a MAC. The text must be canonical. */
export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(':'), (octet) => parseInt(octet, 16));
}

export type PrefixFault = 'no prefix' | 'bad length' | 'host bits';

/**
 * A prefix in canonical text. A bare address is a host prefix; `default` is 0.0.0.0/0.
 * @returns the prefix, or why it is none
 * @example canonicalPrefix('10.20.2.0/24') // { prefix: '10.20.2.0/24' }
 */
export function canonicalPrefix(text: string): { prefix: string } | { fault: PrefixFault } {
  if (text === 'default') return { prefix: '0.0.0.0/0' };
  const slash = text.indexOf('/');
  const address = canonicalAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return { fault: 'no prefix' };
  const bytes = addressBytes(address);
  const bits = bytes.length * 8;
  const digits = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > bits) return { fault: 'bad length' };
  const length = Number(digits);
  return hasHostBits(bytes, length) ? { fault: 'host bits' } : { prefix: `${address}/${length}` };
}

function hasHostBits(bytes: Uint8Array, length: number): boolean {
  return bytes.some((octet, i) => {
    const kept = Math.min(8, Math.max(0, length - i * 8));
    return (octet & (0xff >> kept)) !== 0;
  });
}

/** A part of a host's name (RFC 1123, section 2.1), underscores as many have them. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
/** What inet_aton(3) takes for the last part of an address: `192.0.2.300` and `0x7f.1` are mistyped addresses. */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/i;
/** Octets of a name without its last dot. */
const NAME_MAX = 253;

/**
 * Whether a text can only be the name of a host: parts of letters, digits, `-` and `_`, the last one no number.
 * @example isHostName('vtep2.example.org') // true
 * @example isHostName('192.0.2.300') // false
 */
export function isHostName(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  const labels = name.split('.');
  return (
    name.length <= NAME_MAX && labels.every((label) => LABEL.test(label)) && !NUMBER.test(labels.at(-1)!)
  );
}
