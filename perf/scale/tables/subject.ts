/** What is measured of a table at one size, and how: the same for every table. */
import type { Bar, Figure } from '../../suite/figure.js';

/** A table that has been filled. */
export interface Filled {
  /** As the table counts them, buffers shared and private, as allocated. */
  readonly bytes: number;
  clear(): void;
}

/** One kind of lookup: a function that asks for `asked` keys and returns how many it found. */
export interface Lookup {
  /** Last part of the figures' ids. */
  id: string;
  name: string;
  asked: number;
  expected: number;
  run: () => number;
}

/** One table and the keys for it, of one size. */
export interface Population {
  /** An empty table, of the default size. */
  make(): Filled;
  /** Inserts every key. */
  fill(table: Filled): void;
  /** The lookups worth timing in a filled table. */
  lookups(table: Filled): Lookup[];
}

export interface Subject {
  /** Middle part of the figures' ids, such as 'fdb'. */
  id: string;
  /** Such as 'FDB entries'. */
  axis: string;
  most: number;
  populate(entries: number): Population;
  /** Bars at `most`, by the last part of the id. */
  bars: Record<string, Bar>;
}

/** Entries inserted for one sample, at least; small tables are filled many at a time. */
const LEAST_INSERTED = 20_000;
/** Tables filled for one sample, at most. */
const MOST_TABLES = 500;
/** Lookups of one sample, at least. */
const LEAST_ASKED = 1 << 18;

interface Samples {
  inserts: number[];
  bytes: number;
  flushes: number[];
  lookups: { lookup: Lookup; nanoseconds: number[] }[];
}

/** Measures a subject at one size, `samples` times. */
export function measure(subject: Subject, entries: number, samples: number): Figure[] {
  const population = subject.populate(entries);
  const taken: Samples = { inserts: [], bytes: 0, flushes: [], lookups: [] };
  const tables = Math.min(MOST_TABLES, Math.ceil(LEAST_INSERTED / entries));
  for (let i = 0; i < samples; i++) sampleFill(population, entries, tables, taken);
  const filled = population.make();
  population.fill(filled);
  taken.bytes = filled.bytes / entries;
  taken.lookups = population.lookups(filled).map((lookup) => ({ lookup, nanoseconds: [] }));
  for (const { lookup } of taken.lookups) verify(lookup, subject, entries);
  for (let i = 0; i < samples; i++) {
    for (const { lookup, nanoseconds } of taken.lookups) nanoseconds.push(timeLookup(lookup));
  }
  return figures(subject, entries, taken);
}

/** Fills new tables, takes the time of that and of flushing them. */
function sampleFill(population: Population, entries: number, tables: number, taken: Samples): void {
  const made = Array.from({ length: tables }, () => population.make());
  const start = performance.now();
  for (const table of made) population.fill(table);
  const filled = performance.now();
  for (const table of made) table.clear();
  const flushed = performance.now();
  taken.inserts.push((entries * tables * 1_000) / (filled - start));
  taken.flushes.push((flushed - filled) / tables);
}

/** A lookup that finds other than it should measures something else. Warms up, too. */
function verify(lookup: Lookup, subject: Subject, entries: number): void {
  const found = lookup.run();
  if (found === lookup.expected) return;
  throw new Error(
    `${subject.id}, ${lookup.id}, ${entries} entries: ${found} of ${lookup.asked} found, expected ${lookup.expected}`,
  );
}

function timeLookup(lookup: Lookup): number {
  const passes = Math.max(1, Math.ceil(LEAST_ASKED / lookup.asked));
  const start = performance.now();
  for (let i = 0; i < passes; i++) lookup.run();
  return ((performance.now() - start) * 1e6) / (passes * lookup.asked);
}

function figures(subject: Subject, entries: number, taken: Samples): Figure[] {
  const { axis } = subject;
  const one = (last: string, name: string, unit: string, digits: number, samples: number[]): Figure => ({
    id: `scale/${subject.id}/${last}/${entries}`,
    name: `${name}, ${entries.toLocaleString('en')} ${axis}`,
    unit,
    digits,
    better: unit === 'entries/s' ? 'more' : 'less',
    samples: { uvtep: samples },
    curve: `scale/${subject.id}/${last}`,
    at: { axis, value: entries },
    ...(entries === subject.most && subject.bars[last] ? { bars: [subject.bars[last]] } : {}),
  });
  return [
    one('insert', 'inserting, growth included', 'entries/s', 0, taken.inserts),
    ...taken.lookups.map(({ lookup, nanoseconds }) => one(lookup.id, lookup.name, 'ns', 1, nanoseconds)),
    one('bytes', 'memory an entry', 'bytes', 1, [taken.bytes]),
    one('flush', 'flushing', 'ms', 3, taken.flushes),
  ];
}
