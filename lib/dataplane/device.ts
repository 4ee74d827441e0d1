/**
 * A VTEP as the data plane sees it: numbers and tables, nothing else. Control makes a DeviceSettings (plain data,
 * so that it can be posted to a worker); a worker holds one Device a VTEP and replaces its settings between bursts.
 */
import type { FdbTable } from '../table/fdb.js';
import type { MdbTable } from '../table/mdb.js';
import type { NeighbourTable } from '../table/neighbour.js';
import type { RemoteLists } from '../table/remote-list.js';
import type { RemoteTable } from '../table/remote.js';
import type { RouteTable } from '../table/route.js';
import type { RemoteCounters } from './remote-counters.js';

/** Bits of DeviceSettings.features; the option names of `ip link add … type vxlan`. */
export const LEARNING = 1;
export const PROXY = 2;
export const RSC = 4;
export const L2MISS = 8;
export const L3MISS = 16;
/** The interface is up and its socket open. */
export const UP = 32;
/** maxaddress is reached: an unknown source is not learned. */
export const FULL = 64;
/** Extensions of the header (wire/vxlan-extensions.ts). */
export const GBP = 0x10000;
export const GPE = 0x20000;
/** Only known peers may send; each source MAC only from where its FDB entry is. */
export const ALLOW_KNOWN = 0x40000;
export const ALLOW_FDB = 0x80000;
export const LOCALBYPASS = 0x100000;
/** A peer may be at its learn limit. */
export const LEARN_LIMIT = 0x200000;
/** The outer source port is learned, too. */
export const LEARN_PORT = 0x1000000;
/** What each remote sends and is sent is counted (remote-accounts.ts). */
export const REMOTE_STATS = 0x2000000;
/** What came in at a device of its group does not leave through it (split-horizon.ts). */
export const SPLIT_HORIZON = 0x4000000;
/** ARP and neighbor discovery that pass teach the neighbour table (neigh-snoop.ts), … */
export const NEIGHSNOOP = 0x8000000;
/** … which holds as many learned so as it may. */
export const NEIGH_FULL = 0x10000000;
/** There is an anycast gateway (gateway.ts). */
export const GATEWAY = 0x20000000;
/** Any of these: each received datagram is looked at by itself. */
export const SCRUTINY = GBP | GPE | ALLOW_KNOWN | ALLOW_FDB | GATEWAY;

/** Bits of DeviceSettings.reception: options a datagram's receiver shares with its socket (VXLAN_F_RCV_FLAGS). */
export const RECEIVES_GBP = 1;
export const RECEIVES_GPE = 2;
export const RECEIVES_ZERO_CSUM6 = 4;
/** `external vnifilter`: VNIs by VLAN tag (trunk.ts). */
export const RECEIVES_FILTERED = 8;
/** TCP is told of a smaller maximum segment size. */
export const MSSCLAMP = 256;
/** What few devices ask for when a frame is handed up. */
export const EXTRAS = MSSCLAMP | REMOTE_STATS | SPLIT_HORIZON | NEIGHSNOOP;
/** Any of these: who has which address may be settled here (resolution.ts). */
export const RESOLUTION = PROXY | NEIGHSNOOP | GATEWAY;
/** The multicast database has an entry (kernel: VXLAN_F_MDB). */
export const MDB = 4096;
/** The first frames that miss wait (hold-queue.ts). */
export const HOLD = 1024;

export const TTL_INHERIT = -1;
/** As in the kernel, a TOS of 1 means "inherit". */
export const TOS_INHERIT = 1;
/** DeviceSettings.longest where no frame is too long. */
export const ANY_LENGTH = 0x7fffffff;

export const DF_UNSET = 0;
export const DF_SET = 1;
export const DF_INHERIT = 2;

/**
 * The outer source ports a device may use: `ports[k]` is the port of egress socket k, `plain[k]` its descriptor for
 * packets that may be fragmented, `df[k]` the one that sets DF. A flow takes one k for its life.
 */
export interface Egress {
  readonly ports: Int32Array;
  readonly plain: Int32Array;
  readonly df: Int32Array;
}

export interface DeviceSettings {
  vni: number;
  /** Of the underlay. */
  family: 4 | 6;
  /** LEARNING | PROXY | … */
  features: number;
  macHigh: number;
  macLow: number;
  /** The interface's MTU: what a frame from the underlay may carry beyond its Ethernet header. */
  mtu: number;
  /**
   * Frames longer than this may be too big for a remote's path, and their senders would want to know (path-mtu.ts);
   * ANY_LENGTH where the interface is no port of a bridge.
   */
  longest: number;
  /** Greatest maximum segment size of TCP, 0 = as `packet` allows; read with MSSCLAMP only. */
  mss: number;
  /** Octets behind the Ethernet header that interface and paths carry. */
  packet: number;
  /** Frames that may wait for one destination, and for how many ticks; 0 without HOLD. */
  hold: number;
  holdTicks: number;
  /** 0 = the system's default, 1 to 255, TTL_INHERIT. */
  ttl: number;
  /** 0 to 255, TOS_INHERIT. */
  tos: number;
  df: number;
  /** Of the outer IPv6 header, 0 to 0xfffff. */
  flowLabel: number;
  /** First word of every header sent: I_FLAG, and what an extension adds. */
  header: number;
  /** Bits of each word of a received header that must be zero. */
  reservedHigh: number;
  reservedLow: number;
  /** RECEIVES_GBP | … */
  reception: number;
  /** Number of the network namespace the underlay is in (engine/underlay-namespaces.ts), 0 = the engine's own. */
  underlay: number;
  /** Default destination port. */
  port: number;
  /** Outer source, four words; all 0 = the system chooses. */
  local: [number, number, number, number];
  /** Only what is sent to `local` is received. */
  bound: boolean;
  /** Sources its split-horizon group has just heard of, shared; read with SPLIT_HORIZON only. */
  horizon: Int32Array;
  /** Descriptor of this worker's TAP queue, written into the batches. */
  tap: number;
  /** MAC of the anycast gateway, and its addresses, four words each; read with GATEWAY only. */
  gatewayHigh: number;
  gatewayLow: number;
  gateways: Int32Array;
  /** Address that signs ICMP errors of the short-circuit router: IPv4 word (0 = none), IPv6 words. */
  router4: number;
  router6: [number, number, number, number];
}

export interface DeviceTables {
  fdb: FdbTable;
  remotes: RemoteTable;
  lists: RemoteLists;
  mdb: MdbTable;
  neighbours: NeighbourTable;
  routes: RouteTable;
}

/** One VTEP in one worker; one VNI of it where it has many (trunk.ts). */
export class Device {
  /** The number that batches and records carry. */
  readonly index: number;
  /** Layout: counters.ts. */
  readonly counters: Float64Array;
  settings: DeviceSettings;
  tables: DeviceTables;
  egress: Egress;
  /** With REMOTE_STATS; the VNIs of a trunk have the trunk's. */
  remoteCounters: RemoteCounters | undefined = undefined;
  /** Of a trunk: the numbers of its VNIs' devices by VLAN. */
  members: Int32Array | undefined = undefined;
  /** Of a trunk's VNI: the VLAN of the frames it hands up, 0 = they have no tag. */
  vlan = 0;
  /** Of its frames those that wait in this worker (hold-queue.ts), and their octets. */
  held = 0;
  heldOctets = 0;

  constructor(
    index: number,
    settings: DeviceSettings,
    tables: DeviceTables,
    egress: Egress,
    counters: Float64Array,
  ) {
    this.index = index;
    this.settings = settings;
    this.tables = tables;
    this.egress = egress;
    this.counters = counters;
  }
}
