/**
 * 802.1Q tag (IEEE 802.1Q-2022, clause 9), between the source MAC address and the EtherType
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |   TPID (0x8100 or 0x88a8)     | PCP |D|        VLAN ID        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |           EtherType           |  payload ...
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * However many tags there are, the EtherType of the payload stands in the two octets before the payload.
 */
import { get16 } from './bytes.js';
import { HEADER_BYTES, TYPE_SERVICE_VLAN, TYPE_VLAN } from './ethernet.js';

export const TAG_BYTES = 4;
/** Tag control information, relative to the TPID. */
export const TCI = 2;
export const VLAN_ID_MASK = 0x0fff;
/** Tags skipped before a frame is treated as opaque: one 802.1ad service tag and one customer tag. */
export const MAX_TAGS = 2;

/** True when an EtherType announces a tag. */
export function isVlan(type: number): boolean {
  return type === TYPE_VLAN || type === TYPE_SERVICE_VLAN;
}

/** VLAN ID of the tag whose TPID is at `offset`, 0 (priority only) to 4095. */
export function vlanId(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset + TCI) & VLAN_ID_MASK;
}

/**
 * Offset of what follows the Ethernet header and up to MAX_TAGS tags; its EtherType is `get16(bytes, result - 2)`.
 * @param length bytes of the frame, at least HEADER_BYTES
 * @returns -1 when a tag is announced and the frame ends before it does
 */
export function networkOffset(bytes: Uint8Array, frame: number, length: number): number {
  const end = frame + length;
  let network = frame + HEADER_BYTES;
  for (let tags = 0; tags < MAX_TAGS && isVlan(get16(bytes, network - 2)); tags++) {
    network += TAG_BYTES;
    if (network > end) return -1;
  }
  return network;
}
