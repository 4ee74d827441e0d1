/** Figures that form curves: over a table's size, over percentiles. */
import { SUBJECTS, type Figure, type Subject } from './figure.js';

export interface Curve {
  /** The path its figures share, such as 'scale/fdb/lookup-hit'. */
  id: string;
  /** For people: what the names of its figures have in common. */
  name: string;
  axis: string;
  unit: string;
  digits: number;
  better: 'more' | 'less';
  /** In the order of `at.value`. */
  points: { at: number; figure: Figure }[];
}

/** The axis on which 99.9 follows 99 as 99 follows 90. */
export const PERCENTILE = 'percentile';

/** The figures that stand alone, and the curves of the others. */
export function partCurves(figures: readonly Figure[]): { alone: Figure[]; curves: Curve[] } {
  const alone: Figure[] = [];
  const groups = new Map<string, { axis: string; points: Curve['points'] }>();
  for (const figure of figures) {
    const place = placeOf(figure);
    if (place === undefined) {
      alone.push(figure);
      continue;
    }
    const key = [place.curve, place.axis, figure.unit].join('\n');
    const group = groups.get(key) ?? { axis: place.axis, points: [] };
    group.points.push({ at: place.at, figure });
    groups.set(key, group);
  }
  const curves = [...groups].map(([key, { axis, points }]) => {
    points.sort((x, y) => x.at - y.at);
    const { unit, digits, better } = points[0]!.figure;
    const id = key.split('\n')[0]!;
    return {
      id,
      name: commonName(points.map(({ figure }) => figure.name)) ?? id,
      axis,
      unit,
      digits,
      better,
      points,
    };
  });
  return { alone, curves };
}

/** Which curve a figure belongs to; 'latency/loaded/p99' says so by its id alone. */
function placeOf({ id, curve, at }: Figure): { curve: string; axis: string; at: number } | undefined {
  if (curve !== undefined && at !== undefined) return { curve, axis: at.axis, at: at.value };
  const match = /^(latency\/.+)\/p([0-9]+(?:\.[0-9]+)?)$/.exec(id);
  return match ? { curve: match[1]!, axis: PERCENTILE, at: Number(match[2]) } : undefined;
}

/** 'FDB lookup, hit' of 'FDB lookup, hit, 1 entry' and 'FDB lookup, hit, 1,000 entries'; undefined where too little is common. */
function commonName(names: readonly string[]): string | undefined {
  let length = names[0]!.length;
  for (const name of names) while (!name.startsWith(names[0]!.slice(0, length))) length--;
  const common = names[0]!.slice(0, length);
  // What differs may begin within a word or a number: give that up too, unless a single name is all there is.
  const whole = names.length === 1 ? common : common.replace(/[\w.]+$/, '');
  const trimmed = whole.replace(/[\s,;:(-]+(?:(?:at|with|to|of|p)[\s,;:(-]*)*$/, '');
  return trimmed.length >= 4 ? trimmed : undefined;
}

/** Subjects with samples in any of the figures, in their usual order. */
export function subjectsOf(figures: readonly Figure[]): Subject[] {
  return SUBJECTS.filter((subject) => figures.some((figure) => figure.samples[subject]?.length));
}

/** First part of an id: throughput, latency, scale, micro, cost. */
export function groupOf(id: string): string {
  return id.split('/')[0]!;
}

/** Values in the order of their first appearance, by a key. */
export function groupBy<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const name = key(value);
    const group = groups.get(name);
    if (group) group.push(value);
    else groups.set(name, [value]);
  }
  return groups;
}
