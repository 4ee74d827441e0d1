/**
 * Bars side by side: a figure a group, a subject a bar, from 0 to the median, with a whisker from the least to the
 * greatest sample. Lying, so that names of any length fit a narrow page. A dashed stroke is where a bar of the
 * project ("at least half of the kernel's") stands.
 */
import { subjectsOf } from './curves.js';
import type { Bar, Figure, Subject } from './figure.js';
import { fromZero, type Axis } from './plot-axis.js';
import { goalMark, goalsFor, goalValue } from './plot-goal.js';
import {
  el,
  escaped,
  heading,
  label,
  legend,
  LETTER,
  mark,
  WIDTH,
  type LegendEntry,
  type Panel,
} from './plot-svg.js';
import { spread } from './statistics.js';
import { number, wrapped } from './terminal.js';
import { SUBJECT_NAMES } from './words.js';

const THICK = 12;
const STEP = THICK + 3;
const LINE = 15;
const GAP = 9;
/** Room for a value behind the longest whisker. */
const VALUE = 62;

export function barPanel(name: string, figures: readonly Figure[]): Panel {
  const title = heading(name);
  const subjects = subjectsOf(figures);
  const entries: LegendEntry[] = subjects.map((subject) => ({
    text: SUBJECT_NAMES[subject],
    class: `s-${subject}`,
    shape: 'bar',
  }));
  if (figures.some(({ bars }) => bars?.length))
    entries.push({ text: 'to be reached', class: '', shape: 'goal' });
  const key = legend(entries, title.height);
  const top = title.height + key.height + 6;
  const axis = fromZero(Math.max(...figures.map(greatest)), [0, WIDTH - VALUE], 4);
  let y = top;
  const groups = figures.map((figure) => {
    const drawn = group(figure, axis, y);
    y += drawn.height + GAP;
    return drawn.body;
  });
  const body = [title.body, key.body, ...grid(axis, top, y), ...groups];
  const description = figures.map((figure) => inWords(figure)).join('; ');
  return { title: name, description: `${description}.`, width: WIDTH, height: y + 20, body: body.join('') };
}

/** The greatest sample that is drawn. */
function greatest(figure: Figure): number {
  return Math.max(0, ...subjectsOf([figure]).map((subject) => spread(figure.samples[subject]!).max));
}

function grid(axis: Axis, top: number, bottom: number): string[] {
  return axis.ticks.map(({ value, text }, index) => {
    const x = axis.place(value);
    const line = el('path', { class: 'grid', d: `M${x.toFixed(2)} ${top}V${bottom}` });
    const anchor = index === 0 ? 'start' : 'middle';
    const written = label(text, x, bottom + 14, { class: 'tick', 'text-anchor': anchor });
    return el('g', { 'data-tick': 'x' }, line, written);
  });
}

/** A figure's name, its bars one below the other, its missing ones as words. */
function group(figure: Figure, axis: Axis, top: number): { body: string; height: number } {
  const name = figure.disturbed ? `${figure.name} (disturbed)` : figure.name;
  const lines = wrapped(name, Math.floor(WIDTH / LETTER), '');
  const parts = lines.map((line, index) => label(line, 0, top + 12 + index * LINE, { class: 'name' }));
  let y = top + lines.length * LINE + 2;
  for (const subject of subjectsOf([figure])) {
    parts.push(bar(figure, subject, axis, y));
    y += STEP;
  }
  for (const [of, why] of Object.entries(figure.missing ?? {})) {
    const whose = of === 'all' ? '' : `${SUBJECT_NAMES[of as Subject]} `;
    const text = label(`${whose}not measured`, 2, y + 10, { class: 'none' });
    parts.push(el('g', {}, el('title', {}, escaped(why)), text));
    y += STEP;
  }
  return { body: el('g', { 'data-disturbed': figure.disturbed && 'yes' }, ...parts), height: y - top };
}

function bar(figure: Figure, subject: Subject, axis: Axis, y: number): string {
  const samples = figure.samples[subject]!;
  const { median, min, max } = spread(samples);
  const middle = y + THICK / 2;
  const [from, to] = [axis.place(min), axis.place(max)];
  const whisker = `M${from.toFixed(2)} ${middle}H${to.toFixed(2)}M${from.toFixed(2)} ${middle - 3}v6M${to.toFixed(2)} ${middle - 3}v6`;
  const goals = goalsFor(figure, subject);
  const places = goals.map((goal) => goalPlace(figure, goal, axis));
  const text = number(median, figure.digits);
  return el(
    'g',
    {},
    el('title', {}, escaped(`${figure.name}, ${tooltip(figure, subject)}`)),
    el('rect', {
      class: `bar s-${subject}`,
      x: 0,
      y,
      width: axis.place(median),
      height: THICK,
      rx: 2,
      ...mark(figure.id, subject, median),
    }),
    samples.length > 1 ? el('path', { class: 'whisker', d: whisker }) : '',
    ...goals.map((goal, index) =>
      places[index] === undefined
        ? ''
        : goalMark(figure, goal, `M${places[index].toFixed(2)} ${y - 2}v${THICK + 4}`),
    ),
    label(text, behind(to, text, places), middle + 4, { class: 'value' }),
  );
}

/** Where a value stands: behind the whisker, and behind goals that would strike it through. */
function behind(whisker: number, text: string, goals: readonly (number | undefined)[]): number {
  let x = whisker + 6;
  for (const goal of goals.toSorted((a, b) => (a ?? 0) - (b ?? 0)))
    if (goal !== undefined && goal > x - 4 && goal < x + text.length * LETTER + 2) x = goal + 5;
  return x;
}

/** Where a bar stands on the axis; undefined where it was not measured against anything or lies outside. */
function goalPlace(figure: Figure, goal: Bar, axis: Axis): number | undefined {
  const value = goalValue(figure, goal);
  const x = value === undefined ? Infinity : axis.place(value);
  return x <= WIDTH - VALUE ? x : undefined;
}

/** "kernel: 31.7 Gbit/s (30.1-33.2, 9 samples)" */
export function tooltip(figure: Figure, subject: Subject): string {
  const { samples, digits, unit, disturbed } = figure;
  const values = samples[subject]!;
  const { median, min, max } = spread(values);
  const range =
    values.length > 1
      ? `${number(min, digits)}-${number(max, digits)}, ${values.length} samples`
      : '1 sample';
  return `${SUBJECT_NAMES[subject]}: ${number(median, digits)} ${unit} (${range})${disturbed ? '; the machine was busy' : ''}`;
}

/** "TCP, one stream: uvtep 14.4, kernel 31.7 Gbit/s" */
function inWords(figure: Figure): string {
  const values = subjectsOf([figure]).map(
    (subject) =>
      `${SUBJECT_NAMES[subject]} ${number(spread(figure.samples[subject]!).median, figure.digits)}`,
  );
  return `${figure.name}: ${values.join(', ') || 'not measured'}${values.length ? ` ${figure.unit}` : ''}`;
}
