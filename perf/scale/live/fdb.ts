/**
 * What a large FDB does to the live path: 256 flows to MACs that lie evenly among all entries, against the same flows
 * where the table has one entry. Both devices are open together and take turns.
 */
import { type Tell } from '../../suite/alternate.js';
import { openBed, type Bed } from '../../suite/bed.js';
import type { Figure, Subject } from '../../suite/figure.js';
import { DEFAULT_LAYOUT } from '../../suite/layouts.js';
import { bedSeconds, PER_SAMPLE, type Bench, type Effort } from '../../suite/plan.js';
import { missingFor } from '../../../test/support/lab/pairs.js';
import { groupMac, setEntries } from './entries.js';
import { laySpread, pointSpread, spreadDelivered } from './spread.js';

const ID = 'scale/live/fdb';
const RATIO = `${ID}/million-over-one`;
const MILLION = 1_000_000;
/** Flows, and MACs they go to where the table has as many. */
const SPREAD = 256;
const SIZES = [1, 100, 10_000, 100_000, MILLION] as const;
/** Entries a second that go in, at least, for the estimate. */
const INSERTS = 75_000;

async function openWithEntry(): Promise<Bed> {
  const bed = await openBed('uvtep', DEFAULT_LAYOUT);
  await laySpread(bed);
  await grow(bed, 0, 1);
  return bed;
}

/** Adds entries `from` to `size`, all of them behind host b, and spreads traffic over the whole. */
async function grow(bed: Bed, from: number, size: number): Promise<void> {
  const [a, b] = bed.lab.hosts;
  await setEntries(a!, size - from, (n) => ({ mac: groupMac(from + n), dst: b!.address }));
  await pointSpread(bed, SPREAD, size);
}

async function bothSampled(small: Bed, grown: Bed, { rounds, seconds }: Effort, tell: Tell) {
  const result: { small: number[]; grown: number[] } = { small: [], grown: [] };
  for (let round = 0; round < rounds; round++) {
    tell(`round ${round + 1} of ${rounds}`);
    result.small.push(await spreadDelivered(small, seconds, SPREAD));
    result.grown.push(await spreadDelivered(grown, seconds, SPREAD));
  }
  return result;
}

const point = (size: number, kpps: number[]): Figure => ({
  id: `${ID}/${size}`,
  name: `64-byte UDP delivered, 256 flows, FDB entries: ${size.toLocaleString('en')}`,
  unit: 'kpps',
  digits: 0,
  better: 'more',
  samples: { uvtep: kpps },
  curve: ID,
  at: { axis: 'FDB entries', value: size },
});

const ratio = (samples: Partial<Record<Subject, number[]>>, why?: string): Figure => ({
  id: RATIO,
  name: 'live path, 1,000,000 FDB entries over one',
  unit: 'ratio',
  digits: 2,
  better: 'more',
  samples,
  bars: [{ atLeast: 0.95, stretch: 1 }],
  missing: why === undefined ? undefined : { all: why },
});

async function measure(sizes: readonly number[], effort: Effort, tell: Tell): Promise<Figure[]> {
  const open: Bed[] = [];
  try {
    for (let bed = 0; bed < 2; bed++) open.push(await openWithEntry());
    const [small, grown] = open as [Bed, Bed];
    const figures: Figure[] = [];
    let size = 1;
    for (const next of sizes) {
      tell(`${next} entries are made`);
      await grow(grown, size, next);
      size = next;
      const taken = await bothSampled(small, grown, effort, (what) => tell(`${next} entries, ${what}`));
      figures.push(point(next, taken.grown));
      if (next === MILLION)
        figures.push(ratio({ uvtep: taken.grown.map((kpps, round) => kpps / taken.small[round]!) }));
    }
    return figures;
  } finally {
    for (const bed of open) await bed.lab.close();
  }
}

export const liveFdb: Bench = {
  id: ID,
  figures: [...SIZES.map((size) => `${ID}/${size}`), RATIO],
  name: 'live path against the size of the FDB',
  subjects: ['uvtep'],
  quick: { rounds: 3, seconds: 0.5 },
  full: { rounds: 5, seconds: 2 },
  takes: ({ rounds, seconds }) => {
    const sizes = seconds < 1 ? 1 : SIZES.length;
    return bedSeconds(['uvtep', 'uvtep']) + MILLION / INSERTS + sizes * rounds * 2 * (seconds + PER_SAMPLE);
  },
  async run(_beds, effort, tell) {
    const why = missingFor(['uvtep']);
    if (why) return [ratio({}, why)];
    return await measure(effort.seconds < 1 ? [MILLION] : SIZES, effort, tell);
  },
};
