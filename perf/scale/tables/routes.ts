/** Routes at scale: prefixes with the Internet's mix of lengths, 256 next hops, addresses that they cover or do not. */
import type { Advise } from '../../../lib/memory/shared-words.js';
import { RouteTable } from '../../../lib/table/route.js';
import type { Bar } from '../../suite/figure.js';
import { ASKED, numbers, prefixes, type Prefixes, within } from './keys.js';
import type { Lookup, Population, Subject } from './subject.js';

const NEXT_HOPS = 256;
const MAPPED = 0xffff;

export function routeSubject(family: 4 | 6, advise: Advise | undefined): Subject {
  const bars: Record<string, Bar> = {
    insert: { atLeast: 500_000, stretch: 1_000_000 },
    'lookup-hit': { atMost: 60, stretch: 25 },
    bytes: { atMost: 24, stretch: 12 },
  };
  return {
    id: `routes${family}`,
    axis: `IPv${family} routes`,
    most: family === 4 ? 1_000_000 : 200_000,
    populate: (entries) => populate(family, prefixes(family, entries), advise),
    bars: family === 4 ? bars : {},
  };
}

function populate(family: 4 | 6, routes: Prefixes, advise: Advise | undefined): Population {
  const { words, lengths } = routes;
  return {
    make: () => new RouteTable({ seed: 1, advise }),
    fill: (filled) => {
      const table = filled as RouteTable;
      for (let i = 0; i < lengths.length; i++) {
        const at = 4 * i;
        const hop = 0x0a000000 + (i % NEXT_HOPS);
        table.set(
          words[at]!,
          words[at + 1]!,
          words[at + 2]!,
          words[at + 3]!,
          lengths[i]!,
          family,
          0,
          0,
          MAPPED,
          hop,
          1,
        );
      }
    },
    lookups: (filled) => lookups(filled as RouteTable, family, routes),
  };
}

function lookups(table: RouteTable, family: 4 | 6, routes: Prefixes): Lookup[] {
  const next = numbers(routes.lengths.length);
  const covered = new Int32Array(4 * ASKED);
  for (let i = 0; i < ASKED; i++) within(routes, next() % routes.lengths.length, next, covered, 4 * i);
  const others = uncovered(table, family, next);
  const asked = ASKED;
  const name = `IPv${family} route lookup`;
  const lookup = family === 4 ? findV4 : findV6;
  const of = (addresses: Int32Array): Int32Array =>
    family === 6 ? addresses : addresses.filter((_, word) => word % 4 === 3);
  const hits = of(covered);
  const misses = of(others);
  return [
    {
      id: 'lookup-hit',
      name: `${name}, random address`,
      asked,
      expected: asked,
      run: () => lookup(table, hits),
    },
    { id: 'lookup-miss', name: `${name}, no route`, asked, expected: 0, run: () => lookup(table, misses) },
  ];
}

/** Random addresses that no route covers. */
function uncovered(table: RouteTable, family: 4 | 6, next: () => number): Int32Array {
  const found = new Int32Array(4 * ASKED);
  const address = family === 4 ? [0, 0, MAPPED, 0] : [0, 0, 0, 0];
  for (let i = 0; i < ASKED;) {
    if (family === 4) address[3] = next() | 0;
    else
      for (let word = 0; word < 4; word++)
        address[word] = word === 0 ? 0x20000000 | (next() >>> 3) : next() | 0;
    if (table.lookup(address[0]!, address[1]!, address[2]!, address[3]!) < 0) found.set(address, 4 * i++);
  }
  return found;
}

/** One word an address: what is read to ask for it should not displace what is measured. */
function findV4(table: RouteTable, addresses: Int32Array): number {
  let found = 0;
  for (let i = 0; i < ASKED; i++) if (table.lookup(0, 0, MAPPED, addresses[i]!) >= 0) found++;
  return found;
}

function findV6(table: RouteTable, addresses: Int32Array): number {
  let found = 0;
  for (let at = 0; at < 4 * ASKED; at += 4) {
    const entry = table.lookup(addresses[at]!, addresses[at + 1]!, addresses[at + 2]!, addresses[at + 3]!);
    if (entry >= 0) found++;
  }
  return found;
}
