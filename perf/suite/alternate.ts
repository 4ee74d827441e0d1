/** A B A B: one sample of each bed in turn, so that a disturbance meets both. */
import type { Kind } from '../../test/support/lab/dialect.js';
import type { Bed, Beds } from './bed.js';

/** Told what is being measured; one line that is overwritten. */
export type Progress = (what: string) => void;

export async function alternate(
  { beds }: Beds,
  name: string,
  rounds: number,
  progress: Progress,
  sample: (bed: Bed) => Promise<number>,
): Promise<Partial<Record<Kind, number[]>>> {
  const samples: Partial<Record<Kind, number[]>> = {};
  for (let round = 0; round < rounds; round++) {
    for (const bed of beds) {
      progress(`${name}: round ${round + 1} of ${rounds}, ${bed.kind}`);
      (samples[bed.kind] ??= []).push(await sample(bed));
    }
  }
  return samples;
}
