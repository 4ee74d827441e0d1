/** Neighbours at scale: IPv4 hosts of 10.0.0.0/8. */
import { NeighbourTable, NUD_PERMANENT } from '../../../lib/table/neighbour.js';
import type { Advise } from '../../../lib/memory/shared-words.js';
import { ASKED, numbers } from './keys.js';
import type { Lookup, Subject } from './subject.js';

const NET = 0x0a000000;
/** Added to an address to get one that is in no table. */
const ELSEWHERE = 0x01000000;
const MAPPED = 0xffff;

export function neighbourSubject(advise: Advise | undefined): Subject {
  return {
    id: 'neighbours',
    axis: 'neighbours',
    most: 262_144,
    populate: (entries) => ({
      make: () => new NeighbourTable({ seed: 1, advise }),
      fill: (filled) => {
        const table = filled as NeighbourTable;
        for (let n = 0; n < entries; n++)
          table.set(0, 0, MAPPED, NET + n, 0x02000000, n & 0xffff, NUD_PERMANENT, 0, 0);
      },
      lookups: (filled) => lookups(filled as NeighbourTable, entries),
    }),
    bars: {},
  };
}

function lookups(table: NeighbourTable, entries: number): Lookup[] {
  const next = numbers(entries);
  const hosts = Int32Array.from({ length: ASKED }, () => NET + (next() % entries));
  const others = hosts.map((host) => host + ELSEWHERE);
  const asked = ASKED;
  return [
    {
      id: 'lookup-hit',
      name: 'neighbour lookup, random hit',
      asked,
      expected: asked,
      run: () => find(table, hosts),
    },
    { id: 'lookup-miss', name: 'neighbour lookup, miss', asked, expected: 0, run: () => find(table, others) },
  ];
}

function find(table: NeighbourTable, hosts: Int32Array): number {
  let found = 0;
  for (let i = 0; i < ASKED; i++) if (table.find(0, 0, MAPPED, hosts[i]!) >= 0) found++;
  return found;
}
