/** Runs functions under benny and says nanoseconds per frame: each call handles a batch of FRAMES. */
import benny from 'benny';
import type { Bar, Figure } from '../suite/figure.js';

/** Frames in a batch, as the data plane's loop takes them. */
export const FRAMES = 64;

export interface Bench {
  name: string;
  /** Handles one batch. */
  run: () => void;
  /** What one call counts for; default FRAMES. */
  frames?: number;
  bars?: Bar[];
}

/** 'decap, 64 sources' as the last part of an id: decap-64-sources. */
const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/(?<=\d),(?=\d)/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

/** benny announces its suites on standard output, where the progress line and then the table are. */
async function quietly<T>(body: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await body();
  } finally {
    console.log = log;
  }
}

/** Runs the benches of one file, each function for `seconds` after benny's own warm-up. */
export async function runBenches(
  file: string,
  benches: readonly Bench[],
  seconds: number,
): Promise<Figure[]> {
  const cases = benches.map(({ name, run }) => benny.add(name, run, { maxTime: seconds }));
  const { results } = await quietly(() => benny.suite(file, ...cases));
  return results.map(({ name, details }, index) => {
    const { frames = FRAMES, bars } = benches[index]!;
    const samples = details.sampleResults.map((sample) => (sample * 1e9) / frames); // seconds a call
    return {
      id: `micro/${file}/${slug(name)}`,
      name,
      unit: 'ns per frame',
      digits: 1,
      better: 'less',
      samples: { uvtep: samples },
      bars,
    };
  });
}
