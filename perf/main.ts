/**
 * `npm run perf`: our VTEP beside the kernel's and others in one run, interleaved, medians with least and greatest.
 *
 * Exit status 0 unless nothing could be measured or the words make no sense: a missed bar is a result, not a failure.
 */
import { cpus } from 'node:os';
import { labMissing } from '../test/support/lab/pairs.js';
import { BENCHES } from './suite/benches.js';
import { compareCommand } from './suite/compare-command.js';
import { describeMachine, watchMachine } from './suite/machine.js';
import { installPeers, PEER_PACKAGES } from './suite/peer.js';
import { choose, estimate, figureIds, type Bench, type Choice, type Suite } from './suite/plan.js';
import { Progress, clock } from './suite/progress.js';
import { table } from './suite/report.js';
import { save } from './suite/results-file.js';
import type { Results } from './suite/results.js';
import { carryOut, steps } from './suite/run.js';
import { versions } from './suite/versions.js';

const HELP = `usage: npm run perf -- [--quick] [NAME...]
       npm run perf -- list | compare OLD.json NEW.json | --install-peers | --help

  (nothing)        the whole suite
  --quick          the figures that have bars, in short: under two minutes
  NAME...          what begins with it, such as throughput, latency/flood, scale, micro, cost; with --quick in short
  list             every bench with its figures and the time it takes
  compare          what changed from one file of results to another, beyond noise
  --install-peers  installs ${PEER_PACKAGES.join(' and ')} with apt-get, to be measured beside ours (root)

Devices need root; without it the rest is measured. Results go to perf/results.
`;

function minutes(seconds: number): string {
  return seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

function list(): number {
  const line = (bench: Bench): string => {
    const time = estimate([{ bench, effort: bench.full }]);
    const quick = bench.quick === undefined ? '' : ', quick';
    const ids = figureIds(bench).filter((id) => id !== bench.id);
    const more = ids.map((id) => `    ${id}\n`).join('');
    return `${bench.id}  ${bench.name} (${minutes(time)}${quick})\n${more}`;
  };
  process.stdout.write(BENCHES.map(line).join(''));
  const [quick, full] = (['quick', 'full'] as const).map((suite) =>
    minutes(estimate(choose(BENCHES, suite, []))),
  );
  process.stdout.write(`\nabout ${full} in all, about ${quick} with --quick\n`);
  return 0;
}

/** Without a laboratory, what needs none. */
function possible(choices: readonly Choice[]): { choices: Choice[]; skipped: Results['skipped'] } {
  const why = labMissing();
  const stays = ({ bench }: Choice): boolean => why === '' || bench.anywhere === true;
  return {
    choices: choices.filter(stays),
    skipped: choices.filter((choice) => !stays(choice)).map(({ bench }) => ({ name: bench.name, why })),
  };
}

async function measure(suite: Suite, names: readonly string[]): Promise<number> {
  const { choices, skipped } = possible(choose(BENCHES, suite, names));
  process.stderr.write(`${choices.length} benches, about ${minutes(estimate(choices))}\n`);
  if (cpus().length === 1)
    process.stderr.write(
      'one CPU: generator, sink and what is measured share it, and rates are lower for it\n',
    );
  const began = performance.now();
  const date = new Date().toISOString();
  const progress = new Progress(steps(choices));
  const watch = await watchMachine();
  const outcome = await carryOut(choices, progress);
  progress.finish();
  const results: Results = {
    version: 2,
    date,
    suite: [suite, ...names].join(' '),
    machine: describeMachine(),
    versions: await versions(),
    ...watch.end(),
    seconds: (performance.now() - began) / 1000,
    figures: outcome.figures,
    skipped: [...skipped, ...outcome.skipped],
  };
  const path = save(results);
  process.stdout.write(`${table(results)}\n${clock(results.seconds)} in all, written to ${path}\n`);
  return outcome.figures.some(({ samples }) => Object.keys(samples).length > 0) ? 0 : 1;
}

async function main(words: string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  if (words[0] === 'list' && words.length === 1) return list();
  if (words[0] === 'compare') return await compareCommand(words.slice(1));
  if (words[0] === '--install-peers' && words.length === 1) {
    await installPeers();
    return 0;
  }
  const names = words.filter((word) => word !== '--quick');
  const option = names.find((name) => name.startsWith('-'));
  if (option !== undefined)
    throw new Error(`"${option}" is no option here; \`npm run perf -- --help\` shows them`);
  return await measure(words.includes('--quick') ? 'quick' : 'full', names);
}

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`perf: ${error.message}\n`);
  return 1;
});
