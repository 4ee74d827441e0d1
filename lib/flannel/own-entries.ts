/**
 * Which entries that are found in the tables are ours, so that those of peers that have gone are removed whoever
 * installed them: an earlier run, or flanneld's likes. Everything else is foreign and stays.
 *
 *   FDB of the VTEP       permanent, unicast, not all zeros, one destination and nothing else said of it
 *   neighbours on it      PERMANENT, without flags, the first address of a subnet of the network: of a host's length, or of
 *                         a route of ours
 *   routes over it        main table, unicast, proto boot, default metric, onlink, a subnet of the network via its first
 *                         address
 *   routes past it        with DirectRouting: the same, not onlink, via an address on the underlay's interface or that of a
 *                         peer of this run; never of this host's own subnet
 *
 * A foreign entry that stands where one of ours belongs (same MAC, address, or prefix and metric) is replaced, as by
 * flanneld: the tables have room for one.
 */
import { addressBytes, addressText, isGroupMac } from '../control/address.js';
import type { FdbEntry } from '../engine/types.js';
import { NUD_PERMANENT } from '../native/netlink/neighbour.js';
import {
  IPV6_METRIC,
  RT_TABLE_MAIN,
  RTN_UNICAST,
  RTPROT_BOOT,
  type RouteInfo,
} from '../native/netlink/route.js';
import type { Route } from './entries.js';
import type { HostNeighbour } from './host.js';
import { isFirst, isInside, prefixText, type Prefix } from './prefix.js';

const ZEROS = '00:00:00:00:00:00';

/** Where a network's routes may lead. */
export interface Surroundings {
  network: Prefix;
  /** This host's subnet. */
  subnet: Prefix | undefined;
  /** Prefix length of a host's subnet. */
  subnetLength: number;
  /** Index of the VTEP's interface. */
  tunnel: number;
  /** Index of the underlay's interface; undefined without DirectRouting. */
  underlay: number | undefined;
  /** Public addresses that peers were routed to directly in this run. */
  gateways: ReadonlySet<string>;
}

/** MAC -> address of the VTEP. */
export function ownFdb(entries: readonly FdbEntry[]): Map<string, string> {
  const own = new Map<string, string>();
  for (const entry of entries) if (isOwnFdb(entry)) own.set(entry.mac, entry.remotes[0].dst);
  return own;
}

function isOwnFdb({ mac, state, remotes, nhid, srcVni, externLearn, learned, router }: FdbEntry): boolean {
  const isPlain = nhid === undefined && srcVni === undefined && !externLearn && !learned && !router;
  return (
    state === 'permanent' &&
    isPlain &&
    mac !== ZEROS &&
    !isGroupMac(mac) &&
    remotes.length === 1 &&
    isBare(remotes[0])
  );
}

function isBare({ port, vni, via }: FdbEntry['remotes'][number]): boolean {
  return port === undefined && vni === undefined && via === undefined;
}

/** Prefix -> where to. */
export function ownRoutes(routes: readonly RouteInfo[], around: Surroundings): Map<string, Route> {
  const own = new Map<string, Route>();
  for (const route of routes) {
    const target = ownTarget(route, around);
    if (target) own.set(prefixText({ octets: route.dst, length: route.length }), target);
  }
  return own;
}

function ownTarget(route: RouteInfo, around: Surroundings): Route | undefined {
  const [hop, ...more] = route.nextHops;
  if (!isOfNetwork(route, around) || hop?.gateway === undefined || more.length > 0) return undefined;
  const { ifindex, onlink } = hop;
  const target = { via: addressText(hop.gateway), ifindex, onlink };
  if (ifindex === around.tunnel) return onlink && equal(hop.gateway, route.dst) ? target : undefined;
  if (onlink || isOwnSubnet(route, around)) return undefined;
  return ifindex === around.underlay || around.gateways.has(target.via) ? target : undefined;
}

function isOfNetwork(route: RouteInfo, { network }: Surroundings): boolean {
  const metric = route.dst.length === 4 ? 0 : IPV6_METRIC;
  const isPlain =
    route.table === RT_TABLE_MAIN && route.type === RTN_UNICAST && route.tos === 0 && !route.cloned;
  const isMade = route.protocol === RTPROT_BOOT && route.priority === metric;
  return isPlain && isMade && route.length > network.length && isInside(network, route.dst);
}

function isOwnSubnet(route: RouteInfo, { subnet }: Surroundings): boolean {
  return subnet !== undefined && route.length >= subnet.length && isInside(subnet, route.dst);
}

/**
 * Address -> MAC.
 * @param routes ours: their prefixes may be of another length than a host's subnet
 */
export function ownNeighbours(
  neighbours: readonly HostNeighbour[],
  routes: ReadonlyMap<string, Route>,
  { network, subnetLength, tunnel }: Surroundings,
): Map<string, string> {
  const gateways = new Set(
    [...routes.values()].filter(({ ifindex }) => ifindex === tunnel).map(({ via }) => via),
  );
  const own = new Map<string, string>();
  for (const { address, mac, state, flags } of neighbours) {
    if (mac === undefined || state !== NUD_PERMANENT || flags !== 0) continue;
    const octets = addressBytes(address);
    if (!isInside(network, octets)) continue;
    if (gateways.has(address) || isFirst(octets, subnetLength)) own.set(address, mac);
  }
  return own;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
