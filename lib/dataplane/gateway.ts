/**
 * Anycast gateway (`gateway`, ours; RFC 9135, section 4.1, has it of EVPN): every VTEP has the same gateway, same addresses and
 * same MAC, on its own host, so that a guest keeps it wherever it roams.
 *
 *   guest asks for it                     answered here, with the anycast MAC
 *   ARP and ND for or from it             never to the underlay, never from there: each VTEP speaks for itself
 *   frames to its MAC                     never to the underlay: it is on this host
 *   frames from its MAC, from elsewhere   handed up, as hosts that route send them; the MAC is not learned (learn.ts)
 *
 * The answer's Ethernet source is not the anycast MAC, lest the bridge take the VTEP's port for the place of the gateway; nor
 * is it the interface's own, which a bridge takes for an echo and complains. With `rsc` the VTEP is the router, and the port
 * is the place.
 */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import { FLAG_ROUTER } from '../table/fdb.js';
import * as arp from '../wire/arp.js';
import { get32 } from '../wire/bytes.js';
import * as ethernet from '../wire/ethernet.js';
import * as ipv6 from '../wire/ipv6.js';
import * as ndp from '../wire/ndp.js';
import { EVENT_GATEWAY_REPLIES } from './counters.js';
import { type Device, type DeviceSettings, RSC } from './device.js';
import { drop, sendBack } from './output.js';
import * as reasons from './reasons.js';

/** gatewayRole: ARP or ND that the gateway sent, or that speaks in its name. */
export const FROM_GATEWAY = 1;
/** gatewayRole: ARP or ND that asks for the gateway or is sent to it. */
export const FOR_GATEWAY = 2;

const { HEADER_BYTES, SOURCE, TYPE_ARP, TYPE_IPV6 } = ethernet;
const V4_MAPPED = 0xffff;
const V4_WORDS = 3;
const ADDRESS_WORDS = 4;
/** Router solicitation to redirect (RFC 4861, section 4). */
const FIRST_ND = 133;
const LAST_ND = 137;
/** Tells the Ethernet source of an answer from the interface's MAC. */
const OTHER_SOURCE = 0x04000000;

/** True for the anycast MAC. */
export function isGatewayMac(settings: DeviceSettings, high: number, low: number): boolean {
  return low === settings.gatewayLow && high === settings.gatewayHigh;
}

/**
 * What the untagged frame of `length` octets at `frame`, at least 14, has to do with the gateway: FROM_GATEWAY, FOR_GATEWAY, both,
 * or 0, as for everything but ARP and neighbor discovery.
 */
export function gatewayRole(
  bytes: Uint8Array,
  settings: DeviceSettings,
  frame: number,
  length: number,
  type: number,
): number {
  if (type === TYPE_ARP) return arpRole(bytes, settings, frame, length);
  return type === TYPE_IPV6 ? ndRole(bytes, settings, frame, length) : 0;
}

function arpRole(bytes: Uint8Array, settings: DeviceSettings, frame: number, length: number): number {
  const header = frame + HEADER_BYTES;
  const role = isMacAt(bytes, settings, frame + SOURCE) ? FROM_GATEWAY : 0;
  if (arp.checkForm(bytes, header, length - HEADER_BYTES) !== 0) return role;
  const isFrom =
    isMacAt(bytes, settings, header + arp.SENDER_MAC) || isIpv4(settings, arp.senderIp(bytes, header));
  const isFor = isIpv4(settings, arp.targetIp(bytes, header));
  return role | (isFrom ? FROM_GATEWAY : 0) | (isFor ? FOR_GATEWAY : 0);
}

