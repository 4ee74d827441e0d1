/** UDP: how many datagrams arrive when more are offered than can pass. What was sent does not count. */
import { alternate, figureOf } from '../suite/alternate.js';
import type { Bar, Figure, Subject } from '../suite/figure.js';
import type { Bench, Effort } from '../suite/plan.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import { PINS } from '../suite/pins.js';

export interface DatagramBenchOptions {
  /** UDP payload, octets: a frame has 42 more. */
  size: number;
  flows: number;
  subjects: readonly Subject[];
  bars?: Bar[];
  quick?: Effort;
  full: Effort;
}

export const flowsNamed = (flows: number): string => (flows === 1 ? 'one flow' : `${flows} flows`);
export const flowsPath = (flows: number): string => (flows === 1 ? '1-flow' : `${flows}-flows`);

/** Says when the sink, and not what was measured, was the limit. */
export function overflowNote(overflowed: readonly number[]): string | undefined {
  const most = Math.max(0, ...overflowed);
  return most > 0
    ? `the sink's socket overflowed (${most} datagrams at most): the sink was a limit`
    : undefined;
}

/** Thousands a second that arrive, the source sending as fast as it can. */
export function delivered(options: DatagramBenchOptions): Bench {
  const { size, flows, subjects, quick, full, bars } = options;
  const id = `throughput/udp/${size}/${flowsPath(flows)}`;
  const name = `${size}-byte UDP delivered, ${flowsNamed(flows)}`;
  const describe = { id, name, unit: 'kpps', digits: 0, better: 'more' as const, bars };
  return {
    id,
    name,
    layout: DEFAULT_LAYOUT,
    subjects,
    quick,
    full,
    async run(beds, { rounds, seconds }, tell): Promise<Figure[]> {
      const taken = await alternate(beds, rounds, tell, ({ from, to }) =>
        from.datagramsTo(to, { ...PINS, seconds, size, flows }),
      );
      const overflowed = Object.values(taken.samples).flatMap((results) =>
        results.map((result) => result.overflowed),
      );
      return [
        {
          ...figureOf(taken, describe, ({ deliveredKpps }) => deliveredKpps),
          note: overflowNote(overflowed),
        },
      ];
    },
  };
}
