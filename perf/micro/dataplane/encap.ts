/** TAP to underlay: the FDB finds the remote, the VXLAN header is written, the outer header described. */
import { Encap } from '../../../lib/dataplane/encap.js';
import { PendingLearns } from '../../../lib/dataplane/pending.js';
import { FRAMES, type Bench } from '../bench.js';
import type { Bar } from '../../suite/figure.js';
import { makeDevice, makeMemory, NOW, PER_FRAME, writeUdpFrame } from './vtep.js';

/** 64 frames to as many MACs, `stride` apart, in a table of `entries`. */
function unicast(name: string, entries: number, stride: number, bars?: Bar[]): Bench {
  const device = makeDevice(entries);
  const { slab, ring, rx, tx, back } = makeMemory();
  for (let i = 0; i < FRAMES; i++) writeUdpFrame(slab, slab.slotOffset(i), 100 + i, (i * stride) % entries);
  const encap = new Encap(slab, ring, new PendingLearns(), 7);
  const run = (): void => {
    tx.length = 0;
    encap.run(rx, device, tx, back, NOW);
  };
  run();
  if (tx.length !== FRAMES) throw new Error(`${name}: ${tx.length} of ${FRAMES} frames were encapsulated`);
  return { name, run, bars };
}

export const benches: readonly Bench[] = [
  unicast('encap, one destination', 1, 0),
  unicast('encap, 64 destinations', 64, 1, PER_FRAME),
  unicast('encap, 64 destinations, table of 1,000,000', 1_000_000, 15_013),
];
