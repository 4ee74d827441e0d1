/**
 * Addresses of interfaces over rtnetlink (linux/if_addr.h), read only.
 *
 *   ifaddrmsg  0        1        2        3        4                 8
 *              +--------+--------+--------+--------+-----------------+
 *              | family | prefix | flags  | scope  | interface index | attributes
 *              +--------+--------+--------+--------+-----------------+
 */
import { buildMessage, NLM_F_DUMP, NLM_F_REQUEST, readAttributes, viewOf } from './message.js';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

const IFADDRMSG_SIZE = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

export interface AddressInfo {
  ifindex: number;
  /** 4 or 16 octets in network order: the interface's own, not its peer's. */
  address: Uint8Array;
}

/** Reads the body of RTM_NEWADDR or RTM_DELADDR; undefined when it is too short or has no address. */
export function readAddress(body: Uint8Array): AddressInfo | undefined {
  if (body.length < IFADDRMSG_SIZE) return undefined;
  const attributes = readAttributes(body, IFADDRMSG_SIZE);
  // IPv6 has IFA_LOCAL only where there is a peer, which then is IFA_ADDRESS.
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (address === undefined) return undefined;
  return { ifindex: viewOf(body).getInt32(4, true), address: address.slice() };
}

/** Asks for all addresses of both families. */
export function addressDump(): Uint8Array {
  return buildMessage(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, new Uint8Array(IFADDRMSG_SIZE));
}
