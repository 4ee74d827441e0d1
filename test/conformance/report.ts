/**
 * docs/conformance.md: made from a run, so that nothing in it is older than the code. Rows say what was seen; nothing that
 * differs between two runs (times, ports, MACs of chance) stands in them.
 */
import { isFailure, type Fact, type Row, type Verdict } from './case.js';
import type { Result } from './run.js';

const LONGEST = 150;

const NAMES: Record<Verdict, string> = {
  agree: 'agree',
  deviation: 'deviation',
  known: 'known difference',
  different: '**DIFFERENT**',
  stale: '**agrees**, though a reason is stated',
};

/** Facts in one line, equal ones counted; cut where they would fill the page. */
export function shown(facts: readonly Fact[]): string {
  const parts: { text: string; times: number }[] = [];
  for (const { shown: text } of facts) {
    const last = parts.at(-1);
    if (last?.text === text) last.times++;
    else parts.push({ text, times: 1 });
  }
  return cut(parts.map(({ text, times }) => (times === 1 ? text : `${times}x ${text}`)).join('; '));
}

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** Ours is written out where it differs, and where it only differs in what is not shown, that is said. */
function oursShown({ kernel, ours, verdict }: Row): string {
  if (verdict === 'agree' || verdict === 'stale') return 'the same';
  const text = shown(ours);
  return text === shown(kernel) ? 'other octets' : text;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const code = (text: string): string => (text === '' ? '' : `\`${cell(text)}\``);

export function rowLine(row: Row): string {
  const verdict = row.why === undefined ? NAMES[row.verdict] : `${NAMES[row.verdict]}: ${row.why}`;
  return `| ${code(row.what)} | ${cell(shown(row.kernel))} | ${cell(oursShown(row))} | ${cell(verdict)} |`;
}

export function tally(results: readonly Result[]): Record<Verdict, number> {
  const count = { agree: 0, deviation: 0, known: 0, different: 0, stale: 0 };
  for (const { rows } of results) for (const { verdict } of rows) count[verdict]++;
  return count;
}

/** Nothing that needs an explanation lacks one. */
export const passes = (results: readonly Result[]): boolean =>
  results.every(({ rows }) => rows.every(({ verdict }) => !isFailure(verdict)));

const link = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');

function contents(results: readonly Result[]): string[] {
  const lines = results.map(({ group, rows }) => {
    const of = tally([{ group, rows }]);
    return `| [${group.title}](#${link(group.title)}) | ${rows.length} | ${of.agree} | ${of.deviation} | ${of.known} | ${of.different + of.stale} |`;
  });
  const all = tally(results);
  const count = results.reduce((sum, { rows }) => sum + rows.length, 0);
  return [
    '| | cases | agree | deviation | known difference | unexplained |',
    '| --- | --: | --: | --: | --: | --: |',
    ...lines,
    `| **all** | **${count}** | ${all.agree} | ${all.deviation} | ${all.known} | ${all.different + all.stale} |`,
  ];
}

/** Every difference in one place: what a reader who knows the kernel's device must know. */
function differences(results: readonly Result[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { group, rows } of results)
    for (const { why, what } of rows)
      if (why !== undefined) reasons.set(why, [...(reasons.get(why) ?? []), `${group.title}: ${what}`]);
  return [...reasons].map(([why, cases]) => {
    const more = cases.length === 1 ? '' : ` and ${cases.length - 1} more`;
    return `- ${why} (${code(cases[0]!)}${more})`;
  });
}

const HEAD = `<!-- Made by \`npm run conformance\`; do not edit. -->

# Conformance

What the kernel's vxlan device does, and what ours does, case by case. \`npm run conformance\` runs each case on both devices in two
network namespaces that are laid out alike, MACs included, and writes this page. Commands are given word for word to \`ip\` and \`bridge\`
and to \`vtep\` (what an older iproute2 does not know is asked of the kernel itself); frames are crafted octet by octet, and what comes
out is compared octet by octet but for the IP identification, the UDP source port (which must lie in its range) and the checksums that
follow from them (which must be right). A **deviation** is on purpose, a **known difference** is to go; anything else that differs fails
the run.

Of a refusal its kind is compared, not its wording: \`exists\`, \`absent\`, \`no device\`, \`in use\`, \`full\`, and \`invalid\` for the rest. Ours
exits 1 for wrong words and 2 for what is refused; \`ip\` and \`bridge\` exit 255, 254, 2 or 1. Of a device's options those that \`ip\` shows
for both are compared.
`;

/** The whole page. */
export function page(results: readonly Result[], kernel: string): string {
  const parts = [
    HEAD,
    `Made on Linux ${kernel}.\n`,
    contents(results).join('\n'),
    '\n## What differs, and why\n',
    differences(results).join('\n'),
  ];
  for (const { group, rows } of results) {
    parts.push(`\n## ${group.title}\n\n${group.says}\n`);
    parts.push('| case | kernel | ours | verdict |\n| --- | --- | --- | --- |');
    parts.push(rows.map(rowLine).join('\n'));
  }
  return `${parts.join('\n')}\n`;
}

/** Titles and cases that a page holds, in order: what a test compares with the code. */
export function casesOf(text: string): string[] {
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const heading = /^## (.*)/.exec(line);
    if (heading !== null) found.push(`## ${heading[1]}`);
    const row = /^\| `(.*?)` \|/.exec(line);
    if (row !== null) found.push(row[1]!);
  }
  return found.filter((line) => line !== '## What differs, and why');
}

/** What casesOf() must find on a page of these groups. */
export const expectedCases = (
  groups: readonly { title: string; cases: readonly { what: string }[] }[],
): string[] => groups.flatMap(({ title, cases }) => [`## ${title}`, ...cases.map(({ what }) => cell(what))]);
