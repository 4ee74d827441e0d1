/** From the options of a VTEP to what its data plane reads. Pure functions. */
import {
  ALLOW_FDB,
  ALLOW_KNOWN,
  ANY_LENGTH,
  DF_INHERIT,
  DF_SET,
  DF_UNSET,
  type DeviceSettings,
  FULL,
  GATEWAY,
  GBP,
  GPE,
  HOLD,
  L2MISS,
  L3MISS,
  LEARN_LIMIT,
  LEARN_PORT,
  LEARNING,
  LOCALBYPASS,
  MSSCLAMP,
  MDB,
  NEIGH_FULL,
  NEIGHSNOOP,
  PROXY,
  RECEIVES_FILTERED,
  RECEIVES_GBP,
  RECEIVES_GPE,
  RECEIVES_ZERO_CSUM6,
  REMOTE_STATS,
  RSC,
  SPLIT_HORIZON,
  TOS_INHERIT,
  TTL_INHERIT,
  UP,
} from '../dataplane/device.js';
import { HEADER_BYTES } from '../wire/ethernet.js';
import { parseMac } from '../wire/text.js';
import { TICK } from './clock.js';
import { defaultReservedBits, headerWord, reservedWords } from './header-bits.js';
import { gatewaySettings } from './neighbour-options.js';
import type { LinkConfig } from './types.js';
import { addressWords, familyOf } from './words.js';

/** RFC 7348, section 5: the dynamic range. Unlike the kernel's default it does not depend on a sysctl. */
export const DEFAULT_SOURCE_PORTS: readonly [number, number] = [49_152, 65_536];
/** Seconds; what `ageing 0` is turned into as well (vxlan_config_validate). */
export const DEFAULT_AGEING = 300;
/** `dstport` when none is given: the kernel's, older than IANA's 4789. */
export const DEFAULT_PORT = 8_472;
/** … with `gpe` (draft-ietf-nvo3-vxlan-gpe, section 8). */
export const GPE_PORT = 4_790;
export const DEFAULT_MTU = 1_500;
/** Milliseconds frames are held for what they missed. */
const DEFAULT_HOLD_TIME = 1_000;
/** Beyond every VNI. */
const NO_VNI = -1;

/** Outer headers and the inner Ethernet header (vxlan_headroom). */
export function headroom(family: 4 | 6): number {
  return family === 4 ? 50 : 70;
}

/** Every option at the kernel's default, but for name and VNI. */
export function withDefaults(config: Partial<LinkConfig> & Pick<LinkConfig, 'name'>): LinkConfig {
  const { gbp = false, gpe = false, external = false } = config;
  return {
    external,
    vnifilter: false,
    dstport: gpe ? GPE_PORT : DEFAULT_PORT,
    srcport: [0, 0],
    ttl: 0,
    tos: 0,
    df: 'unset',
    flowlabel: 0,
    // As iproute2 has it for `external`, without which the kernel knows no gpe.
    learning: !gpe && !external,
    maxaddress: 0,
    mssclamp: 'off',
    proxy: false,
    rsc: false,
    l2miss: false,
    l3miss: false,
    hold: 0,
    holdtime: DEFAULT_HOLD_TIME,
    udpcsum: true,
    udp6zerocsumtx: false,
    udp6zerocsumrx: false,
    gbp,
    gbpId: 0,
    gpe,
    reserved_bits: defaultReservedBits({ gbp, gpe }),
    localbypass: true,
    localbind: false,
    allow: 'any',
    learnLimit: 0,
    learnPort: false,
    remoteStats: false,
    splitHorizon: 0,
    neighsnoop: 0,
    gateway: [],
    ...config,
    id: config.id ?? 0,
    ageing: config.ageing || DEFAULT_AGEING,
  };
}

/** Family of the underlay: that of remote, group or local; IPv4 when none is given. */
export function underlayFamily(config: Pick<LinkConfig, 'remote' | 'group' | 'local'>): 4 | 6 {
  const text = config.remote ?? config.group ?? config.local;
  return text === undefined ? 4 : familyOf(addressWords(text, 'remote'));
}

/** Source ports, first to last exclusive. An empty range falls back to the default, as in udp_flow_src_port. */
export function sourcePorts(config: Pick<LinkConfig, 'srcport'>): readonly [number, number] {
  const [min, max] = config.srcport;
  return min >= max ? DEFAULT_SOURCE_PORTS : [min, max];
}

/**
 * True when the one source port is the port it receives on, as a peer behind NAT needs it: the listening socket then sends,
 * too, since of two on a port only one could be sure to receive.
 */
