/**
 * Neighbor Solicitation and Advertisement (RFC 4861, sections 4.3, 4.4 and 4.6.1)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  Type 135/136 |    Code 0     |          Checksum             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |R|S|O|                     Reserved                            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                                                               |
 *   +                   Target Address (128 bits)                   +
 *   |                                                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  Option Type  | Length (of 8) |    Link-Layer Address ...
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * R, S and O (router, solicited, override) are flags of the advertisement. Option type 1 holds the sender's
 * link-layer address, type 2 the target's; both have length 1.
 */
import { copy128, get16, get32, put32 } from './bytes.js';
import * as ethernet from './ethernet.js';
import { putChecksum6 } from './icmp.js';
import * as ipv6 from './ipv6.js';

export const TYPE = 0;
export const CODE = 1;
export const CHECKSUM = 2;
export const FLAGS = 4;
export const TARGET = 8;
export const OPTIONS = 24;

export const SOLICITATION = 135;
export const ADVERTISEMENT = 136;
export const ROUTER_FLAG = 0x80000000 | 0;
export const SOLICITED_FLAG = 0x40000000;
export const OVERRIDE_FLAG = 0x20000000;
export const SOURCE_LINK_LAYER = 1;
export const TARGET_LINK_LAYER = 2;
const OPTION_BYTES = 8;
/** ff02::1, and 33:33:00:00:00:01. */
const ALL_NODES = 0xff020000;
const ALL_NODES_MAC_HIGH = 0x33330000;
export const HOP_LIMIT = 255;
/** What the kernel copies of a traffic class: the four bits its header calls `priority` (measured on 6.18). */
const PRIORITY = 0xf0;

/** Octets of an advertisement with its Ethernet header and one option. */
export const ADVERTISEMENT_BYTES = ethernet.HEADER_BYTES + ipv6.HEADER_BYTES + OPTIONS + OPTION_BYTES;

/** checkSolicitation: not a solicitation, or one behind extension headers; the frame goes its normal way. */
export const NDP_OTHER = -1;
/** checkSolicitation: asks for a multicast address, or is sent to a loopback one. */
export const NDP_TARGET = -2;
/** checkSolicitation: an option of length 0 or one that runs past the end (RFC 4861, section 4.6). */
export const NDP_OPTION = -3;

/**
 * Says whether an IPv6 packet is a solicitation a proxy may answer (vxlan_xmit and neigh_reduce in vxlan_core.c).
 * Neither version, payload length, hop limit nor checksum are looked at, as in the kernel: the packet comes from the own
 * segment, and its end is that of the frame.
 * @param ip offset of the IPv6 header
 * @param length octets from there to the end of the frame
 * @returns 0, NDP_OTHER, NDP_TARGET or NDP_OPTION
 */
export function checkSolicitation(bytes: Uint8Array, ip: number, length: number): number {
  const ndp = ip + ipv6.HEADER_BYTES;
  if (length < ipv6.HEADER_BYTES + OPTIONS || ipv6.nextHeader(bytes, ip) !== ipv6.ICMPV6) return NDP_OTHER;
  if (bytes[ndp + TYPE] !== SOLICITATION || bytes[ndp + CODE] !== 0) return NDP_OTHER;
  if (ipv6.isLoopbackAddress(bytes, ip + ipv6.DESTINATION)) return NDP_TARGET;
  if (ipv6.isMulticastAddress(bytes, ndp + TARGET)) return NDP_TARGET;
  return sourceLinkLayer(bytes, ip, ip + length) < 0 ? NDP_OPTION : 0;
}

/**
 * Turns the solicitation in a frame into its advertisement, in place: "the target is at `high`:`low`", sent from the
 * target to who asked.
 * @param frame offset of an untagged Ethernet header followed by a packet that checkSolicitation accepted, with room
 *   for ADVERTISEMENT_BYTES
 * @param length octets of the frame
 * @param isRouter sets the R flag
 * @returns the advertisement's length, always ADVERTISEMENT_BYTES
 */
export function buildAdvertisement(
  bytes: Uint8Array,
  frame: number,
  length: number,
  high: number,
  low: number,
  isRouter: boolean,
): number {
  const ip = frame + ethernet.HEADER_BYTES;
  const ndp = ip + ipv6.HEADER_BYTES;
  const option = sourceLinkLayer(bytes, ip, frame + length);
  const asker = option > 0 ? option + 2 : frame + ethernet.SOURCE;
  ethernet.putMac(bytes, frame, get32(bytes, asker), get16(bytes, asker + 4));
  ethernet.putMac(bytes, frame + ethernet.SOURCE, high, low);
  const payload = OPTIONS + OPTION_BYTES;
  const traffic = ipv6.trafficClass(bytes, ip) & PRIORITY;
  ipv6.putIpv6(bytes, ip, payload, traffic, 0, ipv6.ICMPV6, HOP_LIMIT);
  copy128(bytes, ip + ipv6.DESTINATION, ip + ipv6.SOURCE);
  copy128(bytes, ip + ipv6.SOURCE, ndp + TARGET);
  bytes[ndp + TYPE] = ADVERTISEMENT;
  put32(bytes, ndp + FLAGS, SOLICITED_FLAG | OVERRIDE_FLAG | (isRouter ? ROUTER_FLAG : 0));
  bytes[ndp + OPTIONS] = TARGET_LINK_LAYER;
  bytes[ndp + OPTIONS + 1] = 1;
  ethernet.putMac(bytes, ndp + OPTIONS + 2, high, low);
  putChecksum6(bytes, ip);
  return ADVERTISEMENT_BYTES;
}

/**
 * Makes of an advertisement to "::", which buildAdvertisement built for a probe for duplicates, one to all nodes that
 * nobody solicited (RFC 4861, section 7.2.4): who probes has no address yet, and hears it.
 * @param frame offset of its Ethernet header
 */
export function addressToAllNodes(bytes: Uint8Array, frame: number): void {
  const ip = frame + ethernet.HEADER_BYTES;
  const ndp = ip + ipv6.HEADER_BYTES;
  ethernet.putMac(bytes, frame, ALL_NODES_MAC_HIGH, 1);
  ipv6.putAddress(bytes, ip + ipv6.DESTINATION, ALL_NODES, 0, 0, 1);
  put32(bytes, ndp + FLAGS, get32(bytes, ndp + FLAGS) & ~SOLICITED_FLAG);
  putChecksum6(bytes, ip);
}

/**
 * Offset of the first source link-layer address option of a solicitation; 0 when there is none, -1 when an option in
 * front of it, or it itself, is malformed. What follows it is not looked at, and neither is a lone last octet (measured).
 */
function sourceLinkLayer(bytes: Uint8Array, ip: number, end: number): number {
  let at = ip + ipv6.HEADER_BYTES + OPTIONS;
  while (at + 1 < end) {
    const length = bytes[at + 1] << 3;
    if (length === 0 || at + length > end) return -1;
    if (bytes[at] === SOURCE_LINK_LAYER) return at;
    at += length;
  }
  return 0;
}
