/**
 * What changed from one run to another, beyond noise.
 *
 * The rule: a figure has changed when its medians differ by at least RELEVANT and the Mann-Whitney test gives p < ALPHA.
 * ALPHA is 1 % rather than the usual 5 %, because a run has a hundred figures and five false alarms a run would be
 * read by nobody; it needs five samples a side (4 and 4 cannot give less than 2.9 %), and where there are fewer the
 * comparison says that it cannot tell. RELEVANT is there because a test finds any difference, given enough samples, and
 * two runs of one program differ by a little that no round within a run shows: memory layout, CPU clock, temperature.
 *
 * A shared machine may be another one tomorrow, and then everything moves. So ours is also compared as a ratio to the
 * kernel's in the same run, taken round by round, since neighbours in A B A B met the same machine. When our figure moved
 * and its ratio did not, it was the machine and not the code.
 */
import { SUBJECTS, type Figure, type Subject } from './figure.js';
import type { Results } from './results.js';
import { leastP, mannWhitney } from './significance.js';
import { spread } from './statistics.js';

/** A difference this likely without any cause counts as noise. */
export const ALPHA = 0.01;
/** The least change of a median that is worth telling. */
export const RELEVANT = 0.03;

export type Judgement = 'better' | 'worse' | 'same' | 'too few samples';

/** Two sets of samples, side by side. */
export interface Difference {
  /** Medians. */
  before: number;
  after: number;
  /** (after - before) / before; Infinity from nothing to something. */
  change: number;
  /** See mannWhitney; undefined with too few samples. */
  p?: number;
  judgement: Judgement;
}

/** A figure of one subject in both runs. */
export interface Comparison extends Difference {
  id: string;
  name: string;
  unit: string;
  digits: number;
  subject: Subject;
  /** Of ours to the kernel's in the same run; undefined where either is missing. */
  ratio?: Difference;
  /** Why our figure changed: the ratio moved with it, or did not. Undefined where nothing changed or no ratio tells. */
  cause?: 'code' | 'machine';
  /** In which of the runs the machine was busy with something else. */
  disturbed: ('before' | 'after')[];
}

export interface Comparisons {
  comparisons: Comparison[];
  /** "name, subject" of what only one run has. */
  onlyBefore: string[];
  onlyAfter: string[];
  /** What makes the runs less comparable: other machines, kernels, versions. */
  warnings: string[];
}

export function compare(before: Results, after: Results): Comparisons {
  const later = new Map(after.figures.map((figure) => [figure.id, figure]));
  const comparisons = before.figures.flatMap((figure) => {
    const other = later.get(figure.id);
    return other === undefined
      ? []
      : SUBJECTS.flatMap((subject) => compareSubject(figure, other, subject) ?? []);
  });
  return {
    comparisons,
    onlyBefore: measuredOnlyIn(before, after),
    onlyAfter: measuredOnlyIn(after, before),
    warnings: warnings(before, after),
  };
}

function compareSubject(before: Figure, after: Figure, subject: Subject): Comparison | undefined {
  const from = before.samples[subject];
  const to = after.samples[subject];
  if (!from?.length || !to?.length) return undefined;
  const { id, name, unit, digits, better } = after;
  const difference = differ(from, to, better);
  const ratio = subject === 'kernel' ? undefined : compareRatio(before, after, subject);
  return {
    id,
    name,
    unit,
    digits,
    subject,
    ...difference,
    ratio,
    cause: causeOf(difference, ratio),
    disturbed: [
      ...(before.disturbed ? ['before' as const] : []),
      ...(after.disturbed ? ['after' as const] : []),
    ],
  };
}

/** Two sets of samples by the rule above. */
export function differ(
  before: readonly number[],
  after: readonly number[],
  better: 'more' | 'less',
): Difference {
  const from = spread(before).median;
  const to = spread(after).median;
  const change = from === to ? 0 : (to - from) / Math.abs(from);
  if (leastP(before.length, after.length) >= ALPHA)
    return { before: from, after: to, change, judgement: 'too few samples' };
  const p = mannWhitney(before, after);
  const changed = p < ALPHA && Math.abs(change) >= RELEVANT;
  const judgement = !changed ? 'same' : change > 0 === (better === 'more') ? 'better' : 'worse';
  return { before: from, after: to, change, p, judgement };
}

function compareRatio(before: Figure, after: Figure, subject: Subject): Difference | undefined {
  const from = ratios(before, subject);
  const to = ratios(after, subject);
  return from && to && differ(from, to, after.better);
}

/** Round by round where there are as many rounds of the kernel, otherwise over its median. */
function ratios(figure: Figure, subject: Subject): number[] | undefined {
  const ours = figure.samples[subject];
  const kernel = figure.samples.kernel;
  if (!ours?.length || !kernel?.length || kernel.some((value) => value === 0)) return undefined;
  const { median } = spread(kernel);
  return ours.map((value, round) => value / (ours.length === kernel.length ? kernel[round]! : median));
}

function causeOf(absolute: Difference, ratio: Difference | undefined): 'code' | 'machine' | undefined {
  if (absolute.judgement !== 'better' && absolute.judgement !== 'worse') return undefined;
  if (ratio === undefined || ratio.judgement === 'too few samples') return undefined;
  return ratio.judgement === absolute.judgement ? 'code' : 'machine';
}

function measuredOnlyIn(one: Results, other: Results): string[] {
  const there = new Map(other.figures.map((figure) => [figure.id, figure]));
  return one.figures.flatMap((figure) =>
    SUBJECTS.filter(
      (subject) => figure.samples[subject]?.length && !there.get(figure.id)?.samples[subject]?.length,
    ).map((subject) => `${figure.name}, ${subject}`),
  );
}

function warnings(before: Results, after: Results): string[] {
  const lines: string[] = [];
  const differs = (what: string, from: unknown, to: unknown): void => {
    if (from !== to) lines.push(`${what}: ${from ?? 'none'} before, ${to ?? 'none'} after`);
  };
  differs('other machine', machineOf(before), machineOf(after));
  differs('other kernel', before.machine.kernel, after.machine.kernel);
  differs('other Node', before.machine.node, after.machine.node);
  differs('other suite', before.suite, after.suite);
  for (const name of new Set([...Object.keys(before.versions), ...Object.keys(after.versions)]))
    if (!['kernel', 'node'].includes(name))
      differs(`other ${name}`, before.versions[name], after.versions[name]);
  return lines;
}

const machineOf = ({ machine }: Results): string => `${machine.host} (${machine.cpu}, ${machine.cpus} CPUs)`;
