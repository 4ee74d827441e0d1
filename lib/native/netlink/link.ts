/**
 * Interfaces over rtnetlink (linux/if_link.h): RTM_NEWLINK and RTM_DELLINK read, RTM_GETLINK and RTM_NEWLINK written.
 *
 *   ifinfomsg  0        1        2                 4                 8                 12                16
 *              +--------+--------+-----------------+-----------------+-----------------+-----------------+
 *              | family | -      | device type     | index           | flags           | changed flags   |
 *              +--------+--------+-----------------+-----------------+-----------------+-----------------+
 */
import {
  buildMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  readAttributes,
  readBe16,
  readText,
  readU32,
  text,
  u32,
  viewOf,
  type Attributes,
} from './message.js';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

export const IFF_UP = 0x1;
const IFINFO_SIZE = 16;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_GROUP = 27;
const IFLA_LINK_NETNSID = 37;
const IFLA_TXQLEN = 13;
const IFLA_GSO_MAX_SEGS = 40;
const IFLA_GSO_MAX_SIZE = 41;
const IFLA_NEW_NETNSID = 45;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_VXLAN_LINK = 3;
const IFLA_VXLAN_PORT = 15;

const BRIDGES: ReadonlySet<string | undefined> = new Set(['bridge', 'openvswitch']);

/** What is asked about an interface. */
export interface LinkInfo {
  ifindex: number;
  name: string;
  mtu: number;
  /** Six octets on Ethernet; empty where there is no address. */
  mac: Uint8Array;
  /** IFF_*. */
  flags: number;
  up: boolean;
  /** Driver, such as 'vxlan', 'veth' or 'tun'; undefined for hardware. */
  kind: string | undefined;
  /** It is a port of a bridge or of an Open vSwitch datapath (netif_is_any_bridge_port). */
  bridged: boolean;
  /** Index of the bridge or the like it is a port of. */
  master: number | undefined;
  /** Index of the interface it stands on, such as a VLAN's; undefined when that is in another namespace. */
  lower: number | undefined;
  /** The group of interfaces it is in (`ip link … group`), mostly 0. */
  group: number;
  gsoMaxSegs: number | undefined;
  gsoMaxSize: number | undefined;
  /** UDP port of a kernel vxlan device. */
  vxlanPort: number | undefined;
  /** In RTM_DELLINK: it was not deleted but moved to another network namespace. */
  moved: boolean;
}

function vxlanOf(info: Attributes): Attributes | undefined {
  const data = info.get(IFLA_INFO_DATA);
  return data && readText(info, IFLA_INFO_KIND) === 'vxlan' ? readAttributes(data) : undefined;
}

/** A kernel vxlan device says it in a word of its own; to a veth, IFLA_LINK is its peer. */
function lowerOf(attributes: Attributes, kind: string | undefined, vxlan: Attributes | undefined) {
  if (vxlan !== undefined) return readU32(vxlan, IFLA_VXLAN_LINK);
  return kind === 'veth' || attributes.has(IFLA_LINK_NETNSID) ? undefined : readU32(attributes, IFLA_LINK);
}

/** Reads the body of RTM_NEWLINK or RTM_DELLINK; undefined when it is too short or without a name. */
export function readLink(body: Uint8Array): LinkInfo | undefined {
  if (body.length < IFINFO_SIZE) return undefined;
  const view = viewOf(body);
  const attributes = readAttributes(body, IFINFO_SIZE);
  const name = readText(attributes, IFLA_IFNAME);
  if (name === undefined) return undefined;
  const info = readAttributes(attributes.get(IFLA_LINKINFO) ?? new Uint8Array());
  const flags = view.getUint32(8, true);
  const kind = readText(info, IFLA_INFO_KIND);
  const vxlan = vxlanOf(info);
  return {
    ifindex: view.getInt32(4, true),
    name,
    mtu: readU32(attributes, IFLA_MTU) ?? 0,
    mac: attributes.get(IFLA_ADDRESS)?.slice() ?? new Uint8Array(),
    flags,
    up: (flags & IFF_UP) !== 0,
    kind,
    bridged: attributes.has(IFLA_MASTER) && BRIDGES.has(readText(info, IFLA_INFO_SLAVE_KIND)),
    master: readU32(attributes, IFLA_MASTER),
    lower: lowerOf(attributes, kind, vxlan),
    group: readU32(attributes, IFLA_GROUP) ?? 0,
    gsoMaxSegs: readU32(attributes, IFLA_GSO_MAX_SEGS),
    gsoMaxSize: readU32(attributes, IFLA_GSO_MAX_SIZE),
    vxlanPort: vxlan && readBe16(vxlan, IFLA_VXLAN_PORT),
    moved: attributes.has(IFLA_NEW_NETNSID),
  };
}

/** The address family of a link message: 0, or AF_BRIDGE (7) when it is about a bridge port. */
export function linkFamily(body: Uint8Array): number {
  return body[0] ?? 0;
}

function ifinfo(ifindex: number): Uint8Array {
  const head = new Uint8Array(IFINFO_SIZE);
  viewOf(head).setInt32(4, ifindex, true);
  return head;
}

/** Asks for one interface, by index or by name. */
export function linkRequest(which: number | string): Uint8Array {
  if (typeof which === 'number') return buildMessage(RTM_GETLINK, NLM_F_REQUEST, ifinfo(which));
  return buildMessage(RTM_GETLINK, NLM_F_REQUEST, ifinfo(0), [[IFLA_IFNAME, text(which)]]);
}

/** Asks for all interfaces. */
export function linkDump(): Uint8Array {
  return buildMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, ifinfo(0));
}

/** `ip link set gso_max_segs SEGMENTS gso_max_size SIZE`. */
export function gsoRequest(ifindex: number, segments: number, size: number): Uint8Array {
  return buildMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, ifinfo(ifindex), [
    [IFLA_GSO_MAX_SEGS, u32(segments)],
    [IFLA_GSO_MAX_SIZE, u32(size)],
  ]);
}

/** `ip link set txqueuelen LENGTH`. */
export function queueRequest(ifindex: number, length: number): Uint8Array {
  return buildMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, ifinfo(ifindex), [[IFLA_TXQLEN, u32(length)]]);
}

/** What `ip link set` changes; what is absent stays. */
export interface LinkSetting {
  up?: boolean;
  /** Octets. */
  mtu?: number;
  /** Six octets. */
  mac?: Uint8Array;
}

/** `ip link set dev … [up|down] [mtu MTU] [address MAC]`. */
export function linkSetting(ifindex: number, { up, mtu, mac }: LinkSetting): Uint8Array {
  const head = ifinfo(ifindex);
  const view = viewOf(head);
  view.setUint32(8, up ? IFF_UP : 0, true);
  view.setUint32(12, up === undefined ? 0 : IFF_UP, true);
  return buildMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, head, [
    [IFLA_ADDRESS, mac],
    [IFLA_MTU, u32(mtu)],
  ]);
}

/** `ip link del`: an interface by index. */
export function linkDeletion(ifindex: number): Uint8Array {
  return buildMessage(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, ifinfo(ifindex));
}

/** `ip link set group GROUP`. */
export function groupRequest(ifindex: number, group: number): Uint8Array {
  return buildMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, ifinfo(ifindex), [[IFLA_GROUP, u32(group)]]);
}

/** `ip link del group GROUP`: all interfaces of a group. */
export function groupDeletion(group: number): Uint8Array {
  return buildMessage(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, ifinfo(0), [[IFLA_GROUP, u32(group)]]);
}
