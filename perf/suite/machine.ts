/** What a result was measured on, and whether the machine was doing something else at the time. */
import { readFileSync } from 'node:fs';
import { cpus, hostname, release, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Machine {
  host: string;
  cpu: string;
  cpus: number;
  /** Octets. */
  memory: number;
  kernel: string;
  node: string;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    host: hostname(),
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpus: all.length,
    memory: totalmem(),
    kernel: release(),
    node: process.version,
  };
}

/** Jiffies of all CPUs: the first line of /proc/stat. */
export interface Jiffies {
  total: number;
  idle: number;
  steal: number;
}

export function readJiffies(): Jiffies {
  const fields = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]!
    .trim()
    .split(/\s+/)
    .slice(1, 9)
    .map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields;
  return { total: user + nice + system + idle + iowait + irq + softirq + steal, idle: idle + iowait, steal };
}

/** Share of CPU time between two readings, 0 to 1. */
export function share(from: Jiffies, to: Jiffies, what: 'idle' | 'steal'): number {
  const total = to.total - from.total;
  return total > 0 ? (to[what] - from[what]) / total : 0;
}

/** Share of the machine that others use, taken over half a second in which we do nothing. */
export async function busyBefore(): Promise<number> {
  const from = readJiffies();
  await sleep(500);
  return 1 - share(from, readJiffies(), 'idle');
}
