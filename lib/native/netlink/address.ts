/**
 * Addresses of interfaces over rtnetlink (linux/if_addr.h).
 *
 *   ifaddrmsg  0        1        2        3        4                 8
 *              +--------+--------+--------+--------+-----------------+
 *              | family | prefix | flags  | scope  | interface index | attributes
 *              +--------+--------+--------+--------+-----------------+
 */
import {
  buildMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  readAttributes,
  readU32,
  viewOf,
} from './message.js';
import { AF_INET, AF_INET6 } from './neighbour.js';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

const IFADDRMSG_SIZE = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;

/** An address that another one of its prefix came before, or (IPv6) a temporary one of RFC 8981. */
export const IFA_F_SECONDARY = 0x01;
/** Duplicate detection found another host with it. */
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_DEPRECATED = 0x20;
/** Duplicate detection has not ended. */
export const IFA_F_TENTATIVE = 0x40;
/** Reachable from everywhere, as opposed to the link (253) or the host (254). */
export const RT_SCOPE_UNIVERSE = 0;

export interface AddressInfo {
  ifindex: number;
  /** 4 or 16 octets in network order: the interface's own, not its peer's. */
  address: Uint8Array;
  /** Of the prefix, bits. */
  length: number;
  /** IFA_F_*. */
  flags: number;
  /** RT_SCOPE_*. */
  scope: number;
}

/** Reads the body of RTM_NEWADDR or RTM_DELADDR; undefined when it is too short or has no address. */
export function readAddress(body: Uint8Array): AddressInfo | undefined {
  if (body.length < IFADDRMSG_SIZE) return undefined;
  const attributes = readAttributes(body, IFADDRMSG_SIZE);
  // IPv6 has IFA_LOCAL only where there is a peer, which then is IFA_ADDRESS.
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (address === undefined) return undefined;
  return {
    ifindex: viewOf(body).getInt32(4, true),
    address: address.slice(),
    length: body[1],
    // The octet in the head has room for the oldest flags only.
    flags: readU32(attributes, IFA_FLAGS) ?? body[2],
    scope: body[3],
  };
}

/** Asks for all addresses of both families. */
export function addressDump(): Uint8Array {
  return buildMessage(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, new Uint8Array(IFADDRMSG_SIZE));
}

function addressChange(
  type: number,
  flags: number,
  ifindex: number,
  address: Uint8Array,
  length: number,
): Uint8Array {
  const head = new Uint8Array(IFADDRMSG_SIZE);
  head[0] = address.length === 4 ? AF_INET : AF_INET6;
  head[1] = length;
  head[3] = RT_SCOPE_UNIVERSE;
  viewOf(head).setInt32(4, ifindex, true);
  return buildMessage(type, NLM_F_REQUEST | NLM_F_ACK | flags, head, [
    [IFA_LOCAL, address],
    [IFA_ADDRESS, address],
  ]);
}

/**
 * `ip addr add ADDRESS/LENGTH dev …`.
 * @param address 4 or 16 octets
 */
export function addressSetting(ifindex: number, address: Uint8Array, length: number): Uint8Array {
  return addressChange(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, address, length);
}

/** `ip addr del ADDRESS/LENGTH dev …`. */
export function addressDeletion(ifindex: number, address: Uint8Array, length: number): Uint8Array {
  return addressChange(RTM_DELADDR, 0, ifindex, address, length);
}
