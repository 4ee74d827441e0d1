/**
 * What a large table does to the live path: 256 flows whose look-ups lie evenly among all entries, against the same flows
 * where the table has one entry. Both devices are open together and take turns.
 */
import { missingFor } from '../../../test/support/lab/pairs.js';
import type { Layout } from '../../suite/adapter.js';
import { type Tell } from '../../suite/alternate.js';
import { openBed, type Bed } from '../../suite/bed.js';
import type { Bar, Figure, Subject } from '../../suite/figure.js';
import { bedSeconds, PER_SAMPLE, type Bench, type Effort } from '../../suite/plan.js';

/** Flows of the traffic. Where a table has as many entries or more, each looks another one up. */
export const FLOWS = 256;

export interface LiveTable {
  /** scale/live/… */
  id: string;
  /** For people: 'FDB entries'. */
  entries: string;
  /** From 1 upwards. */
  sizes: readonly number[];
  /** Entries a second that go in, at least, for the estimate. */
  inserts: number;
  layout: Layout;
  /** What a bed needs before the first entry. */
  prepare: (bed: Bed) => Promise<void>;
  /** Adds entries number `from` to `size`, and spreads the traffic over the whole. */
  grow: (bed: Bed, from: number, size: number) => Promise<void>;
  /** Thousands a second that arrive of as many as can be sent, FLOWS flows of 64 octets. */
  delivered: (bed: Bed, seconds: number, size: number) => Promise<number>;
  /** Of the throughput with the largest table, relative to one entry. */
  bar?: Bar;
  quick?: Effort;
}

/** Samples of a size are few, those that the ratio is made of are more. */
const FULL: Effort = { rounds: 5, seconds: 2 };
const FEWER = 3;

async function open(table: LiveTable): Promise<Bed> {
  const bed = await openBed('uvtep', table.layout);
  await table.prepare(bed);
  await table.grow(bed, 0, 1);
  return bed;
}

function point({ id, entries }: LiveTable, size: number, kpps: number[]): Figure {
  return {
    id: `${id}/${size}`,
    name: `64-byte UDP delivered, ${FLOWS} flows, ${entries}: ${size.toLocaleString('en')}`,
    unit: 'kpps',
    digits: 0,
    better: 'more',
    samples: { uvtep: kpps },
    curve: id,
    at: { axis: entries, value: size },
  };
}

const ratioId = ({ id, sizes }: LiveTable): string => `${id}/${sizes.at(-1)}-over-1`;

function ratio(table: LiveTable, samples: Partial<Record<Subject, number[]>>, why?: string): Figure {
  return {
    id: ratioId(table),
    name: `live path, ${table.sizes.at(-1)!.toLocaleString('en')} ${table.entries} over one`,
    unit: 'ratio',
    digits: 2,
    better: 'more',
    samples,
    bars: table.bar && [table.bar],
    missing: why === undefined ? undefined : { all: why },
  };
}

async function measure(table: LiveTable, sizes: readonly number[], effort: Effort, tell: Tell) {
  const beds: Bed[] = [];
  try {
    for (let bed = 0; bed < 2; bed++) beds.push(await open(table));
    const [small, grown] = beds as [Bed, Bed];
    const figures: Figure[] = [];
    let size = 1;
    for (const next of sizes) {
      tell(`${next} ${table.entries} are made`);
      await table.grow(grown, size, next);
      size = next;
      const last = next === table.sizes.at(-1);
      const kpps: number[] = [];
      const relative: number[] = [];
      const rounds = last ? effort.rounds : Math.min(FEWER, effort.rounds);
      for (let round = 0; round < rounds; round++) {
        tell(`${next} ${table.entries}, round ${round + 1} of ${rounds}`);
        const one = last ? await table.delivered(small, effort.seconds, 1) : NaN;
        kpps.push(await table.delivered(grown, effort.seconds, next));
        relative.push(kpps.at(-1)! / one);
      }
      figures.push(point(table, next, kpps));
      if (last) figures.push(ratio(table, { uvtep: relative }));
    }
    return figures;
  } finally {
    for (const bed of beds) await bed.lab.close();
  }
}

/** The bench of a table; its quick form takes the largest size alone. */
export function liveTable(table: LiveTable): Bench {
  const largest = table.sizes.at(-1)!;
  const isQuick = ({ seconds }: Effort): boolean => seconds < FULL.seconds;
  return {
    id: table.id,
    figures: [...table.sizes.map((size) => `${table.id}/${size}`), ratioId(table)],
    name: `live path against the number of ${table.entries}`,
    subjects: ['uvtep'],
    quick: table.quick,
    full: FULL,
    takes: (effort) => {
      const { rounds, seconds } = effort;
      const samples = 2 * rounds + (isQuick(effort) ? 0 : (table.sizes.length - 1) * Math.min(FEWER, rounds));
      return bedSeconds(['uvtep', 'uvtep']) + largest / table.inserts + samples * (seconds + PER_SAMPLE);
    },
    async run(_beds, effort, tell) {
      const why = missingFor(['uvtep']);
      if (why) return [ratio(table, {}, why)];
      return await measure(table, isQuick(effort) ? [largest] : table.sizes, effort, tell);
    },
  };
}
