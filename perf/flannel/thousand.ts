/** A Flannel network of a thousand hosts: joining it, following it, and what it costs when nothing happens. */
import { flannelMissing } from '../../test/support/flannel/flannel-lab.js';
import { measureThousand, PEERS, type Thousand } from '../../test/support/flannel/thousand.js';
import { missingFor } from '../../test/support/lab/pairs.js';
import type { Bar, Figure } from '../suite/figure.js';
import type { Bench } from '../suite/plan.js';

const ID = 'flannel/thousand';

interface Wanted {
  id: string;
  name: string;
  unit: string;
  digits: number;
  bar: Bar;
  of: (taken: Thousand) => number;
}

const FIGURES: readonly Wanted[] = [
  {
    id: `${ID}/start`,
    name: `${PEERS.toLocaleString('en')} hosts, from the start of the program to the last entry`,
    unit: 's',
    digits: 2,
    bar: { atMost: 2 },
    of: ({ started }) => started,
  },
  {
    id: `${ID}/changes`,
    name: `${PEERS.toLocaleString('en')} changes at once, to the last entry`,
    unit: 's',
    digits: 2,
    bar: { atMost: 2 },
    of: ({ changed }) => changed,
  },
  {
    id: `${ID}/storm`,
    name: `${PEERS.toLocaleString('en')} renewals that change nothing, writes to tables`,
    unit: 'writes',
    digits: 0,
    bar: { atMost: 0, worst: true },
    of: ({ stormWrites }) => stormWrites,
  },
  {
    id: `${ID}/idle`,
    name: 'CPU of vtep flannel when nothing happens',
    unit: '% of a CPU',
    digits: 2,
    bar: { atMost: 1 },
    of: ({ idle }) => 100 * idle,
  },
];

export const flannelThousand: Bench = {
  id: ID,
  figures: FIGURES.map(({ id }) => id),
  name: 'a Flannel network of a thousand hosts',
  subjects: ['uvtep'],
  full: { rounds: 3, seconds: 5 },
  takes: ({ rounds, seconds }) => rounds * (seconds + 6),
  async run(_beds, { rounds, seconds }, tell): Promise<Figure[]> {
    const why = missingFor(['uvtep']) || (await flannelMissing());
    const taken: Thousand[] = [];
    for (let round = 0; round < rounds && !why; round++) {
      tell(`round ${round + 1} of ${rounds}`);
      taken.push(await measureThousand(seconds));
    }
    return FIGURES.map(({ id, name, unit, digits, bar, of }) => ({
      ...{ id, name, unit, digits, better: 'less' as const },
      samples: { uvtep: taken.map(of) },
      bars: [bar],
      missing: why ? { all: why } : undefined,
    }));
  },
};
