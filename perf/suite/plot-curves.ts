/**
 * Curves: over table sizes, both axes logarithmic; over percentiles, each as far from the next. A point is a median,
 * the thin stroke through it goes from the least to the greatest sample.
 */
import { PERCENTILE, subjectsOf, type Curve } from './curves.js';
import type { Bar, Figure, Subject } from './figure.js';
import { fromZero, logarithmic, ordinal, type Axis } from './plot-axis.js';
import { tooltip } from './plot-bars.js';
import { goalMark, goalsFor, goalValue } from './plot-goal.js';
import {
  el,
  escaped,
  heading,
  label,
  legend,
  mark,
  WIDTH,
  type LegendEntry,
  type Panel,
} from './plot-svg.js';
import { spread } from './statistics.js';
import { number, short } from './terminal.js';
import { SUBJECT_NAMES } from './words.js';

/** A line of the plot. */
interface Line {
  curve: Curve;
  subject: Subject;
  name: string;
  /** Class that has the colour. */
  hue: string;
  points: { at: number; figure: Figure }[];
}

const LEFT = 46;
const RIGHT = 14;
const PLOT = 200;
/** Length of the stroke that shows what is to be reached. */
const GOAL = 20;
/** Colours of curves that have one subject each. */
const HUES = 6;

/** @param curves over the same axis and in the same unit */
export function curvePanel(name: string, curves: readonly Curve[]): Panel {
  const title = heading(name);
  const lines = linesOf(curves);
  const goals = lines.flatMap(goalsOf);
  const entries: LegendEntry[] = lines.map(({ name, hue }) => ({ text: name, class: hue, shape: 'line' }));
  if (goals.length) entries.push({ text: 'to be reached', class: '', shape: 'goal' });
  const key = legend(entries, title.height);
  const top = title.height + key.height + 26;
  const bottom = top + PLOT;
  const points = lines.flatMap((line) => line.points.map((point) => ({ ...point, subject: line.subject })));
  const x = axisAcross(
    curves[0]!.axis,
    points.map(({ at }) => at),
  );
  const y = axisUp(
    curves[0]!,
    [
      ...points.flatMap(({ figure, subject }) => figure.samples[subject]!),
      ...goals.map(({ value }) => value),
    ],
    [bottom, top],
  );
  const body = [
    title.body,
    key.body,
    label(`${curves[0]!.unit}${y.kind === 'log' ? ', log' : ''}`, 0, top - 13, { class: 'axis' }),
    ...y.ticks.map((tick) => tickUp(tick, y)),
    ...x.ticks.map((tick) => tickAcross(tick, x, top, bottom)),
    label(`${curves[0]!.axis}${x.kind === 'log' ? ', log' : ''}`, WIDTH - RIGHT, bottom + 32, {
      class: 'axis',
      'text-anchor': 'end',
    }),
    ...lines.map((line) => drawn(line, x, y)),
    ...goals.map(({ at, value, figure, goal }) =>
      goalMark(figure, goal, `M${(x.place(at) - GOAL / 2).toFixed(2)} ${y.place(value).toFixed(2)}h${GOAL}`),
    ),
  ];
  const description = `${lines.map(inWords).join('; ')}.`;
  return { title: name, description, width: WIDTH, height: bottom + 38, body: body.join('') };
}

interface Goal {
  at: number;
  value: number;
  figure: Figure;
  goal: Bar;
}

function goalsOf({ points, subject }: Line): Goal[] {
  return points.flatMap(({ at, figure }) =>
    goalsFor(figure, subject).flatMap((goal) => {
      const value = goalValue(figure, goal);
      return value === undefined ? [] : [{ at, value, figure, goal }];
    }),
  );
}

/** Coloured by subject where a panel has one curve, otherwise by curve, and then other subjects are dashed. */
function linesOf(curves: readonly Curve[]): Line[] {
  return curves.flatMap((curve, index) => {
    const subjects = subjectsOf(curve.points.map(({ figure }) => figure));
    return subjects.map((subject, nth) => {
      const named = subjects.length > 1 ? `${curve.name}, ${SUBJECT_NAMES[subject]}` : curve.name;
      return {
        curve,
        subject,
        name: curves.length === 1 ? SUBJECT_NAMES[subject] : named,
        hue:
          curves.length === 1 ? `s-${subject}` : `s-c${index % HUES}${nth || index >= HUES ? ' dashed' : ''}`,
        points: curve.points.filter(({ figure }) => figure.samples[subject]?.length),
      };
    });
  });
}

function axisAcross(axis: string, values: readonly number[]): Axis {
  const range: [number, number] = [LEFT + 10, WIDTH - RIGHT - 10];
  if (axis === PERCENTILE) return ordinal(values, range, (value) => `p${value}`);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least > 0 && most / least >= 20 ? logarithmic(values, range, 8) : fromZero(most, range, 6);
}

/** What costs is drawn on a logarithmic axis, and so is what differs much; a throughput that hardly moves starts at 0. */
function axisUp({ better }: Curve, values: readonly number[], range: [number, number]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const log = least > 0 && (better === 'less' || most / least >= 3);
  return log ? logarithmic(values, range, 7) : fromZero(most, range, 5);
}

function tickUp({ value, text }: Axis['ticks'][number], axis: Axis): string {
  const y = axis.place(value);
  const line = el('path', { class: 'grid', d: `M${LEFT} ${y.toFixed(2)}H${WIDTH - RIGHT}` });
  const written = label(text, LEFT - 6, y + 4, { class: 'tick', 'text-anchor': 'end' });
  return el('g', { 'data-tick': 'y' }, line, written);
}

function tickAcross({ value, text }: Axis['ticks'][number], axis: Axis, top: number, bottom: number): string {
  const x = axis.place(value);
  const line = el('path', { class: 'grid', d: `M${x.toFixed(2)} ${top}V${bottom}` });
  const written = label(text, x, bottom + 16, { class: 'tick', 'text-anchor': 'middle' });
  return el('g', { 'data-tick': 'x' }, line, written);
}

function drawn({ points, subject, hue, name }: Line, x: Axis, y: Axis): string {
  const places = points.map(
    ({ at, figure }) => [x.place(at), y.place(spread(figure.samples[subject]!).median)] as const,
  );
  const path = places
    .map(([px, py], index) => `${index ? 'L' : 'M'}${px.toFixed(2)} ${py.toFixed(2)}`)
    .join('');
  const marks = points.map(({ at, figure }, index) => {
    const { median, min, max } = spread(figure.samples[subject]!);
    const [px, py] = places[index]!;
    return el(
      'g',
      { 'data-disturbed': figure.disturbed && 'yes' },
      el('title', {}, escaped(`${name}, at ${number(at, at % 1 ? 1 : 0)}, ${tooltip(figure, subject)}`)),
      el('path', {
        class: `spread ${hue}`,
        d: `M${px.toFixed(2)} ${y.place(min).toFixed(2)}V${y.place(max).toFixed(2)}`,
      }),
      el('circle', {
        class: `point ${hue}`,
        cx: px,
        cy: py,
        r: figure.disturbed ? 2.5 : 4,
        'data-at': String(at),
        ...mark(figure.id, subject, median),
      }),
    );
  });
  return el('path', { class: `line ${hue}`, d: path }) + marks.join('');
}

function inWords({ name, points, subject, curve }: Line): string {
  const values = points.map(
    ({ at, figure }) => `${number(spread(figure.samples[subject]!).median, figure.digits)} at ${short(at)}`,
  );
  return `${name}, ${curve.unit} by ${curve.axis}: ${values.join(', ')}`;
}
