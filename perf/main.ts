/**
 * `npm run perf`: our VTEP beside the kernel's in one run, interleaved, medians with least and greatest.
 *
 *   npm run perf                 everything, about seven minutes
 *   npm run perf -- --quick      the same figures with fewer and shorter rounds, under two minutes
 *   npm run perf -- micro        nanoseconds per frame of the data plane's functions, no root needed
 *
 * Exit status 0 unless nothing could be measured: a missed bar is a result, not a failure.
 */
import { memory } from './cost/memory.js';
import { typescriptShare } from './cost/typescript-share.js';
import { flood } from './latency/flood.js';
import { micro } from './micro/main.js';
import type { Figure } from './suite/figure.js';
import { busyBefore, describeMachine, readJiffies, share } from './suite/machine.js';
import type { Progress } from './suite/alternate.js';
import { withBeds } from './suite/bed.js';
import type { Results } from './suite/results.js';
import { save, table } from './suite/report.js';
import { delivered, lossAt100k } from './throughput/datagrams.js';
import { tcp, type TcpOptions } from './throughput/tcp.js';
import { labMissing, missingFor } from '../test/support/lab/pairs.js';

interface Effort {
  name: string;
  tcp: { rounds: number; seconds: number };
  /** TCP between guests, which no bar is set for. */
  guests: { rounds: number; seconds: number };
  datagrams: { rounds: number; seconds: number };
  loss: { rounds: number; seconds: number };
  flood: { rounds: number; count: number };
  /** Seconds of profiled TCP. */
  profile: number;
}

const QUICK: Effort = {
  name: 'quick',
  tcp: { rounds: 5, seconds: 2 },
  guests: { rounds: 3, seconds: 1 },
  datagrams: { rounds: 5, seconds: 1 },
  loss: { rounds: 1, seconds: 3 },
  flood: { rounds: 3, count: 3000 },
  profile: 3,
};

const FULL: Effort = {
  name: 'full',
  tcp: { rounds: 9, seconds: 5 },
  guests: { rounds: 5, seconds: 5 },
  datagrams: { rounds: 9, seconds: 3 },
  loss: { rounds: 3, seconds: 10 },
  flood: { rounds: 5, count: 20_000 },
  profile: 10,
};

/** One line, overwritten on a terminal; silent in a log. */
const progress: Progress = (what) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
};

async function measure(effort: Effort): Promise<Figure[]> {
  const figures = await withBeds('veth', 'hosts', async (beds) => [
    await tcp(
      beds,
      {
        id: 'throughput/tcp/1-stream/veth',
        name: 'TCP, one stream, default veth',
        ...effort.tcp,
        bars: [{ against: 'kernel', atLeast: 0.5, stretch: 0.7 }],
      },
      progress,
    ),
    await delivered(beds, effort.datagrams, progress),
    await lossAt100k(beds, effort.loss, progress),
    await flood(beds, effort.flood, progress),
    await memory(beds),
  ]);
  const noTunnel: TcpOptions = {
    id: 'throughput/tcp/1-stream/no-tunnel',
    name: 'TCP, one stream, no tunnel segmentation',
    ...effort.tcp,
    bars: [{ against: 'kernel', atLeast: 1.3, stretch: 1.7 }],
  };
  const guests = {
    id: 'throughput/tcp/1-stream/guests',
    name: 'TCP, one stream, between bridged guests',
    ...effort.guests,
  };
  figures.splice(
    1,
    0,
    await withBeds('no-tunnel', 'hosts', (beds) => tcp(beds, noTunnel, progress)),
    await withBeds('veth', 'guests', (beds) => tcp(beds, guests, progress)),
  );
  progress('profile of a worker');
  figures.push(await typescriptShare(effort.profile));
  return figures;
}

async function throughput(effort: Effort): Promise<number> {
  const why = labMissing() || (missingFor(['uvtep']) && missingFor(['kernel']));
  if (why) {
    process.stderr.write(`nothing can be measured here: ${why}\n`);
    return 1;
  }
  const busy = await busyBefore();
  const from = readJiffies();
  const started = performance.now();
  const figures = await measure(effort);
  const results: Results = {
    version: 2,
    date: new Date().toISOString(),
    suite: effort.name,
    machine: describeMachine(),
    versions: {},
    skipped: [],
    busyBefore: busy,
    stolen: share(from, readJiffies(), 'steal'),
    seconds: (performance.now() - started) / 1000,
    figures,
  };
  progress('');
  process.stdout.write(`${table(results)}\nwritten to ${save(results)}\n`);
  return 0;
}

async function main(words: string[]): Promise<number> {
  if (words[0] === 'micro' && words.length === 1) return await micro(1);
  const unknown = words.find((word) => word !== '--quick');
  if (unknown !== undefined) {
    process.stderr.write(`"${unknown}" is no suite; expected --quick or micro\n`);
    return 1;
  }
  const quick = words.includes('--quick');
  const status = await throughput(quick ? QUICK : FULL);
  process.stdout.write('\n');
  return Math.max(status, await micro(quick ? 0.3 : 1));
}

process.exitCode = await main(process.argv.slice(2));
