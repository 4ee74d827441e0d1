/** What the suite can measure, which of it a run takes, and how long that should last. */
import type { Layout } from './adapter.js';
import type { Tell } from './alternate.js';
import type { Beds } from './bed.js';
import type { Figure, Subject } from './figure.js';

/** How much is spent on one bench. */
export interface Effort {
  /** Samples of each subject. */
  rounds: number;
  /** Of one sample. */
  seconds: number;
  /** Absent: all of the bench's. */
  subjects?: readonly Subject[];
}

/** What benches of one run tell each other: rates found without loss, thousands a second. */
export interface Found {
  rates: Partial<Record<Subject, number>>;
}

export interface Bench {
  /** Unique, a path; a name on the command line chooses every bench whose id, or one of whose figures' ids, it begins. */
  id: string;
  /** Ids of the figures it yields; absent: one, of the bench's own id. A trailing * stands for the rest. */
  figures?: readonly string[];
  /** For people. */
  name: string;
  /** On which beds; absent: it lays out what it needs by itself. */
  layout?: Layout;
  subjects: readonly Subject[];
  /** Needs neither root nor devices. */
  anywhere?: true;
  /** Absent: not in the quick run. */
  quick?: Effort;
  full: Effort;
  /** Seconds it takes, beds that are open already not included; absent: rounds of samples. */
  takes?: (effort: Effort, subjects: number) => number;
  run: (beds: Beds, effort: Effort, tell: Tell, found: Found) => Promise<Figure[]>;
}

export type Suite = 'quick' | 'full';

/** Names the bench, with what is to be spent on it. */
export interface Choice {
  bench: Bench;
  effort: Effort;
}

/** Beside the sample itself: programs that start, and a sink that waits for stragglers. */
export const PER_SAMPLE = 0.1;
/** A bed of programs: daemons that start, and end when it is closed. */
const SLOW_BED = 1.9;
const BED = 0.2;
const SLOW: readonly Subject[] = ['uvtep', 'uvtep-spin', 'ovs'];
/** A look at the machine before a bench. */
const PER_BENCH = 0.3;

export const subjectsOf = ({ bench, effort }: Choice): readonly Subject[] =>
  effort.subjects ?? bench.subjects;

export const figureIds = (bench: Bench): readonly string[] => bench.figures ?? [bench.id];

/** `throughput/udp` begins `throughput/udp/64` and not `throughput/udp6`. */
function begins(name: string, id: string): boolean {
  const path = name.replace(/\/+$/, '');
  return id === path || id.startsWith(`${path}/`);
}

export function isChosen(bench: Bench, name: string): boolean {
  return [bench.id, ...figureIds(bench)].some((id) => begins(name, id));
}

/** What a bench outside the quick run is given when it is asked for by name and `--quick`. */
function shortened({ quick, full }: Bench): Effort {
  return quick ?? { ...full, rounds: Math.min(2, full.rounds), seconds: Math.min(1, full.seconds) };
}

/**
 * The benches a run takes, in the order of the list.
 * @param names prefixes of ids; none: the whole suite
 * @throws {Error} when a name chooses nothing
 */
export function choose(benches: readonly Bench[], suite: Suite, names: readonly string[]): Choice[] {
  const unknown = names.find((name) => !benches.some((bench) => isChosen(bench, name)));
  if (unknown !== undefined)
    throw new Error(
      `"${unknown}" begins no bench; \`npm run perf -- list\` shows them, such as ${benches[0]!.id}`,
    );
  const wanted = benches.filter((bench) =>
    names.length === 0
      ? suite === 'full' || bench.quick !== undefined
      : names.some((name) => isChosen(bench, name)),
  );
  return wanted.map((bench) => ({ bench, effort: suite === 'quick' ? shortened(bench) : bench.full }));
}

/** Seconds of one bench, without its beds. */
export function secondsOf(choice: Choice): number {
  const { bench, effort } = choice;
  const subjects = subjectsOf(choice).length;
  const samples = effort.rounds * subjects * (effort.seconds + PER_SAMPLE);
  return PER_BENCH + (bench.takes?.(effort, subjects) ?? samples);
}

/** Benches on the same beds, which are laid out once for all of them. */
export interface Group {
  layout?: Layout;
  subjects: readonly Subject[];
  choices: Choice[];
}

/** Neighbours in the list with one layout share their beds. */
export function grouped(choices: readonly Choice[]): Group[] {
  const groups: Group[] = [];
  for (const choice of choices) {
    const { layout } = choice.bench;
    const last = groups.at(-1);
    const shares = last?.layout !== undefined && layout !== undefined && sameLayout(last.layout, layout);
    const group = shares ? last : { layout, subjects: [], choices: [] };
    if (!shares) groups.push(group);
    group.choices.push(choice);
    if (layout) group.subjects = [...new Set([...group.subjects, ...subjectsOf(choice)])];
  }
  return groups;
}

const sameLayout = (one: Layout, other: Layout): boolean =>
  one.segmentation === other.segmentation && one.ends === other.ends && one.link === other.link;

/** Seconds to lay out beds of these subjects and take them away. */
export function bedSeconds(subjects: readonly Subject[]): number {
  return subjects.reduce((sum, subject) => sum + (SLOW.includes(subject) ? SLOW_BED : BED), 0);
}

/** Seconds the whole run should take. */
export function estimate(choices: readonly Choice[]): number {
  return (
    grouped(choices).reduce((sum, group) => sum + bedSeconds(group.subjects), 0) +
    choices.reduce((sum, choice) => sum + secondsOf(choice), 0)
  );
}
