/**
 * The accounts of a batch by remote (remote-counters.ts), for devices with `remote-stats`; no other comes here. They are
 * settled once a batch, beside those of the device (output.ts).
 *
 * What is sent counts for the address, port and VNI it is sent to. What is received counts for the address it comes
 * from: its source port says nothing of a VTEP, unless the device answers to it (`learn-port`).
 */
import * as batch from '../memory/batch.js';
import { type Batch, cell } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import { HEADER_BYTES } from '../wire/ethernet.js';
import { VNI } from '../wire/vxlan.js';
import { type Device, LEARN_PORT, REMOTE_STATS } from './device.js';
import { receiveReason, transmitReason } from './output.js';
import {
  OTHERS,
  REMOTE_HEARD,
  REMOTE_LIMITED,
  REMOTE_REASON0,
  type RemoteCounters,
  REMOTE_RX_PACKETS,
  REMOTE_SENT,
  REMOTE_TX_PACKETS,
} from './remote-counters.js';

const { DEVICE, EXTRA, HEADER, LENGTH, PEER0, PEER1, PEER2, PEER3, PEER_PORT, STATUS } = batch;

/** After `tx` was transmitted. @param now tick */
export function accountSent(
  tx: Batch,
  slab: Slab,
  devices: readonly (Device | undefined)[],
  now: number,
): void {
  const w = tx.words;
  const c = tx.capacity;
  for (let j = 0; j < tx.length; j++) {
    const device = devices[w[cell(DEVICE, c, j)]]!;
    const counters = device.remoteCounters;
    if (counters === undefined) continue;
    const { settings } = device;
    const port = w[cell(PEER_PORT, c, j)];
    const vni = slab.view.getInt32(w[cell(HEADER, c, j)] + VNI) >>> 8;
    const row = counters.row(
      w[cell(PEER0, c, j)],
      w[cell(PEER1, c, j)],
      w[cell(PEER2, c, j)],
      w[cell(PEER3, c, j)],
      port === settings.port ? 0 : port,
      vni === settings.vni ? -1 : vni,
      now,
    );
    const status = w[cell(STATUS, c, j)];
    counters.stamp(row, REMOTE_SENT, now);
    if (status === 0) counters.count(row, REMOTE_TX_PACKETS, w[cell(EXTRA, c, j)]);
    else counters.note(row, REMOTE_REASON0 + transmitReason(-status, device));
  }
}

/**
 * After frames were handed up.
 * @param rx the datagrams they were in
 * @param out the frames; their EXTRA is the entry of `rx`
 */
export function accountHeard(
  rx: Batch,
  out: Batch,
  devices: readonly (Device | undefined)[],
  now: number,
): void {
  const w = out.words;
  const c = out.capacity;
  // Many frames come in one entry, where the kernel joined datagrams.
  let entry = -1;
  let of: Device | undefined;
  let row = OTHERS;
  for (let j = 0; j < out.length; j++) {
    const device = devices[w[cell(DEVICE, c, j)]]!;
    const counters = device.remoteCounters;
    if (counters === undefined || (device.settings.features & REMOTE_STATS) === 0) continue;
    const i = w[cell(EXTRA, c, j)];
    if (i !== entry || device !== of) {
      row = heardFrom(counters, rx, i, device, now);
      entry = i;
      of = device;
    }
    const status = w[cell(STATUS, c, j)];
    if (status === 0) {
      counters.count(row, REMOTE_RX_PACKETS, w[cell(LENGTH, c, j)] - HEADER_BYTES);
    } else {
      counters.note(row, REMOTE_REASON0 + receiveReason(-status));
    }
  }
}

/** A datagram of entry `i` ended for `reason`. */
export function chargePeer(rx: Batch, i: number, device: Device, reason: number, now: number): void {
  const counters = device.remoteCounters;
  if (counters === undefined) return;
  counters.note(heardFrom(counters, rx, i, device, now), REMOTE_REASON0 + reason);
}

/** A MAC behind an address was not learned, because of the learn limit. */
export function chargeLimit(
  device: Device,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  now: number,
): void {
  const counters = device.remoteCounters;
  if (counters !== undefined) counters.note(counters.row(a0, a1, a2, a3, 0, -1, now), REMOTE_LIMITED);
}

/** Row of the peer of entry `i`, which was heard of now. */
function heardFrom(counters: RemoteCounters, rx: Batch, i: number, device: Device, now: number): number {
  const w = rx.words;
  const c = rx.capacity;
  const a0 = w[cell(PEER0, c, i)];
  const a1 = w[cell(PEER1, c, i)];
  const a2 = w[cell(PEER2, c, i)];
  const a3 = w[cell(PEER3, c, i)];
  let row = -1;
  if ((device.settings.features & LEARN_PORT) !== 0) {
    const port = w[cell(PEER_PORT, c, i)];
    // Only what is answered there has a row with a port: most peers send from many.
    if (port !== device.settings.port) row = counters.find(a0, a1, a2, a3, port, -1);
  }
  if (row < 0) row = counters.row(a0, a1, a2, a3, 0, -1, now);
  counters.stamp(row, REMOTE_HEARD, now);
  return row;
}
