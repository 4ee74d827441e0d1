/**
 * TAP to underlay: what the VTEP does with the frames the host and its guests send (kernel: vxlan_xmit).
 *
 * A frame meets, in this order (section letters of the code below):
 *      split horizon    what a device of the same group has just received goes no further (split-horizon.ts)
 *   a  resolution       ARP and neighbour solicitations are answered from the neighbour table, or consumed; learned from;
 *                       kept from the underlay where they are the anycast gateway's (resolution.ts)
 *      MDB              frames for a group, while the device has an MDB: its remotes, the FDB is not asked (mdb.ts)
 *   b  FDB              destination MAC -> remotes; the entry's `used` is refreshed, not its `updated`
 *   c  short-circuit    `rsc`, entry marked router: routed to the guest's MAC here (short-circuit.ts), looked up again
 *   d  pending          a MAC this worker learned a moment ago (pending.ts)
 *   e  default          the all-zeros entry; none: L2 miss, dropped. No prefix logic for group addresses
 *      hold             what missed may wait (hold-queue.ts); nothing overtakes what waits for the same
 *   f  outer header     TOS with ECN, TTL, DF and source port, once a frame
 *      path MTU         a bridged guest whose packet is too big is told so (path-mtu.ts)
 *      TCP              the maximum segment size is lowered, if asked for (mss-clamp.ts)
 *   g  replication      to every remote: the 2nd to the nth in list order, the first one last; of a nexthop group to the
 *                       one member that the flow hash chooses (nexthop.ts)
 *
 * What goes to the underlay is appended to `tx`, what goes back up to `back`; both describe frames that stay in
 * their receive slot. The VXLAN header is written into the headroom, over the consumed virtio header.
 *
 * A remote that is this host is no datagram: the frame goes up at another device here (local-bypass.ts).
 *
 * `run` returns false when `tx` or `back` is full, or when frames that wait must leave first: transmit both, `tx` first,
 * empty them, release what waits if anything does, call again with the same batch.
 */
import * as batch from '../memory/batch.js';
import { type Batch, cell } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import { FLAG_ROUTER } from '../table/fdb.js';
import { NOBODY } from '../table/mdb.js';
import * as list from '../table/remote-list.js';
import { get16 } from '../wire/bytes.js';
import { encapsulate } from '../wire/ecn.js';
import * as ethernet from '../wire/ethernet.js';
import { flowHash, flowHashIpv4, sourcePort } from '../wire/flow-hash.js';
import * as ipv4 from '../wire/ipv4.js';
import * as ipv6 from '../wire/ipv6.js';
import { networkOffset } from '../wire/vlan.js';
import * as vxlan from '../wire/vxlan.js';
import { EVENT_FLOODED, EVENT_MULTICAST } from './counters.js';
import * as options from './device.js';
import type { Device } from './device.js';
import { HoldQueue } from './hold-queue.js';
import { HoldStep } from './hold-step.js';
import { isLoopbackWords, LocalBypass } from './local-bypass.js';
import { findGroup } from './mdb.js';
import { clampSent } from './mss-clamp.js';
import { tellTooBig } from './path-mtu.js';
import type { PendingLearns } from './pending.js';
import { postL2Miss } from './post.js';
import { chooseMember } from './nexthop.js';
import * as reasons from './reasons.js';
import { drop, isMulticastWords, loopBack } from './output.js';
import { PASSED } from './proxied-neighbour.js';
import { resolve } from './resolution.js';
import { ENDED, MISSED, REWRITTEN, ShortCircuit } from './short-circuit.js';
import { isEcho } from './split-horizon.js';

/*
 * NB: constants of this module's own. An imported one is a variable to the engine (Node 20), loaded and checked at every
 * use: with two dozen columns a frame, 110 ns to encapsulate one instead of 89.
 */
