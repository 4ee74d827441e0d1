/** Worker of ring.test.ts: puts numbered records into a ring, again and again where it is full. */
import { workerData } from 'node:worker_threads';
import { RECORD_WORDS, RecordRing } from '../../lib/memory/ring.js';

const { share, capacity, records } = workerData as {
  share: SharedArrayBuffer;
  capacity: number;
  records: number;
};
const ring = new RecordRing(capacity, share);

for (let value = 0; value < records;) {
  const at = ring.claim();
  if (at < 0) continue;
  ring.words[at] = value;
  ring.words[at + RECORD_WORDS - 1] = ~value;
  ring.publish();
  value++;
}
