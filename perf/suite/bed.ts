/**
 * Test beds side by side: the same two hosts once with our VTEPs, once with the kernel's, and so on, kept open together so
 * that every figure is taken A B A B. Each lies in namespaces of its own; only one carries traffic at a time.
 */
import type { Guest } from '../../test/support/lab/guest.js';
import { Lab } from '../../test/support/lab/lab.js';
import { soon } from '../../test/support/soon.js';
import { ADAPTERS, type Layout } from './adapter.js';
import type { Subject } from './figure.js';

export interface Bed {
  subject: Subject;
  lab: Lab;
  from: Guest;
  to: Guest;
}

/** Beds of the subjects this machine has, and why it lacks the others. */
export interface Beds {
  beds: Bed[];
  missing: Partial<Record<Subject, string>>;
}

export interface BedOptions {
  /** Environment of the commands and daemons, besides the subject's own. */
  env?: Record<string, string>;
  /** Done before anything is laid out, such as starting daemons in another way. */
  prepare?: (lab: Lab) => Promise<void>;
}

/**
 * One bed, through which a ping has come.
 * @throws {Error} when it cannot be laid out; nothing is left then
 */
export async function openBed(subject: Subject, layout: Layout, options: BedOptions = {}): Promise<Bed> {
  const adapter = ADAPTERS[subject];
  const { segmentation } = layout;
  const lab = await Lab.open({
    hosts: [adapter.kind, adapter.kind],
    segmentation,
    gro: segmentation === 'plain', // a NIC that segments nothing still coalesces what it receives
    env: { ...adapter.env, ...options.env },
  });
  try {
    await options.prepare?.(lab);
    const [from, to] = await adapter.layOut(lab, layout);
    const answers = async (): Promise<boolean> =>
      (await from.ping(to.address, { count: 1, timeout: 200 })).received > 0;
    if (!(await soon(answers))) throw new Error(`no ping through the overlay of ${subject}`);
    return { subject, lab, from, to };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** Opens a bed for each subject that can be had; one that fails is missing, and the rest is measured. */
export async function openBeds(subjects: readonly Subject[], layout: Layout): Promise<Beds> {
  const open: Beds = { beds: [], missing: {} };
  for (const subject of subjects) {
    const why = ADAPTERS[subject].missing(layout);
    if (why) open.missing[subject] = why;
    else
      await openBed(subject, layout).then(
        (bed) => open.beds.push(bed),
        (error: Error) => (open.missing[subject] = `could not be laid out: ${error.message}`),
      );
  }
  return open;
}

export async function closeBeds({ beds }: Beds): Promise<void> {
  for (const bed of beds) await bed.lab.close();
}

/** The beds of some subjects among those open. */
export function only({ beds, missing }: Beds, subjects: readonly Subject[]): Beds {
  return {
    beds: beds.filter(({ subject }) => subjects.includes(subject)),
    missing: Object.fromEntries(
      Object.entries(missing).filter(([subject]) => subjects.includes(subject as Subject)),
    ),
  };
}
