/** Carries a plan out: beds laid out once for neighbours, each bench watched, what fails told and the rest measured. */
import { closeBeds, only, openBeds, type Beds } from './bed.js';
import type { Figure } from './figure.js';
import { isDisturbed, watchMachine } from './machine.js';
import { bedSeconds, grouped, secondsOf, subjectsOf, type Choice, type Found, type Group } from './plan.js';
import type { Progress } from './progress.js';

export interface Outcome {
  figures: Figure[];
  /** Benches that could not run, and why. */
  skipped: { name: string; why: string }[];
}

const LAY_OUT = 'beds are laid out';

/** The steps of a run, for its progress line. */
export function steps(choices: readonly Choice[]): { name: string; seconds: number }[] {
  return grouped(choices).flatMap((group) => [
    ...(group.layout ? [{ name: LAY_OUT, seconds: bedSeconds(group.subjects) }] : []),
    ...group.choices.map((choice) => ({ name: choice.bench.name, seconds: secondsOf(choice) })),
  ]);
}

export async function carryOut(choices: readonly Choice[], progress: Progress): Promise<Outcome> {
  const outcome: Outcome = { figures: [], skipped: [] };
  const found: Found = { rates: {} };
  for (const group of grouped(choices)) await carryOutGroup(group, progress, found, outcome);
  return outcome;
}

async function carryOutGroup(
  { layout, subjects, choices }: Group,
  progress: Progress,
  found: Found,
  outcome: Outcome,
): Promise<void> {
  let beds: Beds = { beds: [], missing: {} };
  if (layout) {
    progress.begin(LAY_OUT);
    beds = await openBeds(subjects, layout);
  }
  try {
    for (const choice of choices) {
      progress.begin(choice.bench.name);
      try {
        const own = only(beds, subjectsOf(choice));
        const figures = await watched(() => choice.bench.run(own, choice.effort, progress.tell, found));
        outcome.figures.push(...figures);
      } catch (error) {
        outcome.skipped.push({ name: choice.bench.name, why: (error as Error).message });
      }
    }
  } finally {
    await closeBeds(beds);
  }
}

/** Marks figures that were taken while the machine did something else. */
async function watched(measure: () => Promise<Figure[]>): Promise<Figure[]> {
  const watch = await watchMachine();
  const figures = await measure();
  const disturbed = watch.end();
  return isDisturbed(disturbed) ? figures.map((figure) => ({ ...figure, disturbed })) : figures;
}
