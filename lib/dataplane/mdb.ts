/**
 * Forwarding by group (kernel: vxlan_mdb_entry_skb_get): which MDB entry an IP multicast frame belongs to.
 *
 *   (S, G)      the group and this source; a source that is blocked has an entry without remotes
 *   (*, G)      the group, any source
 *   any group   0.0.0.0 or ::, not for link-local groups (224.0.0.0/24, ff02::/16 and the like), which go with broadcast
 *
 * Reached only while a device has an MDB, and then only by frames for a group MAC. Like the kernel (skb->protocol is
 * 802.1Q then) it does not look behind a VLAN tag.
 */
import type { Slab } from '../memory/slab.js';
import type { MdbTable } from '../table/mdb.js';
import * as ethernet from '../wire/ethernet.js';
import * as ipv4 from '../wire/ipv4.js';
import * as ipv6 from '../wire/ipv6.js';

const NONE = -1;
const V4_MAPPED = 0xffff;

/**
 * The MDB entry of a frame for a group MAC, or -1: it goes by the FDB.
 * @param high first four octets of the destination MAC, signed; `low` its last two
 */
export function findGroup(
  slab: Slab,
  mdb: MdbTable,
  vni: number,
  offset: number,
  length: number,
  high: number,
  low: number,
): number {
  if (high === -1 && low === 0xffff) return NONE;
  const { view } = slab;
  const type = view.getUint16(offset + ethernet.TYPE);
  const ip = offset + ethernet.HEADER_BYTES;
  const left = length - ethernet.HEADER_BYTES;
  if (type === ethernet.TYPE_IPV4) return left < ipv4.HEADER_BYTES ? NONE : findGroup4(view, mdb, vni, ip);
  if (type === ethernet.TYPE_IPV6) return left < ipv6.HEADER_BYTES ? NONE : findGroup6(view, mdb, vni, ip);
  return NONE;
}

function findGroup4(view: DataView, mdb: MdbTable, vni: number, ip: number): number {
  const group = view.getInt32(ip + ipv4.DESTINATION);
  let entry = mdb.find(0, 0, V4_MAPPED, group, 0, 0, V4_MAPPED, view.getInt32(ip + ipv4.SOURCE), vni);
  if (entry >= 0) return entry;
  entry = mdb.find(0, 0, V4_MAPPED, group, 0, 0, 0, 0, vni);
  if (entry >= 0) return entry;
  // 224.0.0.0/24
  if (group >>> 8 === 0xe00000) return NONE;
  return mdb.find(0, 0, V4_MAPPED, 0, 0, 0, 0, 0, vni);
}

function findGroup6(view: DataView, mdb: MdbTable, vni: number, ip: number): number {
  const to = ip + ipv6.DESTINATION;
  const from = ip + ipv6.SOURCE;
  const g0 = view.getInt32(to);
  const g1 = view.getInt32(to + 4);
  const g2 = view.getInt32(to + 8);
  const g3 = view.getInt32(to + 12);
  let entry = mdb.find(
    g0,
    g1,
    g2,
    g3,
    view.getInt32(from),
    view.getInt32(from + 4),
    view.getInt32(from + 8),
    view.getInt32(from + 12),
    vni,
  );
  if (entry >= 0) return entry;
  entry = mdb.find(g0, g1, g2, g3, 0, 0, 0, 0, vni);
  if (entry >= 0) return entry;
  if (isLinkLocal(g0)) return NONE;
  return mdb.find(0, 0, 0, 0, 0, 0, 0, 0, vni);
}

/** IPV6_ADDR_LINKLOCAL of ipv6_addr_type(): multicast of scope 2, and fe80::/10. */
function isLinkLocal(g0: number): boolean {
  return (g0 & 0xff0f0000) === (0xff020000 | 0) || (g0 & 0xffc00000) === (0xfe800000 | 0);
}
