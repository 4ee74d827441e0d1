/**
 * What one family of the peers needs in the tables: an FDB entry, a neighbour and a route each, or, where a peer is
 * routed to directly, a route alone.
 *
 *   FDB         b2:56:42:b5:e6:fc dst 10.99.0.12 self permanent
 *   neighbour   10.5.3.0 lladdr b2:56:42:b5:e6:fc PERMANENT
 *   route       10.5.3.0/24 via 10.5.3.0 dev flannel.1 onlink        direct: 10.5.3.0/24 via 10.99.0.12 dev eth0
 *
 * Of two peers that want the same entry for different purposes the one told last has it, as with flanneld.
 */
import { firstAddress } from './prefix.js';
import type { PeerFamily } from './types.js';

export interface Route {
  via: string;
  ifindex: number;
  onlink: boolean;
}

/** Entries by what names them in their table. */
export interface Entries {
  /** MAC -> address of the VTEP. */
  fdb: Map<string, string>;
  /** Address -> MAC. */
  neighbours: Map<string, string>;
  /** Prefix -> where to. */
  routes: Map<string, Route>;
}

/** The entries of one peer; undefined where it needs none. */
export interface PeerEntries {
  fdb: { mac: string; dst: string } | undefined;
  neighbour: { address: string; mac: string } | undefined;
  route: { dst: string } & Route;
}

export interface Wanted {
  entries: Entries;
  /** Key of a peer -> its entries. */
  peers: Map<string, PeerEntries>;
  /** Key of a peer -> why it has to do without some of them. */
  conflicts: Map<string, string>;
}

export const noEntries = (): Entries => ({ fdb: new Map(), neighbours: new Map(), routes: new Map() });

export const sameRoute = (a: Route | undefined, b: Route | undefined): boolean =>
  a === b ||
  (a !== undefined && b !== undefined && a.via === b.via && a.ifindex === b.ifindex && a.onlink === b.onlink);

/**
 * @param peers by key, the one told last at the end
 * @param tunnel index of the VTEP's interface
 * @param directly index of the interface a peer's public address is on, undefined where it is behind a router
 */
export function wantedEntries(
  peers: ReadonlyMap<string, PeerFamily>,
  tunnel: number,
  directly: (publicIp: string) => number | undefined,
): Wanted {
  const wanted: Wanted = { entries: noEntries(), peers: new Map(), conflicts: new Map() };
  const holders = new Holders(wanted);
  for (const [key, family] of peers) {
    const entries = entriesOf(family, tunnel, directly(family.publicIp));
    wanted.peers.set(key, entries);
    holders.take(key, entries);
  }
  return wanted;
}

function entriesOf(
  { subnet, publicIp, mac }: PeerFamily,
  tunnel: number,
  direct: number | undefined,
): PeerEntries {
  if (direct !== undefined) {
    const route = { dst: subnet, via: publicIp, ifindex: direct, onlink: false };
    return { fdb: undefined, neighbour: undefined, route };
  }
  const address = firstAddress(subnet);
  return {
    fdb: { mac, dst: publicIp },
    neighbour: { address, mac },
    route: { dst: subnet, via: address, ifindex: tunnel, onlink: true },
  };
}

/** Who holds which entry, to tell when it is taken over. */
class Holders {
  readonly #wanted: Wanted;
  readonly #of = new Map<string, string>();

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  take(key: string, { fdb, neighbour, route }: PeerEntries): void {
    const { entries } = this.#wanted;
    if (fdb) this.#put(entries.fdb, 'MAC', fdb.mac, fdb.dst, key);
    if (neighbour) this.#put(entries.neighbours, 'address', neighbour.address, neighbour.mac, key);
    const { dst, ...target } = route;
    this.#put(entries.routes, 'subnet', dst, target, key, sameRoute);
  }

  #put<T>(
    table: Map<string, T>,
    what: string,
    name: string,
    value: T,
    key: string,
    same: (a: T, b: T) => boolean = (a, b) => a === b,
  ): void {
    const before = table.get(name);
    const holder = this.#of.get(`${what} ${name}`);
    if (before !== undefined && holder !== undefined && !same(before, value)) {
      this.#wanted.conflicts.set(holder, `${what} ${name} is also that of ${key}, which was told later`);
    }
    table.set(name, value);
    this.#of.set(`${what} ${name}`, key);
  }
}
