/**
 * Arithmetic on subnets: bounds, overlaps, and the choice of one that is free. Bounds are big integers, one kind of number for
 * both families; nothing of this is near the packet path.
 */
import { formatAddress, isIpv4, parseAddress } from '../wire/text.js';
import type { SubnetRange } from './types.js';

export interface Subnet {
  family: 4 | 6;
  /** First address, as a number in network order. */
  first: bigint;
  /** Last address. */
  last: bigint;
  /** Of the prefix, bits. */
  length: number;
}

/** How many free subnets Flannel looks at from SubnetMin on: hosts that start together choose among so many. */
const CANDIDATES = 100;

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);
const sizeOf = (family: 4 | 6, length: number): bigint => 1n << BigInt(bitsOf(family) - length);

/** An address as a number; undefined when the text is none. ::ffff:192.0.2.1 is IPv4, as everywhere. */
export function parseAddressNumber(text: string): { family: 4 | 6; value: bigint } | undefined {
  const words = parseAddress(text);
  if (words === undefined) return undefined;
  if (isIpv4(words)) return { family: 4, value: BigInt(words[3]! >>> 0) };
  return { family: 6, value: words.reduce((value, word) => (value << 32n) | BigInt(word >>> 0), 0n) };
}

/** The canonical text of an address (RFC 5952, which is what Go writes). */
export function addressText(family: 4 | 6, value: bigint): string {
  const word = (shift: bigint): number => Number(BigInt.asIntN(32, value >> shift));
  return formatAddress(family === 4 ? [0, 0, 0xffff, word(0n)] : [word(96n), word(64n), word(32n), word(0n)]);
}

/**
 * Reads `10.5.3.0/24`. Host bits are cleared, as Go's ParseCIDR does; undefined when the text is no prefix.
 * @example parseSubnet('10.5.100.1/24') // 10.5.100.0 to 10.5.100.255
 */
export function parseSubnet(text: string): Subnet | undefined {
  const slash = text.indexOf('/');
  const digits = text.slice(slash + 1);
  const address = parseAddressNumber(text.slice(0, Math.max(0, slash)));
  if (address === undefined || !/^\d{1,3}$/.test(digits)) return undefined;
  const length = Number(digits);
  return length > bitsOf(address.family) ? undefined : subnetAt(address.family, address.value, length);
}

/** The subnet of this length that an address lies in. */
function subnetAt(family: 4 | 6, address: bigint, length: number): Subnet {
  const size = sizeOf(family, length);
  const first = address - (address % size);
  return { family, first, last: first + size - 1n, length };
}

/** `10.5.3.0/24`. */
export function subnetText({ family, first, length }: Subnet): string {
  return `${addressText(family, first)}/${length}`;
}

/** The address of a host in its own subnet, as subnet.env has it. @example firstHost('10.5.100.0/24') // '10.5.100.1/24' */
export function firstHost(subnet: string): string | undefined {
  const parsed = parseSubnet(subnet);
  return parsed && `${addressText(parsed.family, parsed.first + 1n)}/${parsed.length}`;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** True when `inner` lies wholly within `outer`. */
export function contains(outer: Subnet, inner: Subnet): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** True when a host may have this subnet: of the range's length, from its minimum to its maximum. */
export function isInRange(range: SubnetRange, subnet: Subnet): boolean {
  const { min, max } = boundsOf(range);
  return subnet.length === range.subnetLength && subnet.first >= min && subnet.first <= max;
}

function boundsOf(range: SubnetRange): { family: 4 | 6; min: bigint; max: bigint } {
  const min = parseAddressNumber(range.subnetMin)!;
  return { family: min.family, min: min.value, max: parseAddressNumber(range.subnetMax)!.value };
}

/** The first free subnets of a range, up to `limit`, in ascending order. */
export function freeSubnets(range: SubnetRange, taken: readonly Subnet[], limit = CANDIDATES): Subnet[] {
  const { family, min, max } = boundsOf(range);
  const inTheWay = taken.filter((subnet) => subnet.family === family).sort(byFirst);
  const free: Subnet[] = [];
  for (let at = min, next = 0; at <= max && free.length < limit;) {
    const subnet = subnetAt(family, at, range.subnetLength);
    while (next < inTheWay.length && inTheWay[next]!.last < subnet.first) next++;
    const other = inTheWay[next];
    if (other === undefined || other.first > subnet.last) free.push(subnet);
    // A large one in the way is stepped over at once: a range of IPv6 has more subnets than can be tried one by one.
    const end = other !== undefined && other.first <= subnet.last ? other.last : subnet.last;
    at = subnetAt(family, end, range.subnetLength).last + 1n;
  }
  return free;
}

/** Nested ones: the larger first, so that `last` never goes back where it matters. */
function byFirst(a: Subnet, b: Subnet): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.length - b.length;
}

/**
 * The subnet a host takes: the first of the preferred ones that may be had, else one at random of the first free ones.
 * @param preferred texts, host bits allowed; what is none, outside the range or taken is passed over
 * @param random as Math.random
 * @returns canonical text; undefined when no subnet is left
 */
export function chooseSubnet(
  range: SubnetRange,
  taken: readonly Subnet[],
  preferred: readonly (string | undefined)[],
  random: () => number,
): string | undefined {
  for (const text of preferred) {
    const subnet = text === undefined ? undefined : parseSubnet(text);
    if (subnet && isInRange(range, subnet) && !taken.some((other) => overlaps(other, subnet)))
      return subnetText(subnet);
  }
  const free = freeSubnets(range, taken);
  return free.length === 0 ? undefined : subnetText(free[Math.floor(random() * free.length)]!);
}
