/** Writes numbered frames into a TAP for tap-ring.test.ts, one to nine at a time. */
import { workerData } from 'node:worker_threads';
import { load } from '../../lib/native/shim.js';
import { Burst, counting } from './burst.js';
import { udpFrame } from './frames.js';

const { fd, counts, frames, underway } = workerData as {
  fd: number;
  /** Written, read. */
  counts: Int32Array;
  frames: number;
  underway: number;
};
const shim = load();
const burst = new Burst();
const payload = counting(60);
const view = new DataView(payload.buffer, payload.byteOffset);

for (let written = 0; written < frames;) {
  const count = Math.min(1 + (written % 9), frames - written);
  for (let read = Atomics.load(counts, 1); written - read > underway; read = Atomics.load(counts, 1))
    Atomics.wait(counts, 1, read, 100);
  for (let i = 0; i < count; i++) {
    view.setUint32(0, written + i);
    burst.putFrame(i, udpFrame({ payload }), { port: fd });
  }
  if (shim.tapTransmit(burst.bytes, burst.words, 0, count, 0) !== count)
    throw new Error('not all were written');
  written += count;
  Atomics.store(counts, 0, written);
}
