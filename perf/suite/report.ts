/**
 * The table in the terminal: a part for each group of ids, medians with least and greatest, bars with their verdicts,
 * then what could not be measured and why.
 */
import { groupBy, groupOf, partCurves, subjectsOf, type Curve } from './curves.js';
import { ratio, type Figure, type Subject } from './figure.js';
import { describe, DISTURBED, remarks } from './remarks.js';
import type { Results } from './results.js';
import { spread } from './statistics.js';
import { columns, number, short, wrapped } from './terminal.js';
import { summary, SUBJECT_NAMES, verdictText, wanted } from './words.js';

export { save } from './results-file.js';

/** @param width of the terminal: what is wider puts least and greatest under the median */
export function table(results: Results, width = process.stdout.columns ?? 140): string {
  const groups = groupBy(results.figures, ({ id }) => groupOf(id));
  const lines = [...groups].flatMap(([name, figures]) => [name.toUpperCase(), ...part(figures, width), '']);
  lines.push(...[...remarks(results), ...describe(results)].flatMap((remark) => wrapped(remark, width)));
  lines.push(summary(results.figures));
  return lines.join('\n');
}

function part(figures: readonly Figure[], width: number): string[] {
  const { alone, curves } = partCurves(figures);
  const lines: string[] = [];
  if (alone.length) {
    const wide = tableOf(alone, false, Infinity);
    lines.push(...(longest(wide) <= width ? wide : tableOf(alone, true, width)));
  }
  for (const [axis, some] of groupBy(curves, (curve) => curve.axis)) {
    if (lines.length) lines.push('');
    lines.push(...curveTable(axis, some));
  }
  return lines;
}

const longest = (lines: readonly string[]): number => Math.max(...lines.map((line) => line.length));

/** @param tall two lines a row; names are cut as far as the width asks */
function tableOf(figures: readonly Figure[], tall: boolean, width: number): string[] {
  const subjects = subjectsOf(figures);
  const ratios = figures.some((figure) => ratio(figure) !== undefined);
  const bars = figures.some((figure) => figure.bars?.length);
  const separator = tall ? '\n' : ' ';
  const head = ['', 'unit', ...subjects.map((subject) => SUBJECT_NAMES[subject].replace(', ', separator))];
  if (ratios) head.push(`ours/${separator}kernel`.replace(' ', ''));
  if (bars) head.push('bar');
  const rows = figures.map((figure) => [
    marked(figure),
    figure.unit,
    ...subjects.map((subject) => cell(figure, subject, separator)),
    ...(ratios ? [ratioText(figure)] : []),
    ...(bars ? [barsText(figure, tall)] : []),
  ]);
  const right = new Set(subjects.map((_, index) => index + 2).concat(ratios ? subjects.length + 2 : []));
  const lines = columnsWithTallHead(head, rows, right);
  const excess = longest(lines) - width;
  if (excess <= 0) return lines;
  const room = Math.max(20, Math.max(...rows.map((row) => row[0]!.length)) - excess);
  const narrowed = rows.map(([name, ...rest]) => [wrapped(name!, room, '  ').join('\n'), ...rest]);
  return columnsWithTallHead(head, narrowed, right);
}

/** A head of two lines is a first row of its own. */
function columnsWithTallHead(head: string[], rows: string[][], right: ReadonlySet<number>): string[] {
  if (!head.some((title) => title.includes('\n'))) return columns(head, rows, right);
  const [, , ...rest] = columns(
    head.map(() => ''),
    [head, ...rows],
    right,
  );
  const rule = columns(
    head.map(() => ''),
    [head, ...rows],
    right,
  )[1]!;
  return [...rest.slice(0, 2), rule, ...rest.slice(2)];
}

const marked = (figure: Figure): string => (figure.disturbed ? `${figure.name} ${DISTURBED}` : figure.name);

/** 8.21 (7.90-8.40) */
function cell({ samples, digits }: Figure, subject: Subject, separator: string): string {
  const values = samples[subject];
  if (!values?.length) return '-';
  const { median, min, max } = spread(values);
  const middle = number(median, digits);
  return values.length === 1
    ? middle
    : `${middle}${separator}(${number(min, digits)}-${number(max, digits)})`;
}

function ratioText(figure: Figure): string {
  const value = ratio(figure);
  return value === undefined ? '-' : number(value, 2);
}

function barsText(figure: Figure, tall: boolean): string {
  const texts = (figure.bars ?? []).map((bar) => `${wanted(figure, bar)}: ${verdictText(figure, bar)}`);
  return texts.join(tall ? '\n' : '; ');
}

/** One row a curve and subject, the sizes across, medians alone. */
function curveTable(axis: string, curves: readonly Curve[]): string[] {
  const sizes = [...new Set(curves.flatMap(({ points }) => points.map(({ at }) => at)))].sort(
    (x, y) => x - y,
  );
  const bars = curves.some(({ points }) => points.some(({ figure }) => figure.bars?.length));
  const head = [`by ${axis}`, 'unit', '', ...sizes.map(short), ...(bars ? ['bar'] : [])];
  const rows = curves.flatMap((curve) => {
    const figures = curve.points.map(({ figure }) => figure);
    return subjectsOf(figures).map((subject, index) => [
      index ? '' : curve.name,
      index ? '' : curve.unit,
      SUBJECT_NAMES[subject],
      ...sizes.map((size) => pointText(curve, size, subject)),
      ...(bars ? [index ? '' : curveBars(curve)] : []),
    ]);
  });
  return columns(head, rows, new Set(sizes.map((_, index) => index + 3)));
}

function pointText({ points }: Curve, size: number, subject: Subject): string {
  const figure = points.find(({ at }) => at === size)?.figure;
  const values = figure?.samples[subject];
  if (!values?.length) return '-';
  return `${number(spread(values).median, figure!.digits)}${figure!.disturbed ? DISTURBED : ''}`;
}

function curveBars({ points, axis }: Curve): string {
  const texts = points.flatMap(({ at, figure }) =>
    (figure.bars ?? []).map(
      (bar) =>
        `${axis === 'percentile' ? 'p' : 'at '}${short(at)} ${wanted(figure, bar)}: ${verdictText(figure, bar)}`,
    ),
  );
  return texts.join('\n');
}
