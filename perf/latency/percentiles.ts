/** A curve over percentiles from a ping's round trips. */
import { figureOf, type Rounds } from '../suite/alternate.js';
import type { Figure } from '../suite/figure.js';
import type { PingResult } from '../../test/support/lab/tools.js';

const PERCENTILES = [
  { path: 'p50', value: 50, of: ({ p50 }: PingResult['rtt_us']) => p50 },
  { path: 'p90', value: 90, of: ({ p90 }: PingResult['rtt_us']) => p90 },
  { path: 'p99', value: 99, of: ({ p99 }: PingResult['rtt_us']) => p99 },
  { path: 'p99.9', value: 99.9, of: ({ p999 }: PingResult['rtt_us']) => p999 },
] as const;

export const percentileIds = (id: string): string[] => PERCENTILES.map(({ path }) => `${id}/${path}`);

export function percentileFigures(taken: Rounds<PingResult>, id: string, name: string): Figure[] {
  return PERCENTILES.map(({ path, value, of }) =>
    figureOf(
      taken,
      {
        id: `${id}/${path}`,
        name: `${name}, ${path}`,
        unit: 'us',
        digits: 1,
        better: 'less',
        curve: id,
        at: { axis: 'percentile', value },
      },
      ({ rtt_us }) => of(rtt_us),
    ),
  );
}
