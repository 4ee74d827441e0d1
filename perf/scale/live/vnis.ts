/** One device of 1 … 4,096 on the same port carries traffic: what the others cost it. */
import { alternate, figureOf } from '../../suite/alternate.js';
import { closeBeds, openBeds, type Bed } from '../../suite/bed.js';
import type { Figure } from '../../suite/figure.js';
import { DEFAULT_LAYOUT } from '../../suite/layouts.js';
import type { Bench } from '../../suite/plan.js';
import type { Host } from '../../../test/support/lab/host.js';
import { PORT } from '../../../test/support/lab/scenario/learning-switch.js';
import { batch } from './entries.js';

const ID = 'scale/live/vnis';
const COUNTS = [1, 64, 1024, 4096] as const;
/** VNIs of the others begin here. */
const FIRST_VNI = 10_000;
const SIZE = 64;

/** More devices on the port of vtep0, all up. */
async function addDevices(host: Host, from: number, to: number): Promise<void> {
  const names = Array.from({ length: to - from }, (_, k) => `vt${from + k}`);
  if (host.kind === 'uvtep') {
    const client = host.daemon();
    for (const [k, name] of names.entries())
      await client.addLink({ name, id: FIRST_VNI + from + k, dstport: PORT, dev: 'eth0' });
    client.close();
  } else {
    await batch(
      'ip',
      host,
      names.map(
        (name, k) => `link add ${name} type vxlan id ${FIRST_VNI + from + k} dstport ${PORT} dev eth0`,
      ),
    );
  }
  await batch(
    'ip',
    host,
    names.map((name) => `link set ${name} up`),
  );
}

/** A subject that cannot have that many is missing from there on. */
async function growTo(bed: Bed, from: number, to: number): Promise<string | undefined> {
  try {
    for (const host of bed.lab.hosts) await addDevices(host, from, to);
    return undefined;
  } catch (error) {
    return `${to} devices could not be made: ${(error as Error).message}`;
  }
}

export const liveVnis: Bench = {
  id: ID,
  figures: COUNTS.map((count) => `${ID}/${count}`),
  name: 'live path against the number of VNIs on a port',
  subjects: ['uvtep', 'kernel'],
  full: { rounds: 3, seconds: 1 },
  takes: ({ rounds, seconds }, subjects) => subjects * (30 + COUNTS.length * rounds * (seconds + 0.75)),
  async run(_beds, { rounds, seconds }, tell) {
    const beds = await openBeds(['uvtep', 'kernel'], DEFAULT_LAYOUT);
    try {
      const figures: Figure[] = [];
      let made = 1;
      for (const count of COUNTS) {
        for (const bed of beds.beds) {
          tell(`${count} devices of ${bed.subject} are made`);
          const why = await growTo(bed, made, count);
          if (why) beds.missing[bed.subject] ??= why;
        }
        made = count;
        const taken = await alternate(
          beds,
          rounds,
          (what) => tell(`${count} VNIs, ${what}`),
          async ({ from, to }) => (await from.datagramsTo(to, { seconds, size: SIZE })).deliveredKpps,
        );
        figures.push(
          figureOf(
            taken,
            {
              id: `${ID}/${count}`,
              name: `64-byte UDP delivered, one flow, VNIs on the port: ${count.toLocaleString('en')}`,
              unit: 'kpps',
              digits: 0,
              better: 'more',
              curve: ID,
              at: { axis: 'VNIs', value: count },
            },
            (kpps) => kpps,
          ),
        );
      }
      return figures;
    } finally {
      await closeBeds(beds);
    }
  },
};
