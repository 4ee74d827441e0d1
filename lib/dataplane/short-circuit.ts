/**
 * Route short-circuit (`rsc`): an IP packet for a router's MAC (FDB entry marked `router`) is sent straight to the
 * guest, or to the next hop, instead of to the router's VTEP (kernel: route_shortcircuit in vxlan_core.c).
 *
 *   1  our extension: the VTEP's own route table, longest prefix -> next hop. A hit makes this a routed hop: the
 *      TTL is decremented, and a packet whose TTL is used up is answered with ICMP time exceeded
 *   2  the neighbour table, for the next hop or else the destination itself, in whatever state (the kernel uses
 *      stale ones too). Unknown: L3 miss, and the packet goes on unchanged to the router's VTEP, or waits (`hold`)
 *   3  a MAC other than the router's: source := the router's MAC, destination := the neighbour's
 *
 * Without a route in step 1 this is the kernel's behaviour, TTL untouched.
 */
import { type Batch, LENGTH, OFFSET } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import { get16, get32 } from '../wire/bytes.js';
import * as ethernet from '../wire/ethernet.js';
import { NO_REPLY, replyBytes, timeExceeded4, timeExceeded6 } from '../wire/icmp.js';
import * as ipv4 from '../wire/ipv4.js';
import * as ipv6 from '../wire/ipv6.js';
import { EVENT_ICMP_REPLIES, EVENT_ROUTED, EVENT_SHORT_CIRCUITED } from './counters.js';
import { type Device, type DeviceTables, L3MISS } from './device.js';
import { drop, sendBack } from './output.js';
import { postL3Miss } from './post.js';
import * as reasons from './reasons.js';

/** route(): the frame goes on as it is. */
export const CONTINUE = 0;
/** route(): the MAC addresses were rewritten; look the destination up again. */
export const REWRITTEN = 1;
/** route(): the frame's way ends here; it is counted, perhaps answered. */
export const ENDED = 2;
/** route(): as CONTINUE, and an L3 miss was told. */
export const MISSED = 3;

const V4_MAPPED = 0xffff;
/** "IPv4 dummy address" (RFC 7600, section 4.8): signs ICMP errors of a router whose address is not known. */
const DUMMY_ROUTER_V4 = 0xc0000008 | 0;

export class ShortCircuit {
  readonly #slab: Slab;
  readonly #ring: RecordRing;

  constructor(slab: Slab, ring: RecordRing) {
    this.#slab = slab;
    this.#ring = ring;
  }

  /** Routes the untagged IPv4 or IPv6 frame of entry `i`: CONTINUE, REWRITTEN, ENDED or MISSED. */
  route(rx: Batch, i: number, device: Device, back: Batch, now: number): number {
    const bytes = this.#slab.bytes;
    const offset = rx.words[OFFSET * rx.capacity + i];
    const length = rx.words[LENGTH * rx.capacity + i];
    const ip = offset + ethernet.HEADER_BYTES;
    const left = length - ethernet.HEADER_BYTES;
    const isV4 = get16(bytes, offset + ethernet.TYPE) === ethernet.TYPE_IPV4;
    if (isV4 ? ipv4.checkIpv4(bytes, ip, left) !== 0 : ipv6.checkIpv6(bytes, ip, left) !== 0) {
      drop(device, reasons.TX_IP_INVALID);
      return ENDED;
    }
    const { neighbours, routes } = device.tables;
    let a0 = isV4 ? 0 : get32(bytes, ip + ipv6.DESTINATION);
    let a1 = isV4 ? 0 : get32(bytes, ip + ipv6.DESTINATION + 4);
    let a2 = isV4 ? V4_MAPPED : get32(bytes, ip + ipv6.DESTINATION + 8);
    let a3 = isV4 ? ipv4.destination(bytes, ip) : get32(bytes, ip + ipv6.DESTINATION + 12);
    const route = routes.lookup(a0, a1, a2, a3);
    if (route >= 0) {
      const n0 = routes.nextHop0(route);
      const n1 = routes.nextHop1(route);
      const n2 = routes.nextHop2(route);
      const n3 = routes.nextHop3(route);
      if ((n0 | n1 | n2 | n3) !== 0) {
        a0 = n0;
        a1 = n1;
        a2 = n2;
        a3 = n3;
      }
    }
    const neighbour = neighbours.find(a0, a1, a2, a3);
    if (neighbour < 0) {
      if ((device.settings.features & L3MISS) === 0) return CONTINUE;
      postL3Miss(this.#ring, device, a0, a1, a2, a3);
      return MISSED;
    }
    const high = neighbours.macHigh(neighbour);
    const low = neighbours.macLow(neighbour);
    const routerHigh = ethernet.macHigh(bytes, offset);
    const routerLow = ethernet.macLow(bytes, offset);
    if (high === routerHigh && low === routerLow) return CONTINUE;
    neighbours.touchUsed(neighbour, now);
    if (route >= 0) {
      if ((isV4 ? ipv4.ttl(bytes, ip) : ipv6.hopLimit(bytes, ip)) <= 1) {
        this.#timeExceeded(device, offset, length, isV4, back);
        return ENDED;
      }
      if (isV4) ipv4.decrementTtl(bytes, ip);
      else ipv6.decrementHopLimit(bytes, ip);
      device.counters[EVENT_ROUTED]++;
    } else {
      device.counters[EVENT_SHORT_CIRCUITED]++;
    }
    ethernet.putMac(bytes, offset + ethernet.SOURCE, routerHigh, routerLow);
    ethernet.putMac(bytes, offset + ethernet.DESTINATION, high, low);
    return REWRITTEN;
  }

  /** Answers with ICMP time exceeded, built into the frame's headroom, from the gateway's address. */
  #timeExceeded(device: Device, offset: number, length: number, isV4: boolean, back: Batch): void {
    const bytes = this.#slab.bytes;
    const { router4, router6 } = device.settings;
    drop(device, reasons.TX_TTL_EXCEEDED);
    let reply = NO_REPLY;
    if (isV4) {
      reply = timeExceeded4(bytes, offset, length, router4 === 0 ? DUMMY_ROUTER_V4 : router4);
    } else if ((router6[0] | router6[3]) !== 0) {
      reply = timeExceeded6(bytes, offset, length, router6[0], router6[1], router6[2], router6[3]);
    }
    if (reply === NO_REPLY) return;
    device.counters[EVENT_ICMP_REPLIES]++;
    sendBack(back, device, reply, replyBytes(bytes, reply));
  }
}

/** The neighbour that a packet for an address is routed to: that of its route's next hop, or its own; -1 without one. */
export function neighbourTowards(
  { neighbours, routes }: DeviceTables,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
): number {
  const route = routes.lookup(a0, a1, a2, a3);
  if (route < 0) return neighbours.find(a0, a1, a2, a3);
  const n0 = routes.nextHop0(route);
  const n1 = routes.nextHop1(route);
  const n2 = routes.nextHop2(route);
  const n3 = routes.nextHop3(route);
  return (n0 | n1 | n2 | n3) === 0 ? neighbours.find(a0, a1, a2, a3) : neighbours.find(n0, n1, n2, n3);
}
