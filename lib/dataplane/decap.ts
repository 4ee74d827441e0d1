/**
 * Underlay to TAP: what the VTEP does with a UDP payload that arrived on its port (kernel: vxlan_rcv).
 *
 * One received entry may hold many datagrams of equal size (UDP_GRO); each is looked at by itself:
 *   1  shorter than a VXLAN header             pkt_too_small
 *   2  I flag clear                            no_i_flag
 *   3  no device for the VNI, or it is down    vni_not_found
 *   4  a reserved bit set                      reserved_bits
 *   5  gpe, gbp, allow, gateway: scrutiny.ts   gpe_invalid, gpe_protocol, peer_refused, gateway_foreign
 *   6  less than an Ethernet header inside     inner_too_small
 *   8  own MAC as inner source                 local_mac
 *   9  learning: source zero or multicast      mac_invalid_source (source-learning.ts)
 *  10  learning: source is static elsewhere    entry_exists; unknown, moved or (learn-port) roamed: a record for control
 *  11  inner IP header cut off                 inner_ip_truncated
 *  12  ECN: outer CE, inner not capable        ecn; otherwise the mark is carried inward (neither inside a tag)
 *  14  handed up, TCP with its maximum segment size lowered and ARP and ND learned from, if that is asked for
 *      (mss-clamp.ts, neigh-snoop.ts)
 * (numbers of reference section 2.2; 7 is remote checksum offload, which we have not, 13 cannot happen here)
 *
 * A frame handed up is described in `out`, in place; `run` returns false when `out` is full: transmit it, empty
 * it, call again with the same batch.
 */
import * as batch from '../memory/batch.js';
import { type Batch, cell } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import type { VniTable } from '../table/vni.js';
import { get32 } from '../wire/bytes.js';
import { decapsulate, ECN_DROP, NOT_ECT } from '../wire/ecn.js';
import * as ethernet from '../wire/ethernet.js';
import * as ipv4 from '../wire/ipv4.js';
import * as ipv6 from '../wire/ipv6.js';
import * as vxlan from '../wire/vxlan.js';
import { REASON0 } from './counters.js';
import * as options from './device.js';
import type { Device } from './device.js';
import { clampReceived } from './mss-clamp.js';
import { snoopNeighbour } from './neigh-snoop.js';
import { drop } from './output.js';
import type { PendingLearns } from './pending.js';
import * as reasons from './reasons.js';
import { chargePeer } from './remote-accounts.js';
import { scrutinise } from './scrutiny.js';
import { SourceLearning } from './source-learning.js';
import { hearFrame } from './split-horizon.js';

/* NB: constants of this module's own, see encap.ts. */
const { DEVICE, EXTRA, GSO_SIZE, LENGTH, OFFLOAD, OFFSET, PORT, STATUS, TOS } = batch;
const { SOURCE, TYPE, TYPE_IPV4, TYPE_IPV6 } = ethernet;
const ETHERNET_BYTES = ethernet.HEADER_BYTES;
const IPV4_BYTES = ipv4.HEADER_BYTES;
const IPV6_BYTES = ipv6.HEADER_BYTES;
const VXLAN_BYTES = vxlan.HEADER_BYTES;
const { FLAGS, I_FLAG, VNI } = vxlan;
const { EXTRAS, LEARNING, MSSCLAMP, NEIGHSNOOP, REMOTE_STATS, SCRUTINY, SPLIT_HORIZON } = options;

export class Decap {
  readonly #slab: Slab;
  readonly #ring: RecordRing;
  readonly #sources: SourceLearning;
  readonly #devices: readonly (Device | undefined)[];
  /** Counters of what belongs to no device; layout: counters.ts. */
  readonly #unclaimed: Float64Array;
  /** Where `run` goes on: the entry and the offset of the datagram in it. */
  #entry = 0;
  #done = 0;
  /** The device of the last good header, and that header's second word. */
  #lastClaim: Device | undefined;
  #lastVni = 0;