const {
  CSUM,
  DEVICE,
  EXTRA,
  GSO_SIZE,
  GSO_TYPE,
  HEADER,
  IFINDEX,
  LENGTH,
  LOCAL0,
  LOCAL1,
  LOCAL2,
  LOCAL3,
  OFFLOAD,
  OFFSET,
  PEER0,
  PEER1,
  PEER2,
  PEER3,
  PEER_PORT,
  PORT,
  STATUS,
  TOS,
  TTL,
  SOURCE_PORT,
} = batch;
const { DF_INHERIT, DF_SET, HOLD, L2MISS, LOCALBYPASS, MDB, MSSCLAMP, RSC, TOS_INHERIT, TTL_INHERIT, UP } =
  options;
const { RECEIVES_FILTERED, RESOLUTION, SPLIT_HORIZON } = options;
const { TYPE, TYPE_IPV4, TYPE_IPV6 } = ethernet;
const ETHERNET_BYTES = ethernet.HEADER_BYTES;
const IPV4_BYTES = ipv4.HEADER_BYTES;
const IPV6_BYTES = ipv6.HEADER_BYTES;
const VXLAN_BYTES = vxlan.HEADER_BYTES;
const { FLAGS, VNI } = vxlan;
const FRAGMENT = ipv4.FRAGMENT;
const CHOICE = list.CHOICE;

/** `remotes` of a frame that went nowhere, or back up: beyond every remote index. */
const CONSUMED = 0x7fffffff;
/** `remotes` of a frame whose destination stands in the pending cache. */
const PENDING = 0x7ffffffe;
/** Of a frame that no MDB entry is for. */
const NO_GROUP = 0x7ffffffd;
/** Headers for remotes with a VNI of their own, stacked in front of the frame's: this many fit into the headroom. */
const SPARE_HEADERS = 16;
const V4_MAPPED = 0xffff;
/** net.ipv4.ip_default_ttl, where the socket's own would be another: 1 for multicast. */
const DEFAULT_TTL = 64;
const NONE = -1;
/** What only some devices do with a frame that leaves. */
const BEFORE_LEAVING = MSSCLAMP | HOLD;
/** The group bit in a MAC's first four octets. */
const GROUP_BIT = 0x01000000;
/** DF in the word with flags, fragment offset, TTL and protocol. */
const DONT_FRAGMENT = ipv4.DONT_FRAGMENT << 16;

export class Encap {
  readonly #slab: Slab;
  readonly #ring: RecordRing;
  readonly #pending: PendingLearns;
  readonly #seed: number;
  readonly #shortCircuit: ShortCircuit;
  readonly #local: LocalBypass;
  readonly #devices: readonly (Device | undefined)[];
  readonly #hold: HoldStep;
  /** Where `run` goes on: the frame, what its remotes are (CONSUMED: not yet known), and how many are done. */
  #frame = 0;
  #remotes = CONSUMED;
  #replica = 0;
  #pendingAt = 0;
  #didRsc = false;
  /** Copies of the current frame appended to `tx`, and those of them in `tx` now that have a header of their own. */
  #copies = 0;
  #spareHeaders = 0;
  /** The first entry of `back` that is the current frame, and whether one came back by short-circuit. */
  #upFrom = NONE;
  #isLooped = false;
  #now = 0;
  /** Outer header of the current frame. */
  #socket = 0;
  #tos = 0;
  #ttl = 0;
  #df = false;
  #inner = 0;

  /**
   * @param devices by number: where a frame for this host may go
   * @param queue where frames wait (`hold`)
   * @param isRelease frames are those that it has released
   */
  constructor(
    slab: Slab,
    ring: RecordRing,
    pending: PendingLearns,
    seed: number,
    devices: readonly (Device | undefined)[] = [],
    queue = new HoldQueue(devices, pending),
    isRelease = false,
  ) {
    this.#slab = slab;
    this.#ring = ring;
    this.#pending = pending;
    this.#seed = seed;
    this.#shortCircuit = new ShortCircuit(slab, ring);
    this.#local = new LocalBypass(slab, ring, pending, devices);
    this.#devices = devices;
    this.#hold = new HoldStep(slab, queue, isRelease);
  }

