/** `npm run perf -- micro`: nanoseconds per frame of the functions every frame passes, over batches of 64. No root, no devices. */
import { runBenches, type Bench } from './bench.js';

const FILES = [
  'table/fdb',
  'table/route',
  'dataplane/encap',
  'dataplane/decap',
  'dataplane/arp-proxy',
] as const;

/** @param seconds each function is run for, after benny's own warm-up */
export async function micro(seconds: number): Promise<number> {
  process.stdout.write('ns per frame, median (least-greatest)\n');
  for (const file of FILES) {
    const { benches } = (await import(`./${file}.js`)) as { benches: readonly Bench[] };
    for (const { name, median, min, max } of await runBenches(file, benches, seconds))
      process.stdout.write(
        `${name.padEnd(56)} ${median.toFixed(1).padStart(7)}  (${min.toFixed(1)}-${max.toFixed(1)})\n`,
      );
  }
  return 0;
}