  /**
   * @param devices by number, as the VNI tables name them
   * @param unclaimed counters for datagrams that no device can be charged with
   */
  constructor(
    slab: Slab,
    ring: RecordRing,
    pending: PendingLearns,
    devices: readonly (Device | undefined)[],
    unclaimed: Float64Array,
  ) {
    this.#slab = slab;
    this.#ring = ring;
    this.#sources = new SourceLearning(slab, ring, pending);
    this.#devices = devices;
    this.#unclaimed = unclaimed;
  }

  /**
   * Handles the datagrams of `rx`, all received on the socket whose devices are in `vnis`.
   * @param out frames for the devices' interfaces, appended
   * @param now tick (100 ms) since the engine's start
   */
  run(rx: Batch, vnis: VniTable, out: Batch, now: number): boolean {
    const words = rx.words;
    const capacity = rx.capacity;
    // Control may have changed devices between two bursts.
    this.#lastClaim = undefined;
    for (let i = this.#entry; i < rx.length; i++) {
      const offset = words[cell(OFFSET, capacity, i)];
      const length = words[cell(LENGTH, capacity, i)];
      const segment = words[cell(GSO_SIZE, capacity, i)];
      const step = segment > 0 && segment < length ? segment : length;
      if (words[cell(STATUS, capacity, i)] !== 0) {
        this.#unclaimed[REASON0 + reasons.RX_TRUNCATED_DATAGRAM]++;
        continue;
      }
      this.#sources.beginEntry();
      let done = this.#done;
      // An empty datagram passes the loop once.
      do {
        if (out.length === out.capacity) {
          this.#entry = i;
          this.#done = done;
          return false;
        }
        this.#datagram(rx, i, offset + done, Math.min(step, length - done), vnis, out, now);
        done += step;
      } while (done < length);
      this.#done = 0;
    }
    this.#entry = 0;
    return true;
  }

