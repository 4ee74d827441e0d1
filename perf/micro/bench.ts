/** Runs functions under benny and says nanoseconds per frame: each call handles a batch of FRAMES. */
import benny from 'benny';

/** Frames in a batch, as the data plane's loop takes them. */
export const FRAMES = 64;

export interface Bench {
  name: string;
  /** Handles one batch. */
  run: () => void;
  /** What one call counts for; default FRAMES. */
  frames?: number;
}

export interface BenchResult {
  name: string;
  /** Median, and least and greatest of benny's samples. */
  median: number;
  min: number;
  max: number;
}

/** Runs the benches of one file, each function for `seconds`. */
export async function runBenches(
  title: string,
  benches: readonly Bench[],
  seconds: number,
): Promise<BenchResult[]> {
  const cases = benches.map(({ name, run }) => benny.add(name, run, { maxTime: seconds }));
  const { results } = await benny.suite(title, ...cases);
  return results.map(({ name, details }, index) => {
    const perFrame = 1e9 / (benches[index]!.frames ?? FRAMES); // benny's samples are seconds a call
    const { median, min, max } = details;
    return { name, median: median * perFrame, min: min * perFrame, max: max * perFrame };
  });
}
