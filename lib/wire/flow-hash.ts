/**
 * Flow hash and the outer source port made of it (RFC 7348, section 5: "It is recommended that the UDP source port
 * number be calculated using a hash of fields from the inner packet"; kernel: skb_get_hash, udp_flow_src_port).
 *
 *   IPv4, IPv6   VLAN ID, addresses, protocol, flow label, and the ports of TCP, UDP, UDP-Lite, SCTP and DCCP
 *   fragments    the same without ports, also for the first one: all fragments of a packet take one path
 *   the rest     MAC addresses and EtherType (all ARP of a pair of hosts on one port)
 *
 * Neither payload nor TTL nor, for IP, MAC addresses take part. The two directions of a flow hash differently.
 */
import { get16, get32 } from './bytes.js';
import * as ethernet from './ethernet.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import { isVlan, networkOffset, vlanId } from './vlan.js';

/** Of the word with flags, fragment offset, TTL and protocol: what is set in a fragment. */
const FRAGMENTED = (ipv4.MORE_FRAGMENTS | ipv4.FRAGMENT_OFFSET_MASK) << 16;
/* NB: constants of this module's own, see dataplane/encap.ts. */
const { DESTINATION, PROTOCOL_TCP, PROTOCOL_UDP, SOURCE } = ipv4;
const ETHERNET_BYTES = ethernet.HEADER_BYTES;
const IPV4_BYTES = ipv4.HEADER_BYTES;
const DCCP = 33;
const SCTP = 132;
const UDP_LITE = 136;
/** Extension headers stepped over before the ports are given up; longer chains are an attack or a test. */
const MAX_EXTENSIONS = 6;

/**
 * 32-bit hash of the flow a frame belongs to, as a signed integer. Never reads beyond the frame; what is truncated
 * counts as not being there.
 * @param offset of the Ethernet header
 * @param length octets of the frame, at least 14
 */
export function flowHash(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  const type = ethernet.etherType(bytes, offset);
  if (!isVlan(type)) {
    return hashNetwork(bytes, offset, offset + ETHERNET_BYTES, offset + length, type, 0, seed);
  }
  const network = networkOffset(bytes, offset, length);
  if (network < 0) return hashLinkLayer(bytes, offset, seed);
  const vlan = vlanId(bytes, offset + ethernet.TYPE);
  return hashNetwork(bytes, offset, network, offset + length, get16(bytes, network - 2), vlan, seed);
}

/**
 * flowHash() of an untagged IPv4 frame of which the data plane has read two words already, and has a DataView: the
 * header is read a word at a time and no word twice.
 * @param left octets from the IPv4 header at `ip` to the end of the frame, at least 20
 * @param first the header's first word: version, IHL, TOS, total length
 * @param middle the word 6 octets in: flags and fragment offset, TTL, protocol
 */
export function flowHashIpv4(
  view: DataView,
  ip: number,
  left: number,
  first: number,
  middle: number,
  seed: number,
): number {
  const header = (first >>> 22) & 0x3c;
  const total = first & 0xffff;
  // As ipv4.checkIpv4.
  if (first >>> 28 !== 4 || header < IPV4_BYTES || header > total || total > left) {
    return hashLinkLayerWords(view, ip - ETHERNET_BYTES, seed);
  }
  const protocol = middle & 0xff;
  let hash = mix(seed, protocol);
  hash = mix(hash, view.getInt32(ip + SOURCE));
  hash = mix(hash, view.getInt32(ip + DESTINATION));
  if (hasPorts(protocol) && (middle & FRAGMENTED) === 0 && total - header >= 4) {
    hash = mix(hash, view.getInt32(ip + header));
  }
  return finalize(hash);
}

/**
 * Source port for a hash: one of `min` to `max` - 1 (`max` is exclusive, as in the kernel's udp_flow_src_port),
 * spread evenly. `min` must be below `max`, and not by more than 65,536.
 */
