/** Axes: where a value lies, which values are written at the edge, and how. */
import { scaleLinear, scaleLog, scalePoint } from 'd3-scale';
import { short } from './terminal.js';

export interface Axis {
  kind: 'linear' | 'log' | 'ordinal';
  /** Where a value lies, in pixels. */
  place: (value: number) => number;
  ticks: { value: number; text: string }[];
}

/** From 0, so that twice the length is twice the value. */
export function fromZero(greatest: number, range: [number, number], count: number): Axis {
  const scale = scaleLinear([0, greatest > 0 ? greatest : 1], range).nice(count);
  const ticks = scale.ticks(count).map((value) => ({ value, text: short(value) }));
  return { kind: 'linear', place: (value) => scale(value), ticks };
}

/** Over as many powers of ten as the values need, at most `count` of them written; steps of 1, 2 and 5 where they span few. */
export function logarithmic(values: readonly number[], range: [number, number], count: number): Axis {
  const low = roundedDown(Math.min(...values));
  const high = roundedUp(Math.max(...values));
  const scale = scaleLog([low, high > low ? high : low * 10], range);
  let ticks = steps(low, scale.domain()[1]!, [1, 2, 5]);
  if (ticks.length > count) ticks = steps(low, scale.domain()[1]!, [1]);
  const every = Math.ceil(ticks.length / count);
  return {
    kind: 'log',
    place: (value) => scale(value),
    ticks: ticks.filter((_, index) => index % every === 0).map((value) => ({ value, text: short(value) })),
  };
}

/** Each value as far from the next, such as percentiles. */
export function ordinal(
  values: readonly number[],
  range: [number, number],
  text: (value: number) => string,
): Axis {
  const sorted = [...new Set(values)].sort((x, y) => x - y);
  const scale = scalePoint(sorted.map(String), range).padding(0.3);
  return {
    kind: 'ordinal',
    place: (value) => scale(String(value))!,
    ticks: sorted.map((value) => ({ value, text: text(value) })),
  };
}

const MANTISSAS = [1, 2, 5, 10];

function roundedDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return Number((power * MANTISSAS.findLast((step) => step * power <= value * (1 + 1e-9))!).toPrecision(3));
}

function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return Number((power * MANTISSAS.find((step) => step * power >= value * (1 - 1e-9))!).toPrecision(3));
}

function steps(low: number, high: number, mantissas: readonly number[]): number[] {
  const found: number[] = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.log10(high) + 1; power++)
    for (const mantissa of mantissas) {
      const value = Number((mantissa * 10 ** power).toPrecision(3));
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) found.push(value);
    }
  return found;
}
