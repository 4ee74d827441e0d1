/** Underlay to TAP: header checks, VNI, learning that finds the source in place, ECN. */
import { Decap } from '../../../lib/dataplane/decap.js';
import type { Device } from '../../../lib/dataplane/device.js';
import { PendingLearns } from '../../../lib/dataplane/pending.js';
import { GSO_SIZE, LENGTH, OFFSET, PEER2, PEER3, type Batch } from '../../../lib/memory/batch.js';
import type { Slab } from '../../../lib/memory/slab.js';
import { VniTable } from '../../../lib/table/vni.js';
import { FRAMES, type Bench } from '../bench.js';
import type { Bar } from '../../suite/figure.js';
import {
  FRAME_BYTES,
  makeDevice,
  makeMemory,
  NOW,
  PER_FRAME,
  REMOTE,
  V4_MAPPED,
  VNI,
  writeUdpFrame,
} from './vtep.js';

const HEADER_BYTES = 8;

function writeDatagram(slab: Slab, at: number, source: number): void {
  slab.view.setUint32(at, 0x08000000);
  slab.view.setUint32(at + 4, VNI << 8);
  writeUdpFrame(slab, at + HEADER_BYTES, source, 200);
}

function describe(rx: Batch, i: number, offset: number, length: number, segment: number): void {
  rx.set(OFFSET, i, offset);
  rx.set(LENGTH, i, length);
  rx.set(GSO_SIZE, i, segment);
  rx.set(PEER2, i, V4_MAPPED);
  rx.set(PEER3, i, REMOTE);
}

/** @param perEntry datagrams the kernel joined into one (UDP_GRO) */
function receive(name: string, perEntry: number, sources: number, bars?: Bar[]): Bench {
  const devices: Device[] = [makeDevice(1024)];
  const { slab, ring, rx, tx } = makeMemory();
  const segment = HEADER_BYTES + FRAME_BYTES;
  rx.length = FRAMES / perEntry;
  for (let i = 0; i < rx.length; i++) {
    const offset = slab.slotOffset(i);
    describe(rx, i, offset, segment * perEntry, perEntry > 1 ? segment : 0);
    for (let k = 0; k < perEntry; k++)
      writeDatagram(slab, offset + k * segment, (i * perEntry + k) % sources);
  }
  const vnis = new VniTable([[VNI, 0]]);
  const decap = new Decap(
    slab,
    ring,
    new PendingLearns(),
    devices,
    new Float64Array(devices[0]!.counters.length),
  );
  const run = (): void => {
    tx.length = 0;
    decap.run(rx, vnis, tx, NOW);
  };
  run();
  if (tx.length !== FRAMES) throw new Error(`${name}: ${tx.length} of ${FRAMES} frames were handed up`);
  return { name, run, bars };
}

export const benches: readonly Bench[] = [
  receive('decap, one source, single datagrams', 1, 1),
  receive('decap, 64 sources, single datagrams', 1, 64, PER_FRAME),
  receive('decap, one source, 32 datagrams joined by the kernel', 32, 1),
];
