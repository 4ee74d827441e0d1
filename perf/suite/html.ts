/**
 * The report as one page that needs nothing else: no script, no font, no picture from elsewhere. Verdicts of all bars,
 * plots, every figure as a table, what was not measured, and the machine.
 */
import { groupBy, groupOf, subjectsOf } from './curves.js';
import { verdict, type Bar, type Figure, type Subject } from './figure.js';
import { PAGE_STYLE } from './html-style.js';
import { PLOT_STYLE } from './plot-style.js';
import { escaped, inline } from './plot-svg.js';
import { sections } from './plots.js';
import { describe, disturbance, remarks } from './remarks.js';
import type { Results } from './results.js';
import { spread } from './statistics.js';
import { number } from './terminal.js';
import { limitText, reachedText, SUBJECT_NAMES, tally, verdictText, wanted } from './words.js';

/** The whole document. */
export function html(results: Results): string {
  const { figures, machine, date } = results;
  const plots = sections(figures);
  const title = `uvtep beside the kernel's vxlan device: ${machine.host}, ${date.slice(0, 10)}`;
  const links = [
    ...plots.map(({ group, title }) => [group, title]),
    ['figures', 'All figures'],
    ['remarks', 'Not measured, and remarks'],
  ].map(([id, text]) => `<a href="#${id}">${escaped(text!)}</a>`);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escaped(title)}</title>`,
    `<style>${PAGE_STYLE}${PLOT_STYLE}</style></head><body><main>`,
    `<h1>${escaped(title)}</h1>`,
    ...describe(results).map((line) => `<p class="soft">${escaped(line)}</p>`),
    `<nav>${links.join(' ')}</nav>`,
    ...verdicts(figures),
    ...plots.flatMap(({ group, title, panels }) => [
      `<section id="${escaped(group)}"><h2>${escaped(title)}</h2><div class="panels">`,
      ...panels.map((panel) => `<figure class="panel">${inline(panel)}</figure>`),
      '</div></section>',
    ]),
    ...allFigures(figures),
    ...notMeasured(results),
    '</main></body></html>\n',
  ].join('\n');
}

function verdicts(figures: readonly Figure[]): string[] {
  const judged = figures.filter(({ bars }) => bars?.length);
  if (judged.length === 0) return [];
  const counts = tally(figures);
  const tiles = [
    ['met', counts.met + counts.stretch, 'bars met'],
    ['stretch', counts.stretch, 'of them the stretch goal too'],
    ['missed', counts.missed, 'missed'],
    ['unknown', counts['not measured'], 'not measured'],
  ].map(([name, count, text]) => `<div><b class="${name}">${count}</b>${text}</div>`);
  return [
    '<section id="bars"><h2>Bars</h2>',
    `<div class="tally">${tiles.join('')}</div>`,
    '<div class="scroll"><table class="bars"><thead><tr><th>figure</th><th class="number">reached</th><th>bar</th><th class="number">stretch</th><th>verdict</th></tr></thead><tbody>',
    ...judged.flatMap((figure) => figure.bars!.map((bar) => verdictRow(figure, bar))),
    '</tbody></table></div></section>',
  ];
}

function verdictRow(figure: Figure, bar: Bar): string {
  const judged = verdict(figure, bar);
  const name = judged === 'not measured' ? 'unknown' : judged;
  return [
    `<tr data-verdict="${judged}" data-figure-id="${escaped(figure.id)}"><td>${nameOf(figure)}</td>`,
    `<td class="number" data-head="reached">${reachedText(figure, bar)}</td><td data-head="bar">${escaped(wanted(figure, bar))}</td>`,
    `<td class="number" data-head="stretch">${bar.stretch === undefined ? '' : limitText(bar.stretch)}</td>`,
    `<td class="verdict ${name}">${escaped(verdictText(figure, bar))}</td></tr>`,
  ].join('');
}

function nameOf({ name, disturbed }: Figure): string {
  if (!disturbed) return escaped(name);
  return `${escaped(name)} <span class="chip" title="${escaped(disturbance(disturbed))}">disturbed</span>`;
}

function allFigures(figures: readonly Figure[]): string[] {
  const tables = [...groupBy(figures, ({ id }) => groupOf(id))].flatMap(([group, some]) => {
    const subjects = subjectsOf(some);
    const heads = subjects.map((subject) => `<th class="number">${SUBJECT_NAMES[subject]}</th>`);
    return [
      `<details><summary>${escaped(group)}: ${some.length} figures</summary><div class="scroll"><table>`,
      `<thead><tr><th>figure</th><th>unit</th>${heads.join('')}</tr></thead><tbody>`,
      ...some.map((figure) => {
        const cells = subjects.map((subject) => `<td class="number">${cell(figure, subject)}</td>`);
        return `<tr><td>${nameOf(figure)}</td><td>${escaped(figure.unit)}</td>${cells.join('')}</tr>`;
      }),
      '</tbody></table></div></details>',
    ];
  });
  return [
    '<section id="figures"><h2>All figures</h2><p class="soft">Medians, with least and greatest; every sample is in the JSON file.</p>',
    ...tables,
    '</section>',
  ];
}

function cell({ samples, digits, missing }: Figure, subject: Subject): string {
  const values = samples[subject];
  const why = missing?.[subject] ?? missing?.all;
  if (!values?.length)
    return why === undefined ? '' : `<span class="unknown" title="${escaped(why)}">none</span>`;
  const { median, min, max } = spread(values);
  const range =
    values.length > 1 ? `<span class="spread">${number(min, digits)}-${number(max, digits)}</span>` : '';
  return number(median, digits) + range;
}

function notMeasured(results: Results): string[] {
  const lines = remarks(results).map((line) => `<li>${escaped(line)}</li>`);
  return [
    '<section id="remarks"><h2>Not measured, and remarks</h2>',
    lines.length ? `<ul>${lines.join('\n')}</ul>` : '<p class="soft">Everything was measured.</p>',
    '</section>',
  ];
}
