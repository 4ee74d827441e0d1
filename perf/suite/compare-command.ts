/** `npm run perf -- compare a.json b.json [--json] [--all]`: what changed from a to b, beyond noise. */
import { ALPHA, compare, RELEVANT, type Comparison, type Comparisons, type Difference } from './compare.js';
import { readResults } from './results-file.js';
import type { Results } from './results.js';
import { columns, number, percent, plural } from './terminal.js';
import { SUBJECT_NAMES } from './words.js';

const USAGE = 'usage: npm run perf -- compare BEFORE.json AFTER.json [--json] [--all]';

/** Where the command writes. */
export interface Streams {
  out: (text: string) => void;
  error: (text: string) => void;
}

const TERMINAL: Streams = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
};

/**
 * @param words after "compare": two files; --json for programs; --all to list what did not change too
 * @returns exit status: 0 whatever changed, 1 when the words or files are bad
 */
export function compareCommand(words: string[], { out, error }: Streams = TERMINAL): number {
  const files = words.filter((word) => !word.startsWith('--'));
  const unknown = words.find((word) => word.startsWith('--') && !['--json', '--all'].includes(word));
  if (unknown !== undefined || files.length !== 2) {
    error(
      `${unknown === undefined ? `${plural(files.length, 'file')} given, two are needed` : `"${unknown}" is no option`}; ${USAGE}\n`,
    );
    return 1;
  }
  try {
    const [before, after] = files.map(readResults) as [Results, Results];
    const found = compare(before, after);
    if (words.includes('--json')) out(`${JSON.stringify(found, null, 2)}\n`);
    else out(`${[...heads(before, after), ...comparisonLines(found, words.includes('--all'))].join('\n')}\n`);
    return 0;
  } catch (reason) {
    error(`${(reason as Error).message}\n`);
    return 1;
  }
}

function heads(before: Results, after: Results): string[] {
  const head = ({ date, machine, suite, versions }: Results): string =>
    [
      `${date.slice(0, 16).replace('T', ' ')}, ${machine.host}, suite ${suite}`,
      versions['commit'] ?? versions['uvtep'],
    ]
      .filter(Boolean)
      .join(', ');
  return [`before: ${head(before)}`, `after:  ${head(after)}`];
}

const changed = (difference: Difference | undefined): boolean =>
  difference?.judgement === 'better' || difference?.judgement === 'worse';

/** The comparison for people. */
export function comparisonLines(
  { comparisons, onlyBefore, onlyAfter, warnings }: Comparisons,
  all = false,
): string[] {
  const machine = comparisons.filter(({ cause }) => cause === 'machine');
  const real = comparisons.filter((one) => changed(one) && one.cause !== 'machine');
  const ratios = comparisons.filter((one) => !changed(one) && changed(one.ratio));
  const unknown = comparisons.filter(
    ({ judgement, ratio }) => judgement === 'too few samples' && !changed(ratio),
  );
  const same = comparisons.filter(({ judgement, ratio }) => judgement === 'same' && !changed(ratio));
  const rule = `p < ${ALPHA}, medians at least ${percent(RELEVANT)} apart`;
  return [
    ...warnings.map((warning) => `NB ${warning}`),
    ...block(`Changed beyond noise (${rule})`, real),
    ...block('Moved, but not beside the kernel in the same run: the machine, not the code', machine),
    ...block('Only the ratio to the kernel changed', ratios),
    ...block('Too few samples to tell (five a side are needed)', unknown),
    ...(all ? block('The same within noise', same) : []),
    ...list('Only before', onlyBefore),
    ...list('Only after', onlyAfter),
    '',
    `${real.length} changed, ${machine.length} with the machine, ${ratios.length} in the ratio alone, ${same.length} the same, ${unknown.length} cannot be told`,
    ...(comparisons.some(({ disturbed }) => disturbed.length)
      ? ['* the machine was busy with something else in one of the runs']
      : []),
  ];
}

function block(title: string, comparisons: readonly Comparison[]): string[] {
  if (comparisons.length === 0) return [];
  const head = ['', '', 'unit', 'before', 'after', 'change', 'p', '', 'ours/kernel', 'change', ''];
  const rows = comparisons.map((one) => [
    one.name + (one.disturbed.length ? ' *' : ''),
    SUBJECT_NAMES[one.subject],
    one.unit,
    number(one.before, one.digits),
    number(one.after, one.digits),
    changeText(one),
    pText(one),
    one.judgement === 'too few samples' ? '' : one.judgement,
    one.ratio ? `${number(one.ratio.before, 2)} -> ${number(one.ratio.after, 2)}` : '',
    one.ratio ? changeText(one.ratio) : '',
    one.ratio && one.ratio.judgement !== 'too few samples' ? one.ratio.judgement : '',
  ]);
  return ['', title, ...columns(head, rows, new Set([3, 4, 5, 6, 9]))];
}

function changeText({ change }: Difference): string {
  if (!Number.isFinite(change)) return 'from 0';
  return `${change > 0 ? '+' : ''}${percent(change, 1)}`;
}

function pText({ p }: Difference): string {
  return p === undefined ? '-' : p < 0.001 ? '<0.001' : number(p, 3);
}

function list(title: string, names: readonly string[]): string[] {
  return names.length ? ['', title, ...names.map((name) => `  ${name}`)] : [];
}
