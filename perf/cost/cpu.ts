/**
 * CPU time: of the whole machine, generator and sink included, because the kernel's device does its work in the sender's
 * system call and in soft interrupts, where no process is charged for it. What the bare veth costs for the same
 * datagrams is measured beside; the difference is the tunnel's.
 */
import { alternate, figureOf, type Rounds } from '../suite/alternate.js';
import type { Bed } from '../suite/bed.js';
import { divided, sum, timed, type CpuTime } from '../suite/cpu-time.js';
import type { Figure } from '../suite/figure.js';
import { DEFAULT_LAYOUT } from '../suite/layouts.js';
import type { Bench } from '../suite/plan.js';
import { PINS } from '../suite/pins.js';
import { transfer } from '../throughput/tcp.js';

const RATE = 100;
const SIZE = 64;
/** A source that falls behind 100 kpps by more does not show what it should. */
const ENOUGH = 98;

const DATAGRAMS = 'cost/at-100-kpps';
const GIGABIT = 'cost/per-gigabit';
export const LOST = 'throughput/udp/64/lost-at-100-kpps';

/** CPU seconds of a sample, for each million packets or each gigabit. */
interface Cost {
  machine: CpuTime;
  /** Daemons alone; nothing for the kernel. */
  processes: CpuTime;
  /** Generator and sink, where they tell. */
  ends?: number;
}

/** The daemons of a bed of ours. */
async function daemonsOf({ lab }: Bed): Promise<number[]> {
  const ours = lab.hosts.filter(({ kind }) => kind === 'uvtep');
  return await Promise.all(ours.map(async (host) => (await host.daemon().daemon()).pid));
}

/** Whole machine, its parts, the daemons' parts, and without the ends. */
function costFigures(taken: Rounds<Cost>, id: string, name: string, unit: string): Figure[] {
  const figure = (path: string, called: string, number: (cost: Cost) => number): Figure =>
    figureOf(
      taken,
      { id: `${id}/${path}`, name: `${name}, ${called}`, unit, digits: 2, better: 'less' },
      number,
    );
  const daemons = (part: 'user' | 'system'): Figure => {
    const whole = figure(`daemons-${part}`, `our daemons, ${part} time`, ({ processes }) => processes[part]);
    const { uvtep, 'uvtep-spin': spin } = whole.samples;
    return { ...whole, samples: { ...(uvtep && { uvtep }), ...(spin && { 'uvtep-spin': spin }) } };
  };
  return [
    figure('machine', 'whole machine', ({ machine }) => sum(machine)),
    figure('user', 'whole machine, user time', ({ machine }) => machine.user),
    figure('system', 'whole machine, system time', ({ machine }) => machine.system),
    daemons('user'),
    daemons('system'),
  ];
}

const costIds = (id: string): string[] =>
  ['machine', 'user', 'system', 'daemons-user', 'daemons-system'].map((path) => `${id}/${path}`);

/** Without generator and sink: less than the kernel's device takes, whose work is partly theirs. */
function withoutEnds(taken: Rounds<Cost>): Figure {
  return {
    ...figureOf(
      taken,
      {
        id: `${DATAGRAMS}/without-ends`,
        name: 'CPU at 100 kpps, machine without generator and sink',
        unit: 's per million packets',
        digits: 2,
        better: 'less',
      },
      ({ machine, ends = 0 }) => sum(machine) - ends,
    ),
    note: "the kernel's device encapsulates in the generator's system call, which is not counted here",
  };
}

export const costOfDatagrams: Bench = {
  id: DATAGRAMS,
  figures: [...costIds(DATAGRAMS), `${DATAGRAMS}/without-ends`, LOST],
  name: 'CPU and loss at 100 kpps, 64 bytes',
  layout: DEFAULT_LAYOUT,
  subjects: ['uvtep', 'uvtep-spin', 'kernel', 'veth'],
  quick: { rounds: 2, seconds: 1.5, subjects: ['uvtep', 'kernel'] },
  full: { rounds: 5, seconds: 4 },
  async run(beds, { rounds, seconds }, tell) {
    let slowest = Infinity;
    const taken = await alternate(beds, rounds, tell, async (bed) => {
      const { result, machine, processes } = await timed(await daemonsOf(bed), () =>
        bed.from.datagramsTo(bed.to, { ...PINS, seconds, size: SIZE, kpps: RATE }),
      );
      if (bed.subject === 'uvtep') slowest = Math.min(slowest, result.offeredKpps);
      const millions = result.sent / 1e6;
      return {
        machine: divided(machine, millions),
        processes: divided(processes, millions),
        ends: (sum(result.sourceCpu) + sum(result.sinkCpu)) / millions,
        lost: result.lost,
      };
    });
    const [whole, ...parts] = costFigures(taken, DATAGRAMS, 'CPU at 100 kpps', 's per million packets');
    const bars = [{ against: 'kernel' as const, atMost: 0.95, stretch: 0.8 }];
    const lost = figureOf(
      taken,
      {
        id: LOST,
        name: 'lost at 100 kpps, 64 bytes',
        unit: 'datagrams',
        digits: 0,
        better: 'less',
        bars: [{ atMost: 0, worst: true }],
      },
      (sample) => sample.lost,
    );
    const figures = [{ ...whole!, bars }, ...parts, withoutEnds(taken), lost];
    if (slowest >= ENOUGH) return figures;
    const all = `the source reached only ${slowest.toFixed(0)} kpps: too little CPU left for it`;
    return figures.map((figure) => ({ ...figure, missing: { ...figure.missing, all } }));
  },
};

export const costOfTcp: Bench = {
  id: GIGABIT,
  figures: costIds(GIGABIT),
  name: 'CPU of TCP, one stream, default veth',
  layout: DEFAULT_LAYOUT,
  subjects: ['uvtep', 'kernel', 'veth'],
  full: { rounds: 5, seconds: 3 },
  async run(beds, { rounds, seconds }, tell) {
    const taken = await alternate(beds, rounds, tell, async (bed) => {
      const { result, machine, processes } = await timed(await daemonsOf(bed), () =>
        transfer(bed, { seconds }),
      );
      const gigabits = (result.bytes * 8) / 1e9;
      return { machine: divided(machine, gigabits), processes: divided(processes, gigabits) };
    });
    return costFigures(taken, GIGABIT, 'CPU of TCP', 's per gigabit').map((figure) => ({
      ...figure,
      digits: 3,
    }));
  },
};
