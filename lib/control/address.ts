/**
 * Canonical text of addresses, MACs and prefixes: what is compared, stored and shown is always one spelling.
 * Strict as inet_pton: `1`, `010.0.0.1` and `fe80::1%eth0` are not addresses.
 */
import { SocketAddress, isIPv4, isIPv6 } from 'node:net';

const MAC = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i;

/** 4 or 6; 0 when the text is no address. */
export function familyOf(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return isIPv6(text) && !text.includes('%') ? 6 : 0;
}

/**
 * An address as inet_ntop writes it (RFC 5952); undefined when it is none.
 * @example canonicalAddress('FE80:0::01') // 'fe80::1'
 */
export function canonicalAddress(text: string): string | undefined {
  const family = familyOf(text);
  if (family === 0) return undefined;
  return new SocketAddress({ address: text, family: family === 4 ? 'ipv4' : 'ipv6' }).address;
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
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  return ipv6Bytes(text);
}

function ipv6Bytes(text: string): Uint8Array {
  // The last 32 bits may be written as an IPv4 address (RFC 4291, 2.2): made two groups first.
  const dotted = text.includes('.') ? text.slice(text.lastIndexOf(':') + 1) : '';
  const hex = (high: number, low: number): string => ((high << 8) | low).toString(16);
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  const plain = dotted === '' ? text : `${text.slice(0, -dotted.length)}${hex(a, b)}:${hex(c, d)}`;
  const [head = '', tail] = plain.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...front, ...new Array<string>(8 - front.length - back.length).fill('0'), ...back];
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => new DataView(bytes.buffer).setUint16(i * 2, parseInt(group, 16)));
  return bytes;
}

/** Canonical text of 4 or 16 octets in network order. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  return canonicalAddress(groups.join(':')) ?? '::';
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
