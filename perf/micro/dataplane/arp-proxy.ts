/** The proxy: an ARP request is found in the neighbour table and turned into its reply, in place. */
import { Encap } from '../../../lib/dataplane/encap.js';
import { PendingLearns } from '../../../lib/dataplane/pending.js';
import { LENGTH } from '../../../lib/memory/batch.js';
import type { Slab } from '../../../lib/memory/slab.js';
import { FRAMES, type Bench } from '../bench.js';
import { MAC_HIGH, makeDevice, makeMemory, NOW, SUBNET } from './vtep.js';

const ARP_FRAME = 42;

function writeRequest(slab: Slab, at: number, target: number): void {
  const { bytes, view } = slab;
  bytes.fill(0xff, at, at + 6);
  view.setUint32(at + 6, MAC_HIGH);
  view.setUint16(at + 10, 500);
  view.setUint16(at + 12, 0x0806);
  view.setUint32(at + 14, 0x00010800);
  view.setUint32(at + 18, 0x06040001);
  view.setUint32(at + 22, MAC_HIGH);
  view.setUint16(at + 26, 500);
  view.setUint32(at + 28, SUBNET + 500);
  bytes.fill(0, at + 32, at + 38);
  view.setUint32(at + 38, SUBNET + target);
}

function reply(): Bench {
  const name = 'ARP reply (the request is written first)';
  const device = makeDevice(64);
  const { slab, ring, rx, tx, back } = makeMemory();
  for (let i = 0; i < FRAMES; i++) rx.set(LENGTH, i, ARP_FRAME);
  const encap = new Encap(slab, ring, new PendingLearns(), 7);
  const run = (): void => {
    for (let i = 0; i < FRAMES; i++) writeRequest(slab, slab.slotOffset(i), i);
    tx.length = 0;
    back.length = 0;
    encap.run(rx, device, tx, back, NOW);
  };
  run();
  if (back.length !== FRAMES) throw new Error(`${name}: ${back.length} of ${FRAMES} requests were answered`);
  return { name, run };
}

export const benches: readonly Bench[] = [reply()];
