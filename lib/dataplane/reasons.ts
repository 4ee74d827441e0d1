/**
 * Every verdict that ends a frame before its destination: one line each. The command line, the metrics and the
 * tests all read this list. A reason is a counter index; `counts` names the standard interface counters that
 * the kernel device raises for it (none = the kernel drops it silently, seen only by its kfree_skb tracepoint,
 * whose reason is the name in capitals).
 */

/** Error counters of an interface, as `ip -s -s link` shows them. */
export type StandardCounter =
  | 'rxErrors'
  | 'rxDropped'
  | 'rxLengthErrors'
  | 'rxFrameErrors'
  | 'txErrors'
  | 'txDropped'
  | 'txCarrierErrors'
  | 'txAbortedErrors';

export interface Reason {
  readonly name: string;
  readonly direction: 'rx' | 'tx';
  /** Standard counters raised besides the reason's own. */
  readonly counts: readonly StandardCounter[];
  readonly sentence: string;
}

const reason = (
  name: string,
  direction: 'rx' | 'tx',
  counts: readonly StandardCounter[],
  sentence: string,
): Reason => ({
  name,
  direction,
  counts,
  sentence,
});

/** In the order of the indexes below. */
export const REASONS: readonly Reason[] = [
  reason('truncated_datagram', 'rx', [], 'the datagram was longer than a receive slot'),
  reason('pkt_too_small', 'rx', [], 'less than a VXLAN header after UDP'),
  reason('no_i_flag', 'rx', [], 'the I flag is clear (VXLAN_INVALID_HDR)'),
  reason(
    'vni_not_found',
    'rx',
    [],
    'no device has this VNI on this port, or it is down (VXLAN_VNI_NOT_FOUND)',
  ),
  reason('reserved_bits', 'rx', ['rxErrors', 'rxFrameErrors'], 'a reserved bit is set (VXLAN_INVALID_HDR)'),
  reason('inner_too_small', 'rx', [], 'less than an Ethernet header inside (NOMEM)'),
  reason(
    'local_mac',
    'rx',
    [],
    "the inner source is the device's own MAC: a loop or a multicast echo (LOCAL_MAC)",
  ),
  reason(
    'mac_invalid_source',
    'rx',
    [],
    'learning is on and the inner source MAC is zero or multicast (MAC_INVALID_SOURCE)',
  ),
  reason(
    'entry_exists',
    'rx',
    [],
    'a static FDB entry places the inner source MAC behind another VTEP (VXLAN_ENTRY_EXISTS)',
  ),
  reason(
    'inner_ip_truncated',
    'rx',
    ['rxErrors', 'rxLengthErrors'],
    'the inner IP header is cut off (PKT_TOO_SMALL)',
  ),
  reason(
    'ecn',
    'rx',
    ['rxErrors', 'rxFrameErrors'],
    'outer CE on an inner packet that is not ECN-capable (IP_TUNNEL_ECN)',
  ),
  reason('rx_device_down', 'rx', ['rxDropped'], 'the interface is down (DEV_READY)'),
  reason('tap_full', 'rx', ['rxDropped'], 'the interface did not take the frame'),
  reason('gpe_invalid', 'rx', [], 'gpe: the P bit is clear, the version is not 0, or the O bit is set'),
  reason('gpe_protocol', 'rx', [], 'gpe: something else than an Ethernet frame follows the header'),
  reason('peer_refused', 'rx', [], 'allow: the outer source is not a peer that may send this'),
  reason('frame_too_small', 'tx', ['txDropped'], 'less than an Ethernet header was sent'),
  reason('arp_truncated', 'tx', ['txDropped'], 'proxy: the ARP packet is cut off'),
  reason(
    'arp_consumed',
    'tx',
    [],
    'proxy: not an IPv4 request, or for a loopback or multicast address; never forwarded',
  ),
  reason('arp_unknown', 'tx', [], 'proxy: no neighbour has this address'),
  reason('neighbour_not_connected', 'tx', [], 'proxy: the neighbour is stale, delayed or being probed'),
  reason(
    'neighbour_local',
    'tx',
    [],
    'proxy: the neighbour is on this side: its FDB entry is bridge-local (dst 0.0.0.0 or ::), or it was snooped here',
  ),
  reason('no_tx_target', 'tx', ['txDropped'], 'no FDB entry and no default destination (VXLAN_NO_REMOTE)'),
  reason('remote_any', 'tx', ['txDropped'], 'the FDB entry has no destination address'),
  reason('ttl_exceeded', 'tx', ['txDropped'], 'short-circuit: TTL or hop limit is used up'),
  reason('ip_invalid', 'tx', ['txDropped'], 'the IP header is cut off or contradicts itself'),
  reason(
    'offload_invalid',
    'tx',
    ['txDropped'],
    'the frame cannot be segmented: its headers contradict its offload request',
  ),
  reason(
    'too_big',
    'tx',
    ['txDropped'],
    "the encapsulated packet exceeds the path's MTU and may not be fragmented",
  ),
  reason(
    'no_route',
    'tx',
    ['txErrors', 'txCarrierErrors'],
    'the underlay has no route to the remote (IP_OUTNOROUTES)',
  ),
  reason('socket_full', 'tx', ['txDropped'], 'the socket buffer is full'),
  reason('send_failed', 'tx', ['txErrors'], 'the underlay refused the packet'),
  reason('tx_device_down', 'tx', ['txErrors'], 'the device has no socket: it is down (DEV_READY)'),
  reason(
    'local_vni_not_found',
    'tx',
    ['txErrors'],
    'the remote is this host, and no device here receives this VNI on this port (VXLAN_VNI_NOT_FOUND)',
  ),
  reason(
    'nd_consumed',
    'tx',
    [],
    'proxy: a solicitation for a group, to the loopback address, or with malformed options',
  ),
  reason('nd_unknown', 'tx', [], 'proxy: no neighbour has this IPv6 address'),
  reason(
    'mdb_nobody',
    'tx',
    [],
    'no remote of the MDB entry wants the group from this source (VXLAN_NO_REMOTE)',
  ),
  reason(
    'too_big_ipv6',
    'tx',
    ['txErrors', 'txAbortedErrors'],
    "the encapsulated packet exceeds the path's MTU, and none is fragmented over IPv6 (PKT_TOO_BIG)",
  ),
  reason('no_vni', 'tx', [], "vnifilter: no VNI carries the frame's VLAN (TUNNEL_TXINFO)"),
  reason(
    'hold_full',
    'tx',
    ['txDropped'],
    'hold: as many frames wait as may, for this destination or at all',
  ),
  reason('hold_timeout', 'tx', ['txDropped'], 'hold: the destination did not become known in time'),
  reason('split_horizon', 'tx', [], 'a device of the same split-horizon group has just received it'),
  reason('gateway_foreign', 'rx', [], 'gateway: ARP or ND for or from the anycast gateway, of another VTEP'),
  reason('gateway_own', 'tx', [], 'gateway: ARP or ND for or from the anycast gateway, which stays here'),
  reason(
    'gateway_mac',
    'tx',
    [],
    "gateway: to the anycast gateway's MAC, which is never sent to the underlay",
  ),
];

