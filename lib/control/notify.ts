/**
 * Tells the host's rtnetlink listeners what a kernel vxlan device would (vxlan_fdb_notify, vxlan_fdb_miss,
 * vxlan_ip_miss): stock `bridge monitor fdb` shows our forwarding entries, `ip monitor neigh` our misses.
 *
 *   event       message        family    state       attributes
 *   fdb new     RTM_NEWNEIGH   AF_BRIDGE its own     LLADDR DST [PORT] [VNI] [IFINDEX] CACHEINFO, one a destination
 *   fdb del     RTM_DELNEIGH   AF_BRIDGE its own     the same
 *   mdb new/del RTM_NEWMDB/DELMDB            permanent   see netlink/multicast.ts; on RTNLGRP_MDB
 *   nexthop     RTM_NEWNEXTHOP/DELNEXTHOP            see netlink/nexthop.ts; on RTNLGRP_NEXTHOP
 *   L2 miss     RTM_GETNEIGH   AF_INET   STALE       LLADDR [VNI 0] CACHEINFO
 *   L3 miss     RTM_GETNEIGH   of dst    STALE       DST VNI 16777216 CACHEINFO
 */
import type { EngineApi } from '../engine/api.js';
import type { FdbRemote, FdbStateName, LinkState, VtepEvent } from '../engine/types.js';
import { errnoName } from '../native/errno.js';
import {
  AF_BRIDGE,
  AF_INET,
  AF_INET6,
  neighbourNotice,
  NTF_EXT_LEARNED,
  NTF_ROUTER,
  NTF_SELF,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_REACHABLE,
  NUD_STALE,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from '../native/netlink/neighbour.js';
import {
  MCAST_EXCLUDE,
  MCAST_INCLUDE,
  multicastNotice,
  RTM_DELMDB,
  RTM_NEWMDB,
} from '../native/netlink/multicast.js';
import { nexthopNotice, RTM_DELNEXTHOP, RTM_NEWNEXTHOP } from '../native/netlink/nexthop.js';
import type { Shim } from '../native/shim.js';
import { addressBytes, macBytes } from './address.js';
import type { Log } from './log.js';
import { RTNLGRP_MDB, RTNLGRP_NEIGH, RTNLGRP_NEXTHOP } from '../native/netlink/groups.js';
import { netlinkError } from '../native/names.js';

/** "No VNI" in an L3 miss: one more than the greatest VNI (VXLAN_N_VID). */
const NO_VNI = 1 << 24;
const ZERO_MAC = '00:00:00:00:00:00';

/** As bridge(8) encodes them: an entry that is not resolved by ARP is NOARP. */
const FDB_STATES: Record<FdbStateName, number> = {
  permanent: NUD_PERMANENT | NUD_NOARP,
  static: NUD_REACHABLE | NUD_NOARP,
  reachable: NUD_REACHABLE,
  stale: NUD_STALE,
};
/** What vxlan gives the all-zeros entry it makes of `remote`. */
const DEFAULT_DESTINATION_STATE = NUD_PERMANENT | NUD_REACHABLE;

type FdbEvent = Extract<VtepEvent, { type: 'fdb' }>;
type MdbEvent = Extract<VtepEvent, { type: 'mdb' }>;
type NexthopEvent = Extract<VtepEvent, { type: 'nexthop' }>;
type MissEvent = Extract<VtepEvent, { type: 'miss' }>;
export type NotifierShim = Pick<Shim, 'netlinkOpen' | 'netlinkSend' | 'close' | 'interfaceIndex'>;

export interface NotifierOptions {
  shim: NotifierShim;
  engine: EngineApi;
  log: Log;
}

/** What the messages need of a device; remembered, because the last of them come when it is gone. */
interface Device {
  ifindex: number;
  vni: number;
  /** It has many VNIs: entries are told with that of their key. */
  vnifilter: boolean;
  destination: string | undefined;
  /** Interfaces of its underlay are of another namespace, where their indexes mean others. */
  foreign?: boolean;
  /** The interface is in another namespace, where nobody hears us; here its index means another. */
  away?: boolean;
}

function deviceOf(link: LinkState): Device {
  const { ifindex, id: vni, vnifilter, linkNetns, away } = link;
  const destination = link.group ?? link.remote;
  return { ifindex, vni, vnifilter, destination, foreign: linkNetns !== undefined, away };
}

/** The message of a miss. */
export function missMessage(event: MissEvent, { ifindex, vni }: Device): Uint8Array {
  const miss = { message: RTM_GETNEIGH, ifindex, state: NUD_STALE, flags: 0 };
  if (event.layer === 2) {
    // The entry that is missing has VNI 0, which is written where it is not the device's.
    const missing = vni === 0 ? undefined : 0;
    return neighbourNotice({ ...miss, family: AF_INET, lladdr: macBytes(event.lladdr), vni: missing });
  }
  const dst = addressBytes(event.dst);
  return neighbourNotice({ ...miss, family: dst.length === 4 ? AF_INET : AF_INET6, dst, vni: NO_VNI });
}

function stateOf({ entry, remote }: FdbEvent, device: Device): number {
  const isDefault =
    entry.mac === ZERO_MAC &&
    remote !== undefined &&
    remote.dst === device.destination &&
    entry.state === 'permanent';
  return isDefault ? DEFAULT_DESTINATION_STATE : FDB_STATES[entry.state];
}

/** The message of a forwarding entry that came or went; `via` is the index of the remote's interface. */
export function fdbMessage(event: FdbEvent, device: Device, via: number | undefined): Uint8Array {
  const { entry, remote } = event;
  const router = entry.router ? NTF_ROUTER : 0;
  const learned = entry.externLearn ? NTF_EXT_LEARNED : 0;
  return neighbourNotice({
    message: event.action === 'new' ? RTM_NEWNEIGH : RTM_DELNEIGH,
    family: AF_BRIDGE,
    ifindex: device.ifindex,
    state: stateOf(event, device),
    flags: NTF_SELF | router | learned,
    lladdr: macBytes(entry.mac),
    nhid: entry.nhid,
    dst: remote && addressBytes(remote.dst),
    port: remote?.port,
    vni: remote?.vni,
    via,
    srcVni: device.vnifilter ? entry.srcVni : undefined,
    ages: { used: entry.used, updated: entry.updated },
  });
}

/** The message of a multicast entry that came or went. */
export function mdbMessage(event: MdbEvent, { ifindex }: Device, via: number | undefined): Uint8Array {
  const { entry, remote } = event;
  return multicastNotice({
    message: event.action === 'new' ? RTM_NEWMDB : RTM_DELMDB,
    ifindex,
    group: addressBytes(entry.group),
    source: entry.source === undefined ? undefined : addressBytes(entry.source),
    dst: addressBytes(remote.dst),
    filterMode: remote.filterMode === 'include' ? MCAST_INCLUDE : MCAST_EXCLUDE,
    sources: remote.sources.map((source) => addressBytes(source)),
    protocol: remote.protocol,
    blocked: remote.blocked,
    port: remote.port,
    vni: remote.vni,
    via,
  });
}

/** The message of a nexthop that came, changed or went. */
export function nexthopMessage({
  action,
  cause,
  entry: { id, via, group, protocol },
}: NexthopEvent): Uint8Array {
  return nexthopNotice({
    message: action === 'new' ? RTM_NEWNEXTHOP : RTM_DELNEXTHOP,
    ...{ cause, id, protocol },
    gateway: via === undefined ? undefined : addressBytes(via),
    group: group?.map(({ id, weight = 1 }) => ({ id, weight })),
  });
}

export class Notifier {
  readonly #shim: NotifierShim;
  readonly #engine: EngineApi;
  readonly #log: Log;
  readonly #fd: number;
  readonly #unsubscribe: () => void;
  readonly #devices = new Map<string, Device>();
  /** Entries of a device that is being added and cannot be asked yet. */
  #early: FdbEvent[] = [];
  #warned = false;

  /** @throws {VtepError} ERR_VTEP_SYSTEM when there is no netlink socket to be had */
  constructor({ shim, engine, log }: NotifierOptions) {
    this.#shim = shim;
    this.#engine = engine;
    this.#log = log;
    this.#fd = shim.netlinkOpen([]);
    if (this.#fd < 0) throw netlinkError(this.#fd);
    this.#unsubscribe = engine.subscribe((event) => this.#event(event));
  }

  close(): void {
    this.#unsubscribe();
    this.#shim.close(this.#fd);
  }

  #event(event: VtepEvent): void {
    if (event.type === 'link') this.#linkEvent(event);
    else if (event.type === 'fdb') this.#fdb(event);
    else if (event.type === 'mdb') this.#mdb(event);
    else if (event.type === 'miss') this.#miss(event);
    else if (event.type === 'nexthop') this.#send(nexthopMessage(event), RTNLGRP_NEXTHOP);
  }

  #linkEvent({ action, dev, link }: Extract<VtepEvent, { type: 'link' }>): void {
    if (action === 'del') {
      this.#devices.delete(dev);
      return;
    }
    this.#devices.set(dev, deviceOf(link));
    for (const event of this.#early.splice(0)) if (event.dev === dev) this.#fdb(event);
  }

  #device(dev: string): Device | undefined {
    const known = this.#devices.get(dev);
    if (known) return known;
    const state = this.#engine.get(dev)?.state();
    return state && deviceOf(state);
  }

  #miss(event: MissEvent): void {
    const device = this.#device(event.dev);
    if (device && !device.away) this.#send(missMessage(event, device));
  }

  #mdb(event: MdbEvent): void {
    const device = this.#device(event.dev);
    if (device && !device.away)
      this.#send(mdbMessage(event, device, this.#viaOf(event.remote, device)), RTNLGRP_MDB);
  }

  #fdb(event: FdbEvent): void {
    const device = this.#device(event.dev);
    if (device === undefined) this.#keep(event);
    else if (!device.away) this.#send(fdbMessage(event, device, this.#viaOf(event.remote, device)));
  }

  /** Until the device is announced, which is in this same turn of the event loop or never. */
  #keep(event: FdbEvent): void {
    if (this.#early.length === 0) queueMicrotask(() => (this.#early = []));
    this.#early.push(event);
  }

  #viaOf(remote: FdbRemote | undefined, { foreign }: Device): number | undefined {
    const via = foreign ? undefined : remote?.via;
    const index = via === undefined ? 0 : this.#shim.interfaceIndex(via);
    return index > 0 ? index : undefined;
  }

  /** A listener that does not keep up loses messages, as it would of the kernel's; that is no error of ours. */
  #send(message: Uint8Array, group = RTNLGRP_NEIGH): void {
    const sent = this.#shim.netlinkSend(this.#fd, message, group);
    if (sent >= 0 || this.#warned) return;
    this.#warned = true;
    this.#log.warn(
      { errno: errnoName(sent) },
      'cannot send rtnetlink notifications; ip monitor and bridge monitor stay silent',
    );
  }
}
