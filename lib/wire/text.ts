/**
 * Addresses as people write them. Not for the packet path: this file alone in lib/wire makes strings.
 *
 * An IP address is four words, most significant first, each four octets in network order as a signed 32-bit integer.
 * IPv4 addresses are v4-mapped (RFC 4291, section 2.5.5.2): (0, 0, 0xffff, a.b.c.d). There is therefore no
 * difference between ::ffff:192.0.2.1 and 192.0.2.1; the shorter form is what formatAddress writes.
 *
 * Strict: what node:net's isIP calls an address and nothing else, except zone identifiers (fe80::1%eth0), which name
 * an interface and not an address. No `1` for 0.0.0.1, no octal 010.0.0.1.
 */

/** A MAC address as lib/wire/ethernet.ts reads it. */
export interface Mac {
  /** First four octets, signed. */
  high: number;
  /** Last two octets, 0 to 65535. */
  low: number;
}

const V4_MAPPED = 0xffff;
const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const FIELD = /^[0-9a-f]{1,4}$/i;

/** Reads "02:00:00:00:00:01": six groups of two hexadecimal digits. Undefined for anything else. */
export function parseMac(text: string): Mac | undefined {
  if (!MAC.test(text)) return undefined;
  const digits = text.replaceAll(':', '');
  return { high: Number.parseInt(digits.slice(0, 8), 16) | 0, low: Number.parseInt(digits.slice(8), 16) };
}

/** Writes a MAC address in lower case, colons between the octets. */
export function formatMac(high: number, low: number): string {
  const digits = (high >>> 0).toString(16).padStart(8, '0') + low.toString(16).padStart(4, '0');
  return digits.replace(/..(?=.)/g, '$&:');
}

/**
 * Reads an IPv4 or IPv6 address into four words; undefined when it is none.
 *
 * @example
 * parseAddress('192.0.2.1'); // Int32Array [0, 0, 65535, -1073741311]
 */
export function parseAddress(text: string): Int32Array | undefined {
  if (!text.includes(':')) {
    const address = parseIpv4(text);
    return address === undefined ? undefined : Int32Array.of(0, 0, V4_MAPPED, address);
  }
  const fields = parseFields(text);
  return fields && Int32Array.from({ length: 4 }, (_, i) => (fields[2 * i] << 16) | fields[2 * i + 1]);
}

/** True when the four words at `index` hold an IPv4 address. */
export function isIpv4(words: ArrayLike<number>, index = 0): boolean {
  return words[index] === 0 && words[index + 1] === 0 && words[index + 2] === V4_MAPPED;
}

/** Writes the four words at `index`: IPv4 in dotted form, IPv6 in the canonical form of RFC 5952. */
export function formatAddress(words: ArrayLike<number>, index = 0): string {
  if (isIpv4(words, index)) return formatIpv4(words[index + 3]);
  const fields = Array.from({ length: 8 }, (_, i) => {
    const word = words[index + (i >> 1)];
    return i & 1 ? word & 0xffff : word >>> 16;
  });
  return formatFields(fields);
}

/** Writes an IPv4 address given as a 32-bit integer. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Reads a dotted IPv4 address into a signed 32-bit integer; undefined when it is none. */
export function parseIpv4(text: string): number | undefined {
  const match = IPV4.exec(text);
  if (!match) return undefined;
  let address = 0;
  for (const part of match.slice(1)) {
    // A leading zero would be octal to inet_aton and decimal to the eye.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    address = (address << 8) | Number(part);
  }
  return address;
}

/** The eight 16-bit fields of an IPv6 address. */
function parseFields(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const front = parseHalf(halves[0], halves.length === 1);
  const back = halves.length === 2 ? parseHalf(halves[1], true) : [];
  if (!front || !back) return undefined;
  const missing = 8 - front.length - back.length;
  // "::" stands for at least one field (RFC 4291, section 2.2).
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...front, ...new Array<number>(missing).fill(0), ...back];
}

/** Fields of one side of "::". Only the end of an address may be written as dotted IPv4. */
function parseHalf(half: string, isEnd: boolean): number[] | undefined {
  if (half === '') return [];
  const parts = half.split(':');
  const fields: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (FIELD.test(part)) {
      fields.push(Number.parseInt(part, 16));
      continue;
    }
    const address = isEnd && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (address === undefined) return undefined;
    fields.push(address >>> 16, address & 0xffff);
  }
  return fields;
}

/** RFC 5952, section 4: lower case, no leading zeros, the first longest run of two or more zeros as "::". */
function formatFields(fields: number[]): string {
  const [start, length] = longestZeroRun(fields);
  const hex = fields.map((field) => field.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeroRun(fields: number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && fields[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

/** A 64-bit mask in C's notation: 0x…, decimal, or octal with a leading 0. Undefined when the text is none. */
export function parseMask(text: string): bigint | undefined {
  if (!/^(0x[0-9a-f]{1,16}|0|[1-9][0-9]{0,19}|0[0-7]{1,22})$/i.test(text)) return undefined;
  const mask = BigInt(/^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text);
  return mask <= 0xffff_ffff_ffff_ffffn ? mask : undefined;
}

/** As `ip -d -j link` writes a mask. */
export function formatMask(mask: bigint): string {
  return `0x${mask.toString(16)}`;
}
