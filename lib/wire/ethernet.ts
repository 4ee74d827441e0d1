/**
 * Ethernet II header (IEEE 802.3, RFC 894)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                    Destination MAC Address                    |
 *   +                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                               |                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
 *   |                      Source MAC Address                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |           EtherType           |  payload or an 802.1Q tag ...
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * No frame check sequence: neither a TAP nor a VXLAN packet carries one.
 *
 * A MAC address is two numbers: `high`, its first four octets as a signed 32-bit integer, and `low`, its last two,
 * 0 to 65535. Bit 0 of the first octet marks a group (multicast or broadcast) address.
 */
import { get16, get32, put16, put32 } from './bytes.js';

export const DESTINATION = 0;
export const SOURCE = 6;
export const TYPE = 12;
export const HEADER_BYTES = 14;
export const MAC_BYTES = 6;

export const TYPE_IPV4 = 0x0800;
export const TYPE_ARP = 0x0806;
export const TYPE_RARP = 0x8035;
/** 802.1Q customer tag. */
export const TYPE_VLAN = 0x8100;
export const TYPE_IPV6 = 0x86dd;
/** 802.1ad service tag. */
export const TYPE_SERVICE_VLAN = 0x88a8;

/** First four octets of the MAC address at `offset`, as a signed 32-bit integer. */
export function macHigh(bytes: Uint8Array, offset: number): number {
  return get32(bytes, offset);
}

/** Last two octets of the MAC address at `offset`, 0 to 65535. */
export function macLow(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset + 4);
}

/** Writes a MAC address. */
export function putMac(bytes: Uint8Array, offset: number, high: number, low: number): void {
  put32(bytes, offset, high);
  put16(bytes, offset + 4, low);
}

/** True for a group address: multicast, broadcast included. */
export function isMulticast(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset] & 1) !== 0;
}

/** True for ff:ff:ff:ff:ff:ff. */
export function isBroadcast(bytes: Uint8Array, offset: number): boolean {
  return get32(bytes, offset) === -1 && get16(bytes, offset + 4) === 0xffff;
}

/** True for 00:00:00:00:00:00. */
export function isZero(bytes: Uint8Array, offset: number): boolean {
  return (get32(bytes, offset) | get16(bytes, offset + 4)) === 0;
}

/** True when the MAC addresses at two offsets are one. */
export function isSameMac(bytes: Uint8Array, a: number, b: number): boolean {
  return get32(bytes, a) === get32(bytes, b) && get16(bytes, a + 4) === get16(bytes, b + 4);
}

/** EtherType of the frame at `frame`; TYPE_VLAN when a tag follows (see vlan.ts). */
export function etherType(bytes: Uint8Array, frame: number): number {
  return get16(bytes, frame + TYPE);
}
