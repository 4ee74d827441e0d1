/**
 * The step of encap.ts that `hold` is: which frames wait for what (hold-queue.ts), and which must let others go first. Only
 * frames of a device with `hold` get here, and most of them no further than a look at how many wait.
 */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import { targetIp } from '../wire/arp.js';
import { get16, get32 } from '../wire/bytes.js';
import * as ethernet from '../wire/ethernet.js';
import * as ipv4 from '../wire/ipv4.js';
import * as ipv6 from '../wire/ipv6.js';
import type { Device } from './device.js';
import { FOR_ADDRESS, FOR_ANSWER, FOR_MAC, type HoldQueue } from './hold-queue.js';
import { ROUTED, SINCE } from './hold-store.js';
import { TARGET } from './nd-proxy.js';
import { leadsNowhere } from './proxied-neighbour.js';

const V4_MAPPED = 0xffff;

export class HoldStep {
  readonly #slab: Slab;
  readonly #queue: HoldQueue;
  /** Frames are those that the queue has released. */
  readonly isRelease: boolean;
  /** An address that was read. */
  #a0 = 0;
  #a1 = 0;
  #a2 = 0;
  #a3 = 0;

  constructor(slab: Slab, queue: HoldQueue, isRelease: boolean) {
    this.#slab = slab;
    this.#queue = queue;
    this.isRelease = isRelease;
  }

  /** True for a released frame that was routed before it waited. */
  wasRouted(rx: Batch, i: number): boolean {
    return this.isRelease && rx.get(ROUTED, i) !== 0;
  }

  /** The frame waits for an FDB entry; a routed one behind those that wait to be routed to the same address. */
  forMac(
    rx: Batch,
    i: number,
    offset: number,
    device: Device,
    high: number,
    low: number,
    isRouted: boolean,
    now: number,
  ): void {
    if (isRouted && this.#isAddressAwaited(offset, device)) {
      this.#keep(rx, i, device, FOR_ADDRESS, isRouted, now);
      return;
    }
    this.#a0 = high;
    this.#a1 = low;
    this.#a2 = 0;
    this.#a3 = 0;
    this.#keep(rx, i, device, FOR_MAC, isRouted || this.wasRouted(rx, i), now);
  }

  /** An IP packet waits to be routed, if the FDB entry of the router leads nowhere. False when it does not. */
  forAddress(rx: Batch, i: number, offset: number, device: Device, router: number, now: number): boolean {
    const { fdb, lists } = device.tables;
    if (lists.countOf(fdb.remotes(router)) !== 1 || !leadsNowhere(device.tables, router)) return false;
    this.#readDestination(offset);
    this.#keep(rx, i, device, FOR_ADDRESS, false, now);
    return true;
  }

  /** An ARP request waits for who can be answered for. */
  forArp(rx: Batch, i: number, offset: number, device: Device, now: number): void {
    this.#setIpv4(targetIp(this.#slab.bytes, offset + ethernet.HEADER_BYTES));
    this.#keep(rx, i, device, FOR_ANSWER, false, now);
  }

  /** A neighbor solicitation, likewise. */
  forSolicitation(rx: Batch, i: number, offset: number, device: Device, now: number): void {
    this.#read(offset + TARGET);
    this.#keep(rx, i, device, FOR_ANSWER, false, now);
  }

  /** True when frames that wait for what this one has found must leave before it: the queue is to look for them. */
  isBehind(offset: number, device: Device, isRouted: boolean): boolean {
    const queue = this.#queue;
    if (this.isRelease || queue.length === 0) return false;
    const { bytes } = this.#slab;
    const high = ethernet.macHigh(bytes, offset);
    const low = ethernet.macLow(bytes, offset);
    const isBehind =
      queue.has(device, FOR_MAC, high, low, 0, 0) || (isRouted && this.#isAddressAwaited(offset, device));
    if (isBehind) queue.stale = true;
    return isBehind;
  }

  #keep(rx: Batch, i: number, device: Device, kind: number, isRouted: boolean, now: number): void {
    const since = this.isRelease ? rx.get(SINCE, i) : now;
    this.#queue.keep(
      this.#slab,
      rx,
      i,
      device,
      kind,
      this.#a0,
      this.#a1,
      this.#a2,
      this.#a3,
      since,
      isRouted,
    );
  }

  #isAddressAwaited(offset: number, device: Device): boolean {
    this.#readDestination(offset);
    return this.#queue.has(device, FOR_ADDRESS, this.#a0, this.#a1, this.#a2, this.#a3);
  }

  /** The address that an untagged IP packet is for. */
  #readDestination(offset: number): void {
    const { bytes } = this.#slab;
    const ip = offset + ethernet.HEADER_BYTES;
    if (get16(bytes, offset + ethernet.TYPE) === ethernet.TYPE_IPV6) this.#read(ip + ipv6.DESTINATION);
    else this.#setIpv4(ipv4.destination(bytes, ip));
  }

  #read(at: number): void {
    const { bytes } = this.#slab;
    this.#a0 = get32(bytes, at);
    this.#a1 = get32(bytes, at + 4);
    this.#a2 = get32(bytes, at + 8);
    this.#a3 = get32(bytes, at + 12);
  }

  #setIpv4(address: number): void {
    this.#a0 = 0;
    this.#a1 = 0;
    this.#a2 = V4_MAPPED;
    this.#a3 = address;
  }
}
