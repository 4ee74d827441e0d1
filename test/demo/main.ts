/**
 * `npm start`: two hosts, one overlay, on this machine, in about half a minute. Lays out two hosts as network namespaces,
 * runs the walk-throughs of the README, measures TCP across the overlay beside the kernel's device, prints a
 * summary and removes everything it made. Exit status 0 only if every step worked.
 */
import { Console, type Row } from './console.js';
import { compareThroughput, median } from './throughput.js';
import { Lab } from '../support/lab/lab.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import type { Kind } from '../support/lab/dialect.js';
import { missesAnswered } from '../support/lab/scenario/misses-answered.js';
import { remoteRoutes } from '../support/lab/scenario/remote-routes.js';
import { shortCircuit } from '../support/lab/scenario/short-circuit.js';

const TOPOLOGY = `
   a-guest --- br0 --- vtep0 --- eth0 ========== eth0 --- vtep0 --- br0 --- b-guest
               host a      192.168.100.2     192.168.100.3      host b
`;

const WALKS = [
  { name: 'Walk-through 1, misses answered', run: missesAnswered },
  { name: 'Walk-through 2, remote routes', run: remoteRoutes },
  { name: "Walk-through 2b, without the host's router", run: shortCircuit },
] as const;

/** One walk-through in a laboratory of its own. */
async function walk(screen: Console, kind: Kind, { name, run }: (typeof WALKS)[number]): Promise<Row> {
  screen.title(name);
  let trouble = '';
  let quiet = name !== WALKS[0].name; // the underlay is the same every time: shown once
  try {
    const narrate = (line: string): void => void (quiet || screen.command(line));
    const lab = await Lab.open({ hosts: [kind, kind], narrate });
    quiet = false;
    try {
      await run(lab, screen);
    } finally {
      await lab.close();
    }
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
    screen.check(false, name, trouble);
  }
  const { checks, failures } = screen.take();
  return { name, ok: failures === 0, text: trouble || `${checks - failures} of ${checks} checks` };
}

async function throughput(screen: Console): Promise<Row[]> {
  screen.title('TCP across the overlay, one stream, cubic, the two in turn');
  const names = { uvtep: 'TCP through uvtep', kernel: 'TCP through kernel vxlan' } as const;
  try {
    const results = await compareThroughput((kind, gbps) =>
      screen.event(`${kind.padEnd(6)} ${gbps.toFixed(2)} Gbit/s`),
    );
    return results.map(({ kind, rounds, missing }) => {
      if (missing) return { name: names[kind], ok: kind === 'kernel' ? undefined : false, text: missing };
      const low = Math.min(...rounds).toFixed(2);
      const high = Math.max(...rounds).toFixed(2);
      return { name: names[kind], ok: true, text: `${median(rounds).toFixed(2)} Gbit/s (${low} to ${high})` };
    });
  } catch (error) {
    return [
      {
        name: 'TCP across the overlay',
        ok: false,
        text: error instanceof Error ? error.message : String(error),
      },
    ];
  }
}

/** The kind the walk-throughs use: ours; DEMO_KIND=kernel shows the same steps on the kernel's device. */
function chosenKind(): Kind {
  return process.env['DEMO_KIND'] === 'kernel' ? 'kernel' : 'uvtep';
}

async function main(): Promise<number> {
  const kind = chosenKind();
  const why = labMissing() || missingFor([kind]);
  if (why) {
    process.stderr.write(`the demo cannot run here: ${why}\n`);
    return 1;
  }
  const screen = new Console();
  const started = Date.now();
  process.stdout.write(TOPOLOGY);
  const rows: Row[] = [];
  for (const each of WALKS) rows.push(await walk(screen, kind, each));
  rows.push(...(await throughput(screen)));
  screen.table(rows);
  const failed = rows.filter((row) => row.ok === false).length;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  process.stdout.write(
    `\n${failed === 0 ? 'Everything worked' : `${failed} failed`}, ${seconds} s; nothing is left behind.\n`,
  );
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
