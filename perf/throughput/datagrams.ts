/** Small UDP datagrams of one flow: how many arrive when more are offered than can pass, and that none is lost at 100 kpps. */
import type { Beds } from '../suite/bed.js';
import type { Figure } from '../suite/figure.js';
import { alternate, type Progress } from '../suite/alternate.js';

/** UDP payload of 64 octets: a frame of 106 with Ethernet, IP and UDP. */
const SIZE = 64;
/** A source that falls behind 100 kpps by more does not show what it should. */
const ENOUGH = 98;

export interface DatagramFigureOptions {
  rounds: number;
  seconds: number;
}

/** Thousands a second that arrive, the source sending as fast as it can. */
export async function delivered(
  beds: Beds,
  options: DatagramFigureOptions,
  progress: Progress,
): Promise<Figure> {
  const name = '64-byte UDP delivered, one flow';
  let overflowed = 0;
  const samples = await alternate(beds, name, options.rounds, progress, async ({ from, to }) => {
    const result = await from.datagramsTo(to, { seconds: options.seconds, size: SIZE });
    overflowed = Math.max(overflowed, result.overflowed);
    return result.deliveredKpps;
  });
  const note = overflowed
    ? `the sink's socket overflowed (${overflowed} datagrams): the sink was a limit`
    : undefined;
  return {
    id: 'throughput/udp/64/1-flow',
    name,
    unit: 'kpps',
    digits: 0,
    better: 'more',
    samples,
    bars: [{ against: 'kernel', atLeast: 1.5 }],
    note,
  };
}

/** Datagrams lost of 100,000 a second. */
export async function lossAt100k(
  beds: Beds,
  options: DatagramFigureOptions,
  progress: Progress,
): Promise<Figure> {
  const name = 'lost at 100 kpps, 64 bytes';
  let offered = Infinity;
  const samples = await alternate(beds, name, options.rounds, progress, async ({ kind, from, to }) => {
    const result = await from.datagramsTo(to, { seconds: options.seconds, size: SIZE, kpps: 100 });
    if (kind === 'uvtep') offered = Math.min(offered, result.offeredKpps);
    return result.lost;
  });
  const missing =
    offered < ENOUGH
      ? `the source reached only ${offered.toFixed(0)} kpps: too little CPU left for it`
      : undefined;
  return {
    id: 'throughput/udp/64/lost-at-100-kpps',
    name,
    unit: 'datagrams',
    digits: 0,
    better: 'less',
    samples,
    bars: [{ atMost: 0, worst: true }],
    missing: missing === undefined ? undefined : { all: missing },
  };
}
