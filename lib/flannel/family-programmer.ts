/**
 * One family's entries, made those that its peers want. FDB, then neighbour, then route (a route before its neighbour
 * would have the kernel ask for it), removal in reverse; what was refused keeps only its own peer waiting.
 */
import type { VtepError } from '../errors.js';
import { NUD_PERMANENT } from '../native/netlink/neighbour.js';
import type { FlannelDevice } from './device.js';
import { DeviceFdb, type FdbClient } from './device-fdb.js';
import { DirectRoutes } from './direct-routes.js';
import {
  noEntries,
  sameRoute,
  wantedEntries,
  type Entries,
  type PeerEntries,
  type Route,
  type Wanted,
} from './entries.js';
import type { Host, Outcomes } from './host.js';
import { ownNeighbours, ownRoutes, type Surroundings } from './own-entries.js';
import type { EntryState } from './programmer.js';
import type { PeerFamily } from './types.js';

export type ProgrammerHost = Pick<
  Host,
  'lookUp' | 'neighbours' | 'routes' | 'setNeighbours' | 'deleteNeighbours' | 'setRoutes' | 'deleteRoutes'
>;

export type ProgrammerDevice = Pick<
  FlannelDevice,
  'name' | 'family' | 'network' | 'subnet' | 'ifindex' | 'underlay' | 'ensure'
>;

export interface FamilyOptions {
  client: FdbClient;
  host: ProgrammerHost;
  device: ProgrammerDevice;
  /** Prefix length of a host's subnet. */
  subnetLength: number;
  directRouting: boolean;
}

/** What was refused, by what names it in its table. */
interface Refused {
  fdb: Map<string, VtepError>;
  neighbours: Map<string, VtepError>;
  routes: Map<string, VtepError>;
}

type Peers = ReadonlyMap<string, PeerFamily>;

export class FamilyProgrammer {
  readonly #options: FamilyOptions;
  readonly #fdb: DeviceFdb;
  readonly #direct: DirectRoutes;
  /** Our entries as they are believed to be in place. */
  #installed: Entries = noEntries();
  /** Key -> why something of a peer is not in place. */
  #errors = new Map<string, string>();

  constructor(options: FamilyOptions) {
    this.#options = options;
    this.#fdb = new DeviceFdb(options.client, options.device.name);
    this.#direct = new DirectRoutes(options.host, options.directRouting);
  }

  /** Why entries of peers are not in place, by key. */
  get errors(): ReadonlyMap<string, string> {
    return this.#errors;
  }

  /** Makes the device and the entries what they shall be, from what is found. */
  async reconcile(peers: Peers): Promise<void> {
    await this.#options.device.ensure();
    this.#direct.forget();
    this.#installed = await this.#read();
    await this.apply(peers);
  }

  /** Makes the entries what `peers`, all of them, want, from what is believed. @throws {VtepError} without device */
  async apply(peers: Peers): Promise<void> {
    const wanted = this.#wanted(peers);
    const refused = await this.#install(wanted.entries);
    await this.#remove(wanted.entries, refused);
    this.#errors = explained(wanted, refused);
  }

  /** Looks at the tables. */
  async state(peers: Peers): Promise<Map<string, EntryState>> {
    const wanted = this.#wanted(peers);
    const present = await this.#read();
    return new Map([...wanted.peers].map(([key, entries]) => [key, stateOf(entries, present)]));
  }

