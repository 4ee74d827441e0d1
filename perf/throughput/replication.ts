/**
 * Head-end replication: one frame to a MAC nobody knows becomes one datagram for every remote. The remotes are addresses
 * of the other host, whose VTEP takes every copy up, so copies are counted where they arrive.
 *
 *   host a, nolearning, all-zeros entry: host b, 10.99.0.1, 10.99.0.2 …  =====  host b, which has all of them
 */
import { alternate } from '../suite/alternate.js';
import { closeBeds, openBeds, type Bed } from '../suite/bed.js';
import type { Figure } from '../suite/figure.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import { PER_SAMPLE, type Bench } from '../suite/plan.js';
import { PINS } from '../suite/pins.js';
import { setEntries } from '../scale/live/entries.js';
import { figureAt, layRemotes, remoteAddress } from '../scale/live/remotes-of.js';

const ID = 'throughput/replication';
const REMOTES = [1, 4, 16, 64] as const;
const MOST = 64;
const SIZE = 64;
const ZERO = '00:00:00:00:00:00';

/** From here on host a forgets where host b's MAC is, and does not learn it again. */
async function layOut(bed: Bed): Promise<void> {
  const [a, b] = bed.lab.hosts;
  const [link] = await b!.namespace.ipJson<{ address: string }[]>('link show vtep0');
  await a!.vtep('link set vtep0 type vxlan nolearning');
  await a!.namespace.ip(`neigh replace ${bed.to.address} lladdr ${link!.address} dev vtep0 nud permanent`);
  await a!.vtep(`fdb del ${link!.address} dev vtep0`, { allowFailure: true }); // not there when nothing was learned
  await layRemotes(bed, MOST);
}

/** Thousands of copies a second that arrive. */
async function copies({ from, to }: Bed, seconds: number): Promise<number> {
  const { deliveredKpps, delivered, duplicated } = await from.datagramsTo(to, {
    ...PINS,
    seconds,
    size: SIZE,
  });
  if (delivered === 0) throw new Error('nothing arrived');
  return (deliveredKpps * (delivered + duplicated)) / delivered;
}

export const replication: Bench = {
  id: ID,
  figures: REMOTES.map((count) => `${ID}/${count}`),
  name: 'head-end replication',
  subjects: ['uvtep', 'kernel'],
  full: { rounds: 3, seconds: 2 },
  takes: ({ rounds, seconds }, subjects) => subjects * (2 + REMOTES.length * rounds * (seconds + PER_SAMPLE)),
  async run(_beds, { rounds, seconds }, tell) {
    const beds = await openBeds(['uvtep', 'kernel'], DEFAULT_LAYOUT);
    try {
      for (const bed of beds.beds) await layOut(bed);
      const figures: Figure[] = [];
      let made = 1;
      for (const count of REMOTES) {
        for (const { lab } of beds.beds) {
          const entry = (n: number) => ({ mac: ZERO, dst: remoteAddress(made - 1 + n) });
          await setEntries(lab.hosts[0]!, count - made, entry, 'append');
        }
        made = count;
        const told = (what: string): void => tell(`${count} remotes, ${what}`);
        const taken = await alternate(beds, rounds, told, (bed) => copies(bed, seconds));
        figures.push(figureAt(count, taken, ID, 'copies delivered, 64 bytes'));
      }
      return figures;
    } finally {
      await closeBeds(beds);
    }
  },
};
