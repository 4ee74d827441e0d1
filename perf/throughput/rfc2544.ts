/**
 * Throughput as RFC 2544, section 26.1 means it: the highest rate that passes, here with a loss of up to 0.5 %, because a
 * scheduler that takes a core away for a millisecond loses more than none. Searched for with short trials; what those
 * found has then to hold in a long one, or a little less has.
 */
import { alternate, figureOf } from '../suite/alternate.js';
import type { Bed } from '../suite/bed.js';
import type { Figure, Subject } from '../suite/figure.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import { PER_SAMPLE, type Bench } from '../suite/plan.js';
import { PINS } from '../suite/pins.js';
import { flowsNamed, flowsPath, type DatagramBenchOptions } from './datagrams.js';
import { searchRate, type RateSearchResult, type Trial } from './rate-search.js';

type Load = Pick<DatagramBenchOptions, 'size' | 'flows'>;

const LOSS = 0.005;
/** Kpps no subject is slower or faster than. */
const LOW = 2;
const HIGH = 5000;
/** Of the search, in share of the rate and in trials at most. */
const PRECISION = 0.04;
const TRIALS = 12;
/** Trials of a usual search, for the estimate. */
const USUAL = 8;
/** Seconds of a trial of the search where the last one is longer. */
const SEARCH = 0.8;
/** What is tried when the search was too hopeful, as shares of what it found. */
const HOLDS = [1, 0.96, 0.92, 0.85, 0.75] as const;

async function tryRate(
  { from, to }: Bed,
  load: Load,
  seconds: number,
  kpps: number | undefined,
): Promise<Trial> {
  const result = await from.datagramsTo(to, { ...PINS, ...load, seconds, kpps });
  const { offeredKpps, deliveredKpps, lost, sent } = result;
  return { offeredKpps, deliveredKpps, lossShare: lost / sent };
}

/**
 * The highest rate of a bed of which at most 0.5 % are lost in a trial of `seconds`.
 * @throws {Error} when there is none
 */
export async function findRate(
  bed: Bed,
  load: Load,
  seconds: number,
): Promise<{ kpps: number; bound: RateSearchResult['bound'] }> {
  const short = Math.min(seconds, SEARCH);
  const { deliveredKpps } = await tryRate(bed, load, short, undefined);
  const options = { low: LOW, high: HIGH, guess: deliveredKpps, lossShare: LOSS };
  const found = await searchRate((kpps) => tryRate(bed, load, short, kpps), {
    ...options,
    precision: PRECISION,
    trials: TRIALS,
  });
  if (found.kpps === 0) throw new Error(`more than 0.5 % were lost even at ${LOW} kpps`);
  if (short === seconds) return found;
  for (const share of HOLDS) {
    const { offeredKpps, lossShare } = await tryRate(bed, load, seconds, found.kpps * share);
    if (lossShare <= LOSS) return { kpps: offeredKpps, bound: found.bound };
  }
  throw new Error(
    `no rate held for ${seconds} s: more than 0.5 % were lost even at ${HOLDS.at(-1)} of what ${short} s bore`,
  );
}

export function lossless(options: DatagramBenchOptions): Bench {
  const { size, flows, subjects, quick, full, bars } = options;
  const id = `throughput/rfc2544/${size}/${flowsPath(flows)}`;
  const name = `${size}-byte UDP with <= 0.5 % loss, ${flowsNamed(flows)}`;
  const describe = { id, name, unit: 'kpps', digits: 0, better: 'more' as const, bars };
  return {
    id,
    name,
    layout: DEFAULT_LAYOUT,
    subjects,
    quick,
    full,
    takes: ({ rounds, seconds }, count) =>
      rounds *
      count *
      (USUAL * (Math.min(seconds, SEARCH) + PER_SAMPLE) + (seconds > SEARCH ? 2 * seconds : 0)),
    async run(beds, { rounds, seconds }, tell, found): Promise<Figure[]> {
      const limited = new Set<Subject>();
      const taken = await alternate(beds, rounds, tell, async (bed) => {
        const { kpps, bound } = await findRate(bed, { size, flows }, seconds);
        if (bound === 'source') limited.add(bed.subject);
        return kpps;
      });
      const figure = figureOf(taken, describe, (kpps) => kpps);
      // What the latency under load is measured at half of.
      if (size === 64 && flows === 1)
        for (const [subject, rates] of Object.entries(figure.samples))
          found.rates[subject as Subject] = Math.min(...rates);
      const note = `the source offered no more, which may pass too: ${[...limited].join(', ')}`;
      return [{ ...figure, note: limited.size > 0 ? note : undefined }];
    },
  };
}
