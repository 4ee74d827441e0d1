/** One route lookup: the few routes of a VTEP, and the Internet's. */
import { RouteTable } from '../../../lib/table/route.js';
import { ASKED, numbers, prefixes, within } from '../../scale/tables/keys.js';
import { FRAMES, type Bench } from '../bench.js';

const MAPPED = 0xffff;

/** Lookups of addresses that are covered, in a table of `routes` IPv4 routes. */
function lookup(name: string, routes: number): Bench {
  const table = new RouteTable({ seed: 1 });
  const all = prefixes(4, routes);
  for (let i = 0; i < routes; i++)
    table.set(0, 0, MAPPED, all.words[4 * i + 3]!, all.lengths[i]!, 4, 0, 0, MAPPED, 0x0a000001, 1);
  const next = numbers(routes);
  const words = new Int32Array(4);
  const addresses = Int32Array.from({ length: ASKED }, () => {
    within(all, next() % routes, next, words, 0);
    return words[3]!;
  });
  let at = 0;
  let found = 0;
  const run = (): void => {
    let hits = 0;
    for (let i = 0; i < FRAMES; i++) {
      if (table.lookup(0, 0, MAPPED, addresses[(at + i) & (ASKED - 1)]!) >= 0) hits++;
    }
    at += FRAMES;
    found = hits;
  };
  run();
  if (found !== FRAMES) throw new Error(`${name}: ${found} of ${FRAMES} were found`);
  return { name, run };
}

export const benches: readonly Bench[] = [
  lookup('route lookup, 1 route', 1),
  lookup('route lookup, 3 routes', 3),
  lookup('route lookup, 1,000,000 routes, random order', 1_000_000),
];
