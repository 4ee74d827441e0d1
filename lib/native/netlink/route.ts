/**
 * Routes over rtnetlink (linux/rtnetlink.h): RTM_NEWROUTE and RTM_DELROUTE read and written, RTM_GETROUTE written.
 *
 *   rtmsg  0        1        2        3        4        5        6        7        8                 12
 *          +--------+--------+--------+--------+--------+--------+--------+--------+-----------------+
 *          | family | dst len| src len| tos    | table  | origin | scope  | type   | flags           |
 *          +--------+--------+--------+--------+--------+--------+--------+--------+-----------------+
 *
 * A route with several next hops has them in RTA_MULTIPATH, each an rtnexthop and its own attributes:
 *   0             2        3        4                 8
 *   | length      | flags  | weight | interface index | attributes, such as RTA_GATEWAY
 */
import {
  buildMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  readAttributes,
  readU32,
  u32,
  viewOf,
  type Attributes,
} from './message.js';
import { AF_INET, AF_INET6, RTN_UNICAST } from './neighbour.js';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RT_TABLE_MAIN = 254;
/** Who made a route: what iproute2 writes where it is told nothing else. */
export const RTPROT_BOOT = 3;
/** The metric that the kernel gives IPv6 routes without one (IP6_RT_PRIO_USER). */
export const IPV6_METRIC = 1024;
export { RTN_UNICAST };

const RTMSG_SIZE = 12;
const NEXTHOP_SIZE = 8;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
/** A gateway of another family than the route. */
const RTA_VIA = 18;
/** In RTA_METRICS. */
const RTAX_MTU = 2;
const RTNH_F_ONLINK = 4;
/** The route is a cached clone (RTM_F_CLONED), not a table's. */
const RTM_F_CLONED = 0x200;

export interface NextHop {
  ifindex: number;
  /** In network order; undefined on a connected route, and where it is of another family (RTA_VIA). */
  gateway: Uint8Array | undefined;
  onlink: boolean;
  /** Without a gateway, of either family. */
  direct: boolean;
}

export interface RouteInfo {
  /** AF_INET or AF_INET6. */
  family: number;
  /** 4 or 16 octets in network order, zero for a default route. */
  dst: Uint8Array;
  length: number;
  table: number;
  /** RTPROT_*. */
  protocol: number;
  /** RTN_*. */
  type: number;
  tos: number;
  /** Metric; the lowest wins. */
  priority: number;
  cloned: boolean;
  /** Where the route has one of its own, or ICMP told of a smaller one. */
  mtu: number | undefined;
  nextHops: NextHop[];
}

function nextHopOf(attributes: Attributes, ifindex: number, flags: number): NextHop {
  const gateway = attributes.get(RTA_GATEWAY)?.slice();
  const direct = gateway === undefined && !attributes.has(RTA_VIA);
  return { ifindex, gateway, onlink: (flags & RTNH_F_ONLINK) !== 0, direct };
}

function readMultipath(bytes: Uint8Array): NextHop[] {
  const view = viewOf(bytes);
  const hops: NextHop[] = [];
  let at = 0;
  while (at + NEXTHOP_SIZE <= bytes.length) {
    const length = view.getUint16(at, true);
    if (length < NEXTHOP_SIZE || at + length > bytes.length) break;
    const attributes = readAttributes(bytes.subarray(at + NEXTHOP_SIZE, at + length));
    hops.push(nextHopOf(attributes, view.getInt32(at + 4, true), view.getUint8(at + 2)));
    at += (length + 3) & ~3;
  }
  return hops;
}

/** Reads the body of RTM_NEWROUTE or RTM_DELROUTE; undefined when it is too short. */
export function readRoute(body: Uint8Array): RouteInfo | undefined {
  if (body.length < RTMSG_SIZE) return undefined;
  const view = viewOf(body);
  const attributes = readAttributes(body, RTMSG_SIZE);
  const family = view.getUint8(0);
  const flags = view.getUint32(8, true);
  const multipath = attributes.get(RTA_MULTIPATH);
  const oif = readU32(attributes, RTA_OIF);
  const single = oif === undefined ? [] : [nextHopOf(attributes, oif, flags)];
  return {
    family,
    dst: attributes.get(RTA_DST)?.slice() ?? new Uint8Array(family === 10 ? 16 : 4),
    length: view.getUint8(1),
    table: readU32(attributes, RTA_TABLE) ?? view.getUint8(4),
    protocol: view.getUint8(5),
    type: view.getUint8(7),
    tos: view.getUint8(3),
    priority: readU32(attributes, RTA_PRIORITY) ?? 0,
    cloned: (flags & RTM_F_CLONED) !== 0,
    mtu: readU32(readAttributes(attributes.get(RTA_METRICS) ?? new Uint8Array()), RTAX_MTU),
    nextHops: multipath ? readMultipath(multipath) : single,
  };
}

/**
 * Asks for the routes of all tables.
 * @param family AF_INET or AF_INET6; default all families
 */
export function routeDump(family = 0): Uint8Array {
  const head = new Uint8Array(RTMSG_SIZE);
  head[0] = family;
  return buildMessage(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, head);
}

/** A unicast route of the main table through a gateway; addresses in network order. */
export interface RouteSetting {
  /** 4 or 16 octets, without host bits. */
  dst: Uint8Array;
  /** Of the prefix, bits. */
  length: number;
  gateway: Uint8Array;
  ifindex: number;
  /** The gateway counts as a neighbour of the interface, whatever its addresses are. */
  onlink: boolean;
}

function routeChange(type: number, flags: number, route: RouteSetting): Uint8Array {
  const head = new Uint8Array(RTMSG_SIZE);
  const isIpv4 = route.dst.length === 4;
  head[0] = isIpv4 ? AF_INET : AF_INET6;
  head[1] = route.length;
  head[4] = RT_TABLE_MAIN;
  head[5] = RTPROT_BOOT;
  head[7] = RTN_UNICAST;
  viewOf(head).setUint32(8, route.onlink ? RTNH_F_ONLINK : 0, true);
  return buildMessage(type, NLM_F_REQUEST | NLM_F_ACK | flags, head, [
    [RTA_DST, route.dst],
    [RTA_GATEWAY, route.gateway],
    [RTA_OIF, u32(route.ifindex)],
    [RTA_PRIORITY, isIpv4 ? undefined : u32(IPV6_METRIC)],
  ]);
}

/** `ip route replace DST via GATEWAY dev … onlink`: proto boot, scope global, metric 0 or, with IPv6, 1024. */
export function routeSetting(route: RouteSetting): Uint8Array {
  return routeChange(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
}

/** `ip route del`: the route that routeSetting made, and no other to the same prefix. */
export function routeDeletion(route: RouteSetting): Uint8Array {
  return routeChange(RTM_DELROUTE, 0, route);
}

/**
 * Asks which route a packet to an address takes.
 * @param address 4 or 16 octets
 * @param ifindex the interface it must leave by, 0 = any
 */
export function routeRequest(address: Uint8Array, ifindex: number): Uint8Array {
  const head = new Uint8Array(RTMSG_SIZE);
  head[0] = address.length === 4 ? AF_INET : AF_INET6;
  head[1] = 8 * address.length;
  const oif = ifindex === 0 ? undefined : u32(ifindex);
  return buildMessage(RTM_GETROUTE, NLM_F_REQUEST, head, [
    [RTA_DST, address],
    [RTA_OIF, oif],
  ]);
}
