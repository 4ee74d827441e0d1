/**
 * What a solicitation or advertisement says of who has which address, for whoever listens in (RFC 4861, sections 7.1.1
 * and 7.1.2: what a receiver must check; layout: ndp.ts).
 *
 *   solicitation    its IPv6 source has the MAC of its source link-layer address option
 *   advertisement   its target has the MAC of its target link-layer address option
 *
 * Only what the frame itself bears out is believed: the option's MAC must be the frame's Ethernet source.
 */
import { get16, get32 } from './bytes.js';
import { fold, pseudoHeader6, sum } from './checksum.js';
import * as ethernet from './ethernet.js';
import * as ipv6 from './ipv6.js';
import * as ndp from './ndp.js';

/** checkBinding: what has the address is the Ethernet source. */
export const ND_BINDS = 0;
/** checkBinding: an advertisement without an option, which can but confirm what is known. */
export const ND_CONFIRMS = 1;
/** checkBinding: neither a solicitation nor an advertisement, or one behind extension headers. */
export const ND_OTHER = -1;
/** checkBinding: says nothing: a probe for duplicates, or a solicitation without an option. */
export const ND_SILENT = -2;
/** checkBinding: a receiver must discard it, or it contradicts its frame. */
export const ND_INVALID = -3;

/** Octets of a longer message are not summed: all that is ever sent fits (IPv6's minimum MTU). */
const MOST_BYTES = 1_280 - ipv6.HEADER_BYTES;
const OPTION_UNITS = 1;
/** ff02::1:ff00:0/104, solicited-node addresses. */
const LINK_LOCAL_GROUP = 0xff020000 | 0;
const SOLICITED_NODE = 0xff;
const V4_MAPPED = 0xffff;

/**
 * Says what the untagged IPv6 packet in a frame tells of the address at `addressOffset`.
 * @param frame offset of its Ethernet header
 * @param length octets of the frame, at least 14
 * @param hasChecksum false while a checksum request is open, so that none can be verified
 * @returns ND_BINDS, ND_CONFIRMS, ND_OTHER, ND_SILENT or ND_INVALID
 */
export function checkBinding(bytes: Uint8Array, frame: number, length: number, hasChecksum: boolean): number {
  const ip = frame + ethernet.HEADER_BYTES;
  const left = length - ethernet.HEADER_BYTES;
  const message = ip + ipv6.HEADER_BYTES;
  if (left <= ipv6.HEADER_BYTES || bytes[ip] >>> 4 !== 6) return ND_OTHER;
  if (ipv6.nextHeader(bytes, ip) !== ipv6.ICMPV6) return ND_OTHER;
  const type = bytes[message + ndp.TYPE];
  if (type !== ndp.SOLICITATION && type !== ndp.ADVERTISEMENT) return ND_OTHER;
  const payload = ipv6.payloadLength(bytes, ip);
  if (payload < ndp.OPTIONS || payload > MOST_BYTES || ipv6.HEADER_BYTES + payload > left) return ND_INVALID;
  if (ipv6.hopLimit(bytes, ip) !== ndp.HOP_LIMIT || bytes[message + ndp.CODE] !== 0) return ND_INVALID;
  if (ipv6.isMulticastAddress(bytes, message + ndp.TARGET)) return ND_INVALID;
  const isAsked = type === ndp.SOLICITATION;
  const option = linkLayer(
    bytes,
    message + ndp.OPTIONS,
    message + payload,
    isAsked ? ndp.SOURCE_LINK_LAYER : ndp.TARGET_LINK_LAYER,
  );
  if (option < 0) return ND_INVALID;
  if (
    hasChecksum &&
    fold(sum(bytes, message, payload, pseudoHeader6(bytes, ip, ipv6.ICMPV6, payload))) !== 0xffff
  ) {
    return ND_INVALID;
  }
  return isAsked ? solicited(bytes, frame, ip, option) : advertised(bytes, frame, ip, option);
}

/** Offset of the address that a message which checkBinding accepted is about. */
export function addressOffset(bytes: Uint8Array, frame: number): number {
  const ip = frame + ethernet.HEADER_BYTES;
  const message = ip + ipv6.HEADER_BYTES;
  return bytes[message + ndp.TYPE] === ndp.SOLICITATION ? ip + ipv6.SOURCE : message + ndp.TARGET;
}

function solicited(bytes: Uint8Array, frame: number, ip: number, option: number): number {
  const source = ip + ipv6.SOURCE;
  if (ipv6.isUnspecifiedAddress(bytes, source)) {
    return option === 0 && isSolicitedNode(bytes, ip + ipv6.DESTINATION) ? ND_SILENT : ND_INVALID;
  }
  if (!isHost(bytes, source)) return ND_INVALID;
  if (option === 0) return ND_SILENT;
  return isSource(bytes, frame, option) ? ND_BINDS : ND_INVALID;
}

function advertised(bytes: Uint8Array, frame: number, ip: number, option: number): number {
  const message = ip + ipv6.HEADER_BYTES;
  const isGroup = ipv6.isMulticastAddress(bytes, ip + ipv6.DESTINATION);
  if (isGroup && (get32(bytes, message + ndp.FLAGS) & ndp.SOLICITED_FLAG) !== 0) return ND_INVALID;
  if (!isHost(bytes, message + ndp.TARGET)) return ND_INVALID;
  if (option === 0) return ND_CONFIRMS;
  return isSource(bytes, frame, option) ? ND_BINDS : ND_INVALID;
}

/** Offset of the MAC in the first option of a type, 0 without one; -1 when any option has length 0 or is cut off. */
function linkLayer(bytes: Uint8Array, from: number, end: number, type: number): number {
  let found = 0;
  for (let at = from; at < end;) {
    if (at + 1 >= end) return -1;
    const units = bytes[at + 1];
    if (units === 0 || at + (units << 3) > end) return -1;
    if (bytes[at] === type) {
      if (units !== OPTION_UNITS) return -1;
      if (found === 0) found = at + 2;
    }
    at += units << 3;
  }
  return found;
}

/** True when the MAC at `option` is a host's, and the frame's source. */
function isSource(bytes: Uint8Array, frame: number, option: number): boolean {
  if (ethernet.isMulticast(bytes, option) || ethernet.isZero(bytes, option)) return false;
  return ethernet.isSameMac(bytes, option, frame + ethernet.SOURCE);
}

/** Not a group's, not "::" or loopback, and not one in which tables hold IPv4 addresses. */
function isHost(bytes: Uint8Array, offset: number): boolean {
  if (ipv6.isMulticastAddress(bytes, offset)) return false;
  const middle = get32(bytes, offset + 8);
  return (get32(bytes, offset) | get32(bytes, offset + 4)) !== 0 || (middle !== 0 && middle !== V4_MAPPED);
}

function isSolicitedNode(bytes: Uint8Array, offset: number): boolean {
  return (
    get32(bytes, offset) === LINK_LOCAL_GROUP &&
    get32(bytes, offset + 4) === 0 &&
    get32(bytes, offset + 8) === 1 &&
    get16(bytes, offset + 12) >>> 8 === SOLICITED_NODE
  );
}
