/**
 * Neighbours and FDB entries over rtnetlink (linux/neighbour.h). One message type for three things: an IP neighbour
 * (family 2 or 10), a forwarding entry (family 7, AF_BRIDGE), a miss (RTM_GETNEIGH sent by the kernel, not to it).
 *
 *   ndmsg  0        1                          4                 8            10       11       12
 *          +--------+--------------------------+-----------------+------------+--------+--------+
 *          | family | -                        | interface index | NUD state  | flags  | type   |
 *          +--------+--------------------------+-----------------+------------+--------+--------+
 */
import {
  be16,
  buildMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  readAttributes,
  u32,
  viewOf,
} from './message.js';

export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;

export const AF_INET = 2;
export const AF_BRIDGE = 7;
export const AF_INET6 = 10;

export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

export const NTF_SELF = 0x02;
export const NTF_PROXY = 0x08;
export const NTF_EXT_LEARNED = 0x10;
export const NTF_ROUTER = 0x80;

export const RTN_UNICAST = 1;

const NDMSG_SIZE = 12;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDA_CACHEINFO = 3;
const NDA_PORT = 6;
const NDA_VNI = 7;
const NDA_IFINDEX = 8;
const NDA_SRC_VNI = 11;
const NDA_NH_ID = 13;

/** What the mirror reads of a neighbour message; addresses in network order. */
export interface NeighbourInfo {
  family: number;
  ifindex: number;
  /** NUD_*. */
  state: number;
  /** NTF_*. */
  flags: number;
  /** RTN_*. */
  type: number;
  dst: Uint8Array | undefined;
  lladdr: Uint8Array | undefined;
}

/** Reads the body of RTM_NEWNEIGH, RTM_DELNEIGH or RTM_GETNEIGH; undefined when it is too short. */
export function readNeighbour(body: Uint8Array): NeighbourInfo | undefined {
  if (body.length < NDMSG_SIZE) return undefined;
  const view = viewOf(body);
  const attributes = readAttributes(body, NDMSG_SIZE);
  return {
    family: view.getUint8(0),
    ifindex: view.getInt32(4, true),
    state: view.getUint16(8, true),
    flags: view.getUint8(10),
    type: view.getUint8(11),
    dst: attributes.get(NDA_DST)?.slice(),
    lladdr: attributes.get(NDA_LLADDR)?.slice(),
  };
}

/** Seconds since an entry was used and updated. */
export interface CacheAges {
  used: number;
  updated: number;
}

export interface NeighbourNotice {
  /** RTM_NEWNEIGH, RTM_DELNEIGH, or RTM_GETNEIGH for a miss. */
  message: number;
  family: number;
  ifindex: number;
  state: number;
  flags: number;
  lladdr?: Uint8Array;
  dst?: Uint8Array;
  port?: number;
  vni?: number;
  /** Index of the interface a remote is reached over. */
  via?: number;
  /** Id of a nexthop group, in the place of a destination. */
  nhid?: number;
  /** VNI of an entry's key, of a device that has many. */
  srcVni?: number;
  ages?: CacheAges;
}

/** The kernel counts cache ages in clock ticks of USER_HZ, 100 a second on all architectures. */
const USER_HZ = 100;

/** nda_cacheinfo: confirmed, used, updated (ticks), reference count. */
function cacheInfo({ used, updated }: CacheAges): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = viewOf(bytes);
  view.setUint32(4, used * USER_HZ, true);
  view.setUint32(8, updated * USER_HZ, true);
  return bytes;
}

/** A message as the kernel's vxlan device sends it, octet for octet: attributes in its order, no flags, no sequence. */
export function neighbourNotice(notice: NeighbourNotice): Uint8Array {
  const head = new Uint8Array(NDMSG_SIZE);
  const view = viewOf(head);
  view.setUint8(0, notice.family);
  view.setInt32(4, notice.ifindex, true);
  view.setUint16(8, notice.state, true);
  view.setUint8(10, notice.flags);
  view.setUint8(11, RTN_UNICAST);
  return buildMessage(notice.message, 0, head, [
    [NDA_LLADDR, notice.lladdr],
    [NDA_NH_ID, u32(notice.nhid)],
    [NDA_DST, notice.dst],
    [NDA_PORT, be16(notice.port)],
    [NDA_VNI, u32(notice.vni)],
    [NDA_IFINDEX, u32(notice.via)],
    [NDA_SRC_VNI, u32(notice.srcVni)],
    [NDA_CACHEINFO, cacheInfo(notice.ages ?? { used: 0, updated: 0 })],
  ]);
}

/**
 * Asks for neighbours.
 * @param family AF_INET or AF_INET6; default both
 * @param ifindex of one interface; default of all
 */
export function neighbourDump(family = 0, ifindex?: number): Uint8Array {
  const head = new Uint8Array(NDMSG_SIZE);
  head[0] = family;
  return buildMessage(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, head, [[NDA_IFINDEX, u32(ifindex)]]);
}

/** An IP neighbour of an interface; addresses in network order. */
export interface NeighbourSetting {
  ifindex: number;
  /** 4 or 16 octets. */
  dst: Uint8Array;
  lladdr: Uint8Array;
  /** NUD_PERMANENT, NUD_REACHABLE or another state in which a MAC is known. */
  state: number;
}

function ndmsg(dst: Uint8Array, ifindex: number, state: number): Uint8Array {
  const head = new Uint8Array(NDMSG_SIZE);
  const view = viewOf(head);
  view.setUint8(0, dst.length === 4 ? AF_INET : AF_INET6);
  view.setInt32(4, ifindex, true);
  view.setUint16(8, state, true);
  view.setUint8(11, RTN_UNICAST);
  return head;
}

/** `ip neigh replace DST lladdr LLADDR nud STATE dev …`. */
export function neighbourSetting({ ifindex, dst, lladdr, state }: NeighbourSetting): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  return buildMessage(RTM_NEWNEIGH, flags, ndmsg(dst, ifindex, state), [
    [NDA_DST, dst],
    [NDA_LLADDR, lladdr],
  ]);
}

/** `ip neigh del DST dev …`. */
export function neighbourDeletion(ifindex: number, dst: Uint8Array): Uint8Array {
  return buildMessage(RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_ACK, ndmsg(dst, ifindex, 0), [[NDA_DST, dst]]);
}
