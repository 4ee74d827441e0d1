/**
 * `npm run conformance`: the same cases on the kernel's vxlan device and on ours, and docs/conformance.md made of them.
 *
 * Exit status 0 when nothing differs that has no reason, 1 when something does, 2 when nothing could be run.
 */
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { ROOT } from '../support/lab/tools.js';
import type { Group, Row } from './case.js';
import { choose, GROUPS } from './cases/index.js';
import { page, passes, rowLine, tally } from './report.js';
import { kernelMissing, runGroups, type Result } from './run.js';

const PAGE = join(ROOT, 'docs/conformance.md');

const HELP = `usage: npm run conformance -- [--short] [--verbose] [WORD...]
       npm run conformance -- list | --help

  (nothing)   every case on the kernel's vxlan device and on ours; writes docs/conformance.md
  --short     every tenth case, as npm test does; writes nothing
  WORD        the cases whose group or text contains one of the words; writes nothing
  --verbose   every case as it ends, with what was seen; otherwise those that differ
  list        the groups, and how many cases each has

Needs root, iproute2, /dev/net/tun and a kernel with the vxlan device, 6.15 or later. Exit status 1 when something differs without a stated reason.
`;

function list(): number {
  for (const { title, cases } of GROUPS)
    process.stdout.write(`${String(cases.length).padStart(4)}  ${title}\n`);
  process.stdout.write(
    `${String(GROUPS.reduce((sum, { cases }) => sum + cases.length, 0)).padStart(4)}  in all\n`,
  );
  return 0;
}

function refuse(why: string): number {
  process.stderr.write(`conformance: ${why}\n`);
  return 2;
}

/** A line as a case ends: its verdict, and where they differ what each saw. */
function tell(group: Group, row: Row, ms: number, verbose: boolean): void {
  const explained = row.verdict === 'agree' || row.verdict === 'deviation' || row.verdict === 'known';
  if (explained && !verbose) return;
  process.stdout.write(`${group.title} (${ms.toFixed(0)} ms): ${rowLine(row)}\n`);
  for (let i = 0; i < Math.max(row.kernel.length, row.ours.length); i++) {
    const [kernel, ours] = [row.kernel[i], row.ours[i]];
    if (JSON.stringify(kernel) === JSON.stringify(ours)) continue;
    const exact = kernel?.shown === ours?.shown;
    process.stdout.write(`  kernel: ${(exact ? kernel?.exact : kernel?.shown) ?? '-'}\n`);
    process.stdout.write(`  ours:   ${(exact ? ours?.exact : ours?.shown) ?? '-'}\n`);
  }
}

function summary(results: readonly Result[], seconds: number): string {
  const { agree, deviation, known, different, stale } = tally(results);
  const all = agree + deviation + known + different + stale;
  return `${all} cases in ${seconds.toFixed(0)} s: ${agree} agree, ${deviation} deviate on purpose, ${known} known differences, ${different} unexplained, ${stale} explained without need\n`;
}

async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) return process.stdout.write(HELP) ? 0 : 0;
  if (words[0] === 'list' && words.length === 1) return list();
  const unknown = words.find((word) => word.startsWith('-') && word !== '--short' && word !== '--verbose');
  if (unknown !== undefined)
    return refuse(`"${unknown}" is no option here; \`npm run conformance -- --help\` shows them`);
  const groups = choose(
    words.includes('--short'),
    words.filter((word) => !word.startsWith('-')),
  );
  if (groups.length === 0)
    return refuse('no case contains these words; `npm run conformance -- list` shows the groups');
  const missing = labMissing() || missingFor(['kernel', 'uvtep']);
  if (missing !== '') return refuse(missing);
  const old = kernelMissing();
  if (old !== '') process.stderr.write(`conformance: ${old}; some differences will be the kernel's\n`);
  const began = performance.now();
  const verbose = words.includes('--verbose');
  const results = await runGroups(groups, (group, row, ms) => tell(group, row, ms, verbose));
  process.stdout.write(summary(results, (performance.now() - began) / 1000));
  if (groups === GROUPS) {
    writeFileSync(PAGE, page(results, release().split('.').slice(0, 2).join('.')));
    process.stdout.write(`written to ${PAGE}\n`);
  }
  return passes(results) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => refuse(error.message));
