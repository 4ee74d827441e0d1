/**
 * Source learning, steps 9 and 10 of decap.ts (kernel: vxlan_snoop): the MAC a frame is from is behind the peer that sent it.
 * Learning that changes nothing writes at most a time stamp; anything else is control's to write and goes to the ring.
 */
import * as batch from '../memory/batch.js';
import { type Batch, cell } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import { STATE_NOARP, STATE_PERMANENT } from '../table/fdb.js';
import * as list from '../table/remote-list.js';
import { get32 } from '../wire/bytes.js';
import * as ethernet from '../wire/ethernet.js';
import * as vxlan from '../wire/vxlan.js';
import { GBP_DONT_LEARN, GBP_FLAG } from '../wire/vxlan-extensions.js';
import { EVENT_GBP_UNLEARNED } from './counters.js';
import * as options from './device.js';
import type { Device } from './device.js';
import { learn } from './learn.js';
import type { PendingLearns } from './pending.js';
import * as reasons from './reasons.js';
import { LEARN, MOVE, ROAM } from './records.js';

/* NB: constants of this module's own, see encap.ts. */
const { IFINDEX, PEER0, PEER1, PEER2, PEER3, PEER_PORT } = batch;
const { SOURCE } = ethernet;
const VXLAN_BYTES = vxlan.HEADER_BYTES;
const { FLAGS } = vxlan;
const { GBP, LEARN_PORT } = options;
const FIXED = STATE_PERMANENT | STATE_NOARP;
const CHOICE = list.CHOICE;

export class SourceLearning {
  readonly #slab: Slab;
  readonly #ring: RecordRing;
  readonly #pending: PendingLearns;
  /** The last source found in place: most frames of a burst come from the same one. */
  #lastDevice = -1;
  #lastHigh = 0;
  #lastLow = 0;

  constructor(slab: Slab, ring: RecordRing, pending: PendingLearns) {
    this.#slab = slab;
    this.#ring = ring;
    this.#pending = pending;
  }

  /** Datagrams of another peer may follow. */
  beginEntry(): void {
    this.#lastDevice = -1;
  }

  /**
   * Steps 9 and 10 for a frame at `frame`, of datagram `i` of `rx`, from the MAC `high`, `low`.
   * @returns a reason to drop, or -1
   */
  snoop(rx: Batch, i: number, device: Device, frame: number, high: number, low: number, now: number): number {
    if (this.#lastHigh === high && this.#lastLow === low && this.#lastDevice === device.index) return -1;
    return this.#learn(rx, i, device, frame, high, low, now);
  }

  #learn(
    rx: Batch,
    i: number,
    device: Device,
    frame: number,
    high: number,
    low: number,
    now: number,
  ): number {
    const bytes = this.#slab.bytes;
    const source = frame + SOURCE;
    if (ethernet.isMulticast(bytes, source) || ethernet.isZero(bytes, source)) {
      return reasons.RX_MAC_INVALID_SOURCE;
    }
    const w = rx.words;
    const c = rx.capacity;
    const a0 = w[cell(PEER0, c, i)];
    const a1 = w[cell(PEER1, c, i)];
    const a2 = w[cell(PEER2, c, i)];
    const a3 = w[cell(PEER3, c, i)];
    const { fdb, lists, remotes } = device.tables;
    const { vni } = device.settings;
    const entry = fdb.find(high, low, vni);
    let kind = LEARN;
    if (entry >= 0) {
      // A nexthop group is nobody's address: learning does not touch its entries (kernel: dropped in any state).
      if (fdb.remotes(entry) >= CHOICE) return reasons.RX_ENTRY_EXISTS;
      fdb.touchUpdated(entry, now);
      if (remotes.isAt(fdb.firstRemote(entry, lists), a0, a1, a2, a3)) {
        if ((device.settings.features & LEARN_PORT) === 0 || !this.#hasRoamed(rx, i, device, entry)) {
          this.#lastDevice = device.index;
          this.#lastHigh = high;
          this.#lastLow = low;
          return -1;
        }
        kind = ROAM;
      } else {
        if ((fdb.state(entry) & FIXED) !== 0) return reasons.RX_ENTRY_EXISTS;
        kind = MOVE;
      }
    }
    if ((device.settings.features & GBP) !== 0 && hasDontLearn(bytes, frame - VXLAN_BYTES)) {
      device.counters[EVENT_GBP_UNLEARNED]++;
      return -1;
    }
    const ifindex = w[cell(IFINDEX, c, i)];
    const port = (device.settings.features & LEARN_PORT) !== 0 ? w[cell(PEER_PORT, c, i)] : 0;
    learn(this.#ring, this.#pending, device, kind, high, low, a0, a1, a2, a3, ifindex, now, port);
    return -1;
  }

  /**
   * True when the peer of an entry is not answered at the port it sends from. Nobody can be answered at port 0, and a
   * port given by hand stays.
   */
  #hasRoamed(rx: Batch, i: number, device: Device, entry: number): boolean {
    const { fdb, lists, remotes } = device.tables;
    const port = rx.words[cell(PEER_PORT, rx.capacity, i)];
    const remote = fdb.firstRemote(entry, lists);
    if (port === 0 || port === (remotes.sendPort(remote) || device.settings.port)) return false;
    return (fdb.state(entry) & FIXED) === 0 || remotes.port(remote) === 0;
  }
}

/** The D bit of a group policy header. Linux hands it on and learns all the same; the draft's MUST NOT is kept here. */
function hasDontLearn(bytes: Uint8Array, header: number): boolean {
  const word = get32(bytes, header + FLAGS);
  return (word & GBP_FLAG) !== 0 && (word & GBP_DONT_LEARN) !== 0;
}
