/** Many remotes that are all the other host: addresses of its loopback, reached through its one underlay address. */
import type { Host } from '../../../test/support/lab/host.js';
import { figureOf, type Rounds } from '../../suite/alternate.js';
import type { Bed } from '../../suite/bed.js';
import type { Figure } from '../../suite/figure.js';
import { batch, numbered } from './entries.js';

const PREFIX = '10.99';

/** Gives host b `count` more addresses, for tunnels to end at. */
export async function layRemotes({ lab }: Bed, count: number): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await a.namespace.ip(`route replace ${PREFIX}.0.0/16 via ${b.address}`);
  await batch(
    'ip',
    b,
    Array.from({ length: count }, (_, n) => `addr add ${remoteAddress(n)}/32 dev lo`),
  );
}

export const remoteAddress = (n: number): string => numbered(PREFIX, n);

/** Thousands a second with so many remotes: a point of the curve. */
export function figureAt(count: number, taken: Rounds<number>, curve: string, what: string): Figure {
  return figureOf(
    taken,
    {
      id: `${curve}/${count}`,
      name: `${what}, remotes: ${count.toLocaleString('en')}`,
      unit: 'kpps',
      digits: 0,
      better: 'more',
      curve,
      at: { axis: 'remotes', value: count },
    },
    (kpps) => kpps,
  );
}