export function sendsFromListener(config: Pick<LinkConfig, 'srcport' | 'dstport'>): boolean {
  const [min, max] = sourcePorts(config);
  return min === config.dstport && max === min + 1;
}

/** True when outgoing datagrams carry a UDP checksum. */
export function hasChecksum(config: LinkConfig, family: 4 | 6): boolean {
  return family === 4 ? config.udpcsum : !config.udp6zerocsumtx;
}

/** The options of the socket that a VTEP receives on, as bits. */
export function reception(config: Pick<LinkConfig, 'gbp' | 'gpe' | 'udp6zerocsumrx' | 'vnifilter'>): number {
  return (
    (config.vnifilter ? RECEIVES_FILTERED : 0) |
    (config.gbp ? RECEIVES_GBP : 0) |
    (config.gpe ? RECEIVES_GPE : 0) |
    (config.udp6zerocsumrx ? RECEIVES_ZERO_CSUM6 : 0)
  );
}

export interface SettingsState {
  address: string;
  mtu: number;
  up: boolean;
  /** Of the interface: a port of a bridge. */
  bridged: boolean;
  /** Octets behind the inner Ethernet header that every remote's path carries, 0 = not known. */
  packetLimit: number;
  /** Number of the namespace the underlay is in. */
  underlay: number;
  /** Table of the split-horizon group. */
  horizon: Int32Array;
  /** maxaddress is reached. */
  full: boolean;
  /** neighsnoop's limit is reached. */
  neighboursFull: boolean;
  /** The MDB has an entry. */
  multicast: boolean;
  router4: number;
  router6: [number, number, number, number];
}

/** What the data plane reads, but for each worker's own TAP queue. */
export function deviceSettings(config: LinkConfig, state: SettingsState): Omit<DeviceSettings, 'tap'> {
  const mac = parseMac(state.address)!;
  const local = config.local === undefined ? new Int32Array(4) : addressWords(config.local, 'local');
  const [reservedHigh, reservedLow] = reservedWords(config.reserved_bits);
  return {
    // With many, the device itself has none, nor does it receive any.
    vni: config.vnifilter ? NO_VNI : config.id,
    family: underlayFamily(config),
    features:
      (config.learning ? LEARNING : 0) |
      (config.proxy ? PROXY : 0) |
      (config.rsc ? RSC : 0) |
      (config.l2miss ? L2MISS : 0) |
      (config.l3miss ? L3MISS : 0) |
      (config.gbp ? GBP : 0) |
      (config.gpe ? GPE : 0) |
      (config.allow === 'known' ? ALLOW_KNOWN : config.allow === 'fdb' ? ALLOW_FDB : 0) |
      (config.localbypass ? LOCALBYPASS : 0) |
      (config.learnLimit > 0 ? LEARN_LIMIT : 0) |
      (config.learnPort ? LEARN_PORT : 0) |
      (config.remoteStats ? REMOTE_STATS : 0) |
      (config.splitHorizon > 0 ? SPLIT_HORIZON : 0) |
      (config.mssclamp === 'off' ? 0 : MSSCLAMP) |
      (config.hold > 0 ? HOLD : 0) |
      (config.neighsnoop > 0 ? NEIGHSNOOP : 0) |
      (config.gateway.length > 0 ? GATEWAY : 0) |
      (state.up ? UP : 0) |
      (state.full ? FULL : 0) |
      (state.neighboursFull ? NEIGH_FULL : 0) |
      (state.multicast ? MDB : 0),
    macHigh: mac.high,
    macLow: mac.low,
    mtu: state.mtu,
    longest: state.bridged && state.packetLimit > 0 ? HEADER_BYTES + state.packetLimit : ANY_LENGTH,
    mss: typeof config.mssclamp === 'number' ? config.mssclamp : 0,
    hold: config.hold,
    holdTicks: Math.ceil(config.holdtime / TICK),
    packet: state.packetLimit > 0 ? Math.min(state.mtu, state.packetLimit) : state.mtu,
    ttl: config.ttl === 'inherit' ? TTL_INHERIT : config.ttl,
    tos: config.tos === 'inherit' ? TOS_INHERIT : config.tos,
    df: config.df === 'set' ? DF_SET : config.df === 'inherit' ? DF_INHERIT : DF_UNSET,
    flowLabel: config.flowlabel,
    header: headerWord(config),
    reservedHigh,
    reservedLow,
    reception: reception(config),
    underlay: state.underlay,
    port: config.dstport,
    local: [local[0], local[1], local[2], local[3]],
    bound: config.localbind,
    horizon: state.horizon,
    ...gatewaySettings(config),
    router4: state.router4,
    router6: state.router6,
  };
}
