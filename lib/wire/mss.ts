/**
 * The maximum segment size option of a TCP SYN (RFC 9293, section 3.7.1)
 *
 *   +--------+--------+---------+--------+
 *   | Kind 2 | Len 4  |   Max Seg Size   |
 *   +--------+--------+---------+--------+
 *
 * Either end says how much TCP payload a packet to it may carry. Lowering it on the way keeps both from sending what a
 * tunnel cannot take, also where ICMP is filtered. Options are not aligned: NOPs of one octet may stand in front.
 */
import { get16, put16 } from './bytes.js';
import { fold, pseudoHeader4, pseudoHeader6, update } from './checksum.js';
import * as ethernet from './ethernet.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import * as tcp from './tcp.js';
import { networkOffset } from './vlan.js';

const KIND_END = 0;
const KIND_NOP = 1;
const KIND_MSS = 2;
const MSS_BYTES = 4;

/** State of the checksum of a frame: final; to be finished by who sends it on; or either, as a kernel's peer may leave it. */
export const FINAL = 0;
export const UNFINISHED = 1;
export const UNKNOWN = 2;

/**
 * Lowers the option of a SYN or SYN/ACK in a frame, with up to two VLAN tags, to what a packet may carry, and corrects
 * the checksum (RFC 1624). A segment without the option, and one that asks for less, stay as they are.
 * @param length octets of the frame, at least 14
 * @param mss greatest segment size; 0 = as `packet` allows
 * @param packet octets behind the Ethernet header that a frame may have
 * @param checksum FINAL, UNFINISHED or UNKNOWN
 * @returns true when it was lowered
 */
export function clampMss(
  bytes: Uint8Array,
  frame: number,
  length: number,
  mss: number,
  packet: number,
  checksum: number,
): boolean {
  const ip = networkOffset(bytes, frame, length);
  if (ip < 0) return false;
  const end = frame + length;
  const type = get16(bytes, ip - 2);
  const isIpv4 = type === ethernet.TYPE_IPV4;
  if (!isIpv4 && type !== ethernet.TYPE_IPV6) return false;
  const segment = isIpv4 ? findTcp4(bytes, ip, end) : findTcp6(bytes, ip, end);
  if (segment < 0 || (bytes[segment + tcp.FLAGS] & tcp.SYN) === 0) return false;
  const value = findMss(bytes, segment);
  if (value < 0) return false;
  const headers = (isIpv4 ? ipv4.HEADER_BYTES : ipv6.HEADER_BYTES) + tcp.HEADER_BYTES;
  const most = mss > 0 ? mss : packet - (ip - frame - ethernet.HEADER_BYTES) - headers;
  const asked = get16(bytes, value);
  if (asked <= most || most <= 0) return false;
  if (checksum === FINAL || (checksum === UNKNOWN && !isUnfinished(bytes, ip, segment, isIpv4))) {
    correct(bytes, segment, value, asked, most);
  }
  put16(bytes, value, most);
  return true;
}

/** Offset of a complete TCP header behind an IPv4 one, or -1: something else, or a later fragment. */
function findTcp4(bytes: Uint8Array, ip: number, end: number): number {
  if (end - ip < ipv4.HEADER_BYTES || ipv4.protocol(bytes, ip) !== ipv4.PROTOCOL_TCP) return -1;
  if (ipv4.isLaterFragment(bytes, ip)) return -1;
  const header = ipv4.headerBytes(bytes, ip);
  return header < ipv4.HEADER_BYTES ? -1 : complete(bytes, ip + header, end);
}

/** The same behind an IPv6 header and its extensions. */
function findTcp6(bytes: Uint8Array, ip: number, end: number): number {
  if (end - ip < ipv6.HEADER_BYTES) return -1;
  let header = ipv6.nextHeader(bytes, ip);
  let at = ip + ipv6.HEADER_BYTES;
  while (ipv6.isExtension(header)) {
    if (at + 8 > end) return -1;
    if (header === ipv6.FRAGMENT && (get16(bytes, at + 2) & 0xfff8) !== 0) return -1;
    const next = bytes[at];
    at += ipv6.extensionBytes(bytes, at, header);
    header = next;
  }
  return header === ipv4.PROTOCOL_TCP ? complete(bytes, at, end) : -1;
}

function complete(bytes: Uint8Array, segment: number, end: number): number {
  return tcp.checkTcp(bytes, segment, end - segment) === 0 ? segment : -1;
}

/** Offset of the option's value, or -1 without one. */
function findMss(bytes: Uint8Array, segment: number): number {
  const end = segment + tcp.headerBytes(bytes, segment);
  let at = segment + tcp.HEADER_BYTES;
  while (at < end && bytes[at] !== KIND_END) {
    if (bytes[at] === KIND_NOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1] : 0;
    if (length < 2 || at + length > end) return -1;
    if (bytes[at] === KIND_MSS && length === MSS_BYTES) return at + 2;
    at += length;
  }
  return -1;
}

/** True when the checksum field holds the pseudo-header's sum alone: who finishes it sums the option as it then is. */
function isUnfinished(bytes: Uint8Array, ip: number, segment: number, isIpv4: boolean): boolean {
  const sum = isIpv4
    ? pseudoHeader4(bytes, ip, ipv4.PROTOCOL_TCP, ip + ipv4.totalLength(bytes, ip) - segment)
    : pseudoHeader6(
        bytes,
        ip,
        ipv4.PROTOCOL_TCP,
        ip + ipv6.HEADER_BYTES + ipv6.payloadLength(bytes, ip) - segment,
      );
  return get16(bytes, segment + tcp.CHECKSUM) === fold(sum);
}

/** An option at an odd distance lies across two of the words that are summed: both its octets count the other way. */
function correct(bytes: Uint8Array, segment: number, value: number, before: number, after: number): void {
  const field = segment + tcp.CHECKSUM;
  const odd = ((value - segment) & 1) !== 0;
  const old = odd ? swapped(before) : before;
  const now = odd ? swapped(after) : after;
  put16(bytes, field, update(get16(bytes, field), old, now));
}

function swapped(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}
