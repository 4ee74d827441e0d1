/** A figure: samples of ours and the kernel's, and the bar it has to reach. */
import type { Kind } from '../../test/support/lab/dialect.js';
import { spread } from './statistics.js';

export interface Figure {
  name: string;
  unit: string;
  /** How many digits after the point are worth printing. */
  digits: number;
  samples: Partial<Record<Kind, number[]>>;
  /**
   * What it must reach: `ratio` ours / kernel at least; `atMost` ours, in the unit. Absent: for information.
   */
  bar?: { ratio: number } | { atMost: number };
  /** Why it could not be measured, where it could not. */
  missing?: string;
  /** What the reader should know beside the figure. */
  note?: string;
}

export type Verdict = 'met' | 'missed' | 'not measured' | '';

/** Median of ours over the kernel's; undefined where one is missing or the kernel's is 0. */
export function ratio(figure: Figure): number | undefined {
  const { uvtep, kernel } = figure.samples;
  if (!uvtep?.length || !kernel?.length) return undefined;
  const theirs = spread(kernel).median;
  return theirs === 0 ? undefined : spread(uvtep).median / theirs;
}

/** Whether the bar is met; '' for a figure without one. */
export function verdict(figure: Figure): Verdict {
  const { bar, samples, missing } = figure;
  if (missing !== undefined) return 'not measured';
  if (bar === undefined) return samples.uvtep?.length ? '' : 'not measured';
  if ('ratio' in bar) {
    const reached = ratio(figure);
    if (reached === undefined) return 'not measured';
    return reached >= bar.ratio ? 'met' : 'missed';
  }
  if (!samples.uvtep?.length) return 'not measured';
  return Math.max(...samples.uvtep) <= bar.atMost ? 'met' : 'missed';
}