  #wanted(peers: Peers): Wanted {
    const { ifindex } = this.#options.device;
    this.#direct.learn(
      [...peers.values()].map(({ publicIp }) => publicIp),
      ifindex,
    );
    return wantedEntries(peers, ifindex, (publicIp) => this.#direct.interfaceTo(publicIp));
  }

  async #read(): Promise<Entries> {
    const { host, device } = this.#options;
    const fdb = await this.#fdb.read();
    const around = this.#surroundings();
    const routes = ownRoutes(host.routes(device.family), around);
    const neighbours = ownNeighbours(host.neighbours(device.family, device.ifindex), routes, around);
    return { fdb, neighbours, routes };
  }

  #surroundings(): Surroundings {
    const { device, subnetLength, directRouting } = this.#options;
    return {
      network: device.network,
      subnet: device.subnet,
      subnetLength,
      tunnel: device.ifindex,
      underlay: directRouting ? device.underlay.ifindex : undefined,
      gateways: this.#direct.gateways,
    };
  }

  async #install(wanted: Entries): Promise<Refused> {
    const { host, device } = this.#options;
    const { ifindex } = device;
    const { fdb, neighbours, routes } = this.#installed;
    const newFdb = lacking(wanted.fdb, fdb);
    const refusedFdb = newFdb.size === 0 ? new Map<string, VtepError>() : await this.#fdb.set(newFdb);
    taken(newFdb, refusedFdb, fdb);

    const newNeighbours = [...lacking(wanted.neighbours, neighbours)].filter(
      ([, mac]) => !refusedFdb.has(mac),
    );
    const refusedNeighbours = refusals(
      newNeighbours,
      await host.setNeighbours(
        newNeighbours.map(([address, mac]) => ({ ifindex, address, mac, state: NUD_PERMANENT })),
      ),
    );
    taken(newNeighbours, refusedNeighbours, neighbours);

    // A route waits for its neighbour: until then the network's other routes, or none, are better than a black hole.
    const ready = ({ via, onlink }: Route): boolean =>
      !onlink || neighbours.get(via) === wanted.neighbours.get(via);
    const newRoutes = [...lacking(wanted.routes, routes, sameRoute)].filter(([, route]) => ready(route));
    const refusedRoutes = refusals(
      newRoutes,
      await host.setRoutes(newRoutes.map(([dst, route]) => ({ dst, ...route }))),
    );
    taken(newRoutes, refusedRoutes, routes);
    return { fdb: refusedFdb, neighbours: refusedNeighbours, routes: refusedRoutes };
  }

  /** Everything is tried, whatever is refused. */
  async #remove(wanted: Entries, refused: Refused): Promise<void> {
    const { host, device } = this.#options;
    const { fdb, neighbours, routes } = this.#installed;
    const oldRoutes = surplus(routes, wanted.routes);
    const failedRoutes = await host.deleteRoutes(oldRoutes.map(([dst, route]) => ({ dst, ...route })));
    forget(oldRoutes, refusals(oldRoutes, failedRoutes), routes, refused.routes);

    const oldNeighbours = surplus(neighbours, wanted.neighbours);
    const failedNeighbours = await host.deleteNeighbours(
      device.ifindex,
      oldNeighbours.map(([address]) => address),
    );
    forget(oldNeighbours, refusals(oldNeighbours, failedNeighbours), neighbours, refused.neighbours);

    const oldFdb = surplus(fdb, wanted.fdb);
    const failedFdb =
      oldFdb.length === 0 ? new Map<string, VtepError>() : await this.#fdb.delete(new Map(oldFdb));
    forget(oldFdb, failedFdb, fdb, refused.fdb);
  }
}

/** What of `wanted` is not in `present`, or otherwise. */
function lacking<T>(
  wanted: ReadonlyMap<string, T>,
  present: ReadonlyMap<string, T>,
  same: (a: T | undefined, b: T | undefined) => boolean = (a, b) => a === b,
): Map<string, T> {
  return new Map([...wanted].filter(([name, value]) => !same(present.get(name), value)));
}

function surplus<T>(present: ReadonlyMap<string, T>, wanted: ReadonlyMap<string, unknown>): [string, T][] {
  return [...present].filter(([name]) => !wanted.has(name));
}

function refusals(
  entries: readonly (readonly [string, unknown])[],
  outcomes: Outcomes,
): Map<string, VtepError> {
  const refused = new Map<string, VtepError>();
  outcomes.forEach((error, i) => error && refused.set(entries[i][0], error));
  return refused;
}

/** What was not refused is installed. What was has nothing certain in its place. */
function taken<T>(
  entries: Iterable<[string, T]>,
  refused: ReadonlyMap<string, VtepError>,
  installed: Map<string, T>,
): void {
  for (const [name, value] of entries) {
    if (refused.has(name)) installed.delete(name);
    else installed.set(name, value);
  }
}

function forget<T>(
  entries: readonly (readonly [string, T])[],
  failed: ReadonlyMap<string, VtepError>,
  installed: Map<string, T>,
  refused: Map<string, VtepError>,
): void {
  for (const [name] of entries) {
    const error = failed.get(name);
    if (error) refused.set(name, error);
    else installed.delete(name);
  }
}

function explained({ peers, conflicts }: Wanted, refused: Refused): Map<string, string> {
  const errors = new Map(conflicts);
  for (const [key, { fdb, neighbour, route }] of peers) {
    const error =
      (fdb && refused.fdb.get(fdb.mac)) ??
      (neighbour && refused.neighbours.get(neighbour.address)) ??
      refused.routes.get(route.dst);
    if (error) errors.set(key, error.message);
  }
  return errors;
}

function stateOf({ fdb, neighbour, route }: PeerEntries, present: Entries): EntryState {
  return {
    fdb: fdb && present.fdb.get(fdb.mac) === fdb.dst,
    neighbour: neighbour && present.neighbours.get(neighbour.address) === neighbour.mac,
    route: sameRoute(present.routes.get(route.dst), {
      via: route.via,
      ifindex: route.ifindex,
      onlink: route.onlink,
    }),
  };
}
