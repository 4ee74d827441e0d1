/**
 * The live path against the number of neighbours and of routes, which the route short-circuit (`rsc`) reads: all that host a
 * sends goes to one router's MAC, and its VTEP finds for every packet where it belongs. The flows go to addresses that lie
 * evenly in a range, all of it host b's.
 *
 *   host a: 100.64.0.0/10 via a router with a `router` entry  ~~~  host b: 100.64.0.0/10 is local
 *
 * Neighbours: one route covers the range, every address in it is a neighbour. Routes: the range is divided into prefixes of
 * four addresses, each by one of 256 next hops that are neighbours. The MAC found is always host b's.
 */
import type { NeighbourRequest, RouteRequest } from '../../../lib/engine/types.js';
import { formatAddress } from '../../../lib/wire/text.js';
import type { Host } from '../../../test/support/lab/host.js';
import type { Bed } from '../../suite/bed.js';
import { SHORT_CIRCUIT } from '../../suite/layouts.js';
import { PINS } from '../../suite/pins.js';
import { CHUNK } from './entries.js';
import { FLOWS, type LiveTable } from './table.js';

const ROUTER = '02:00:00:00:00:fe';
const MAC = '02:00:00:00:00:0b';
const NEXT_HOPS = 256;
/** Addresses of a prefix, and how much shorter than an address that makes it. */
const SPAN = 4;
const SPAN_BITS = 2;

interface Family {
  /** Of an address, bits. */
  width: number;
  /** The range that flows go to. */
  range: string;
  /** Address number `n` of it. */
  address: (n: number) => string;
  /** The router, as host a's stack knows it, and what host a needs to send. */
  router: string;
  own?: string;
  hop: (n: number) => string;
}

const v4 = (first: number, n: number): string => formatAddress(Int32Array.of(0, 0, 0xffff, (first + n) | 0));
const v6 = (first: number, n: number): string => formatAddress(Int32Array.of(first, 0, 0, n));

const IPV4: Family = {
  width: 32,
  range: '100.64.0.0/10',
  address: (n) => v4(0x64400000, n),
  router: '10.30.0.254',
  hop: (n) => v4(0x0a200000, n + 1),
};
const IPV6: Family = {
  width: 128,
  range: 'fd31::/96',
  address: (n) => v6(0xfd310000, n),
  router: 'fd30::fe',
  own: 'fd30::2/64',
  hop: (n) => v6(0xfd320000, n + 1),
};

async function lay({ lab }: Bed, { range, router, own }: Family): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await b.namespace.ip(`link set vtep0 address ${MAC}`);
  await a.vtep(`fdb add ${ROUTER} dst ${b.address} dev vtep0 router`);
  await a.vtep(`fdb add ${MAC} dst ${b.address} dev vtep0`);
  if (own !== undefined) await a.namespace.ip(`addr add ${own} dev vtep0 nodad`);
  await a.namespace.ip(`neigh replace ${router} lladdr ${ROUTER} dev vtep0 nud permanent`);
  await a.namespace.ip(`route add ${range} via ${router} dev vtep0 onlink`);
  await b.namespace.ip(`route add local ${range} dev lo`);
}

/** Hands `make(from)` … `make(size - 1)` to the daemon, a chunk a call. */
async function inChunks<Entry>(
  from: number,
  size: number,
  make: (n: number) => Entry,
  set: (entries: Entry[]) => Promise<unknown>,
): Promise<void> {
  for (let first = from; first < size; first += CHUNK)
    await set(Array.from({ length: Math.min(CHUNK, size - first) }, (_, k) => make(first + k)));
}

const neighbour = (dst: string): NeighbourRequest => ({ verb: 'add', dst, lladdr: MAC });

async function addNeighbours(a: Host, from: number, size: number, address: (n: number) => string) {
  const client = a.daemon();
  await inChunks(
    from,
    size,
    (n) => neighbour(address(n)),
    (entries) => client.setNeighbourBulk('vtep0', entries),
  );
  client.close();
}

async function addRoutes(a: Host, from: number, size: number, make: (n: number) => RouteRequest) {
  const client = a.daemon();
  await inChunks(from, size, make, (entries) => client.setRouteBulk('vtep0', entries));
  client.close();
}

/** As spreadDelivered; one entry in `size / FLOWS`, each `span` addresses, is looked up. */
async function delivered(
  { from, to }: Bed,
  { address }: Family,
  seconds: number,
  size: number,
  span: number,
) {
  const addresses = Math.min(FLOWS, size);
  const distance = Math.floor(size / addresses) * span;
  const options = { ...PINS, seconds, size: 64, flows: FLOWS, addresses, distance };
  const result = await from.datagramsTo(to, options, address(1));
  if (result.delivered === 0) throw new Error('nothing arrived');
  return result.deliveredKpps;
}

export const neighbourTable: LiveTable = {
  id: 'scale/live/neighbours',
  entries: 'neighbours',
  sizes: [1, 100, 10_000, 262_144],
  inserts: 50_000,
  layout: SHORT_CIRCUIT,
  async prepare(bed) {
    await lay(bed, IPV4);
    await addRoutes(bed.lab.hosts[0]!, 0, 1, () => ({ verb: 'add', dst: IPV4.range }));
  },
  grow: ({ lab }, from, size) => addNeighbours(lab.hosts[0]!, from, size, (n) => IPV4.address(n + 1)),
  delivered: (bed, seconds, size) => delivered(bed, IPV4, seconds, size, 1),
};

function routeTable(id: string, entries: string, family: Family, sizes: readonly number[]): LiveTable {
  return {
    id,
    entries,
    sizes,
    inserts: 50_000,
    layout: SHORT_CIRCUIT,
    async prepare(bed) {
      await lay(bed, family);
      await addNeighbours(bed.lab.hosts[0]!, 0, NEXT_HOPS, family.hop);
    },
    grow: ({ lab }, from, size) =>
      addRoutes(lab.hosts[0]!, from, size, (n) => ({
        verb: 'add',
        dst: `${family.address(SPAN * n)}/${family.width - SPAN_BITS}`,
        via: family.hop(n % NEXT_HOPS),
        onlink: true,
      })),
    delivered: (bed, seconds, size) => delivered(bed, family, seconds, size, SPAN),
  };
}

export const routeTable4 = routeTable(
  'scale/live/routes4',
  'IPv4 routes',
  IPV4,
  [1, 100, 10_000, 100_000, 1_000_000],
);
export const routeTable6 = routeTable('scale/live/routes6', 'IPv6 routes', IPV6, [1, 100, 10_000, 200_000]);
