/**
 * Round trips while 64-byte datagrams of one flow pass at half the rate each subject forwards without loss: what a
 * program feels on a link that is used and not overrun. Each at half of its own rate, so that queues are alike.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { alternate } from '../suite/alternate.js';
import type { Bed } from '../suite/bed.js';
import type { Subject } from '../suite/figure.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import type { Bench, Found } from '../suite/plan.js';
import { PINS } from '../suite/pins.js';
import { findRate } from '../throughput/rfc2544.js';
import type { PingResult } from '../../test/support/lab/tools.js';
import { percentileFigures, percentileIds } from './percentiles.js';

const ID = 'latency/half-load';
const NAME = 'RTT at half the lossless rate';
const SIZE = 64;
/** Microseconds between requests. */
const INTERVAL = 1000;
/** Until the load has reached its rate, and how much longer than the ping it goes on. */
const LEAD = 0.2;

/** A run without the search before it searches here, shortly. */
async function rateOf(bed: Bed, found: Found): Promise<number> {
  return (found.rates[bed.subject] ??= (await findRate(bed, { size: SIZE, flows: 1 }, 0.4)).kpps);
}

async function pingUnderLoad({ from, to }: Bed, kpps: number, seconds: number): Promise<PingResult> {
  const load = from.datagramsTo(to, { ...PINS, seconds: seconds + 2 * LEAD, size: SIZE, kpps });
  await sleep(LEAD * 1000);
  const [result] = await Promise.all([
    from.ping(to.address, { count: Math.round((seconds * 1e6) / INTERVAL), interval: INTERVAL }),
    load,
  ]);
  if (result.received === 0) throw new Error('no request was answered under load');
  return result;
}

export const halfLoad: Bench = {
  id: ID,
  figures: percentileIds(ID),
  name: `${NAME}, percentiles`,
  layout: DEFAULT_LAYOUT,
  subjects: ['uvtep', 'uvtep-spin', 'kernel', 'veth'],
  full: { rounds: 5, seconds: 2 },
  takes: ({ rounds, seconds }, subjects) => subjects * (rounds * (seconds + 2 * LEAD + 0.2) + 3),
  async run(beds, { rounds, seconds }, tell, found) {
    const lost = new Map<string, number>();
    const taken = await alternate(beds, rounds, tell, async (bed) => {
      const result = await pingUnderLoad(bed, (await rateOf(bed, found)) / 2, seconds);
      lost.set(bed.subject, (lost.get(bed.subject) ?? 0) + result.sent - result.received);
      return result;
    });
    const rates = Object.keys(taken.samples).map(
      (subject) => `${subject} ${(found.rates[subject as Subject]! / 2).toFixed(0)}`,
    );
    const unanswered = [...lost].filter(([, count]) => count > 0).map(([who, count]) => `${who} ${count}`);
    const losses = unanswered.length > 0 ? `; requests without a reply: ${unanswered.join(', ')}` : '';
    const [first, ...others] = percentileFigures(taken, ID, NAME);
    return [{ ...first!, note: `load in kpps: ${rates.join(', ')}${losses}` }, ...others];
  },
};