export function sourcePort(hash: number, min: number, max: number): number {
  // The fold keeps the low bits from being lost: the multiplication takes the port from the high ones.
  const spread = hash ^ (hash << 16);
  const ports = max - min;
  // The upper 32 of the 48 bits of spread x ports, in two halves: a floating-point product takes longer.
  const upper = Math.imul(spread >>> 16, ports) + (Math.imul(spread & 0xffff, ports) >>> 16);
  return min + (upper >>> 16);
}

function hashNetwork(
  bytes: Uint8Array,
  frame: number,
  network: number,
  end: number,
  type: number,
  vlan: number,
  seed: number,
): number {
  if (type === ethernet.TYPE_IPV4 && ipv4.checkIpv4(bytes, network, end - network) === 0) {
    return hashIpv4(bytes, network, vlan, seed);
  }
  if (type === ethernet.TYPE_IPV6 && ipv6.checkIpv6(bytes, network, end - network) === 0) {
    return hashIpv6(bytes, network, vlan, seed);
  }
  return hashLinkLayer(bytes, frame, seed);
}

function hashIpv4(bytes: Uint8Array, ip: number, vlan: number, seed: number): number {
  const protocol = bytes[ip + ipv4.PROTOCOL];
  let hash = mix(seed, (vlan << 8) | protocol);
  hash = mix(hash, get32(bytes, ip + SOURCE));
  hash = mix(hash, get32(bytes, ip + DESTINATION));
  if (hasPorts(protocol) && !ipv4.isFragment(bytes, ip)) {
    const header = ipv4.headerBytes(bytes, ip);
    if (ipv4.totalLength(bytes, ip) - header >= 4) hash = mix(hash, get32(bytes, ip + header));
  }
  return finalize(hash);
}

function hashIpv6(bytes: Uint8Array, ip: number, vlan: number, seed: number): number {
  const end = ip + ipv6.HEADER_BYTES + ipv6.payloadLength(bytes, ip);
  let hash = mix(mix(seed, vlan), ipv6.flowLabel(bytes, ip));
  for (let word = ip + ipv6.SOURCE; word < ip + ipv6.HEADER_BYTES; word += 4) {
    hash = mix(hash, get32(bytes, word));
  }
  let protocol = ipv6.nextHeader(bytes, ip);
  let at = ip + ipv6.HEADER_BYTES;
  let fragment = false;
  for (let n = 0; n < MAX_EXTENSIONS && ipv6.isExtension(protocol) && at + 8 <= end; n++) {
    fragment = protocol === ipv6.FRAGMENT;
    const next = bytes[at];
    at += ipv6.extensionBytes(bytes, at, protocol);
    protocol = next;
    // Of what follows, only the protocol is the same in every fragment.
    if (fragment) break;
  }
  hash = mix(hash, protocol);
  if (!fragment && hasPorts(protocol) && at + 4 <= end) hash = mix(hash, get32(bytes, at));
  return finalize(hash);
}

function hashLinkLayer(bytes: Uint8Array, frame: number, seed: number): number {
  let hash = mix(seed, get32(bytes, frame));
  hash = mix(hash, get32(bytes, frame + 4));
  hash = mix(hash, get32(bytes, frame + 8));
  return finalize(mix(hash, ethernet.etherType(bytes, frame)));
}

/** hashLinkLayer, words read from a DataView. */
function hashLinkLayerWords(view: DataView, frame: number, seed: number): number {
  let hash = mix(seed, view.getInt32(frame));
  hash = mix(hash, view.getInt32(frame + 4));
  hash = mix(hash, view.getInt32(frame + 8));
  return finalize(mix(hash, view.getUint16(frame + ethernet.TYPE)));
}

function hasPorts(protocol: number): boolean {
  return (
    protocol === PROTOCOL_TCP ||
    protocol === PROTOCOL_UDP ||
    protocol === SCTP ||
    protocol === UDP_LITE ||
    protocol === DCCP
  );
}

/**
 * One multiplication a word and a shift that brings the high bits back down. MurmurHash3's own step has three and
 * cost twice as much as everything else here; each step is invertible, so only finalize() has to scatter.
 */
function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1 | 0);
  return product ^ (product >>> 15);
}

/** The finalizer of MurmurHash3 (public domain, A. Appleby). */
function finalize(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b | 0);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35 | 0);
  return h ^ (h >>> 16);
}
