/**
 * Posting what control must know to the record ring: misses, learned addresses, narrow paths (layout: records.ts).
 * One record a call; a full ring drops it and counts.
 */
import { type Batch, IFINDEX, PEER0, PEER1, PEER2, PEER3 } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import { EVENT_L2_MISS, EVENT_L3_MISS, EVENT_RING_FULL } from './counters.js';
import type { Device } from './device.js';
import {
  KIND,
  L2_MISS,
  L3_MISS,
  RECORD_ADDRESS0,
  RECORD_DEVICE,
  RECORD_IFINDEX,
  RECORD_MAC_HIGH,
  RECORD_MAC_LOW,
  RECORD_PORT,
  RECORD_VNI,
  TOO_BIG,
} from './records.js';

/** A MAC without a VTEP (kernel: vxlan_fdb_miss). No deduplication: the kernel has none. */
export function postL2Miss(ring: RecordRing, device: Device, macHigh: number, macLow: number): void {
  device.counters[EVENT_L2_MISS]++;
  post(ring, device, L2_MISS, macHigh, macLow, 0, 0, 0, 0, 0);
}

/** An IP address without a MAC (kernel: vxlan_ip_miss). */
export function postL3Miss(
  ring: RecordRing,
  device: Device,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
): void {
  device.counters[EVENT_L3_MISS]++;
  post(ring, device, L3_MISS, 0, 0, a0, a1, a2, a3, 0);
}

/** Entry `j` of a transmitted batch was refused as too big for its path: control asks what the path carries. */
export function postTooBig(ring: RecordRing, device: Device, tx: Batch, j: number): void {
  const a0 = tx.get(PEER0, j);
  const a1 = tx.get(PEER1, j);
  post(ring, device, TOO_BIG, 0, 0, a0, a1, tx.get(PEER2, j), tx.get(PEER3, j), tx.get(IFINDEX, j));
}

/** Writes one record; `kind` is LEARN, MOVE, ROAM, TOO_BIG, NEIGHBOUR or a miss, `ifindex` word 9 (records.ts). */
export function post(
  ring: RecordRing,
  device: Device,
  kind: number,
  macHigh: number,
  macLow: number,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  ifindex: number,
  port = 0,
): void {
  const at = ring.claim();
  if (at < 0) {
    device.counters[EVENT_RING_FULL]++;
    return;
  }
  const w = ring.words;
  w[at + KIND] = kind;
  w[at + RECORD_DEVICE] = device.index;
  w[at + RECORD_MAC_HIGH] = macHigh;
  w[at + RECORD_MAC_LOW] = macLow;
  w[at + RECORD_VNI] = device.settings.vni;
  w[at + RECORD_ADDRESS0] = a0;
  w[at + RECORD_ADDRESS0 + 1] = a1;
  w[at + RECORD_ADDRESS0 + 2] = a2;
  w[at + RECORD_ADDRESS0 + 3] = a3;
  w[at + RECORD_IFINDEX] = ifindex;
  w[at + RECORD_PORT] = port;
  ring.publish();
}
