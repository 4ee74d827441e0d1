/**
 * What TypeScript itself costs a data-plane worker at full TCP load: self time of our functions and of the garbage
 * collector, over that and the time in the shim; waiting is not counted. From V8's own profile of the worker threads.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { missingFor } from '../../test/support/lab/pairs.js';
import type { Host } from '../../test/support/lab/host.js';
import { openBed } from '../suite/bed.js';
import type { Figure } from '../suite/figure.js';

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
/** The functions of lib/port do nothing but call the shim, and V8 charges such a call to the function that makes it. */
const PORTS = '/lib/port/';
const OURS = '/lib/';

function kindOf({ functionName, url }: { functionName: string; url: string }): keyof Shares {
  if (functionName === '(idle)' || functionName === WAIT) return 'waiting';
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

/** Runs TCP for `seconds` through profiled daemons; percent of each worker's busy time. */
export async function typescriptShare(seconds: number): Promise<Figure> {
  const figure: Figure = {
    id: 'cost/typescript-share',
    name: "TypeScript's share of a worker at full TCP load",
    unit: '%',
    digits: 1,
    better: 'less',
    samples: {},
    bars: [{ atMost: 10, worst: true }],
  };
  const missing = missingFor(['uvtep']);
  if (missing) return { ...figure, missing: { all: missing } };
  const directory = mkdtempSync(join(tmpdir(), `vt${process.pid}-profile-`));
  try {
    const bed = await openBed('uvtep', 'veth', 'hosts', async ({ hosts }) => {
      for (const host of hosts) await host.startDaemon(['--cpu-prof', `--cpu-prof-dir=${directory}`]);
    });
    try {
      const result = await bed.from.streamTo(bed.to, { seconds, mode: 'copy' });
      if (!result.ok) return { ...figure, missing: { all: `the transfer failed: ${result.error}` } };
      for (const host of bed.lab.hosts) await stopDaemon(host);
    } finally {
      await bed.lab.close();
    }
    const workers = readWorkers(directory).map(shares);
    if (workers.length === 0)
      return { ...figure, missing: { all: 'the daemon left no profile of its workers' } };
    figure.samples.uvtep = workers.map(
      ({ typescript, native }) => (100 * typescript) / (typescript + native),
    );
    return figure;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Stops a host's daemon and waits until it has written its profiles. */
async function stopDaemon(host: Host): Promise<void> {
  await host.daemon().stopDaemon();
  for (let waited = 0; host.namespace.pids().length > 0 && waited < 5000; waited += 50) await sleep(50);
}
