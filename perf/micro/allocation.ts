/**
 * What a batch leaves on the heap: nothing, or the collector would stop the data plane. Read from V8's own statistics
 * around batches that are too few to make it collect; what reading costs is taken off.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Figure } from '../suite/figure.js';
import { spread } from '../suite/statistics.js';
import { FRAMES, type Bench } from './bench.js';

/** Batches between two readings: an object of 16 octets a batch makes 4 kB. */
const BATCHES = 256;
/** Until V8 has optimised the function and stopped noting types. */
const WARM_UP = 20_000;
const ROUNDS = 9;

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

const used = (): number => getHeapStatistics().used_heap_size;

/** Octets the heap grows while `run` is called BATCHES times; the median, since V8 now and then notes something. */
function growth(collect: () => void, run: () => void): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    collect();
    const before = used();
    for (let batch = 0; batch < BATCHES; batch++) run();
    return used() - before;
  });
  return spread(rounds).median;
}

/** Octets a frame that a function allocates. */
export function allocatedPerFrame({ run, frames = FRAMES }: Bench): number {
  const collect = collector();
  for (let batch = 0; batch < WARM_UP; batch++) run();
  const reading = growth(collect, () => {});
  return Math.max(0, growth(collect, run) - reading) / (BATCHES * frames);
}

/** One sample a bench of a file. */
export function allocation(file: string, benches: readonly Bench[]): Figure {
  const samples = benches.map(allocatedPerFrame);
  const guilty = benches.filter((_, index) => samples[index]! > 0).map(({ name }) => name);
  return {
    id: `micro/${file}/allocation`,
    name: `allocated, ${file}`,
    unit: 'octets per frame',
    digits: 2,
    better: 'less',
    samples: { uvtep: samples },
    bars: [{ atMost: 0, worst: true }],
    note: guilty.length > 0 ? `by ${guilty.join('; ')}` : undefined,
  };
}
