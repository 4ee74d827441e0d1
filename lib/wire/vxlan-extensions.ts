/**
 * What extensions make of the reserved bits in the first word of a VXLAN header. The second word is RFC 7348's.
 *
 * Group policy, GBP (draft-smith-vxlan-group-policy-05, section 2.1)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |G|R|R|R|I|R|R|R|R|D|R|R|A|R|R|R|        Group Policy ID        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * G: the id is valid. D: the receiver must not learn from this packet. A: the policy has been applied already.
 *
 * Generic protocol extension, GPE (draft-ietf-nvo3-vxlan-gpe-13, section 3.1)
 *
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |R|R|Ver|I|P|B|O|       Reserved                |Next Protocol  |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * P: the next protocol is valid. O: an OAM packet. Ver is 0.
 *
 * Which bits an extension uses, and so does not reserve, is what Linux says (VXLAN_GBP_USED_BITS,
 * VXLAN_GPE_USED_BITS): with GBP all but the three flags' neighbours, reserved or not.
 */
import { I_FLAG } from './vxlan.js';

export const GBP_FLAG = 0x80000000 | 0;
export const GBP_DONT_LEARN = 0x00400000;
export const GBP_APPLIED = 0x00080000;
/** Mask of the group policy id, 16 bits. */
export const GBP_ID = 0x0000ffff;
export const GBP_USED = 0x80ffffff | 0;

export const GPE_VERSION = 0x30000000;
export const GPE_NEXT_PROTOCOL = 0x04000000;
export const GPE_OAM = 0x01000000;
/** Mask of the next protocol, 8 bits. */
export const GPE_PROTOCOL = 0x000000ff;
export const GPE_USED = 0x350000ff;

/** Next protocol: an Ethernet frame. */
export const PROTOCOL_ETHERNET = 3;

/** checkGpe: P is clear, the version is not 0, or O is set. */
export const GPE_INVALID = -1;
/** checkGpe: something else than an Ethernet frame follows. */
export const GPE_NOT_ETHERNET = -2;

/** First word of a header with a group policy id; without one (0) it is a plain header's, as Linux sends it. */
export function gbpWord(id: number): number {
  return id === 0 ? I_FLAG : I_FLAG | GBP_FLAG | id;
}

/** First word of a GPE header in front of an Ethernet frame. */
export const GPE_ETHERNET_WORD = I_FLAG | GPE_NEXT_PROTOCOL | PROTOCOL_ETHERNET;

/**
 * The checks of vxlan_parse_gpe_proto, in its order.
 * @param word the first word of a header
 * @returns 0 when an Ethernet frame follows, GPE_INVALID or GPE_NOT_ETHERNET
 */
export function checkGpe(word: number): number {
  if ((word & GPE_NEXT_PROTOCOL) === 0 || (word & (GPE_VERSION | GPE_OAM)) !== 0) return GPE_INVALID;
  return (word & GPE_PROTOCOL) === PROTOCOL_ETHERNET ? 0 : GPE_NOT_ETHERNET;
}
