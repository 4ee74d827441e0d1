/** Round trips of a flood ping: the next request leaves when the reply is in. The mean, as `ping -f` says it, and percentiles. */
import { alternate, figureOf } from '../suite/alternate.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import type { Bench } from '../suite/plan.js';
import { percentileFigures, percentileIds } from './percentiles.js';

const ID = 'latency/flood';
const NAME = 'flood RTT';
/** Requests a second of sample: about what 50 us a round trip let through. */
const REQUESTS = 10_000;

export const flood: Bench = {
  id: ID,
  figures: [ID, ...percentileIds(ID)],
  name: `${NAME}, mean and percentiles`,
  layout: DEFAULT_LAYOUT,
  subjects: ['uvtep', 'uvtep-spin', 'kernel', 'veth', 'ovs', 'vde'],
  quick: { rounds: 3, seconds: 0.3, subjects: ['uvtep', 'uvtep-spin', 'kernel'] },
  full: { rounds: 5, seconds: 2 },
  takes: ({ rounds, seconds }, subjects) => rounds * subjects * (seconds + 0.1),
  async run(beds, { rounds, seconds }, tell) {
    const taken = await alternate(beds, rounds, tell, async ({ from, to }) => {
      const result = await from.ping(to.address, { count: Math.round(seconds * REQUESTS), flood: true });
      if (result.received < result.sent)
        throw new Error(`${result.received} of ${result.sent} requests were answered`);
      return result;
    });
    const mean = {
      id: ID,
      name: NAME,
      unit: 'us',
      digits: 1,
      better: 'less' as const,
      bars: [
        { atMost: 60, stretch: 40 },
        { of: 'uvtep-spin' as const, atMost: 30, stretch: 18 },
      ],
    };
    return [figureOf(taken, mean, ({ rtt_us }) => rtt_us.avg), ...percentileFigures(taken, ID, NAME)];
  },
};
