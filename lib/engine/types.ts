/**
 * What the engine is told and what it tells: configuration of a VTEP, entries of its tables, events.
 * Plain data (no methods), so that the same values travel through the HTTP API and structured clone.
 * Addresses and MACs are canonical text here ("192.0.2.1", "fe80::1", "02:00:00:00:00:01"); inside the
 * tables and the data plane they are words. Times are seconds.
 */

import type { MdbEntry, MdbRemote, NexthopEntry } from './group-types.js';
import type { NeighbourEntry } from './neighbour-types.js';
import type { VniEntry } from './vni-types.js';

export type * from './group-types.js';
export type * from './neighbour-types.js';
export type * from './remote-types.js';
export type * from './vni-types.js';

/** Options of `ip link add … type vxlan`, kernel defaults (reference: drivers/net/vxlan, vxlan_nl2conf). */
export interface LinkConfig {
  /** Interface name, 1 to 15 bytes. */
  name: string;
  /** VXLAN network identifier, 0 to 16,777,215; 0 where there are many (vnifilter). */
  id: number;
  /** Many VNIs, told apart by 802.1Q tags: both, or none. No `id`, and no learning unless it is asked for. */
  external: boolean;
  vnifilter: boolean;
  /** Default destination: unicast (`remote`) or multicast (`group`); creates the all-zeros FDB entry. */
  remote?: string;
  group?: string;
  /** Outer source address; not bound. */
  local?: string;
  /**
   * Network namespace the underlay is in: sockets, routes, addresses and `dev`. A name of `ip netns`, or an absolute path;
   * default the daemon's, where the interface is. Called as in `ip link add … link-netns NAME`, which does the same.
   */
  linkNetns?: string;
  /** Underlay interface name: MTU source, multicast interface, egress of the default entry. */
  dev?: string;
  /** UDP port to listen on and default destination port. Default 8472 as the kernel's (4790 with gpe); IANA's is 4789. */
  dstport: number;
  /** Source ports, first to last exclusive; [0, 0] = 49152 to 65535 (RFC 7348, section 5). */
  srcport: [number, number];
  /** 1 to 255, 0 = the system's default (1 for multicast). */
  ttl: number | 'inherit';
  /** 0 to 255, low two bits ignored; 'inherit' (1 means the same, as in the kernel). */
  tos: number | 'inherit';
  df: 'unset' | 'set' | 'inherit';
  /** IPv6 underlay only, 0 to 0xfffff. */
  flowlabel: number;
  learning: boolean;
  /** Seconds a learned entry lives after the last frame received from it; 0 is turned into 300 (as the kernel does). */
  ageing: number;
  /** Greatest number of FDB entries, 0 = no limit. */
  maxaddress: number;
  /** Lowers the maximum segment size of TCP through the device: to a number, or to what MTU and paths allow. */
  mssclamp: 'off' | 'auto' | number;
  proxy: boolean;
  rsc: boolean;
  l2miss: boolean;
  l3miss: boolean;
  /** Seconds in which a miss that was told is not told again; 0 or absent = each is, as by the kernel. */
  missinterval?: number;
  /** Misses told a second at most; 0 or absent = no limit, as the kernel. */
  missrate?: number;
  /** Frames kept for each destination that misses until it is known, 0 to 1024; 0 = dropped, as by the kernel. */
  hold: number;
  /** Milliseconds they are kept, 100 to 60,000. */
  holdtime: number;
  udpcsum: boolean;
  udp6zerocsumtx: boolean;
  udp6zerocsumrx: boolean;
  /** Group policy headers: `gbpId` is sent (0 = none), the D bit of a received one obeyed. Excludes gpe. */
  gbp: boolean;
  gbpId: number;
  /** Generic protocol extension in front of Ethernet frames. Excludes gbp, learning, proxy, rsc and misses. */
  gpe: boolean;
  /** 64-bit mask of the header's bits that must be zero on receipt, "0xf7ffffff000000ff" (engine/header-bits.ts). */
  reserved_bits: string;
  /** What is sent to an address of this host goes straight to the VTEP here that would receive it. */
  localbypass: boolean;
  /** Receive only what is sent to `local`. */
  localbind: boolean;
  /**
   * Whose datagrams are taken: anybody's; those of peers that FDB entries given by hand or by a control plane name
   * (known); or each source MAC only from where its FDB entry is (fdb).
   */
  allow: 'any' | 'known' | 'fdb';
  /** Greatest number of MACs learned behind one peer, 0 = no limit. */
  learnLimit: number;
  /** Peers are answered at the outer source port they send from. Needs learning, excludes external. */
  learnPort: boolean;
  /** What each remote sends and is sent is counted (remote-types.ts). */
  remoteStats: boolean;
  /** Seconds after which control looks names of remotes up again; absent = 30. The engine knows addresses alone. */
  resolveInterval?: number;
  /** Group of VTEPs, 1 to 255: what one of them has received none sends; 0 = none. */
  splitHorizon: number;
  /** Greatest number of neighbours learned from ARP and ND that pass, 0 = none: off. With proxy, what is not known is then asked for. */
  neighsnoop: number;
  /** Addresses of the anycast gateway, which every VTEP answers for by itself; none = there is no such gateway. */
  gateway: string[];
  /** Its MAC, the same on every VTEP. */
  gatewayMac?: string;
  /** MTU of the interface, 68 to 65,535; default 1500, or the lower device's less 50 (70 over IPv6). */
  mtu?: number;
  /** Unicast MAC; default random, locally administered. */
  address?: string;
}