  /**
   * Handles the frames of `rx`, all received on `device`.
   * @param tx datagrams for the underlay, appended
   * @param back frames for interfaces of this host, appended; needs room for one more than `rx` holds
   * @param now tick (100 ms) since the engine's start
   */
  run(rx: Batch, device: Device, tx: Batch, back: Batch, now: number): boolean {
    const words = rx.words;
    const capacity = rx.capacity;
    this.#spareHeaders = 0;
    this.#now = now;
    for (let i = this.#frame; i < rx.length; i++) {
      // A frame is classified once: doing it again would count, miss and route it again.
      if (this.#remotes === CONSUMED) {
        const offset = words[cell(OFFSET, capacity, i)];
        const length = words[cell(LENGTH, capacity, i)];
        if (words[cell(STATUS, capacity, i)] !== 0) {
          drop(device, reasons.TX_TOO_BIG);
          continue;
        }
        this.#didRsc = false;
        const remotes = this.#classify(rx, i, offset, length, device, back, now);
        if (remotes === CONSUMED || !this.#outer(offset, length, device)) continue;
        if (length > device.settings.longest && this.#tooBig(rx, i, device, back, remotes)) continue;
        this.#remotes = remotes;
        this.#replica = 0;
        this.#copies = 0;
        this.#spareHeaders = 0;
        this.#upFrom = NONE;
        if ((device.settings.features & BEFORE_LEAVING) !== 0 && this.#mustWait(rx, i, offset, device)) {
          this.#frame = i;
          return false;
        }
      }
      if (!this.#replicate(rx, i, device, tx, back)) {
        this.#frame = i;
        return false;
      }
      this.#remotes = CONSUMED;
    }
    this.#frame = 0;
    return true;
  }

  /** As `run`, for frames of a trunk: each belongs to the device its DEVICE column names, a negative one to none. */
  runMembers(rx: Batch, tx: Batch, back: Batch, now: number): boolean {
    const { length, words, capacity } = rx;
    while (this.#frame < length) {
      const number = words[cell(DEVICE, capacity, this.#frame)];
      let end = this.#frame + 1;
      while (end < length && words[cell(DEVICE, capacity, end)] === number) end++;
      const device = number < 0 ? undefined : this.#devices[number];
      if (device !== undefined) {
        // `run` keeps room in `back` for one answer a frame, but sees these alone.
        if (back.length > 0 && back.length + (length - this.#frame) >= back.capacity) return false;
        rx.length = end;
        const isDone = this.run(rx, device, tx, back, now);
        rx.length = length;
        if (!isDone) return false;
      }
      this.#frame = end;
    }
    this.#frame = 0;
    return true;
  }

  /** Steps a to e: the remotes of a frame, PENDING or CONSUMED. */
  #classify(
    rx: Batch,
    i: number,
    offset: number,
    length: number,
    device: Device,
    back: Batch,
    now: number,
  ): number {
    const { bytes, view } = this.#slab;
    const settings = device.settings;
    const features = settings.features;
    const { fdb } = device.tables;
    if (length < ETHERNET_BYTES) return this.#drop(device, reasons.TX_FRAME_TOO_SMALL);
    if ((features & (UP | SPLIT_HORIZON)) !== UP) {
      if ((features & UP) === 0) return this.#drop(device, reasons.TX_DEVICE_DOWN);
      if (isEcho(view, settings, offset, now)) return this.#drop(device, reasons.TX_SPLIT_HORIZON);
    }
    const type = view.getUint16(offset + TYPE);
    // a.
    if (
      (features & RESOLUTION) !== 0 &&
      resolve(this.#slab, this.#ring, this.#hold, rx, i, type, offset, length, device, back, now) !== PASSED
    ) {
      return CONSUMED;
    }
    // b.
    let high = view.getInt32(offset);
    let low = view.getUint16(offset + 4);
    if ((features & MDB) !== 0) {
      const remotes = this.#byGroup(device, offset, length, high, low);
      if (remotes !== NO_GROUP) return remotes;
    }
    let entry = fdb.find(high, low, settings.vni);
    if (entry >= 0) {
      fdb.touchUsed(entry, now);
      // c.
      if (
        (features & RSC) !== 0 &&
        (fdb.flags(entry) & FLAG_ROUTER) !== 0 &&
        !ethernet.isMulticast(bytes, offset) &&
        (type === TYPE_IPV4 || type === TYPE_IPV6) &&
        !this.#hold.wasRouted(rx, i)
      ) {
        const verdict = this.#shortCircuit.route(rx, i, device, back, now);
        if (verdict === REWRITTEN) {
          this.#didRsc = true;
          this.#isLooped = false;
          high = ethernet.macHigh(bytes, offset);
          low = ethernet.macLow(bytes, offset);
          entry = fdb.find(high, low, settings.vni);
          if (entry >= 0) fdb.touchUsed(entry, now);
        } else if (verdict === ENDED) {
          return CONSUMED;
        } else if (verdict === MISSED && (features & HOLD) !== 0) {
          if (this.#hold.forAddress(rx, i, offset, device, entry, now)) return CONSUMED;
        }
      }
      if (entry >= 0) return fdb.remotes(entry);
    }
    // d.
    const pending = this.#pending.find(high, low, settings.vni, device.index, now);
    if (pending >= 0) {
      this.#pendingAt = pending;
      return PENDING;
    }
    // e.
    entry = fdb.find(0, 0, settings.vni);
    if (entry >= 0) {
      fdb.touchUsed(entry, now);
      device.counters[EVENT_FLOODED]++;
      return fdb.remotes(entry);
    }
    if ((features & L2MISS) !== 0 && !ethernet.isMulticast(bytes, offset)) {
      postL2Miss(this.#ring, device, high, low);
      if ((features & HOLD) !== 0) {
        this.#hold.forMac(rx, i, offset, device, high, low, this.#didRsc, now);
        return CONSUMED;
      }
    }
    return this.#drop(device, reasons.TX_NO_TARGET);
  }

  /**
   * What only some devices do before a frame leaves. True when others must leave first: this one goes on when they have,
   * with the remotes it has.
   */
  #mustWait(rx: Batch, i: number, offset: number, device: Device): boolean {
    const { features } = device.settings;
    if ((features & MSSCLAMP) !== 0) clampSent(this.#slab, rx, i, device);
    if ((features & HOLD) === 0) return false;
    if (this.#hold.wasRouted(rx, i)) {
      this.#didRsc = true;
      this.#isLooped = false;
    }
    if (!this.#hold.isBehind(offset, device, this.#didRsc)) return false;
    // What a place in the pending cache says may be another address by then.
    if (this.#remotes === PENDING) this.#remotes = CONSUMED;
    return true;
  }

  /** The remotes of a frame's MDB entry, CONSUMED when none of them wants it, NO_GROUP when it goes by the FDB. */
  #byGroup(device: Device, offset: number, length: number, high: number, low: number): number {
    if ((high & GROUP_BIT) === 0) return NO_GROUP;
    const { mdb } = device.tables;
    const group = findGroup(this.#slab, mdb, device.settings.vni, offset, length, high, low);
    if (group < 0) return NO_GROUP;
    const remotes = mdb.remotes(group);
    if (remotes === NOBODY) return this.#drop(device, reasons.TX_MDB_NOBODY);
    device.counters[EVENT_MULTICAST]++;
    return remotes;
  }

  /** Step f. False when the frame's IP header is cut off: dropped, as by skb_vlan_inet_prepare. */
  #outer(offset: number, length: number, device: Device): boolean {
    const { bytes, view } = this.#slab;
    const settings = device.settings;
    const ports = device.egress.ports.length;
    // Nearly every frame: no tag, IPv4.
    if (view.getUint16(offset + TYPE) === TYPE_IPV4) {
      const ip = offset + ETHERNET_BYTES;
      const left = length - ETHERNET_BYTES;
      if (left < IPV4_BYTES) return this.#refuse(device);
      const first = view.getInt32(ip);
      const middle = view.getInt32(ip + FRAGMENT);
      const innerTos = (first >>> 16) & 0xff;
      const tos = settings.tos === TOS_INHERIT ? innerTos : settings.tos;
      this.#tos = encapsulate(tos, innerTos & 3) | (settings.flowLabel << 8);
      this.#ttl = settings.ttl === TTL_INHERIT ? (middle >>> 8) & 0xff : settings.ttl;
      this.#df = settings.df === DF_SET || (settings.df === DF_INHERIT && (middle & DONT_FRAGMENT) !== 0);
      this.#inner = left;
      this.#socket = sourcePort(flowHashIpv4(view, ip, left, first, middle, this.#seed), 0, ports);
      return true;
    }
    const network = networkOffset(bytes, offset, length);
    const type = network < 0 ? 0 : get16(bytes, network - 2);
    const left = offset + length - network;
    let innerTos = 0;
    let innerTtl = 0;
    let innerDf = false;
    if (type === TYPE_IPV4) {
      if (left < IPV4_BYTES) return this.#refuse(device);
      innerTos = ipv4.tos(bytes, network);
      innerTtl = ipv4.ttl(bytes, network);
      innerDf = ipv4.dontFragment(bytes, network);
    } else if (type === TYPE_IPV6) {
      if (left < IPV6_BYTES) return this.#refuse(device);
      innerTos = ipv6.trafficClass(bytes, network);
      innerTtl = ipv6.hopLimit(bytes, network);
      innerDf = true;
    }
    const tos = settings.tos === TOS_INHERIT ? innerTos : settings.tos;
    this.#tos = encapsulate(tos, innerTos & 3) | (settings.flowLabel << 8);
    this.#ttl = settings.ttl === TTL_INHERIT ? innerTtl : settings.ttl;
    // The kernel tests the Ethernet header's own type: a tagged packet never inherits DF.
    const untagged = network === offset + ETHERNET_BYTES;
    this.#df = settings.df === DF_SET || (settings.df === DF_INHERIT && untagged && innerDf);
    this.#inner = network < 0 ? length - ETHERNET_BYTES : left;
    this.#socket = sourcePort(flowHash(bytes, offset, length, this.#seed), 0, ports);
    return true;
  }

  /** True when a frame that may be too long for its path was answered. A pending address has no known path. */
  #tooBig(rx: Batch, i: number, device: Device, back: Batch, remotes: number): boolean {
    return remotes !== PENDING && tellTooBig(this.#slab, rx, i, device, remotes, back);
  }

  /** Step g. False when `tx` is full before the last remote is reached. */
  #replicate(rx: Batch, i: number, device: Device, tx: Batch, back: Batch): boolean {
    const remotes = this.#remotes;
    if (remotes < 0) return this.#toAll(rx, i, device, tx, back, ~remotes);
    if (remotes < CHOICE) return this.#toRemote(rx, i, device, tx, back, remotes);
    return remotes === PENDING
      ? this.#toPending(rx, i, device, tx, back)
      : this.#toMember(rx, i, device, tx, back, remotes);
  }

  #toPending(rx: Batch, i: number, device: Device, tx: Batch, back: Batch): boolean {
    const w = this.#pending.words;
    const at = this.#pendingAt;
    const a0 = w[at + 4];
    const a1 = w[at + 5];
    const a2 = w[at + 6];
    const a3 = w[at + 7];
    if ((device.settings.features & LOCALBYPASS) !== 0 && isLoopbackWords(a0, a1, a2, a3)) {
      return this.#bypass(rx, i, device, back, a0, a1, a2, a3, 0, -1);
    }
    if (tx.length === tx.capacity) return false;
    this.#emit(rx, i, device, tx, a0, a1, a2, a3, -1, w[at + 9]);
    return true;
  }

  #toAll(rx: Batch, i: number, device: Device, tx: Batch, back: Batch, list: number): boolean {
    const { lists } = device.tables;
    const count = lists.length(list);
    while (this.#replica < count) {
      // 2nd, 3rd, … nth, then the first.
      const position = this.#replica + 1 === count ? 0 : this.#replica + 1;
      if (!this.#toRemote(rx, i, device, tx, back, lists.at(list, position))) {
        this.#settle(rx, i, back);
        // Both batches are emptied before this frame goes on.
        this.#upFrom = NONE;
        return false;
      }
      this.#replica++;
    }
    this.#settle(rx, i, back);
    return true;
  }

  /** A copy that was sent has finished the checksum in the frame that goes up. */
  #settle(rx: Batch, i: number, back: Batch): void {
    if (this.#upFrom === NONE || this.#copies === 0) return;
    if ((rx.words[cell(OFFLOAD, rx.capacity, i)] & GSO_TYPE) !== 0) return;
    for (let j = this.#upFrom; j < back.length; j++) back.words[cell(OFFLOAD, back.capacity, j)] = 0;
  }

  /** Hands the frame to a device of this host. False when `back` has no room but for one answer a frame. */
  #bypass(
    rx: Batch,
    i: number,
    device: Device,
    back: Batch,
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    port: number,
    vni: number,
  ): boolean {
    const { settings } = device;
    const to = this.#local.find(device, port || settings.port, vni < 0 ? settings.vni : vni, a0, a1, a2, a3);
    if (to === undefined) {
      drop(device, reasons.TX_LOCAL_VNI_NOT_FOUND);
      return true;
    }
    if (back.length > 0 && back.length + (rx.length - i) >= back.capacity) return false;
    if (this.#isUpTagged(device)) return false;
    if (this.#upFrom === NONE) this.#upFrom = back.length;
    this.#local.deliver(rx, i, rx.words[cell(OFFSET, rx.capacity, i)], device, to, back, this.#now);
    return true;
  }

  /** To the one member of a nexthop group that the flow belongs to. False when `tx` is full. */
  #toMember(rx: Batch, i: number, device: Device, tx: Batch, back: Batch, remotes: number): boolean {
    const offset = rx.words[cell(OFFSET, rx.capacity, i)];
    const length = rx.words[cell(LENGTH, rx.capacity, i)];
    const hash = flowHash(this.#slab.bytes, offset, length, this.#seed);
    return this.#toRemote(rx, i, device, tx, back, chooseMember(device.tables.lists, remotes, hash));
  }

  /** Encapsulates for one remote (kernel: vxlan_xmit_one). False when `tx` is full. */
  #toRemote(rx: Batch, i: number, device: Device, tx: Batch, back: Batch, remote: number): boolean {
    const table = device.tables.remotes;
    const a0 = table.address0(remote);
    const a1 = table.address1(remote);
    const a2 = table.address2(remote);
    const a3 = table.address3(remote);
    if (a3 === 0 && a0 === 0 && a1 === 0 && (a2 === 0 || a2 === V4_MAPPED)) {
      // "Local": a short-circuited frame is looped back (once), anything else has no destination.
      if (!this.#didRsc) {
        this.#drop(device, reasons.TX_REMOTE_ANY);
      } else if (!this.#isLooped) {
        if (this.#isUpTagged(device)) return false;
        this.#isLooped = true;
        if (this.#upFrom === NONE) this.#upFrom = back.length;
        loopBack(rx, i, device, device, back);
      }
      return true;
    }
    if (table.isLocal(remote) && (device.settings.features & LOCALBYPASS) !== 0) {
      return this.#bypass(rx, i, device, back, a0, a1, a2, a3, table.port(remote), table.vni(remote));
    }
    // The spare headers in front of this frame are in use by entries not yet sent.
    const isOut = table.vni(remote) >= 0 && this.#spareHeaders === SPARE_HEADERS;
    if (isOut || tx.length === tx.capacity) return false;
    this.#emit(rx, i, device, tx, a0, a1, a2, a3, remote, table.sendPort(remote));
    return true;
  }

  /** Appends one datagram. `remote` is -1 for a pending address, which has the device's VNI. Port 0 is the device's. */
  #emit(
    rx: Batch,
    i: number,
    device: Device,
    tx: Batch,
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    remote: number,
    port: number,
  ): void {
    const settings = device.settings;
    const egress = device.egress;
    const table = device.tables.remotes;
    const from = rx.words;
    const fromCapacity = rx.capacity;
    const w = tx.words;
    const c = tx.capacity;
    const j = tx.length++;
    this.#copies++;
    const offset = from[cell(OFFSET, fromCapacity, i)];
    const ownVni = remote < 0 ? -1 : table.vni(remote);
    let header = offset - VXLAN_BYTES;
    if (ownVni >= 0) header -= VXLAN_BYTES * ++this.#spareHeaders;
    const { view } = this.#slab;
    view.setInt32(header + FLAGS, settings.header);
    view.setInt32(header + VNI, (ownVni >= 0 ? ownVni : settings.vni) << 8);
    w[cell(OFFSET, c, j)] = offset;
    w[cell(LENGTH, c, j)] = from[cell(LENGTH, fromCapacity, i)];
    // Replicas share the frame: finishing its checksum twice comes to the same (native-shim/segment.h).
    w[cell(OFFLOAD, c, j)] = from[cell(OFFLOAD, fromCapacity, i)];
    w[cell(GSO_SIZE, c, j)] = from[cell(GSO_SIZE, fromCapacity, i)];
    w[cell(CSUM, c, j)] = from[cell(CSUM, fromCapacity, i)];
    w[cell(HEADER, c, j)] = header;
    w[cell(PORT, c, j)] = this.#df ? egress.df[this.#socket] : egress.plain[this.#socket];
    w[cell(PEER_PORT, c, j)] = port !== 0 ? port : settings.port;
    w[cell(PEER0, c, j)] = a0;
    w[cell(PEER1, c, j)] = a1;
    w[cell(PEER2, c, j)] = a2;
    w[cell(PEER3, c, j)] = a3;
    w[cell(LOCAL0, c, j)] = settings.local[0];
    w[cell(LOCAL1, c, j)] = settings.local[1];
    w[cell(LOCAL2, c, j)] = settings.local[2];
    w[cell(LOCAL3, c, j)] = settings.local[3];
    w[cell(IFINDEX, c, j)] = remote < 0 ? 0 : table.ifindex(remote);
    w[cell(TOS, c, j)] = this.#tos;
    w[cell(TTL, c, j)] =
      this.#ttl === 0 && isMulticastWords(a0, a1, a2, a3)
        ? settings.ttl === TTL_INHERIT
          ? DEFAULT_TTL
          : 1
        : this.#ttl;
    w[cell(STATUS, c, j)] = 0;
    w[cell(DEVICE, c, j)] = device.index;
    w[cell(SOURCE_PORT, c, j)] = egress.ports[this.#socket];
    w[cell(EXTRA, c, j)] = this.#inner;
  }

  /** True when the frame is in `back` already and may get a tag on its way up: another one has no place in the slot. */
  #isUpTagged(device: Device): boolean {
    return this.#upFrom !== NONE && (device.settings.reception & RECEIVES_FILTERED) !== 0;
  }

  #refuse(device: Device): false {
    drop(device, reasons.TX_IP_INVALID);
    return false;
  }

  #drop(device: Device, reason: number): number {
    drop(device, reason);
    return CONSUMED;
  }
}
