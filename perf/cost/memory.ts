/** Resident memory of the daemon, one device, one worker, after the load: octets as the kernel counts them. */
import { readFileSync } from 'node:fs';
import type { Beds } from '../suite/bed.js';
import type { Figure } from '../suite/figure.js';

/** VmRSS of a process in MB (10^6 octets). */
export function residentMegabytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!line) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return (Number(line[1]) * 1024) / 1e6;
}

export async function memory({ beds, missing }: Beds): Promise<Figure> {
  const figure: Figure = {
    id: 'cost/memory',
    name: 'resident memory of a daemon',
    unit: 'MB',
    digits: 0,
    better: 'less',
    samples: {},
    bars: [{ atMost: 120, worst: true }],
  };
  const ours = beds.find((bed) => bed.kind === 'uvtep');
  if (!ours) return { ...figure, missing: { all: missing.uvtep! } };
  const daemons = await Promise.all(ours.lab.hosts.map((host) => host.daemon().daemon()));
  figure.samples.uvtep = daemons.map(({ pid }) => residentMegabytes(pid));
  return figure;
}
