/** Runs one scenario as a subtest on each pair of kinds, skipping with the reason where a pair cannot be had. */
import type t from 'tap';
import type { Kind } from './dialect.js';
import { Lab, type LabOptions } from './lab.js';
import { ALL_PAIRS, labMissing, missingFor } from './pairs.js';
import type { Witness } from './scenario/witness.js';

type Test = typeof t;

/** Milliseconds for all scenarios of a file. */
const PATIENCE = 120_000;

/** A witness that asserts, and comments the steps. */
export function assertingWitness(test: Pick<Test, 'ok' | 'comment'>): Witness {
  return {
    step: (text) => test.comment(text),
    event: () => {},
    check: (holds, text, found) => void test.ok(holds, text, holds ? {} : { found }),
  };
}

/** The arrow between hosts: `uvtep <-> kernel`. */
const named = (kinds: readonly Kind[]): string => kinds.join(' <-> ');

/**
 * @param body gets a fresh laboratory of two hosts (or as many as each element of `sets` has kinds)
 * @example onEach(t, 'walk-through 1', missesAnswered)
 */
export async function onEach(
  test: Test,
  name: string,
  body: (lab: Lab, witness: Witness) => Promise<void>,
  sets: readonly (readonly Kind[])[] = ALL_PAIRS,
  options: Partial<LabOptions> = {},
): Promise<void> {
  // What the runner grants a file (package.json). Run by itself a file has 30 s, which a loaded machine needs for two
  // scenarios, and the next one then ends at whatever step it is at.
  if (process.env['TAP_TIMEOUT'] === undefined) test.setTimeout(PATIENCE);
  const nowhere = labMissing();
  for (const kinds of sets) {
    const why = nowhere || missingFor(kinds);
    await test.test(`${name}: ${named(kinds)}`, why ? { skip: why } : {}, async (sub) => {
      const commands: string[] = [];
      const lab = await Lab.open({ ...options, hosts: kinds, narrate: (line) => commands.push(line) });
      try {
        await body(lab, assertingWitness(sub));
      } finally {
        await lab.close();
        if (!sub.passing()) for (const line of commands) sub.comment(`$ ${line}`);
      }
    });
  }
}