  /** Steps 1 to 14 for one datagram of `length` octets at `payload`. */
  #datagram(
    rx: Batch,
    i: number,
    payload: number,
    length: number,
    vnis: VniTable,
    out: Batch,
    now: number,
  ): void {
    const { view } = this.#slab;
    let device = this.#lastClaim;
    // A header equal to the last good one needs no second look.
    if (
      device === undefined ||
      length < VXLAN_BYTES ||
      view.getInt32(payload + VNI) !== this.#lastVni ||
      view.getInt32(payload + FLAGS) !== I_FLAG
    ) {
      device = this.#claim(rx, i, payload, length, vnis, now);
      if (device === undefined) return;
    }
    const frame = payload + VXLAN_BYTES;
    const octets = length - VXLAN_BYTES;
    if (octets < ETHERNET_BYTES) return this.#drop(rx, i, device, reasons.RX_INNER_TOO_SMALL, now);
    const high = view.getInt32(frame + SOURCE);
    const low = view.getUint16(frame + SOURCE + 4);
    const { settings } = device;
    if (low === settings.macLow && high === settings.macHigh) {
      return this.#drop(rx, i, device, reasons.RX_LOCAL_MAC, now);
    }
    if ((settings.features & LEARNING) !== 0) {
      const refused = this.#sources.snoop(rx, i, device, frame, high, low, now);
      if (refused >= 0) return this.#drop(rx, i, device, refused, now);
    }
    const refused = this.#congestion(frame, octets, rx.words[cell(TOS, rx.capacity, i)] & 3);
    if (refused >= 0) return this.#drop(rx, i, device, refused, now);
    if ((settings.features & EXTRAS) !== 0) this.#extras(i, frame, octets, device, out, now);
    const w = out.words;
    const c = out.capacity;
    const j = out.length++;
    w[cell(OFFSET, c, j)] = frame;
    w[cell(LENGTH, c, j)] = octets;
    w[cell(OFFLOAD, c, j)] = 0;
    w[cell(GSO_SIZE, c, j)] = settings.mtu;
    w[cell(PORT, c, j)] = settings.tap;
    w[cell(DEVICE, c, j)] = device.index;
  }

  /** Steps 1 to 5: the device that a header is for; undefined when there is none, or the header is bad, counted. */
  #claim(
    rx: Batch,
    i: number,
    payload: number,
    length: number,
    vnis: VniTable,
    now: number,
  ): Device | undefined {
    const bytes = this.#slab.bytes;
    const flags = vxlan.checkFlags(bytes, payload, length);
    if (flags !== 0) {
      const reason = flags === vxlan.VXLAN_SHORT ? reasons.RX_PKT_TOO_SMALL : reasons.RX_NO_I_FLAG;
      this.#unclaimed[REASON0 + reason]++;
      return undefined;
    }
    const number = vnis.find(vxlan.vni(bytes, payload));
    const device = number < 0 ? undefined : this.#devices[number];
    if (device === undefined) {
      this.#unclaimed[REASON0 + reasons.RX_VNI_NOT_FOUND]++;
      return undefined;
    }
    const { features, reservedHigh, reservedLow } = device.settings;
    if (vxlan.checkReserved(bytes, payload, reservedHigh, reservedLow) !== 0) {
      this.#drop(rx, i, device, reasons.RX_RESERVED_BITS, now);
      return undefined;
    }
    if ((features & SCRUTINY) !== 0) {
      const refused = scrutinise(this.#slab, rx, i, device, payload, length, now);
      if (refused < 0) return device;
      this.#drop(rx, i, device, refused, now);
      return undefined;
    }
    this.#lastClaim = device;
    this.#lastVni = get32(bytes, payload + VNI);
    return device;
  }

  /** A frame about to be handed up, of entry `i`. */
  #extras(i: number, frame: number, octets: number, device: Device, out: Batch, now: number): void {
    const { features } = device.settings;
    if ((features & MSSCLAMP) !== 0) clampReceived(this.#slab, frame, octets, device);
    if ((features & NEIGHSNOOP) !== 0) {
      snoopNeighbour(this.#slab, this.#ring, device, frame, octets, 0, true, now);
    }
    if ((features & SPLIT_HORIZON) !== 0) hearFrame(this.#slab.view, device.settings, frame, now);
    // Whom it is from, once the interface has taken it (remote-accounts.ts).
    if ((features & REMOTE_STATS) !== 0) out.words[cell(EXTRA, out.capacity, out.length)] = i;
  }

  #drop(rx: Batch, i: number, device: Device, reason: number, now: number): void {
    drop(device, reason);
    chargePeer(rx, i, device, reason, now);
  }

  /**
   * Steps 11 and 12. Returns a reason to drop, or -1; `outer` is the ECN field of the outer header. Like the kernel
   * (skb->protocol is 802.1Q then) it does not look behind a VLAN tag: measured, a tagged packet that is not
   * ECN-capable is delivered although CE was met.
   */
  #congestion(frame: number, octets: number, outer: number): number {
    const { bytes, view } = this.#slab;
    const network = frame + ETHERNET_BYTES;
    const left = octets - ETHERNET_BYTES;
    const type = view.getUint16(frame + TYPE);
    if (type === TYPE_IPV4) {
      if (left < IPV4_BYTES) return reasons.RX_INNER_IP_TRUNCATED;
      if (outer === NOT_ECT) return -1;
      const inner = ipv4.ecn(bytes, network);
      const mark = decapsulate(outer, inner);
      if (mark === ECN_DROP) return reasons.RX_ECN;
      if (mark !== inner) ipv4.setEcn(bytes, network, mark);
    } else if (type === TYPE_IPV6) {
      if (left < IPV6_BYTES) return reasons.RX_INNER_IP_TRUNCATED;
      if (outer === NOT_ECT) return -1;
      const inner = ipv6.ecn(bytes, network);
      const mark = decapsulate(outer, inner);
      if (mark === ECN_DROP) return reasons.RX_ECN;
      if (mark !== inner) ipv6.setEcn(bytes, network, mark);
    }
    return -1;
  }
}
