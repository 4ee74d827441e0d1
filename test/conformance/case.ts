/**
 * What a case is: something done to a VXLAN device and what is seen then. Each runs on the kernel's device first, then on
 * ours in a namespace laid out alike; the facts must be the same, in this order, or the case says why they are not.
 */
import type { Bed } from './bed.js';

/** One thing that was seen. */
export interface Fact {
  /** As it stands in the table of docs/conformance.md: the same in every run. */
  shown: string;
  /** What must be the same besides, such as the octets of a frame. */
  exact?: string;
}

export interface Case {
  /** What is tried, in the words one would type where there are such. */
  what: string;
  run(bed: Bed): Promise<Fact[]>;
  /** Why ours does it otherwise, on purpose. */
  deviation?: string;
  /** A difference that is to go; said in the table, and no reason to fail. */
  known?: string;
}

export interface Group {
  /** Heading of its table; unique. */
  title: string;
  /** A sentence under the heading. */
  says: string;
  cases: readonly Case[];
}

export type Verdict = 'agree' | 'deviation' | 'known' | 'different' | 'stale';

/** A case that was run on both. */
export interface Row {
  what: string;
  kernel: readonly Fact[];
  ours: readonly Fact[];
  verdict: Verdict;
  /** The reason of a deviation, or what is known of a difference. */
  why?: string;
}

export const fact = (shown: string, exact?: string): Fact =>
  exact === undefined ? { shown } : { shown, exact };

const same = (a: readonly Fact[], b: readonly Fact[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The verdict on two lists of facts. A stated reason where nothing differs is wrong as well. */
export function judge({ what, deviation, known }: Case, kernel: readonly Fact[], ours: readonly Fact[]): Row {
  const why = deviation ?? known;
  const row = { what, kernel, ours, ...(why === undefined ? {} : { why }) };
  if (same(kernel, ours)) return { ...row, verdict: why === undefined ? 'agree' : 'stale' };
  if (why === undefined) return { ...row, verdict: 'different' };
  return { ...row, verdict: deviation === undefined ? 'known' : 'deviation' };
}

/** True for verdicts that fail a run. */
export const isFailure = (verdict: Verdict): boolean => verdict === 'different' || verdict === 'stale';
