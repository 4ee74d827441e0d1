/** Solicitations and advertisements with their checksum, made apart from lib/wire. */
import {
  addressOctets,
  checksumOf,
  concat,
  ethernetFrame,
  ipv6Packet,
  macOctets,
  word16,
  word32,
} from './packets.js';

export const SOLICITATION = 135;
export const ADVERTISEMENT = 136;
/** R, S and O of an advertisement. */
export const R = 0x80000000;
export const S = 0x40000000;
export const O = 0x20000000;
export const ALL_NODES = 'ff02::1';

export interface NdFields {
  type: number;
  src: string;
  dst: string;
  target: string;
  /** Ethernet addresses. */
  from: string;
  to?: string;
  flags?: number;
  options?: Uint8Array;
  code?: number;
  hopLimit?: number;
  nextHeader?: number;
  /** Added to the right checksum. */
  wrong?: number;
}

/** A link-layer address option: type 1 the sender's, type 2 the target's. */
export function linkLayer(type: number, mac: string): Uint8Array {
  return concat([type, 1], macOctets(mac));
}

/** The solicited-node address of an IPv6 address (RFC 4291, section 2.7.1). */
export function solicitedNode(address: string): string {
  const [a, b, c] = addressOctets(address).slice(13);
  return `ff02::1:ff${hexOctet(a)}:${hexOctet(b)}${hexOctet(c)}`;
}

const hexOctet = (octet: number): string => octet.toString(16).padStart(2, '0');

/** The Ethernet address of an IPv6 group (RFC 2464, section 7). */
function groupMac(group: string): string {
  return `33:33:${addressOctets(group).slice(12).map(hexOctet).join(':')}`;
}

export function ndFrame(fields: NdFields): Uint8Array {
  const { type, src, dst, target, from, flags = 0, options = new Uint8Array(), wrong = 0 } = fields;
  const body = concat([type, fields.code ?? 0, 0, 0], word32(flags), addressOctets(target), options);
  const pseudo = concat(addressOctets(src), addressOctets(dst), word32(body.length), word32(58));
  body.set(word16(checksumOf(concat(pseudo, body)) + wrong), 2);
  const ip = { src, dst, nextHeader: fields.nextHeader ?? 58, hopLimit: fields.hopLimit ?? 255 };
  const to = fields.to ?? (dst.startsWith('ff') ? groupMac(dst) : '02:00:00:00:00:fe');
  return ethernetFrame(to, from, 0x86dd, ipv6Packet(ip, body));
}

/** Who has `target`, from somebody at `from` who has `src`. */
export function solicit(target: string, src: string, from: string, more: Partial<NdFields> = {}): Uint8Array {
  const options = src === '::' ? new Uint8Array() : linkLayer(1, from);
  return ndFrame({ type: SOLICITATION, src, dst: solicitedNode(target), target, from, options, ...more });
}

/** `from` has `target`. */
export function advertise(
  target: string,
  from: string,
  dst: string,
  more: Partial<NdFields> = {},
): Uint8Array {
  const flags = dst.startsWith('ff') ? O : S | O;
  const options = linkLayer(2, from);
  return ndFrame({ type: ADVERTISEMENT, src: target, dst, target, from, flags, options, ...more });
}
