/** A B A B: one sample of each bed in turn, so that a disturbance meets all. */
import type { Bed, Beds } from './bed.js';
import type { Figure, Subject } from './figure.js';

/** Told what is being measured. */
export type Tell = (what: string) => void;

/** What rounds of samples brought: whole results, from which several figures may be taken. */
export interface Rounds<T> {
  samples: Partial<Record<Subject, T[]>>;
  missing: Partial<Record<Subject, string>>;
}

/**
 * @param sample measures one bed once; when it throws, its subject is missing from then on, and the rest is measured
 */
export async function alternate<T>(
  { beds, missing }: Beds,
  rounds: number,
  tell: Tell,
  sample: (bed: Bed) => Promise<T>,
): Promise<Rounds<T>> {
  const taken: Rounds<T> = { samples: {}, missing: { ...missing } };
  for (let round = 0; round < rounds; round++) {
    for (const bed of beds.filter(({ subject }) => taken.missing[subject] === undefined)) {
      tell(`${bed.subject}, round ${round + 1} of ${rounds}`);
      try {
        (taken.samples[bed.subject] ??= []).push(await sample(bed));
      } catch (error) {
        taken.missing[bed.subject] = (error as Error).message;
        delete taken.samples[bed.subject];
      }
    }
  }
  return taken;
}

/** A figure of one number of each sample. */
export function figureOf<T>(
  rounds: Rounds<T>,
  description: Omit<Figure, 'samples' | 'missing'>,
  number: (sample: T) => number,
): Figure {
  const samples = Object.fromEntries(
    Object.entries(rounds.samples).map(([subject, results]) => [subject, results.map(number)]),
  );
  const missing = Object.keys(rounds.missing).length > 0 ? rounds.missing : undefined;
  return { ...description, samples, missing };
}
