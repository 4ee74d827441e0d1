/** Frames to 1 … 1,000 remotes at once: 1,000 flows to as many MACs, each behind a remote of its own. */
import { alternate } from '../../suite/alternate.js';
import { closeBeds, openBeds, type Bed } from '../../suite/bed.js';
import type { Figure } from '../../suite/figure.js';
import { DEFAULT_LAYOUT } from '../../suite/layouts.js';
import { PER_SAMPLE, type Bench } from '../../suite/plan.js';
import { groupMac, setEntries } from './entries.js';
import { figureAt, layRemotes, remoteAddress } from './remotes-of.js';
import { laySpread, pointSpread, spreadDelivered } from './spread.js';

const ID = 'scale/live/remotes';
const COUNTS = [1, 16, 256, 1000] as const;
const MOST = 1000;

async function layOut(bed: Bed): Promise<void> {
  await laySpread(bed);
  await layRemotes(bed, MOST);
  await setEntries(bed.lab.hosts[0]!, MOST, (n) => ({ mac: groupMac(n), dst: remoteAddress(n) }));
}

export const liveRemotes: Bench = {
  id: ID,
  figures: COUNTS.map((count) => `${ID}/${count}`),
  name: 'live path against the number of remotes',
  subjects: ['uvtep', 'kernel'],
  full: { rounds: 3, seconds: 2 },
  takes: ({ rounds, seconds }, subjects) => subjects * (3 + COUNTS.length * rounds * (seconds + PER_SAMPLE)),
  async run(_beds, { rounds, seconds }, tell) {
    const beds = await openBeds(['uvtep', 'kernel'], DEFAULT_LAYOUT);
    try {
      for (const bed of beds.beds) await layOut(bed);
      const figures: Figure[] = [];
      for (const count of COUNTS) {
        for (const bed of beds.beds) await pointSpread(bed, MOST, count);
        const taken = await alternate(
          beds,
          rounds,
          (what) => tell(`${count} remotes, ${what}`),
          (bed) => spreadDelivered(bed, seconds, MOST),
        );
        figures.push(figureAt(count, taken, ID, `64-byte UDP delivered, ${MOST} flows`));
      }
      return figures;
    } finally {
      await closeBeds(beds);
    }
  },
};
