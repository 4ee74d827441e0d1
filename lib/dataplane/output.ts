/**
 * Small things both directions do to a frame: count its end, hand it back up, and settle the accounts of a batch
 * that a port has taken.
 */
import * as batch from '../memory/batch.js';
import { type Batch, cell } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import * as ethernet from '../wire/ethernet.js';
import { REASON0, RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from './counters.js';
import { ANY_LENGTH, type Device } from './device.js';
import { postTooBig } from './post.js';
import * as reasons from './reasons.js';

/* NB: constants of this module's own, see encap.ts. */
const { CSUM, DEVICE, EXTRA, GSO_SIZE, LENGTH, OFFLOAD, OFFSET, PORT, STATUS } = batch;

/** Third word of an IPv4 address in four words. */
export const V4_MAPPED = 0xffff;
/** Linux errno values that have a reason of their own; ports report them negative in STATUS. */
const EIO = 5;
const EAGAIN = 11;
const EINVAL = 22;
const EMSGSIZE = 90;
const ENETDOWN = 100;
const ENETUNREACH = 101;
const ENOBUFS = 105;
const EHOSTUNREACH = 113;
/** The shim's verdict on headers that contradict an offload request (native-shim/segment.h). */
const E2BIG = 7;
const EPROTO = 71;
const EBADMSG = 74;

/** Counts the end of a frame. The standard counters are derived from the reasons when somebody reads them. */
export function drop(device: Device, reason: number): void {
  device.counters[REASON0 + reason]++;
}

/** True for an IPv4 or IPv6 group address in four words. */
export function isMulticastWords(a0: number, a1: number, a2: number, a3: number): boolean {
  if (a0 === 0 && a1 === 0 && a2 === V4_MAPPED) return a3 >>> 28 === 0xe;
  return a0 >>> 24 === 0xff;
}

/**
 * Appends a frame that lies complete in the slab to what goes up to the device's interface.
 * `back` needs room for one frame more.
 */
export function sendBack(back: Batch, device: Device, offset: number, length: number): void {
  const w = back.words;
  const c = back.capacity;
  const j = back.length++;
  w[cell(OFFSET, c, j)] = offset;
  w[cell(LENGTH, c, j)] = length;
  w[cell(OFFLOAD, c, j)] = 0;
  w[cell(GSO_SIZE, c, j)] = device.settings.mtu;
  w[cell(PORT, c, j)] = device.settings.tap;
  w[cell(DEVICE, c, j)] = device.index;
}

/**
 * A frame for a "local" remote goes up at a device of this host as if received there, its offload request still open
 * (kernel: vxlan_encap_bypass). Both directions count the whole frame.
 *
 * Nothing is learned here. A short-circuited frame has the router's MAC as its source by now, whose entry led here:
 * the kernel moves that entry to 127.0.0.1 when it is dynamic, and the router is lost; we keep it.
 */
export function loopBack(rx: Batch, i: number, from: Device, to: Device, back: Batch): void {
  const w = rx.words;
  const offset = w[cell(OFFSET, rx.capacity, i)];
  const length = w[cell(LENGTH, rx.capacity, i)];
  const offload = w[cell(OFFLOAD, rx.capacity, i)];
  const j = back.length;
  sendBack(back, to, offset, length);
  if (offload !== 0) {
    back.words[cell(OFFLOAD, back.capacity, j)] = offload;
    back.words[cell(GSO_SIZE, back.capacity, j)] = w[cell(GSO_SIZE, rx.capacity, i)];
    back.words[cell(CSUM, back.capacity, j)] = w[cell(CSUM, rx.capacity, i)];
  }
  countLooped(from, to, length);
}

/** What comes back up instead of going out counts in both directions, the whole frame (kernel: vxlan_encap_bypass). */
export function countLooped(from: Device, to: Device, length: number): void {
  from.counters[TX_PACKETS]++;
  from.counters[TX_BYTES] += length;
  to.counters[RX_PACKETS]++;
  to.counters[RX_BYTES] += length;
}

/**
 * After `tx` was transmitted: packets and bytes of what went out, a reason for what did not.
 * @param ring where control is told of paths that carry less than it knew
 */
export function accountTransmitted(
  tx: Batch,
  devices: readonly (Device | undefined)[],
  ring: RecordRing,
): void {
  const w = tx.words;
  const c = tx.capacity;
  for (let j = 0; j < tx.length; j++) {
    const device = devices[w[cell(DEVICE, c, j)]]!;
    const { counters } = device;
    const status = w[cell(STATUS, c, j)];
    if (status === 0) {
      counters[TX_PACKETS]++;
      counters[TX_BYTES] += w[cell(EXTRA, c, j)];
    } else {
      counters[REASON0 + transmitReason(-status, device)]++;
      if (status === -EMSGSIZE && device.settings.longest !== ANY_LENGTH) postTooBig(ring, device, tx, j);
    }
  }
}

/** After decapsulated frames were handed up: packets and bytes of those the interface took. */
export function accountReceived(out: Batch, devices: readonly (Device | undefined)[]): void {
  const w = out.words;
  const c = out.capacity;
  for (let j = 0; j < out.length; j++) {
    const counters = devices[w[cell(DEVICE, c, j)]]!.counters;
    const status = w[cell(STATUS, c, j)];
    if (status === 0) {
      counters[RX_PACKETS]++;
      counters[RX_BYTES] += w[cell(LENGTH, c, j)] - ethernet.HEADER_BYTES;
    } else {
      counters[REASON0 + receiveReason(-status)]++;
    }
  }
}

/** After replies were handed up: they count nowhere (the kernel injects them uncounted) unless they were refused. */
export function accountReplies(back: Batch, devices: readonly (Device | undefined)[]): void {
  const w = back.words;
  const c = back.capacity;
  for (let j = 0; j < back.length; j++) {
    const status = w[cell(STATUS, c, j)];
    if (status !== 0) devices[w[cell(DEVICE, c, j)]]!.counters[REASON0 + receiveReason(-status)]++;
  }
}

/** Why a port refused a datagram. @param errno positive */
export function transmitReason(errno: number, device: Device): number {
  switch (errno) {
    case EMSGSIZE:
      return device.settings.family === 6 ? reasons.TX_TOO_BIG_IPV6 : reasons.TX_TOO_BIG;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    // A source address that is not on this host: sendmsg says EINVAL, the kernel device's route lookup ENETUNREACH.
    case EINVAL:
      return reasons.TX_NO_ROUTE;
    case EAGAIN:
    case ENOBUFS:
      return reasons.TX_SOCKET_FULL;
    case E2BIG:
    case EPROTO:
    case EBADMSG:
      return reasons.TX_OFFLOAD_INVALID;
    default:
      return reasons.TX_SEND_FAILED;
  }
}

/** Why a port refused a frame for an interface. @param errno positive */
export function receiveReason(errno: number): number {
  // A TAP that is down refuses with EIO.
  return errno === EIO ? reasons.RX_DEVICE_DOWN : reasons.RX_TAP_FULL;
}
