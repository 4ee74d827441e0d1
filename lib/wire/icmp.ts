/**
 * ICMP error messages (RFC 792 and RFC 1812, section 4.3.2; RFC 4443, sections 2.4, 3.2 and 3.3)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |     Type      |     Code      |          Checksum             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                unused, or the next hop's MTU                  |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |   the offending packet from its IP header on, cut so that the |
 *   |   reply has at most 576 octets (IPv4) or 1280 octets (IPv6)   |
 *
 * The reply is written into the headroom in front of the packet that caused it, which becomes the quotation where
 * it stands:
 *
 *                                  | Ethernet, tags | IP header | payload ...        before
 *      | Ethernet, tags | IP | ICMP | IP header | payload ...         after: 28 octets (48 for IPv6) further in front
 *
 * The Ethernet addresses are swapped, the tags kept.
 */
import { copy128, get16, get32, put16, put32 } from './bytes.js';
import { finish, pseudoHeader6, sum } from './checksum.js';
import * as ethernet from './ethernet.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import { networkOffset } from './vlan.js';

export const TYPE = 0;
export const CODE = 1;
export const CHECKSUM = 2;
/** Unused, MTU, or identifier and sequence number. */
export const REST = 4;
export const HEADER_BYTES = 8;

export const V4_UNREACHABLE = 3;
export const V4_FRAGMENTATION_NEEDED = 4;
export const V4_TIME_EXCEEDED = 11;
export const V6_PACKET_TOO_BIG = 2;
export const V6_TIME_EXCEEDED = 3;

/** Octets an IPv4 error message has at most (RFC 1812, section 4.3.2.3). */
export const V4_MAX_BYTES = 576;
/** Octets an IPv6 error message has at most: the minimum MTU (RFC 4443, section 2.4 c). */
export const V6_MAX_BYTES = 1280;

/** No error message may be sent about this packet. */
export const NO_REPLY = -1;

/** Room a reply needs in front of the offending frame. */
export const V4_HEADROOM = ipv4.HEADER_BYTES + HEADER_BYTES;
export const V6_HEADROOM = ipv6.HEADER_BYTES + HEADER_BYTES;

const HOP_LIMIT = 64;
/** Precedence 6, internetwork control (RFC 1812, section 4.3.2.5). */
const INTERNETWORK_CONTROL = 0xc0;

/**
 * Answers an IPv4 packet whose TTL ran out (type 11, code 0).
 * @param frame offset of its Ethernet header, with V4_HEADROOM octets to spare in front
 * @param length octets of the frame
 * @param source IPv4 address to answer from, as a 32-bit integer
 * @returns offset of the reply's Ethernet header, or NO_REPLY; replyBytes() tells its length
 */
export function timeExceeded4(bytes: Uint8Array, frame: number, length: number, source: number): number {
  return buildError4(bytes, frame, length, source, HOP_LIMIT, V4_TIME_EXCEEDED, 0, 0);
}

/**
 * Answers an IPv6 packet whose hop limit ran out (type 3, code 0); `source0` to `source3` are the words of the
 * address to answer from. Needs V6_HEADROOM; otherwise as timeExceeded4.
 */
export function timeExceeded6(
  bytes: Uint8Array,
  frame: number,
  length: number,
  source0: number,
  source1: number,
  source2: number,
  source3: number,
): number {
  const reply = buildError6(bytes, frame, length, HOP_LIMIT, V6_TIME_EXCEEDED, 0, 0);
  if (reply !== NO_REPLY) putSource6(bytes, reply, source0, source1, source2, source3);
  return reply;
}

/** Octets of the reply at `frame`, from its Ethernet header to its last octet. */
export function replyBytes(bytes: Uint8Array, frame: number): number {
  const ip = networkOffset(bytes, frame, ethernet.HEADER_BYTES + ethernet.HEADER_BYTES);
  const datagram =
    get16(bytes, ip - 2) === ethernet.TYPE_IPV4
      ? ipv4.totalLength(bytes, ip)
      : ipv6.HEADER_BYTES + ipv6.payloadLength(bytes, ip);
  return ip - frame + datagram;
}

