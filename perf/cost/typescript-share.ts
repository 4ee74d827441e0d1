/**
 * What TypeScript itself costs a data-plane worker: self time of our functions and of the garbage collector, as a share of
 * that and the time in the shim, and for each gigabit and each million packets; waiting is not counted. From V8's own
 * profile of the worker threads.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { missingFor } from '../../test/support/lab/pairs.js';
import type { Host } from '../../test/support/lab/host.js';
import type { Lab } from '../../test/support/lab/lab.js';
import { openBed, type Bed } from '../suite/bed.js';
import type { Figure } from '../suite/figure.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import type { Bench } from '../suite/plan.js';
import { transfer } from '../throughput/tcp.js';

/** The parts of a .cpuprofile that are read here. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  /** Node of each sample, and microseconds before it. */
  samples: number[];
  timeDeltas: number[];
}

/** Microseconds by kind of work; waiting and what node does to start a thread are not work. */
export interface Shares {
  typescript: number;
  native: number;
  waiting: number;
  starting: number;
}

/** The worker's function that sleeps in the shim. */
const WAIT = '#wait';
const GIVE_WAY = '#giveWay';
/** The functions of lib/port do nothing but call the shim, and V8 charges such a call to the function that makes it. */
const PORTS = '/lib/port/';
const OURS = '/lib/';

function kindOf({ functionName, url }: { functionName: string; url: string }): keyof Shares {
  if (functionName === '(idle)' || functionName === WAIT || functionName === GIVE_WAY) return 'waiting';
  if (functionName === '(garbage collector)') return 'typescript';
  if (functionName === '(program)' || url.includes(PORTS)) return 'native';
  return url.includes(OURS) ? 'typescript' : 'starting';
}

/** Adds up a profile by kind of work. */
export function shares(profile: CpuProfile): Shares {
  const kinds = new Map(profile.nodes.map((node) => [node.id, kindOf(node.callFrame)]));
  const total: Shares = { typescript: 0, native: 0, waiting: 0, starting: 0 };
  profile.samples.forEach((node, index) => (total[kinds.get(node)!] += profile.timeDeltas[index]!));
  return total;
}

/** The daemon's main thread leaves a profile too; only a worker waits in the shim. */
function isWorker(profile: CpuProfile): boolean {
  return profile.nodes.some((node) => node.callFrame.functionName === WAIT);
}

function readWorkers(directory: string): CpuProfile[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as CpuProfile)
    .filter(isWorker);
}

/** Stops a host's daemon and waits until it has written its profiles. */
async function stopDaemon(host: Host): Promise<void> {
  await host.daemon().stopDaemon();
  for (let waited = 0; host.namespace.pids().length > 0 && waited < 5000; waited += 50) await sleep(50);
}

/** Puts a load on profiled daemons; what `load` says, and how each host's worker spent its time. */
async function profiled<T>(load: (bed: Bed) => Promise<T>): Promise<{ result: T; workers: Shares[] }> {
  const directory = mkdtempSync(join(tmpdir(), `vt${process.pid}-profile-`));
  try {
    const prepare = async ({ hosts }: Lab): Promise<void> => {
      for (const host of hosts) await host.startDaemon(['--cpu-prof', `--cpu-prof-dir=${directory}`]);
    };
    const bed = await openBed('uvtep', DEFAULT_LAYOUT, { prepare });
    let result: T;
    try {
      result = await load(bed);
      for (const host of bed.lab.hosts) await stopDaemon(host);
    } finally {
      await bed.lab.close();
    }
    const workers = readWorkers(directory).map(shares);
    if (workers.length === 0) throw new Error('the daemon left no profile of its workers');
    return { result, workers };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Figures of a load, or why there are none. */
async function orMissing(figures: Figure[], measure: () => Promise<number[][]>): Promise<Figure[]> {
  const why = missingFor(['uvtep']);
  if (why) return figures.map((figure) => ({ ...figure, missing: { all: why } }));
  try {
    const samples = await measure();
    return figures.map((figure, index) => ({ ...figure, samples: { uvtep: samples[index]! } }));
  } catch (error) {
    return figures.map((figure) => ({ ...figure, missing: { all: (error as Error).message } }));
  }
}

const percent = ({ typescript, native }: Shares): number => (100 * typescript) / (typescript + native);
/** Of all workers together, seconds. */
const typescriptSeconds = (workers: readonly Shares[]): number =>
  workers.reduce((sum, { typescript }) => sum + typescript, 0) / 1e6;

const figure = (
  id: string,
  name: string,
  unit: string,
  digits: number,
  more: Partial<Figure> = {},
): Figure => ({
  id,
  name,
  unit,
  digits,
  better: 'less',
  samples: {},
  ...more,
});

const SHARE = 'cost/typescript-share';
const PER_GIGABIT = 'cost/per-gigabit/typescript';
const PER_MILLION = 'cost/at-100-kpps/typescript';
/** Two beds laid out and taken away, and profiles written and read. */
const AROUND = 4;

export const typescriptShare: Bench = {
  id: SHARE,
  figures: [SHARE, PER_GIGABIT],
  name: "TypeScript's share of a worker under TCP",
  subjects: ['uvtep'],
  quick: { rounds: 1, seconds: 3 },
  full: { rounds: 1, seconds: 10 },
  takes: ({ seconds }) => seconds + AROUND,
  run: async (_beds, { seconds }) =>
    await orMissing(
      [
        figure(SHARE, "TypeScript's share of a worker at full TCP load", '%', 1, {
          bars: [{ atMost: 10, worst: true }],
        }),
        figure(PER_GIGABIT, 'CPU of TCP, TypeScript of both workers', 's per gigabit', 4),
      ],
      async () => {
        const { result, workers } = await profiled((bed) => transfer(bed, { seconds }));
        return [workers.map(percent), [typescriptSeconds(workers) / ((result.bytes * 8) / 1e9)]];
      },
    ),
};

export const typescriptOfDatagrams: Bench = {
  id: PER_MILLION,
  name: "TypeScript's time at 100 kpps, 64 bytes",
  subjects: ['uvtep'],
  full: { rounds: 1, seconds: 5 },
  takes: ({ seconds }) => seconds + AROUND,
  run: async (_beds, { seconds }) =>
    await orMissing(
      [figure(PER_MILLION, 'CPU at 100 kpps, TypeScript of both workers', 's per million packets', 3)],
      async () => {
        const { result, workers } = await profiled(({ from, to }) =>
          from.datagramsTo(to, { seconds, size: 64, kpps: 100 }),
        );
        return [[typescriptSeconds(workers) / (result.sent / 1e6)]];
      },
    ),
};
