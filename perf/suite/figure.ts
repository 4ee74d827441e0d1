/** A figure: samples of ours and of what it is compared with, and the bars it has to reach. */
import { spread } from './statistics.js';

/**
 * What was measured. `uvtep` is ours as it comes (event-driven), `uvtep-spin` ours with busy-polling; `veth` the underlay
 * itself, without a tunnel; `ovs` and `vde` other userspace VTEPs.
 */
export const SUBJECTS = ['uvtep', 'uvtep-spin', 'kernel', 'veth', 'ovs', 'vde'] as const;
export type Subject = (typeof SUBJECTS)[number];

/**
 * A bar: a limit, and the stretch goal beyond it. With `against`, limits are ratios of medians, subject / against;
 * without, they are in the figure's unit. `worst`: every single sample has to keep the limit, not the median alone.
 */
export interface Bar {
  /** Whose samples, default 'uvtep'. */
  of?: Subject;
  against?: Subject;
  atLeast?: number;
  atMost?: number;
  stretch?: number;
  worst?: boolean;
}

/** Where a figure stands on a curve, such as 1,000 entries of an FDB. */
export interface Point {
  /** What the curve is of, such as 'FDB entries'. */
  axis: string;
  value: number;
}

export interface Figure {
  /** Unique in a run, a path: group/bench/variant, such as 'throughput/tcp/1-stream/veth'. */
  id: string;
  /** For people, such as 'TCP, one stream, default veth'. */
  name: string;
  unit: string;
  /** How many digits after the point are worth printing. */
  digits: number;
  /** Which direction is better. */
  better: 'more' | 'less';
  samples: Partial<Record<Subject, number[]>>;
  bars?: Bar[];
  /** Figures that differ in `at.value` alone form a curve; they have the same `curve`. */
  curve?: string;
  at?: Point;
  /** Why a subject, or with key 'all' the whole figure, could not be measured. */
  missing?: Partial<Record<Subject | 'all', string>>;
  /** What the reader should know beside the figure. */
  note?: string;
  /** Set when the machine was busy with something else meanwhile: shares of it, 0 to 1. */
  disturbed?: { busyBefore: number; stolen: number };
}

export type Verdict = 'stretch' | 'met' | 'missed' | 'not measured';

/** The number a bar judges: a median, the worst sample, or a ratio of medians; undefined where it was not measured. */
export function reached(figure: Figure, bar: Bar): number | undefined {
  const ours = figure.samples[bar.of ?? 'uvtep'];
  if (figure.missing?.all !== undefined || !ours?.length) return undefined;
  const { median, min, max } = spread(ours);
  const value = !bar.worst ? median : bar.atMost === undefined ? min : max;
  if (bar.against === undefined) return value;
  const theirs = figure.samples[bar.against];
  if (!theirs?.length) return undefined;
  const base = spread(theirs).median;
  return base === 0 ? undefined : value / base;
}

/** Whether a bar is missed, met, or its stretch goal met too. */
export function verdict(figure: Figure, bar: Bar): Verdict {
  const value = reached(figure, bar);
  if (value === undefined) return 'not measured';
  const keeps = (limit: number): boolean => (bar.atMost === undefined ? value >= limit : value <= limit);
  if (!keeps((bar.atLeast ?? bar.atMost)!)) return 'missed';
  return bar.stretch !== undefined && keeps(bar.stretch) ? 'stretch' : 'met';
}

/** Median of a subject over the kernel's; undefined where one is missing or the kernel's is 0. */
export function ratio(
  figure: Figure,
  of: Subject = 'uvtep',
  against: Subject = 'kernel',
): number | undefined {
  return reached(figure, { of, against, atLeast: 0 });
}
