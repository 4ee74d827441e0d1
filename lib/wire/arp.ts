/**
 * ARP for IPv4 over Ethernet (RFC 826)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |         Hardware Type         |         Protocol Type         |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  HW Length=6  | Proto Length=4|           Operation           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                   Sender Hardware Address                     |
 *   +                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                               |   Sender Protocol Address ... |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | ...                           |                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
 *   |                   Target Hardware Address                     |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                   Target Protocol Address                     |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * All fields big-endian. Offsets are relative to the ARP header, not to the frame.
 */
import { copy32, get16, get32, put16, put32 } from './bytes.js';
import * as ethernet from './ethernet.js';

export const HARDWARE_TYPE = 0;
export const PROTOCOL_TYPE = 2;
export const HARDWARE_LENGTH = 4;
export const PROTOCOL_LENGTH = 5;
export const OPERATION = 6;
export const SENDER_MAC = 8;
export const SENDER_IP = 14;
export const TARGET_MAC = 18;
export const TARGET_IP = 24;
export const HEADER_BYTES = 28;
/** An ARP packet with its Ethernet header; shorter frames need no padding on a TAP. */
export const FRAME_BYTES = ethernet.HEADER_BYTES + HEADER_BYTES;

export const HARDWARE_ETHERNET = 1;
export const HARDWARE_IEEE802 = 6;
export const REQUEST = 1;
export const REPLY = 2;

/** checkArp: the packet ends before its 28 octets do. */
export const ARP_SHORT = -1;
/** checkArp: not IPv4 over Ethernet, or wrong address lengths. */
export const ARP_NOT_IPV4 = -2;
/** checkArp: a reply, RARP or InARP operation. */
export const ARP_NOT_REQUEST = -3;
/** checkArp: asks for a loopback or multicast address. */
export const ARP_TARGET = -4;
/** checkSender: says of nobody where he is: a probe (RFC 5227, section 1.1), or neither request nor reply. */
export const ARP_SILENT = -5;
/** checkSender: the sender's addresses are no host's, or its MAC is not the source of the frame. */
export const ARP_SENDER = -6;

/** Both words of "Ethernet (or IEEE 802), IPv4, 6, 4" as they stand on the wire. */
const IPV4_LENGTHS = 0x0604;

/**
 * Says whether an ARP packet is a request a proxy may answer, in the kernel's order (arp_reduce in vxlan_core.c).
 * @param offset of the ARP header
 * @param length octets from there to the end of the frame
 * @returns 0, or ARP_SHORT, ARP_NOT_IPV4, ARP_NOT_REQUEST, ARP_TARGET
 */
export function checkArp(bytes: Uint8Array, offset: number, length: number): number {
  const form = checkForm(bytes, offset, length);
  if (form !== 0) return form;
  if (get16(bytes, offset + OPERATION) !== REQUEST) return ARP_NOT_REQUEST;
  const first = bytes[offset + TARGET_IP];
  return first === 127 || (first & 0xf0) === 0xe0 ? ARP_TARGET : 0;
}

/**
 * Says whether an ARP packet is one for IPv4 over Ethernet, whole, whatever its operation and addresses.
 * @returns 0, ARP_SHORT or ARP_NOT_IPV4
 */
export function checkForm(bytes: Uint8Array, offset: number, length: number): number {
  if (length < HEADER_BYTES) return ARP_SHORT;
  const hardware = get16(bytes, offset + HARDWARE_TYPE);
  if (hardware !== HARDWARE_ETHERNET && hardware !== HARDWARE_IEEE802) return ARP_NOT_IPV4;
  if (get16(bytes, offset + PROTOCOL_TYPE) !== ethernet.TYPE_IPV4) return ARP_NOT_IPV4;
  return get16(bytes, offset + HARDWARE_LENGTH) !== IPV4_LENGTHS ? ARP_NOT_IPV4 : 0;
}

/**
 * Says whether an ARP packet is a request or reply whose sender may be believed to have its IP address: both of its
 * addresses are a host's, and its hardware address is the source of the frame.
 * @param frame offset of an untagged Ethernet header in front of the ARP header
 * @param length octets of the frame, at least 14
 * @returns 0, ARP_SHORT, ARP_NOT_IPV4, ARP_SILENT or ARP_SENDER
 */
export function checkSender(bytes: Uint8Array, frame: number, length: number): number {
  const offset = frame + ethernet.HEADER_BYTES;
  const form = checkForm(bytes, offset, length - ethernet.HEADER_BYTES);
  if (form !== 0) return form;
  const operation = get16(bytes, offset + OPERATION);
  if (operation !== REQUEST && operation !== REPLY) return ARP_SILENT;
  if (get32(bytes, offset + SENDER_IP) === 0) return ARP_SILENT;
  const first = bytes[offset + SENDER_IP];
  if (first === 0 || first === 127 || first >= 224) return ARP_SENDER;
  const mac = offset + SENDER_MAC;
  if (ethernet.isMulticast(bytes, mac) || ethernet.isZero(bytes, mac)) return ARP_SENDER;
  return ethernet.isSameMac(bytes, mac, frame + ethernet.SOURCE) ? 0 : ARP_SENDER;
}

/** Address of who sent it, as a signed 32-bit integer. */
export function senderIp(bytes: Uint8Array, offset: number): number {
  return get32(bytes, offset + SENDER_IP);
}

/** Address asked for, as a signed 32-bit integer. */
export function targetIp(bytes: Uint8Array, offset: number): number {
  return get32(bytes, offset + TARGET_IP);
}

/**
 * Turns the request in a frame into its reply, in place: "`target IP` is at `high`:`low`", addressed to the
 * requester's hardware address as the ARP packet gives it (the Ethernet source may be a bridge's).
 * @param frame offset of an untagged Ethernet header followed by a request that checkArp accepted
 * @returns the reply's length, always FRAME_BYTES
 */
export function buildArpReply(bytes: Uint8Array, frame: number, high: number, low: number): number {
  const arp = frame + ethernet.HEADER_BYTES;
  const requesterHigh = ethernet.macHigh(bytes, arp + SENDER_MAC);
  const requesterLow = ethernet.macLow(bytes, arp + SENDER_MAC);
  const requesterIp = get32(bytes, arp + SENDER_IP);
  ethernet.putMac(bytes, frame + ethernet.DESTINATION, requesterHigh, requesterLow);
  ethernet.putMac(bytes, frame + ethernet.SOURCE, high, low);
  put16(bytes, arp + HARDWARE_TYPE, HARDWARE_ETHERNET);
  put16(bytes, arp + OPERATION, REPLY);
  ethernet.putMac(bytes, arp + SENDER_MAC, high, low);
  copy32(bytes, arp + SENDER_IP, arp + TARGET_IP);
  ethernet.putMac(bytes, arp + TARGET_MAC, requesterHigh, requesterLow);
  put32(bytes, arp + TARGET_IP, requesterIp);
  return FRAME_BYTES;
}
