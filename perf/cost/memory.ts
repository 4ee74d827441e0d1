/** Resident memory of the daemon, one device, one worker, after the load: octets as the kernel counts them. */
import { readFileSync } from 'node:fs';
import type { Figure } from '../suite/figure.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import type { Bench } from '../suite/plan.js';

/** VmRSS of a process in MB (10^6 octets). */
export function residentMegabytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!line) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return (Number(line[1]) * 1024) / 1e6;
}

/** Last among the benches of its beds, so that they have carried every load. */
export const memory: Bench = {
  id: 'cost/memory',
  name: 'resident memory of a daemon',
  layout: DEFAULT_LAYOUT,
  subjects: ['uvtep'],
  quick: { rounds: 1, seconds: 0 },
  full: { rounds: 1, seconds: 0 },
  takes: () => 0.1,
  async run({ beds, missing }): Promise<Figure[]> {
    const hosts = beds.flatMap(({ lab }) => lab.hosts);
    const daemons = await Promise.all(hosts.map((host) => host.daemon().daemon()));
    return [
      {
        id: 'cost/memory',
        name: 'resident memory of a daemon',
        unit: 'MB',
        digits: 0,
        better: 'less',
        samples: { uvtep: daemons.map(({ pid }) => residentMegabytes(pid)) },
        bars: [{ atMost: 120, worst: true }],
        missing,
      },
    ];
  },
};