/**
 * Builds any ICMP error about the IPv4 packet in a frame.
 * @param source address to answer from
 * @param ttl of the reply
 * @param rest the header's second word, such as the next hop's MTU
 * @returns offset of the reply's Ethernet header, or NO_REPLY
 */
export function buildError4(
  bytes: Uint8Array,
  frame: number,
  length: number,
  source: number,
  ttl: number,
  type: number,
  code: number,
  rest: number,
): number {
  const ip = networkOffset(bytes, frame, length);
  if (ip < 0 || !mayAnswer4(bytes, frame, ip, frame + length - ip)) return NO_REPLY;
  const quoted = Math.min(ipv4.totalLength(bytes, ip), V4_MAX_BYTES - V4_HEADROOM);
  const icmp = ip - HEADER_BYTES;
  const reply = frame - V4_HEADROOM;
  putLinkLayer(bytes, reply, frame, ip);
  putIcmp(bytes, icmp, type, code, rest);
  put16(bytes, icmp + CHECKSUM, finish(sum(bytes, icmp, HEADER_BYTES + quoted)));
  ipv4.putIpv4(
    bytes,
    icmp - ipv4.HEADER_BYTES,
    V4_HEADROOM + quoted,
    (ipv4.tos(bytes, ip) & 0x1c) | INTERNETWORK_CONTROL,
    get16(bytes, ip + ipv4.IDENTIFICATION),
    0,
    ttl,
    ipv4.PROTOCOL_ICMP,
    source,
    ipv4.source(bytes, ip),
  );
  return reply;
}

/**
 * Builds any ICMPv6 error about the IPv6 packet in a frame, answered from the address it was sent to; putSource6
 * replaces that.
 * @returns offset of the reply's Ethernet header, or NO_REPLY
 */
export function buildError6(
  bytes: Uint8Array,
  frame: number,
  length: number,
  hopLimit: number,
  type: number,
  code: number,
  rest: number,
): number {
  const ip = networkOffset(bytes, frame, length);
  if (ip < 0 || !mayAnswer6(bytes, frame, ip, frame + length - ip)) return NO_REPLY;
  const datagram = ipv6.HEADER_BYTES + ipv6.payloadLength(bytes, ip);
  const quoted = Math.min(datagram, V6_MAX_BYTES - V6_HEADROOM);
  const icmp = ip - HEADER_BYTES;
  const header = icmp - ipv6.HEADER_BYTES;
  const reply = frame - V6_HEADROOM;
  putLinkLayer(bytes, reply, frame, ip);
  putIcmp(bytes, icmp, type, code, rest);
  ipv6.putIpv6(bytes, header, HEADER_BYTES + quoted, 0, 0, ipv6.ICMPV6, hopLimit);
  copy128(bytes, header + ipv6.SOURCE, ip + ipv6.DESTINATION);
  copy128(bytes, header + ipv6.DESTINATION, ip + ipv6.SOURCE);
  putChecksum6(bytes, header);
  return reply;
}

/** Replaces the source address of an ICMPv6 message built by buildError6, and its checksum. */
export function putSource6(
  bytes: Uint8Array,
  frame: number,
  source0: number,
  source1: number,
  source2: number,
  source3: number,
): void {
  const ip = networkOffset(bytes, frame, ethernet.HEADER_BYTES + ethernet.HEADER_BYTES);
  ipv6.putAddress(bytes, ip + ipv6.SOURCE, source0, source1, source2, source3);
  putChecksum6(bytes, ip);
}

/** Computes the checksum of the ICMPv6 message right behind the IPv6 header at `ip`. */
export function putChecksum6(bytes: Uint8Array, ip: number): void {
  const icmp = ip + ipv6.HEADER_BYTES;
  const length = ipv6.payloadLength(bytes, ip);
  put16(bytes, icmp + CHECKSUM, 0);
  const pseudo = pseudoHeader6(bytes, ip, ipv6.ICMPV6, length);
  put16(bytes, icmp + CHECKSUM, finish(sum(bytes, icmp, length, pseudo)));
}

