/**
 * The hold queue (`hold N`): the first frames for a destination that missed wait for it, for a bounded time, where the kernel
 * drops them. Each worker has one, of the frames it received itself. What a frame may wait for:
 *
 *   FOR_MAC      an FDB entry of its MAC, or a default destination            (L2 miss)
 *   FOR_ADDRESS  a neighbour for the address it is to be routed to, by `rsc`  (L3 miss), where the router's own FDB entry
 *                leads nowhere: where it leads to a VTEP, the frame goes there, as in the kernel
 *   FOR_ANSWER   a neighbour with the address that an ARP request or a solicitation asks the proxy for (L3 miss)
 *
 *   destination (hold-destinations.ts) -> first frame -> next frame ... (hold-store.ts)
 *
 * Everything is allocated once. `look` finds the destinations that are known by now, `take` hands their frames out, in the
 * order they came: they go through the whole of encap.ts again, and may wait again, a routed one for its new MAC. encap.ts
 * lets no frame pass those that wait for the same.
 */
import { type Batch, LENGTH } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import { NUD_CONNECTED } from '../table/neighbour.js';
import { EVENT_HELD, EVENT_RELEASED } from './counters.js';
import type { Device } from './device.js';
import {
  COUNT,
  FIRST,
  HoldDestinations,
  KEY,
  KIND,
  LAST,
  NEXT,
  NONE,
  OF_DEVICE,
} from './hold-destinations.js';
import { HoldStore } from './hold-store.js';
import { drop } from './output.js';
import type { PendingLearns } from './pending.js';
import * as reasons from './reasons.js';
import { neighbourTowards } from './short-circuit.js';

export const FOR_MAC = 1;
export const FOR_ADDRESS = 2;
export const FOR_ANSWER = 3;

/** Frames a worker holds, and what each device may have of them, in frames and in octets. */
export const MOST_HELD = 4_096;
export const DEVICE_FRAMES = 1_024;
export const DEVICE_OCTETS = 1 << 20;

export class HoldQueue {
  /** Frames that wait. */
  length = 0;
  /** Whether what frames wait for may have come since `look` looked. */
  stale = false;
  readonly #devices: readonly (Device | undefined)[];
  readonly #pending: PendingLearns;
  readonly #destinations = new HoldDestinations();
  readonly #store = new HoldStore();
  #isPrepared = false;
  /** Destinations whose frames may go, chained by NEXT. */
  #ready = NONE;
  #lookedAt = 0;

  /** @param devices by number; those of the worker */
  constructor(devices: readonly (Device | undefined)[], pending: PendingLearns) {
    this.#devices = devices;
    this.#pending = pending;
  }

  /** Takes the memory, once; to be called before a device holds its first frame. */
  prepare(): void {
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    this.#store.prepare(MOST_HELD);
    this.#destinations.prepare(MOST_HELD);
  }

  /** True when frames of a device wait for just this. Keys shorter than four words end in zeros. */
  has(device: Device, kind: number, k0: number, k1: number, k2: number, k3: number): boolean {
    return this.length > 0 && this.#destinations.find(device.index, kind, k0, k1, k2, k3) !== NONE;
  }

  /**
   * Entry `i` of `rx` waits for something, or is counted as hold_full.
   * @param since tick it came at
   * @param isRouted it has its new MACs, and is not to be routed again
   */
  keep(
    slab: Slab,
    rx: Batch,
    i: number,
    device: Device,
    kind: number,
    k0: number,
    k1: number,
    k2: number,
    k3: number,
    since: number,
    isRouted: boolean,
  ): void {
    const destinations = this.#destinations;
    const length = rx.get(LENGTH, i);
    let at = destinations.find(device.index, kind, k0, k1, k2, k3);
    const waiting = at === NONE ? 0 : destinations.words[at + COUNT];
    if (waiting >= device.settings.hold || !this.#hasRoom(device, length)) {
      drop(device, reasons.TX_HOLD_FULL);
      return;
    }
    if (at === NONE) at = destinations.begin(device.index, kind, k0, k1, k2, k3);
    this.#append(at, this.#store.put(slab, rx, i, since, isRouted));
    this.length++;
    device.held++;
    device.heldOctets += length;
    device.counters[EVENT_HELD]++;
  }

