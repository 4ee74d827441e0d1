/** What a result was measured on, and whether the machine was doing something else at the time. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, hostname, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Machine {
  host: string;
  cpu: string;
  cpus: number;
  /** Octets. */
  memory: number;
  kernel: string;
  node: string;
  /** Whose virtual machine this is, such as 'Amazon EC2'; undefined on bare metal. */
  hypervisor?: string;
  /** Work-arounds for CPU faults that are on, such as 'spectre_v2 retbleed': they make every system call dearer. */
  mitigations?: string;
  /** How the clock rate is chosen, such as 'performance'; undefined where the kernel does not choose it. */
  governor?: string;
}

/** @param root where proc and sys are, for tests */
export function describeMachine(root = '/'): Machine {
  const all = cpus();
  return {
    host: hostname(),
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpus: all.length,
    memory: totalmem(),
    kernel: release(),
    node: process.version,
    hypervisor: hypervisor(root),
    mitigations: mitigations(root),
    governor: word(join(root, 'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor')),
  };
}

/** A file's text without the white space around it; undefined where it is empty or cannot be read. */
function word(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The CPU's flag says whether there is one; its name stands in different places. */
function hypervisor(root: string): string | undefined {
  const info = word(join(root, 'proc/cpuinfo')) ?? '';
  const type = word(join(root, 'sys/hypervisor/type'));
  if (type === undefined && !/^flags\s*:.*\bhypervisor\b/m.test(info)) return undefined;
  return type ?? word(join(root, 'sys/class/dmi/id/sys_vendor')) ?? 'of unknown make';
}

function mitigations(root: string): string | undefined {
  const directory = join(root, 'sys/devices/system/cpu/vulnerabilities');
  if (!existsSync(directory)) return undefined;
  const on = readdirSync(directory).filter((name) => word(join(directory, name))?.startsWith('Mitigation'));
  return on.sort().join(' ') || 'none';
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

/** What else the machine did: shares of all its CPUs, 0 to 1. */
export interface Disturbance {
  /** Used by others while we did nothing, before the measurement. */
  busyBefore: number;
  /** Taken by the hypervisor during it. */
  stolen: number;
}

/** Above these a figure is marked as disturbed: less is within what an idle system does and a jiffy can tell. */
export const BUSY_LIMIT = 0.1;
export const STOLEN_LIMIT = 0.05;

/** Whether a measurement has to be marked. */
export function isDisturbed({ busyBefore, stolen }: Disturbance): boolean {
  return busyBefore > BUSY_LIMIT || stolen > STOLEN_LIMIT;
}

/** From the look before a measurement to its end. */
export class DisturbanceWatch {
  /** Share of the machine used by others before. */
  readonly busyBefore: number;
  readonly #from: Jiffies;
  readonly #read: () => Jiffies;

  constructor(busyBefore: number, read: () => Jiffies) {
    this.busyBefore = busyBefore;
    this.#read = read;
    this.#from = read();
  }

  /** What the machine did else until now. */
  end(): Disturbance {
    return { busyBefore: this.busyBefore, stolen: share(this.#from, this.#read(), 'steal') };
  }
}

/**
 * Looks at the machine while nothing of ours runs, and goes on to watch it. Where it is busy it looks again for a while: daemons of the
 * bed before may still be ending.
 *
 * @param options.milliseconds of a look before; a jiffy is 10 ms, so 300 ms on two CPUs tell 2 %
 * @param options.looks at most
 *
 * @example
 * const watch = await watchMachine();
 * figure.samples.uvtep = await measure();
 * const disturbance = watch.end();
 * if (isDisturbed(disturbance)) figure.disturbed = disturbance;
 */
export async function watchMachine(
  options: { milliseconds?: number; looks?: number; read?: () => Jiffies } = {},
): Promise<DisturbanceWatch> {
  const { milliseconds = 300, looks = 12, read = readJiffies } = options;
  let busy = 0;
  for (let look = 0; look < looks; look++) {
    busy = await busyFor(milliseconds, read);
    if (busy <= BUSY_LIMIT) break;
  }
  return new DisturbanceWatch(busy, read);
}

async function busyFor(milliseconds: number, read: () => Jiffies): Promise<number> {
  const from = read();
  await sleep(milliseconds);
  const to = read();
  // No jiffy may have passed: then nothing is known, and nobody is accused.
  return to.total > from.total ? 1 - share(from, to, 'idle') : 0;
}
