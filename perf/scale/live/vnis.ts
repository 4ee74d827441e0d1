/** One device of 1 … 4,096 on the receiver's port carries traffic: what the others cost it. */
import { alternate, figureOf } from '../../suite/alternate.js';
import { closeBeds, openBeds, type Bed } from '../../suite/bed.js';
import type { Figure } from '../../suite/figure.js';
import { DEFAULT_LAYOUT } from '../../suite/layouts.js';
import { PER_SAMPLE, type Bench } from '../../suite/plan.js';
import { PINS } from '../../suite/pins.js';
import type { Host } from '../../../test/support/lab/host.js';
import { PORT } from '../../../test/support/lab/scenario/learning-switch.js';
import { batch } from './entries.js';

const ID = 'scale/live/vnis';
const COUNTS = [1, 64, 1024, 4096] as const;
/** VNIs of the others begin here. */
const FIRST_VNI = 10_000;
const SIZE = 64;
/** Seconds that the devices of one point may take to be made. */
const PATIENCE = 40;

/** More devices on the port of vtep0, all up. */
async function addDevices(host: Host, from: number, to: number, deadline: number): Promise<void> {
  const names = Array.from({ length: to - from }, (_, k) => `vt${from + k}`);
  const vni = (k: number): number => FIRST_VNI + from + k;
  if (host.kind === 'uvtep') {
    const client = host.daemon();
    for (const [k, name] of names.entries()) {
      if (performance.now() > deadline) throw new Error(`only ${from + k} were made in ${PATIENCE} s`);
      await client.addLink({ name, id: vni(k), dstport: PORT, dev: 'eth0' });
    }
    client.close();
  } else {
    const link = (name: string, k: number): string =>
      `link add ${name} type vxlan id ${vni(k)} dstport ${PORT} dev eth0`;
    await batch('ip', host, names.map(link));
  }
  const up = names.map((name) => `link set ${name} up`);
  await batch('ip', host, up);
}

/** Why a bed's receiver cannot have that many; undefined when it has them. */
async function grow({ lab }: Bed, from: number, to: number): Promise<string | undefined> {
  try {
    await addDevices(lab.hosts[1]!, from, to, performance.now() + PATIENCE * 1000);
    return undefined;
  } catch (error) {
    return `${to} devices: ${(error as Error).message}`;
  }
}

export const liveVnis: Bench = {
  id: ID,
  figures: COUNTS.map((count) => `${ID}/${count}`),
  name: 'live path against the number of VNIs on a port',
  subjects: ['uvtep', 'kernel'],
  full: { rounds: 3, seconds: 1 },
  takes: ({ rounds, seconds }, subjects) =>
    PATIENCE + 20 + subjects * COUNTS.length * rounds * (seconds + PER_SAMPLE),
  async run(_beds, { rounds, seconds }, tell) {
    const beds = await openBeds(['uvtep', 'kernel'], DEFAULT_LAYOUT);
    try {
      const figures: Figure[] = [];
      let made = 1;
      for (const count of COUNTS) {
        for (const bed of beds.beds) {
          tell(`${count} devices of ${bed.subject} are made`);
          if (beds.missing[bed.subject] !== undefined) continue;
          const why = await grow(bed, made, count);
          if (why !== undefined) beds.missing[bed.subject] = why;
        }
        made = count;
        const taken = await alternate(
          beds,
          rounds,
          (what) => tell(`${count} VNIs, ${what}`),
          async ({ from, to }) =>
            (await from.datagramsTo(to, { ...PINS, seconds, size: SIZE })).deliveredKpps,
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