  /**
   * Counts the frames that waited longer than `holdtime` as hold_timeout, and finds those that may go, if anything has
   * changed.
   * @param now tick
   * @returns whether any may go: `take` them, all, before anything else is done here
   */
  look(now: number): boolean {
    const { stale } = this;
    const isLater = now !== this.#lookedAt;
    if (!stale && !isLater) return false;
    // Before the tables are asked: what comes while they are is looked for again.
    this.stale = false;
    this.#lookedAt = now;
    const destinations = this.#destinations;
    const d = destinations.words;
    let last = NONE;
    for (let place = destinations.count - 1; place >= 0; place--) {
      const at = destinations.at(place);
      const device = this.#devices[d[at + OF_DEVICE]]!;
      if (isLater) this.#dropLate(at, device, now);
      const isEmpty = d[at + COUNT] === 0;
      if (!isEmpty && !(stale && this.#isKnown(at, device, now))) continue;
      destinations.remove(at);
      if (isEmpty) {
        destinations.free(at);
      } else if (d[at + KIND] === FOR_MAC || last === NONE) {
        // Routed frames that wait for a MAC by now came before those that still wait to be routed there.
        d[at + NEXT] = this.#ready;
        this.#ready = at;
        if (last === NONE) last = at;
      } else {
        d[at + NEXT] = NONE;
        d[last + NEXT] = at;
        last = at;
      }
    }
    return this.#ready !== NONE;
  }

  /**
   * Puts frames that `look` found into `out` and the slots of `slab`, as a port would: frames of one device.
   * @returns the device's number, -1 when there are no more
   */
  take(slab: Slab, out: Batch): number {
    out.length = 0;
    if (this.#ready === NONE) return NONE;
    const d = this.#destinations.words;
    const number = d[this.#ready + OF_DEVICE];
    const device = this.#devices[number]!;
    while (out.length < out.capacity && this.#ready !== NONE && d[this.#ready + OF_DEVICE] === number) {
      const at = this.#ready;
      this.#store.fill(slab, out, d[at + FIRST]);
      d[at + FIRST] = this.#forget(d[at + FIRST], device);
      if (--d[at + COUNT] > 0) continue;
      this.#ready = d[at + NEXT];
      this.#destinations.free(at);
    }
    device.counters[EVENT_RELEASED] += out.length;
    return number;
  }

  /** Frames of a device wait no more: each is counted under `reason`. */
  empty(device: Device, reason: number): void {
    const destinations = this.#destinations;
    const d = destinations.words;
    for (let place = destinations.count - 1; place >= 0 && device.held > 0; place--) {
      const at = destinations.at(place);
      if (d[at + OF_DEVICE] !== device.index) continue;
      for (let frame = d[at + FIRST]; frame !== NONE;) frame = this.#discard(frame, device, reason);
      destinations.remove(at);
      destinations.free(at);
    }
  }

  #hasRoom(device: Device, length: number): boolean {
    return (
      device.held < DEVICE_FRAMES && device.heldOctets + length <= DEVICE_OCTETS && this.#store.fits(length)
    );
  }

  /** Whether what the frames of a destination wait for is there. */
  #isKnown(at: number, device: Device, now: number): boolean {
    const d = this.#destinations.words;
    const { fdb, neighbours } = device.tables;
    const { vni } = device.settings;
    const k0 = d[at + KEY];
    const k1 = d[at + KEY + 1];
    const k2 = d[at + KEY + 2];
    const k3 = d[at + KEY + 3];
    if (d[at + KIND] === FOR_ANSWER) {
      const neighbour = neighbours.find(k0, k1, k2, k3);
      return neighbour >= 0 && (neighbours.state(neighbour) & NUD_CONNECTED) !== 0;
    }
    if (d[at + KIND] === FOR_ADDRESS) return neighbourTowards(device.tables, k0, k1, k2, k3) >= 0;
    return (
      fdb.find(k0, k1, vni) >= 0 ||
      fdb.find(0, 0, vni) >= 0 ||
      this.#pending.find(k0, k1, vni, device.index, now) >= 0
    );
  }

  #append(at: number, frame: number): void {
    const d = this.#destinations.words;
    if (d[at + COUNT]++ === 0) d[at + FIRST] = frame;
    else this.#store.queue(d[at + LAST], frame);
    d[at + LAST] = frame;
  }

  /** A routed frame has waited before, so it may be older than those in front of it: all are looked at. */
  #dropLate(at: number, device: Device, now: number): void {
    const d = this.#destinations.words;
    const store = this.#store;
    const { holdTicks } = device.settings;
    let before = NONE;
    for (let frame = d[at + FIRST]; frame !== NONE;) {
      if (((now - store.since(frame)) | 0) <= holdTicks) {
        before = frame;
        frame = store.behind(frame);
        continue;
      }
      frame = this.#discard(frame, device, reasons.TX_HOLD_TIMEOUT);
      d[at + COUNT]--;
      if (before === NONE) d[at + FIRST] = frame;
      else store.queue(before, frame);
    }
    d[at + LAST] = before;
  }

  #discard(frame: number, device: Device, reason: number): number {
    drop(device, reason);
    return this.#forget(frame, device);
  }

  /** A frame waits no more. Returns the one behind it. */
  #forget(frame: number, device: Device): number {
    const behind = this.#store.behind(frame);
    this.length--;
    device.held--;
    device.heldOctets -= this.#store.length(frame);
    this.#store.free(frame);
    return behind;
  }
}
