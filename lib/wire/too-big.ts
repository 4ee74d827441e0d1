/**
 * What a tunnel answers a packet that is too big for it: ICMP "fragmentation needed" (RFC 1191, section 4) or ICMPv6
 * "packet too big" (RFC 4443, section 3.2), octet for octet as the kernel (iptunnel_pmtud_build_icmp and
 * iptunnel_pmtud_build_icmpv6 in net/ipv4/ip_tunnel_core.c): it comes from the address the packet was for, with the
 * packet's own TTL, TOS 0, identification 0 and DF, and quotes as much as 576 or 1280 octets allow. Layout: icmp.ts.
 *
 * Unlike the kernel's, an answer is made behind VLAN tags too, whose octets the path has to carry as well, and none is
 * made to a frame for a group: its source would be the group, and no bridge or host takes such a frame.
 */
import { copy128, get16, put16 } from './bytes.js';
import { finish, sum } from './checksum.js';
import * as ethernet from './ethernet.js';
import {
  CHECKSUM,
  HEADER_BYTES,
  isAnswerable6,
  NO_REPLY,
  putChecksum6,
  putIcmp,
  putLinkLayer,
  V4_FRAGMENTATION_NEEDED,
  V4_HEADROOM,
  V4_MAX_BYTES,
  V4_UNREACHABLE,
  V6_HEADROOM,
  V6_MAX_BYTES,
  V6_PACKET_TOO_BIG,
} from './icmp.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import { networkOffset } from './vlan.js';

/** A path narrower than that is not told of (RFC 791 lets every host take that much; RFC 8200, section 5). */
const V4_LEAST_MTU = 576;
const V6_LEAST_MTU = 1280;

/**
 * Answers the packet in a frame, whose room in front (V6_HEADROOM) the answer takes.
 * @param length octets of the frame
 * @param limit octets behind the Ethernet header that the path carries, less than this frame has
 * @returns offset of the reply's Ethernet header (replyBytes() tells its length), or NO_REPLY
 */
export function answerTooBig(bytes: Uint8Array, frame: number, length: number, limit: number): number {
  const ip = networkOffset(bytes, frame, length);
  if (ip < 0 || ethernet.isMulticast(bytes, frame)) return NO_REPLY;
  const mtu = limit - (ip - frame - ethernet.HEADER_BYTES);
  const left = frame + length - ip;
  const type = get16(bytes, ip - 2);
  if (type === ethernet.TYPE_IPV4) return fragmentationNeeded(bytes, frame, ip, left, mtu);
  return type === ethernet.TYPE_IPV6 ? packetTooBig(bytes, frame, ip, left, mtu) : NO_REPLY;
}

function fragmentationNeeded(
  bytes: Uint8Array,
  frame: number,
  ip: number,
  left: number,
  mtu: number,
): number {
  const quoted = V4_MAX_BYTES - V4_HEADROOM;
  if (mtu < V4_LEAST_MTU || left < quoted || !mayTell4(bytes, ip)) return NO_REPLY;
  const icmp = ip - HEADER_BYTES;
  const reply = frame - V4_HEADROOM;
  putLinkLayer(bytes, reply, frame, ip);
  putIcmp(bytes, icmp, V4_UNREACHABLE, V4_FRAGMENTATION_NEEDED, mtu);
  put16(bytes, icmp + CHECKSUM, finish(sum(bytes, icmp, HEADER_BYTES + quoted)));
  ipv4.putIpv4(
    bytes,
    icmp - ipv4.HEADER_BYTES,
    V4_MAX_BYTES,
    0,
    0,
    ipv4.DONT_FRAGMENT,
    ipv4.ttl(bytes, ip),
    ipv4.PROTOCOL_ICMP,
    ipv4.destination(bytes, ip),
    ipv4.source(bytes, ip),
  );
  return reply;
}

function packetTooBig(bytes: Uint8Array, frame: number, ip: number, left: number, mtu: number): number {
  const quoted = V6_MAX_BYTES - V6_HEADROOM;
  if (mtu < V6_LEAST_MTU || left < quoted || !mayTell6(bytes, ip)) return NO_REPLY;
  const icmp = ip - HEADER_BYTES;
  const header = icmp - ipv6.HEADER_BYTES;
  const reply = frame - V6_HEADROOM;
  putLinkLayer(bytes, reply, frame, ip);
  putIcmp(bytes, icmp, V6_PACKET_TOO_BIG, 0, mtu);
  ipv6.putIpv6(bytes, header, HEADER_BYTES + quoted, 0, 0, ipv6.ICMPV6, ipv6.hopLimit(bytes, ip));
  copy128(bytes, header + ipv6.SOURCE, ip + ipv6.DESTINATION);
  copy128(bytes, header + ipv6.DESTINATION, ip + ipv6.SOURCE);
  putChecksum6(bytes, header);
  return reply;
}

/** Exactly DF, no fragment; between hosts; no ICMP error (iptunnel_pmtud_check_icmp). */
function mayTell4(bytes: Uint8Array, ip: number): boolean {
  if (get16(bytes, ip + ipv4.FRAGMENT) !== ipv4.DONT_FRAGMENT) return false;
  const from = ipv4.source(bytes, ip);
  const to = ipv4.destination(bytes, ip);
  if (ipv4.isMulticastAddress(to) || to === -1) return false;
  if (ipv4.isMulticastAddress(from) || from === -1) return false;
  if (from >>> 24 === 0 || ipv4.isLoopbackAddress(from)) return false;
  return (
    ipv4.protocol(bytes, ip) !== ipv4.PROTOCOL_ICMP || !isError4(bytes[ip + ipv4.headerBytes(bytes, ip)])
  );
}

/** Unreachable, source quench, redirect, time exceeded, parameter problem (kernel: icmp_is_err). */
function isError4(type: number): boolean {
  return (type >= 3 && type <= 5) || type === 11 || type === 12;
}

/** From a host; no later fragment, no ICMPv6 error or redirect (iptunnel_pmtud_check_icmpv6). */
function mayTell6(bytes: Uint8Array, ip: number): boolean {
  const from = ip + ipv6.SOURCE;
  if (ipv6.isMulticastAddress(bytes, from) || ipv6.isLoopbackAddress(bytes, from)) return false;
  return !ipv6.isUnspecifiedAddress(bytes, from) && isAnswerable6(bytes, ip);
}
