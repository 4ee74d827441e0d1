/** What a reader has to know beside the figures: what is missing, what was disturbed, on what machine. */
import type { Subject } from './figure.js';
import { BUSY_LIMIT, STOLEN_LIMIT, type Disturbance } from './machine.js';
import type { Results } from './results.js';
import { number, percent } from './terminal.js';
import { SUBJECT_NAMES } from './words.js';

/** Marks a figure during which the machine was busy with something else. */
export const DISTURBED = '*';

/** Everything that a reader has to know beside the figures. */
export function remarks(results: Results): string[] {
  const lines: string[] = [];
  for (const { name, missing } of results.figures)
    for (const [of, why] of Object.entries(missing ?? {}))
      lines.push(`not measured: ${name}${of === 'all' ? '' : `, ${SUBJECT_NAMES[of as Subject]}`}: ${why}`);
  for (const { name, why } of results.skipped) lines.push(`skipped: ${name}: ${why}`);
  for (const { name, note } of results.figures) if (note) lines.push(`${name}: ${note}`);
  lines.push(...disturbances(results));
  const { busyBefore, stolen } = results;
  if (busyBefore > BUSY_LIMIT || stolen > STOLEN_LIMIT)
    lines.push(`NB the machine was busy with something else: ${disturbance({ busyBefore, stolen })}`);
  return lines;
}

/** Figures that one look found disturbed share a line. */
function disturbances({ figures }: Results): string[] {
  const names = new Map<string, string[]>();
  for (const { name, disturbed } of figures) {
    if (disturbed === undefined) continue;
    const why = disturbance(disturbed);
    names.set(why, [...(names.get(why) ?? []), name]);
  }
  return [...names].map(([why, [first, ...others]]) => {
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    return `${DISTURBED} disturbed: ${first}${more}: ${why}`;
  });
}

/** How much of the machine others had. */
export function disturbance({ busyBefore, stolen }: Disturbance): string {
  return `${percent(busyBefore)} of the CPUs used by others before, ${percent(stolen)} stolen meanwhile`;
}

/** Machine, versions and the run itself, a line each. */
export function describe({ machine, versions, suite, date, seconds }: Results): string[] {
  const { cpu, cpus, memory, kernel, node, hypervisor, mitigations, governor } = machine;
  const lines = [
    `${machine.host}: ${cpu}, ${cpus} CPUs, ${number(memory / 2 ** 30, 0)} GiB, Linux ${kernel}, Node ${node}`,
  ];
  const extra = [
    hypervisor && `virtual machine (${hypervisor})`,
    governor && `governor ${governor}`,
    mitigations && `mitigations: ${mitigations}`,
  ].filter(Boolean);
  if (extra.length) lines.push(extra.join('; '));
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  if (others.length) lines.push(others.join(', '));
  lines.push(`suite ${suite}, ${date}, ${Math.round(seconds)} s; TCP with cubic; medians (least-greatest)`);
  return lines;
}
