/** TCP through the overlay, ours and the kernel's in turn, so that a busy moment of the machine meets both. */
import { Lab } from '../support/lab/lab.js';
import { missingFor } from '../support/lab/pairs.js';
import type { Kind } from '../support/lab/dialect.js';
import { layOutSwitch } from '../support/lab/scenario/learning-switch.js';

export interface Throughput {
  kind: Kind;
  /** Gbit/s of each round; empty when `missing` says why there are none. */
  rounds: number[];
  missing: string;
}

const ROUNDS = 3;
const SECONDS = 1.5;

/** Measures both kinds in alternation. `heard` is called after every round. */
export async function compareThroughput(heard: (kind: Kind, gbps: number) => void): Promise<Throughput[]> {
  const sides: { result: Throughput; lab: Lab }[] = [];
  const results: Throughput[] = [];
  try {
    for (const kind of ['uvtep', 'kernel'] as const) {
      const result: Throughput = { kind, rounds: [], missing: missingFor([kind]) };
      results.push(result);
      if (result.missing) continue;
      const lab = await Lab.open({ hosts: [kind, kind] });
      sides.push({ result, lab });
      await layOutSwitch(lab);
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const { result, lab } of sides) {
        const [a, b] = lab.hosts;
        const { ok, gbps, error } = await a!.guests[0]!.streamTo(b!.guests[0]!, {
          seconds: SECONDS,
          mode: 'copy',
        });
        if (!ok)
          throw new Error(`TCP through the ${result.kind} overlay failed: ${error || 'octets were lost'}`);
        result.rounds.push(gbps);
        heard(result.kind, gbps);
      }
    }
    return results;
  } finally {
    for (const { lab } of sides) await lab.close();
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