/** RFC 1812, section 4.3.2.7: about what an ICMP error must not be sent. */
function mayAnswer4(bytes: Uint8Array, frame: number, ip: number, length: number): boolean {
  if (get16(bytes, ip - 2) !== ethernet.TYPE_IPV4 || ipv4.checkIpv4(bytes, ip, length) !== 0) return false;
  if (ethernet.isMulticast(bytes, frame) || ipv4.isLaterFragment(bytes, ip)) return false;
  if (!isHost4(ipv4.source(bytes, ip)) || !isHost4(ipv4.destination(bytes, ip))) return false;
  return ipv4.protocol(bytes, ip) !== ipv4.PROTOCOL_ICMP || isQuery4(bytes, ip);
}

/** True for an address that can stand for one host: not 0/8, loopback, multicast, class E or broadcast. */
function isHost4(address: number): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/** True when an ICMP message is certainly no error message; one too short to tell is none to answer. */
function isQuery4(bytes: Uint8Array, ip: number): boolean {
  const icmp = ipv4.headerBytes(bytes, ip);
  if (ipv4.totalLength(bytes, ip) <= icmp) return false;
  const type = bytes[ip + icmp];
  // Echo, router advertisement and solicitation, timestamp, information, address mask.
  return type === 0 || type === 8 || type === 9 || type === 10 || (type >= 13 && type <= 18);
}

/** RFC 4443, section 2.4 e: about what an ICMPv6 error must not be sent. */
function mayAnswer6(bytes: Uint8Array, frame: number, ip: number, length: number): boolean {
  if (get16(bytes, ip - 2) !== ethernet.TYPE_IPV6 || ipv6.checkIpv6(bytes, ip, length) !== 0) return false;
  const group = ethernet.isMulticast(bytes, frame) || ipv6.isMulticastAddress(bytes, ip + ipv6.DESTINATION);
  // Packet Too Big alone may answer a multicast packet (e.3), but then not from the group's own address.
  if (group || ipv6.isMulticastAddress(bytes, ip + ipv6.SOURCE)) return false;
  if (ipv6.isUnspecifiedAddress(bytes, ip + ipv6.SOURCE) || ipv6.isLoopbackAddress(bytes, ip + ipv6.SOURCE)) {
    return false;
  }
  return isAnswerable6(bytes, ip);
}

/** Walks the extension headers: false for later fragments, ICMPv6 errors and redirects, and what ends too early. */
export function isAnswerable6(bytes: Uint8Array, ip: number): boolean {
  const end = ip + ipv6.HEADER_BYTES + ipv6.payloadLength(bytes, ip);
  let header = ipv6.nextHeader(bytes, ip);
  let at = ip + ipv6.HEADER_BYTES;
  while (ipv6.isExtension(header)) {
    if (at + 8 > end) return false;
    if (header === ipv6.FRAGMENT && (get16(bytes, at + 2) & 0xfff8) !== 0) return false;
    const next = bytes[at];
    at += ipv6.extensionBytes(bytes, at, header);
    header = next;
  }
  if (header !== ipv6.ICMPV6) return true;
  // Types below 128 are errors; 137 is Redirect.
  return at < end && bytes[at] >= 128 && bytes[at] !== 137;
}

/** Copies Ethernet header and tags from `frame` to `reply`, the two addresses swapped. */
export function putLinkLayer(bytes: Uint8Array, reply: number, frame: number, ip: number): void {
  const high = get32(bytes, frame + ethernet.SOURCE);
  const low = get16(bytes, frame + ethernet.SOURCE + 4);
  const ownHigh = get32(bytes, frame + ethernet.DESTINATION);
  const ownLow = get16(bytes, frame + ethernet.DESTINATION + 4);
  for (let at = ethernet.TYPE; at < ip - frame; at++) bytes[reply + at] = bytes[frame + at];
  ethernet.putMac(bytes, reply + ethernet.DESTINATION, high, low);
  ethernet.putMac(bytes, reply + ethernet.SOURCE, ownHigh, ownLow);
}

/** Writes an ICMP header whose checksum is still to be computed. */
export function putIcmp(bytes: Uint8Array, icmp: number, type: number, code: number, rest: number): void {
  bytes[icmp + TYPE] = type;
  bytes[icmp + CODE] = code;
  put16(bytes, icmp + CHECKSUM, 0);
  put32(bytes, icmp + REST, rest);
}
