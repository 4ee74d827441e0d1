/** The table in the terminal and the file of results. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../test/support/lab/tools.js';
import { ratio, verdict, type Figure } from './figure.js';
import type { Results } from './results.js';
import { spread } from './statistics.js';

/** 8.21 (7.90-8.40) */
function shown(samples: readonly number[] | undefined, digits: number): string {
  if (!samples?.length) return '-';
  const { median, min, max } = spread(samples);
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
}

function row(figure: Figure): string[] {
  const reached = ratio(figure);
  const bar = figure.bars?.[0];
  const wanted = bar === undefined ? '' : bar.atMost === undefined ? `>= ${bar.atLeast}` : `<= ${bar.atMost}`;
  return [
    figure.name,
    figure.unit,
    shown(figure.samples.uvtep, figure.digits),
    shown(figure.samples.kernel, figure.digits),
    reached === undefined ? '-' : reached.toFixed(2),
    wanted,
    bar ? verdict(figure, bar) : '',
  ];
}

/** The figures side by side, medians with least and greatest. */
export function table(results: Results): string {
  const rows = [['', 'unit', 'ours', 'kernel', 'ratio', 'bar', ''], ...results.figures.map(row)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  for (const { name, missing, note } of results.figures) {
    for (const [of, why] of Object.entries(missing ?? {})) lines.push(`not measured: ${name}, ${of}: ${why}`);
    if (note) lines.push(`${name}: ${note}`);
  }
  const { machine, busyBefore, stolen } = results;
  lines.push(
    `${machine.cpu}, ${machine.cpus} CPUs, Linux ${machine.kernel}, Node ${machine.node}; TCP with cubic; ${results.seconds.toFixed(0)} s`,
  );
  if (busyBefore > 0.1 || stolen > 0.05)
    lines.push(
      `NB the machine was busy: ${percent(busyBefore)} used by others before, ${percent(stolen)} stolen during the run`,
    );
  return lines.join('\n');
}

const percent = (fraction: number): string => `${(fraction * 100).toFixed(0)} %`;

/** Writes perf/results/<date>-<host>.json; returns its path. */
export function save(results: Results): string {
  const directory = join(ROOT, 'perf/results');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${results.date.slice(0, 10)}-${results.machine.host}.json`);
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  return path;
}