function ndRole(bytes: Uint8Array, settings: DeviceSettings, frame: number, length: number): number {
  const ip = frame + HEADER_BYTES;
  const message = ip + ipv6.HEADER_BYTES;
  if (length <= HEADER_BYTES + ipv6.HEADER_BYTES || ipv6.nextHeader(bytes, ip) !== ipv6.ICMPV6) return 0;
  const type = bytes[message + ndp.TYPE];
  if (type < FIRST_ND || type > LAST_ND) return 0;
  let role =
    isMacAt(bytes, settings, frame + SOURCE) || isIpv6At(bytes, settings, ip + ipv6.SOURCE)
      ? FROM_GATEWAY
      : 0;
  if (isIpv6At(bytes, settings, ip + ipv6.DESTINATION)) role |= FOR_GATEWAY;
  const isWhole = length >= HEADER_BYTES + ipv6.HEADER_BYTES + ndp.OPTIONS;
  if (isWhole && isIpv6At(bytes, settings, message + ndp.TARGET)) {
    if (type === ndp.SOLICITATION) role |= FOR_GATEWAY;
    else if (type === ndp.ADVERTISEMENT) role |= FROM_GATEWAY;
  }
  return role;
}

/** Consumes a frame whose role is FOR_GATEWAY: answered in place, appended to `back`, where it asks; else counted. */
export function answerForGateway(
  slab: Slab,
  device: Device,
  frame: number,
  length: number,
  type: number,
  back: Batch,
): void {
  const { bytes } = slab;
  const reply =
    type === TYPE_ARP ? arpReply(bytes, device, frame, length) : ndReply(bytes, device, frame, length);
  if (reply === 0) {
    drop(device, reasons.TX_GATEWAY_OWN);
    return;
  }
  const { settings } = device;
  if ((settings.features & RSC) === 0) {
    ethernet.putMac(bytes, frame + SOURCE, settings.macHigh ^ OTHER_SOURCE, settings.macLow);
  }
  device.counters[EVENT_GATEWAY_REPLIES]++;
  sendBack(back, device, frame, reply);
}

function arpReply(bytes: Uint8Array, { settings }: Device, frame: number, length: number): number {
  if (arp.checkArp(bytes, frame + HEADER_BYTES, length - HEADER_BYTES) !== 0) return 0;
  return arp.buildArpReply(bytes, frame, settings.gatewayHigh, settings.gatewayLow);
}

/**
 * R, for it is a router; S, unless it answers a probe for duplicates; and O: the MAC is the same everywhere, so that this is no
 * anycast address in the sense of RFC 4861, section 7.2.7, whose answers must not override one another.
 */
function ndReply(bytes: Uint8Array, { settings }: Device, frame: number, length: number): number {
  const ip = frame + HEADER_BYTES;
  if (ndp.checkSolicitation(bytes, ip, length - HEADER_BYTES) !== 0) return 0;
  const isProbe = ipv6.isUnspecifiedAddress(bytes, ip + ipv6.SOURCE);
  const { gatewayHigh, gatewayLow } = settings;
  const reply = ndp.buildAdvertisement(bytes, frame, length, gatewayHigh, gatewayLow, true);
  if (isProbe) ndp.addressToAllNodes(bytes, frame);
  return reply;
}

/** True when a frame to the anycast MAC is to be routed by the short-circuit: its FDB entry is marked so. */
export function isRoutedHere({ settings, tables }: Device, high: number, low: number): boolean {
  if ((settings.features & RSC) === 0) return false;
  const entry = tables.fdb.find(high, low, settings.vni);
  return entry >= 0 && (tables.fdb.flags(entry) & FLAG_ROUTER) !== 0;
}

function isMacAt(bytes: Uint8Array, settings: DeviceSettings, offset: number): boolean {
  return isGatewayMac(settings, ethernet.macHigh(bytes, offset), ethernet.macLow(bytes, offset));
}

function isIpv4({ gateways }: DeviceSettings, address: number): boolean {
  for (let at = 0; at < gateways.length; at += ADDRESS_WORDS) {
    if (gateways[at + V4_WORDS] !== address || gateways[at + 2] !== V4_MAPPED) continue;
    if ((gateways[at] | gateways[at + 1]) === 0) return true;
  }
  return false;
}

function isIpv6At(bytes: Uint8Array, { gateways }: DeviceSettings, offset: number): boolean {
  for (let at = 0; at < gateways.length; at += ADDRESS_WORDS) {
    if (
      gateways[at + 3] === get32(bytes, offset + 12) &&
      gateways[at + 2] === get32(bytes, offset + 8) &&
      gateways[at + 1] === get32(bytes, offset + 4) &&
      gateways[at] === get32(bytes, offset)
    ) {
      return true;
    }
  }
  return false;
}
