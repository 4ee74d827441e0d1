/** Round trips of a flood ping: the next request leaves when the reply is in. Microseconds, the mean of a run, as `ping -f` says it. */
import type { Beds } from '../suite/bed.js';
import type { Figure } from '../suite/figure.js';
import { alternate, type Progress } from '../suite/alternate.js';

export async function flood(
  beds: Beds,
  options: { rounds: number; count: number },
  progress: Progress,
): Promise<Figure> {
  const name = 'flood RTT';
  const samples = await alternate(beds, name, options.rounds, progress, async ({ kind, from, to }) => {
    const result = await from.ping(to.address, { count: options.count, flood: true });
    if (result.received < result.sent)
      throw new Error(`${kind}: ${result.received} of ${result.sent} replies`);
    return result.rtt_us.avg;
  });
  return { id: 'latency/flood', name, unit: 'us', digits: 1, better: 'less', samples };
}
