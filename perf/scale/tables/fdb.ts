/** The FDB at scale: MACs of one VNI, found one by one as the data plane does, and in bursts of 64. */
import { FdbTable, STATE_REACHABLE } from '../../../lib/table/fdb.js';
import type { Advise } from '../../../lib/memory/shared-words.js';
import { ASKED, numbers } from './keys.js';
import type { Lookup, Population, Subject } from './subject.js';

const VNI = 42;
const HIGH = 0x02000000;
/** Added to the first four octets of a MAC that is in no table. */
const ELSEWHERE = 0x100000;
const BURST = 64;

export function fdbSubject(advise: Advise | undefined): Subject {
  return {
    id: 'fdb',
    axis: 'FDB entries',
    most: 1_000_000,
    populate: (entries) => populate(entries, advise),
    bars: {
      insert: { atLeast: 1_000_000, stretch: 3_000_000 },
      'lookup-hit': { atMost: 60, stretch: 30 },
      bytes: { atMost: 40, stretch: 32 },
    },
  };
}

function populate(entries: number, advise: Advise | undefined): Population {
  return {
    make: () => new FdbTable({ seed: 1, advise }),
    fill: (filled) => {
      const table = filled as FdbTable;
      for (let n = 0; n < entries; n++)
        table.insert(HIGH + (n >>> 16), n & 0xffff, VNI, 0, STATE_REACHABLE, 0, 0);
    },
    lookups: (filled) => lookups(filled as FdbTable, entries),
  };
}

function lookups(table: FdbTable, entries: number): Lookup[] {
  const next = numbers(entries);
  const highs = new Int32Array(ASKED);
  const lows = new Int32Array(ASKED);
  for (let i = 0; i < ASKED; i++) {
    const n = next() % entries;
    highs[i] = HIGH + (n >>> 16);
    lows[i] = n & 0xffff;
  }
  const others = highs.map((high) => high + ELSEWHERE);
  const asked = ASKED;
  return [
    {
      id: 'lookup-hit',
      name: 'FDB lookup, random hit',
      asked,
      expected: asked,
      run: () => find(table, highs, lows),
    },
    { id: 'lookup-miss', name: 'FDB lookup, miss', asked, expected: 0, run: () => find(table, others, lows) },
    {
      id: 'lookup-burst',
      name: 'FDB lookup in bursts of 64, random hit',
      asked,
      expected: asked,
      run: () => findBursts(table, highs, lows),
    },
  ];
}

function find(table: FdbTable, highs: Int32Array, lows: Int32Array): number {
  let found = 0;
  for (let i = 0; i < ASKED; i++) if (table.find(highs[i]!, lows[i]!, VNI) >= 0) found++;
  return found;
}

const burstHighs = new Int32Array(BURST);
const burstLows = new Int32Array(BURST);
const burstFound = new Int32Array(BURST);

/** Copying into columns is part of it, as parsing a batch is. */
function findBursts(table: FdbTable, highs: Int32Array, lows: Int32Array): number {
  let found = 0;
  for (let first = 0; first < ASKED; first += BURST) {
    for (let i = 0; i < BURST; i++) {
      burstHighs[i] = highs[first + i]!;
      burstLows[i] = lows[first + i]!;
    }
    table.findBurst(burstHighs, burstLows, VNI, BURST, burstFound);
    for (let i = 0; i < BURST; i++) if (burstFound[i]! >= 0) found++;
  }
  return found;
}
