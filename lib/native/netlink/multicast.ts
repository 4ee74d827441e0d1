/**
 * Multicast database entries over rtnetlink (linux/if_bridge.h), as a vxlan device announces them:
 *
 *   br_port_msg   family (7) · interface index
 *   MDBA_MDB > MDBA_MDB_ENTRY > MDBA_MDB_ENTRY_INFO:
 *
 *   br_mdb_entry  0                 4       5       6       8                       24       26     28
 *                 +-----------------+-------+-------+-------+-----------------------+--------+------+
 *                 | port's index    | state | flags | VLAN  | group: 4 or 16 octets | proto  |      |  attributes
 *                 +-----------------+-------+-------+-------+-----------------------+--------+------+
 *                 proto is an ethertype in network order
 */
import { type AttributeValue, attributes, buildMessage, u32, viewOf } from './message.js';
import { AF_BRIDGE } from './neighbour.js';

export const RTM_NEWMDB = 84;
export const RTM_DELMDB = 85;

/** Filter modes, as IGMPv3's record types are numbered. */
export const MCAST_EXCLUDE = 0;
export const MCAST_INCLUDE = 1;

const MDBA_MDB = 1;
const MDBA_MDB_ENTRY = 1;
const MDBA_MDB_ENTRY_INFO = 1;
const EATTR_TIMER = 1;
const EATTR_SRC_LIST = 2;
const EATTR_GROUP_MODE = 3;
const EATTR_SOURCE = 4;
const EATTR_RTPROT = 5;
const EATTR_DST = 6;
const EATTR_DST_PORT = 7;
const EATTR_VNI = 8;
const EATTR_IFINDEX = 9;
const SRCLIST_ENTRY = 1;
const SRCATTR_ADDRESS = 1;
const SRCATTR_TIMER = 2;
const NLA_F_NESTED = 0x8000;

const MDB_PERMANENT = 1;
const MDB_FLAGS_BLOCKED = 8;
const ENTRY_SIZE = 28;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;

export interface MulticastNotice {
  /** RTM_NEWMDB or RTM_DELMDB. */
  message: number;
  ifindex: number;
  /** 4 or 16 octets, in network order, like every address here. */
  group: Uint8Array;
  source?: Uint8Array;
  dst: Uint8Array;
  filterMode: number;
  sources: readonly Uint8Array[];
  protocol: number;
  blocked: boolean;
  port?: number;
  vni?: number;
  /** Index of the interface the remote is reached over. */
  via?: number;
}

function entryHead({ ifindex, group, blocked }: MulticastNotice): Uint8Array {
  const head = new Uint8Array(ENTRY_SIZE);
  const view = viewOf(head);
  view.setUint32(0, ifindex, true);
  view.setUint8(4, MDB_PERMANENT);
  view.setUint8(5, blocked ? MDB_FLAGS_BLOCKED : 0);
  head.set(group, 8);
  view.setUint16(24, group.length === 4 ? ETH_P_IP : ETH_P_IPV6);
  return head;
}

function sourceList(sources: readonly Uint8Array[]): Uint8Array | undefined {
  if (sources.length === 0) return undefined;
  return attributes(
    sources.map((source): AttributeValue => [
      SRCLIST_ENTRY | NLA_F_NESTED,
      attributes([
        [SRCATTR_ADDRESS, source],
        [SRCATTR_TIMER, u32(0)],
      ]),
    ]),
  );
}

/** 16 bits in host order. */
function u16(value: number | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : Uint8Array.of(value & 0xff, value >>> 8);
}

/** A message as the kernel's vxlan device sends it, octet for octet. */
export function multicastNotice(notice: MulticastNotice): Uint8Array {
  const head = new Uint8Array(8);
  viewOf(head).setUint8(0, AF_BRIDGE);
  viewOf(head).setUint32(4, notice.ifindex, true);
  const more = attributes([
    [EATTR_TIMER, u32(0)],
    [EATTR_SOURCE, notice.source],
    [EATTR_RTPROT, Uint8Array.of(notice.protocol)],
    [EATTR_GROUP_MODE, Uint8Array.of(notice.filterMode)],
    [EATTR_SRC_LIST | NLA_F_NESTED, sourceList(notice.sources)],
    [EATTR_DST, notice.dst],
    [EATTR_DST_PORT, u16(notice.port)],
    [EATTR_VNI, u32(notice.vni)],
    [EATTR_IFINDEX, u32(notice.via)],
  ]);
  const info = new Uint8Array(ENTRY_SIZE + more.length);
  info.set(entryHead(notice));
  info.set(more, ENTRY_SIZE);
  const entry = attributes([[MDBA_MDB_ENTRY_INFO, info]]);
  return buildMessage(notice.message, 0, head, [[MDBA_MDB, attributes([[MDBA_MDB_ENTRY, entry]])]]);
}
