/**
 * The table in the terminal: a part for each group of ids, medians with least and greatest, bars with their verdicts,
 * then what could not be measured and why.
 */
import { groupBy, groupOf, partCurves, PERCENTILE, subjectsOf, type Curve } from './curves.js';
import { ratio, type Figure, type Subject } from './figure.js';
import { describe, DISTURBED, remarks } from './remarks.js';
import type { Results } from './results.js';
import { spread } from './statistics.js';
import { columns, number, short, wrapped } from './terminal.js';
import { summary, SUBJECT_NAMES, verdictText, wanted } from './words.js';

export { save } from './results-file.js';

/** @param width of the terminal: what is wider takes more lines */
export function table(results: Results, width = process.stdout.columns ?? 140): string {
  const groups = groupBy(results.figures, ({ id }) => groupOf(id));
  const lines = [...groups].flatMap(([name, figures]) => [name.toUpperCase(), ...part(figures, width), '']);
  lines.push(...[...remarks(results), ...describe(results)].flatMap((remark) => wrapped(remark, width)));
  lines.push(summary(results.figures));
  return lines.join('\n');
}

function part(figures: readonly Figure[], width: number): string[] {
  const { alone, curves } = partCurves(figures);
  const parts = alone.length ? [fitting((layout) => figureTable(alone, layout, width), width)] : [];
  const drawn = curves.filter(({ points }) => subjectsOf(points.map(({ figure }) => figure)).length);
  for (const some of groupBy(drawn, (curve) => curve.axis).values())
    parts.push(fitting((layout) => curveTable(some, layout), width));
  return parts.flatMap((lines, index) => (index ? ['', ...lines] : lines));
}

/** All in one line; least and greatest under the median; bars in lines of their own as well. */
const LAYOUTS = ['wide', 'tall', 'narrow'] as const;
type Layout = (typeof LAYOUTS)[number];

const longest = (lines: readonly string[]): number => Math.max(...lines.map((line) => line.length));

/** The first layout that fits, or else the narrowest. */
function fitting(draw: (layout: Layout) => string[], width: number): string[] {
  let lines: string[] = [];
  for (const layout of LAYOUTS) {
    lines = draw(layout);
    if (longest(lines) <= width) return lines;
  }
  return lines;
}

/** Names are broken as far as the width asks, but not below this. */
const NAME = 16;

function figureTable(figures: readonly Figure[], layout: Layout, width: number): string[] {
  const subjects = subjectsOf(figures);
  const ratios = figures.some((figure) => ratio(figure) !== undefined);
  const beside = layout !== 'narrow' && figures.some((figure) => figure.bars?.length);
  const separator = layout === 'wide' ? ' ' : '\n';
  const names = subjects.map((subject) => SUBJECT_NAMES[subject].replace(', ', separator));
  const head = ['', 'unit', ...names];
  if (ratios) head.push(layout === 'wide' ? 'ours/kernel' : 'ours/\nkernel');
  if (beside) head.push('bar');
  const rows = figures.map((figure) => [
    figure.disturbed ? `${figure.name} ${DISTURBED}` : figure.name,
    figure.unit,
    ...subjects.map((subject) => cell(figure, subject, layout)),
    ...(ratios ? [ratioText(figure)] : []),
    ...(beside ? [barTexts(figure).join(layout === 'wide' ? '; ' : '\n')] : []),
  ]);
  const right = new Set(subjects.map((_, index) => index + 2).concat(ratios ? subjects.length + 2 : []));
  const below = (row: number): string[] => (layout === 'narrow' ? barTexts(figures[row]!).map(indented) : []);
  if (layout !== 'wide') narrowNames(rows, width - longest(columns(head, rows, right)));
  return columns(head, rows, right, below);
}

/** @param room columns that are left, negative where they are wanting */
function narrowNames(rows: string[][], room: number): void {
  const width = Math.max(NAME, Math.max(...rows.map((row) => row[0]!.length)) + Math.min(0, room));
  for (const row of rows) row[0] = wrapped(row[0]!, width, '  ').join('\n');
}

const indented = (text: string): string => `    ${text}`;

/** 8.21 (7.90-8.40), or one below the other without brackets. */
function cell({ samples, digits }: Figure, subject: Subject, layout: Layout): string {
  const values = samples[subject];
  if (!values?.length) return '-';
  const { median, min, max } = spread(values);
  const middle = number(median, digits);
  if (values.length === 1) return middle;
  const range = `${number(min, digits)}-${number(max, digits)}`;
  return layout === 'wide' ? `${middle} (${range})` : `${middle}\n${range}`;
}

function ratioText(figure: Figure): string {
  const value = ratio(figure);
  return value === undefined ? '-' : number(value, 2);
}

function barTexts(figure: Figure): string[] {
  return (figure.bars ?? []).map((bar) => `${wanted(figure, bar)}: ${verdictText(figure, bar)}`);
}

/** One row a curve and subject, the sizes across, medians alone. The curves have one axis. */
function curveTable(curves: readonly Curve[], layout: Layout): string[] {
  const sizes = [...new Set(curves.flatMap(({ points }) => points.map(({ at }) => at)))].sort(
    (x, y) => x - y,
  );
  const beside = layout !== 'narrow' && curves.some((curve) => curveBars(curve).length);
  const head = [`by ${curves[0]!.axis}`, 'unit', '', ...sizes.map(short), ...(beside ? ['bar'] : [])];
  const lines = curves.flatMap((curve) => {
    const subjects = subjectsOf(curve.points.map(({ figure }) => figure));
    return subjects.map((subject, index) => ({
      curve,
      subject,
      first: index === 0,
      last: index === subjects.length - 1,
    }));
  });
  const rows = lines.map(({ curve, subject, first }) => [
    first ? curve.name : '',
    first ? curve.unit : '',
    SUBJECT_NAMES[subject],
    ...sizes.map((size) => pointText(curve, size, subject)),
    ...(beside ? [first ? curveBars(curve).join('\n') : ''] : []),
  ]);
  const below = (row: number): string[] =>
    layout === 'narrow' && lines[row]!.last ? curveBars(lines[row]!.curve).map(indented) : [];
  return columns(head, rows, new Set(sizes.map((_, index) => index + 3)), below);
}

/** From here on three digits have to do: entries a second have seven. */
const MANY = 100_000;

function pointText({ points }: Curve, size: number, subject: Subject): string {
  const figure = points.find(({ at }) => at === size)?.figure;
  const values = figure?.samples[subject];
  if (!values?.length) return '-';
  const { median } = spread(values);
  const text = median >= MANY ? short(median) : number(median, figure!.digits);
  return `${text}${figure!.disturbed ? DISTURBED : ''}`;
}

function curveBars({ points, axis }: Curve): string[] {
  const place = (at: number): string => (axis === PERCENTILE ? `p${at}` : `at ${short(at)}`);
  return points.flatMap(({ at, figure }) => barTexts(figure).map((text) => `${place(at)} ${text}`));
}