export const RX_TRUNCATED_DATAGRAM = 0;
export const RX_PKT_TOO_SMALL = 1;
export const RX_NO_I_FLAG = 2;
export const RX_VNI_NOT_FOUND = 3;
export const RX_RESERVED_BITS = 4;
export const RX_INNER_TOO_SMALL = 5;
export const RX_LOCAL_MAC = 6;
export const RX_MAC_INVALID_SOURCE = 7;
export const RX_ENTRY_EXISTS = 8;
export const RX_INNER_IP_TRUNCATED = 9;
export const RX_ECN = 10;
export const RX_DEVICE_DOWN = 11;
export const RX_TAP_FULL = 12;
export const RX_GPE_INVALID = 13;
export const RX_GPE_PROTOCOL = 14;
export const RX_PEER_REFUSED = 15;
export const TX_FRAME_TOO_SMALL = 16;
export const TX_ARP_TRUNCATED = 17;
export const TX_ARP_CONSUMED = 18;
export const TX_ARP_UNKNOWN = 19;
export const TX_NEIGHBOUR_NOT_CONNECTED = 20;
export const TX_NEIGHBOUR_LOCAL = 21;
export const TX_NO_TARGET = 22;
export const TX_REMOTE_ANY = 23;
export const TX_TTL_EXCEEDED = 24;
export const TX_IP_INVALID = 25;
export const TX_OFFLOAD_INVALID = 26;
export const TX_TOO_BIG = 27;
export const TX_NO_ROUTE = 28;
export const TX_SOCKET_FULL = 29;
export const TX_SEND_FAILED = 30;
export const TX_DEVICE_DOWN = 31;
export const TX_LOCAL_VNI_NOT_FOUND = 32;
export const TX_ND_CONSUMED = 33;
export const TX_ND_UNKNOWN = 34;
export const TX_MDB_NOBODY = 35;
export const TX_TOO_BIG_IPV6 = 36;
export const TX_NO_VNI = 37;
export const TX_HOLD_FULL = 38;
export const TX_HOLD_TIMEOUT = 39;
export const TX_SPLIT_HORIZON = 40;
export const RX_GATEWAY_FOREIGN = 41;
export const TX_GATEWAY_OWN = 42;
export const TX_GATEWAY_MAC = 43;
