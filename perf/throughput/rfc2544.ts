/**
 * Throughput as RFC 2544, section 26.1 means it: the highest rate that passes, here with a loss of up to 0.5 %, because a
 * scheduler that takes a core away for a millisecond loses more than none. Found by halving an interval.
 */
import { alternate, figureOf } from '../suite/alternate.js';
import type { Bed } from '../suite/bed.js';
import type { Bar, Figure, Subject } from '../suite/figure.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import type { Bench, Effort } from '../suite/plan.js';
import { flowsNamed, flowsPath } from './datagrams.js';
import { searchRate } from './rate-search.js';

export interface RateOptions {
  size: number;
  flows: number;
  /** Of one trial. */
  seconds: number;
}

export interface RateBenchOptions {
  size: number;
  flows: number;
  subjects: readonly Subject[];
  bars?: Bar[];
  quick?: Effort;
  full: Effort;
}

/** Trials of one search, for the estimate. */
const TRIALS = 8;

/** The highest rate of a bed, thousands a second, of which at most 0.5 % are lost. */
export async function findRate({ from, to }: Bed, { size, flows, seconds }: RateOptions): Promise<number> {
  const offered = await from.datagramsTo(to, { seconds, size, flows });
  return await searchRate(
    async (kpps) => {
      const { sent, lost, offeredKpps } = await from.datagramsTo(to, { seconds, size, flows, kpps });
      return offeredKpps < kpps * 0.98 ? 1 : lost / sent;
    },
    { most: offered.deliveredKpps * 1.1, resolution: 0.03 },
  );
}

export function lossless(options: RateBenchOptions): Bench {
  const { size, flows, subjects, quick, full, bars } = options;
  const id = `throughput/rfc2544/${size}/${flowsPath(flows)}`;
  const name = `${size}-byte UDP with <= 0.5 % loss, ${flowsNamed(flows)}`;
  return {
    id,
    name,
    layout: DEFAULT_LAYOUT,
    subjects,
    quick,
    full,
    takes: ({ rounds, seconds }, count) => rounds * count * TRIALS * (seconds + 0.75),
    async run(beds, { rounds, seconds }, tell, found): Promise<Figure[]> {
      const taken = await alternate(beds, rounds, tell, (bed) => findRate(bed, { size, flows, seconds }));
      const figure = figureOf(
        taken,
        { id, name, unit: 'kpps', digits: 0, better: 'more', bars },
        (kpps) => kpps,
      );
      if (size === 64 && flows === 1)
        for (const [subject, rates] of Object.entries(figure.samples))
          found.rates[subject as Subject] = Math.min(...rates);
      return [figure];
    },
  };
}
