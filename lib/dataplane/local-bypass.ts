/**
 * A remote that is this very host: the frame goes straight to the device here that would have received it, without
 * encapsulation (kernel: encap_bypass_if_local, vxlan_encap_bypass). Which remotes are, control says by a flag on them.
 *
 * What the receiver has by its own options, snooping and the anycast gateway, holds for such frames, too.
 *
 * Octets are counted with their Ethernet header on both sides, nothing but the source MAC is looked at, and what the
 * receiver learns is the loopback address: all as in the kernel.
 */
import { type Batch, LENGTH, NEEDS_CSUM, OFFLOAD } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import { STATE_NOARP, STATE_PERMANENT } from '../table/fdb.js';
import { CHOICE } from '../table/remote-list.js';
import * as ethernet from '../wire/ethernet.js';
import { EVENT_BYPASSED } from './counters.js';
import { type Device, GATEWAY, LEARNING, NEIGHSNOOP, SPLIT_HORIZON, UP } from './device.js';
import { gatewayRole } from './gateway.js';
import { learn } from './learn.js';
import { snoopNeighbour } from './neigh-snoop.js';
import { drop, loopBack, V4_MAPPED } from './output.js';
import type { PendingLearns } from './pending.js';
import { RX_GATEWAY_FOREIGN } from './reasons.js';
import { LEARN, MOVE } from './records.js';
import { hearFrame } from './split-horizon.js';

const { SOURCE, TYPE } = ethernet;
/** 127.0.0.1. */
const LOOPBACK = 0x7f000001;
const FIXED = STATE_PERMANENT | STATE_NOARP;

/** True for 127.0.0.0/8 and ::1. */
export function isLoopbackWords(a0: number, a1: number, a2: number, a3: number): boolean {
  if (a0 !== 0 || a1 !== 0) return false;
  return a2 === V4_MAPPED ? a3 >>> 24 === LOOPBACK >>> 24 : a2 === 0 && a3 === 1;
}

export class LocalBypass {
  readonly #slab: Slab;
  readonly #ring: RecordRing;
  readonly #pending: PendingLearns;
  readonly #devices: readonly (Device | undefined)[];
  /** Number of the device found last: mostly it is the next one, too. */
  #last = 0;

  /** @param devices by number; those of the worker */
  constructor(
    slab: Slab,
    ring: RecordRing,
    pending: PendingLearns,
    devices: readonly (Device | undefined)[],
  ) {
    this.#slab = slab;
    this.#ring = ring;
    this.#pending = pending;
    this.#devices = devices;
  }

  /** The device that would receive what `from` sends to an address of this host (vxlan_find_vni). */
  find(
    from: Device,
    port: number,
    vni: number,
    a0: number,
    a1: number,
    a2: number,
    a3: number,
  ): Device | undefined {
    const devices = this.#devices;
    const guess = devices[this.#last];
    if (guess !== undefined && receives(guess, from, port, vni, a0, a1, a2, a3)) return guess;
    for (let n = 0; n < devices.length; n++) {
      const device = devices[n];
      if (device === undefined || !receives(device, from, port, vni, a0, a1, a2, a3)) continue;
      this.#last = n;
      return device;
    }
    return undefined;
  }

  /** Hands frame `i` of `rx` to `to`, by way of `back`, which must have room. */
  deliver(rx: Batch, i: number, offset: number, from: Device, to: Device, back: Batch, now: number): void {
    const { features } = to.settings;
    if ((features & GATEWAY) !== 0 && this.#isForGateway(rx, i, offset, to)) {
      drop(to, RX_GATEWAY_FOREIGN);
      return;
    }
    if ((features & LEARNING) !== 0) this.#snoop(to, offset + SOURCE, now);
    if ((features & NEIGHSNOOP) !== 0) {
      const hasChecksum = (rx.get(OFFLOAD, i) & NEEDS_CSUM) === 0;
      snoopNeighbour(this.#slab, this.#ring, to, offset, rx.get(LENGTH, i), 0, hasChecksum, now);
    }
    if ((features & SPLIT_HORIZON) !== 0) hearFrame(this.#slab.view, to.settings, offset, now);
    from.counters[EVENT_BYPASSED]++;
    loopBack(rx, i, from, to, back);
  }

  #isForGateway(rx: Batch, i: number, offset: number, { settings }: Device): boolean {
    const { bytes, view } = this.#slab;
    return gatewayRole(bytes, settings, offset, rx.get(LENGTH, i), view.getUint16(offset + TYPE)) !== 0;
  }

  /** vxlan_snoop, whose verdict the bypass does not ask for: a source it may not learn is delivered all the same. */
  #snoop(to: Device, source: number, now: number): void {
    const { bytes } = this.#slab;
    if (ethernet.isMulticast(bytes, source) || ethernet.isZero(bytes, source)) return;
    const high = ethernet.macHigh(bytes, source);
    const low = ethernet.macLow(bytes, source);
    const { fdb, lists, remotes } = to.tables;
    const a2 = to.settings.family === 4 ? V4_MAPPED : 0;
    const a3 = to.settings.family === 4 ? LOOPBACK : 1;
    const entry = fdb.find(high, low, to.settings.vni);
    let kind = LEARN;
    if (entry >= 0) {
      if (fdb.remotes(entry) >= CHOICE) return;
      fdb.touchUpdated(entry, now);
      if ((fdb.state(entry) & FIXED) !== 0) return;
      if (remotes.isAt(fdb.firstRemote(entry, lists), 0, 0, a2, a3)) return;
      kind = MOVE;
    }
    learn(this.#ring, this.#pending, to, kind, high, low, 0, 0, a2, a3, 0, now);
  }
}

/** Socket and VNI: same namespace of the underlay, family, port and receive flags, up, and bound to that address or to none. */
function receives(
  device: Device,
  from: Device,
  port: number,
  vni: number,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
): boolean {
  const { settings } = device;
  const { family, reception, underlay } = from.settings;
  if (settings.vni !== vni || settings.port !== port || (settings.features & UP) === 0) return false;
  if (settings.family !== family || settings.reception !== reception) return false;
  if (settings.underlay !== underlay) return false;
  if (!settings.bound) return true;
  const { local } = settings;
  return local[3] === a3 && local[2] === a2 && local[1] === a1 && local[0] === a0;
}