/** What `link set` may change (kernel: vxlan_changelink). */
export type LinkChange = Partial<
  Pick<
    LinkConfig,
    | 'remote'
    | 'group'
    | 'local'
    | 'dev'
    | 'ttl'
    | 'tos'
    | 'df'
    | 'flowlabel'
    | 'learning'
    | 'ageing'
    | 'gbpId'
    | 'localbypass'
    | 'allow'
    | 'learnLimit'
    | 'remoteStats'
    | 'splitHorizon'
    | 'neighsnoop'
    | 'gateway'
    | 'gatewayMac'
    | 'mssclamp'
    | 'missinterval'
    | 'missrate'
    | 'hold'
    | 'holdtime'
    | 'resolveInterval'
    | 'mtu'
    | 'address'
  >
> & { up?: boolean };

/** An address of this host, and the interface it is on. */
export interface LocalAddress {
  address: string;
  ifindex: number;
}

/** A VTEP as it stands. */
export interface LinkState extends LinkConfig {
  ifindex: number;
  address: string;
  mtu: number;
  up: boolean;
  /** True when the interface is a port of a bridge: frames too big for the underlay are then answered. */
  bridged: boolean;
  /** True when the interface was moved to another network namespace than the daemon's. */
  away: boolean;
  /** True when the TAP existed before and will be left behind. */
  persistent: boolean;
  /** True when the system refused UDP_SEGMENT or the like and the device works without; names of what is off. */
  missing: string[];
}

export type FdbStateName = 'permanent' | 'static' | 'reachable' | 'stale';

/** One destination of an FDB entry. */
export interface FdbRemote {
  /** Unicast or multicast address; 0.0.0.0 or :: means "local". */
  dst: string;
  /** Only where it differs from the device's. */
  port?: number;
  vni?: number;
  via?: string;
}

export interface FdbEntry {
  mac: string;
  /** Key VNI where it differs from the device's. */
  srcVni?: number;
  /** Empty where `nhid` is given. */
  remotes: FdbRemote[];
  /** Id of the nexthop group that chooses a destination for each flow. */
  nhid?: number;
  state: FdbStateName;
  router: boolean;
  externLearn: boolean;
  /** True when the data plane learned it. */
  learned: boolean;
  /** Seconds since a frame was last sent to it / received from it. */
  used: number;
  updated: number;
}

/** `bridge fdb add|append|replace`. */
export interface FdbRequest extends Partial<FdbRemote> {
  verb: 'add' | 'append' | 'replace';
  mac: string;
  /** A nexthop group, in the place of dst, port, vni and via. */
  nhid?: number;
  srcVni?: number;
  /** permanent (default), static = NOARP|REACHABLE, dynamic = REACHABLE. */
  state?: 'permanent' | 'static' | 'dynamic';
  router?: boolean;
  externLearn?: boolean;
  use?: boolean;
}

/** `bridge fdb del`: without dst the whole entry, with dst the remote that equals it in dst, port, vni and via. */
export interface FdbDelete {
  mac: string;
  srcVni?: number;
  dst?: string;
  port?: number;
  vni?: number;
  via?: string;
}

/** `bridge fdb flush`: entries that match every given filter. */
export interface FdbFlush {
  permanent?: boolean;
  static?: boolean;
  dynamic?: boolean;
  externLearn?: boolean;
  router?: boolean;
  srcVni?: number;
  vni?: number;
  port?: number;
  dst?: string;
  nhid?: number;
}

export interface RouteEntry {
  /** Prefix, canonical: "10.20.2.0/24", "default" is written "0.0.0.0/0" or "::/0". */
  dst: string;
  via?: string;
  onlink: boolean;
  origin: 'own' | 'kernel';
}

export interface RouteRequest {
  verb: 'add' | 'replace';
  dst: string;
  via?: string;
  onlink?: boolean;
}

/** Standard counters as `ip -s -s link` shows them, and every named drop reason (dataplane/reasons.ts). */
export interface LinkStatistics {
  rxPackets: number;
  rxBytes: number;
  rxErrors: number;
  rxDropped: number;
  rxLengthErrors: number;
  rxFrameErrors: number;
  txPackets: number;
  txBytes: number;
  txErrors: number;
  txDropped: number;
  txCarrierErrors: number;
  txAbortedErrors: number;
  collisions: number;
  /** Outer source of the last datagram that `allow` refused, and the last group policy id received. */
  last?: { refused?: string; policy?: number };
  /** Reason name -> frames. */
  reasons: Record<string, number>;
  /** learned, moved, aged, proxied, flooded, misses, … -> count. */
  events: Record<string, number>;
}

/** What `vtep monitor` shows; `dev` is the VTEP's interface name. */
export type VtepEvent =
  | { type: 'link'; action: 'new' | 'del'; dev: string; link: LinkState }
  | { type: 'fdb'; action: 'new' | 'del'; dev: string; entry: Omit<FdbEntry, 'remotes'>; remote?: FdbRemote }
  | { type: 'mdb'; action: 'new' | 'del'; dev: string; entry: Omit<MdbEntry, 'remotes'>; remote: MdbRemote }
  | { type: 'neigh'; action: 'new' | 'del'; dev: string; entry: NeighbourEntry }
  | { type: 'route'; action: 'new' | 'del'; dev: string; entry: RouteEntry }
  | { type: 'vni'; action: 'new' | 'del'; dev: string; entry: Omit<VniEntry, 'statistics'> }
  /** Of no device. `cause`: the request, of which several may come. */
  | { type: 'nexthop'; action: 'new' | 'del'; cause: 'add' | 'replace' | 'delete'; entry: NexthopEntry }
  | { type: 'miss'; layer: 2; dev: string; lladdr: string }
  | { type: 'miss'; layer: 3; dev: string; dst: string };
