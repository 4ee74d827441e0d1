/** The live path against the size of the FDB: flows to MACs that lie evenly among all entries. */
import { DEFAULT_LAYOUT } from '../../suite/layouts.js';
import { groupMac, setEntries } from './entries.js';
import { laySpread, pointSpread, spreadDelivered } from './spread.js';
import { FLOWS, type LiveTable } from './table.js';

export const fdbTable: LiveTable = {
  id: 'scale/live/fdb',
  entries: 'FDB entries',
  sizes: [1, 100, 10_000, 100_000, 1_000_000],
  inserts: 75_000,
  layout: DEFAULT_LAYOUT,
  prepare: laySpread,
  async grow(bed, from, size) {
    const [a, b] = bed.lab.hosts;
    await setEntries(a!, size - from, (n) => ({ mac: groupMac(from + n), dst: b!.address }));
    await pointSpread(bed, FLOWS, size);
  },
  delivered: (bed, seconds) => spreadDelivered(bed, seconds, FLOWS),
  bar: { atLeast: 0.95, stretch: 1 },
  quick: { rounds: 3, seconds: 0.5 },
};
