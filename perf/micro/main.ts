/** Nanoseconds and octets per frame of the functions every frame passes, over batches of 64. No root, no devices. */
import type { Bench as SuiteBench } from '../suite/plan.js';
import { allocation } from './allocation.js';
import { runBenches, type Bench } from './bench.js';

/** Paths below this folder, with how many functions each times. */
const FILES = [
  { path: 'table/fdb', benches: 6 },
  { path: 'table/route', benches: 3 },
  { path: 'dataplane/encap', benches: 3 },
  { path: 'dataplane/decap', benches: 3 },
  { path: 'dataplane/arp-proxy', benches: 1 },
] as const;

/** benny's warm-up, a table filled, and the look at the heap. */
const AROUND = 0.7;

function microBench({ path, benches: count }: (typeof FILES)[number]): SuiteBench {
  const id = `micro/${path}`;
  return {
    id,
    figures: [`${id}/*`],
    name: `nanoseconds and octets per frame, ${path}`,
    subjects: ['uvtep'],
    anywhere: true,
    quick: { rounds: 1, seconds: 0.15 },
    full: { rounds: 1, seconds: 2 },
    takes: ({ seconds }) => count * (seconds + AROUND),
    async run(_beds, { seconds }, tell) {
      const { benches } = (await import(`./${path}.js`)) as { benches: readonly Bench[] };
      tell(`${benches.length} functions`);
      return [...(await runBenches(path, benches, seconds)), allocation(path, benches)];
    },
  };
}

export const microBenches: readonly SuiteBench[] = FILES.map(microBench);
