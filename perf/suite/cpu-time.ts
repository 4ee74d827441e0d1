/**
 * Where CPU time went. The whole machine's busy time is what it was not idle: the kernel notes idle time to the microsecond,
 * and user and system time only by looking 100 times a second who runs, which short bursts of work escape. So the two
 * are parted as the looks say, and add up to what was not idle.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Seconds. */
export interface CpuTime {
  user: number;
  /** With interrupts, soft ones too. */
  system: number;
}

/** All CPUs of the machine, seconds since it started. */
export interface MachineTime extends CpuTime {
  /** Nothing to run, or the hypervisor ran something else. */
  unused: number;
  cpus: number;
}

let perSecond: number | undefined;

/** Jiffies a second, as the kernel tells user space: 100 everywhere it can be asked. */
function hertz(): number {
  return (perSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })));
}

/** @param text /proc/stat */
export function machineTime(text: string, ticks: number): MachineTime {
  const first = text.slice(0, text.indexOf('\n')).trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = first;
  return {
    user: (user + nice) / ticks,
    system: (system + irq + softirq) / ticks,
    unused: (idle + iowait + steal) / ticks,
    cpus: [...text.matchAll(/^cpu\d+ /gm)].length,
  };
}

/** What the machine did between two readings, `seconds` apart. */
export function busyTime(from: MachineTime, to: MachineTime, seconds: number): CpuTime {
  const user = to.user - from.user;
  const system = to.system - from.system;
  const busy = Math.max(0, seconds * to.cpus - (to.unused - from.unused));
  const ofUser = user + system > 0 ? user / (user + system) : 0;
  return { user: busy * ofUser, system: busy * (1 - ofUser) };
}

/** @param text /proc/<pid>/stat; the name in its second field may hold anything, also spaces and parentheses */
export function processTime(text: string, ticks: number): CpuTime {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return { user: fields[11]! / ticks, system: fields[12]! / ticks }; // utime and stime, the 14th and 15th of all
}

const readMachine = (): MachineTime => machineTime(readFileSync('/proc/stat', 'utf8'), hertz());

/** Of several processes together. */
function readProcesses(pids: readonly number[]): CpuTime {
  const total: CpuTime = { user: 0, system: 0 };
  for (const pid of pids) {
    const { user, system } = processTime(readFileSync(`/proc/${pid}/stat`, 'utf8'), hertz());
    total.user += user;
    total.system += system;
  }
  return total;
}

export const sum = ({ user, system }: CpuTime): number => user + system;

export const divided = ({ user, system }: CpuTime, by: number): CpuTime => ({
  user: user / by,
  system: system / by,
});

/** Runs `body` and tells what the machine, and some processes of it, used meanwhile. */
export async function timed<T>(
  pids: readonly number[],
  body: () => Promise<T>,
): Promise<{ result: T; machine: CpuTime; processes: CpuTime }> {
  const processesBefore = readProcesses(pids);
  const machineBefore = readMachine();
  const started = performance.now();
  const result = await body();
  const seconds = (performance.now() - started) / 1000;
  const machine = busyTime(machineBefore, readMachine(), seconds);
  const { user, system } = readProcesses(pids);
  const processes = { user: user - processesBefore.user, system: system - processesBefore.system };
  return { result, machine, processes };
}
