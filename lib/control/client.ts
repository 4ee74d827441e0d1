/**
 * The daemon as a TypeScript object: one method per endpoint of the HTTP API, same types, same errors.
 *
 * @example
 * const vtep = connect();
 * await vtep.addLink({ name: 'vtep0', id: 1, dstport: 4789, dev: 'eth0', learning: false });
 * await vtep.setFdb('vtep0', { verb: 'add', mac: 'e6:4b:f9:ce:d7:7b', dst: '192.168.100.3' });
 * const stream = await vtep.monitor(['miss'], (event) => console.log(event));
 */
import type {
  FdbDelete,
  FdbEntry,
  FdbFlush,
  FdbRemote,
  FdbRequest,
  LinkChange,
  LinkConfig,
  LinkState,
  LinkStatistics,
  MdbDelete,
  MdbEntry,
  MdbFlush,
  MdbKey,
  MdbRemote,
  MdbRequest,
  NeighbourEntry,
  NeighbourRequest,
  NexthopEntry,
  NexthopRequest,
  RemoteList,
  RouteEntry,
  RouteRequest,
  VniEntry,
  VniRequest,
} from '../engine/types.js';
import { listen, type EventType, type MonitorEvent, type MonitorStream } from './monitor-stream.js';
import { socketPath } from './socket-path.js';
import { openTransport, type Transport } from './transport.js';

export { EVENT_TYPES, type EventType, type MonitorEvent, type MonitorStream } from './monitor-stream.js';

/** `GET /v1/daemon`. */
export interface DaemonInfo {
  pid: number;
  version: string;
  /** Inode of the network namespace it serves, decimal. */
  netns: string;
  /** ISO 8601. */
  started: string;
  /** Resident set, bytes. */
  memory: number;
  /** Data-plane threads. */
  workers: number;
  /** Microseconds a worker polls at most before it sleeps. */
  busyPoll: number;
}

export interface ConnectOptions {
  /** Name or path of a network namespace; default the caller's. */
  netns?: string;
  /** Overrides netns: the socket itself. */
  socketPath?: string;
}

/**
 * `id`, or `external` and `vnifilter`. `remote` may be a DNS name; `family` is the IP version of the address to look up
 * for it, where `local` does not say.
 */
export type NewLink = Partial<LinkConfig> & Pick<LinkConfig, 'name'> & { family?: 4 | 6 };
/** A VTEP, and the DNS name that `remote` is the address of, if it was given by name. */
export type NamedLinkState = LinkState & { remoteName?: string };
/** The same of a destination. */
export type Named<Remote> = Remote & { name?: string };
export type NamedFdbEntry = Omit<FdbEntry, 'remotes'> & { remotes: Named<FdbRemote>[] };
export type NamedMdbEntry = Omit<MdbEntry, 'remotes'> & { remotes: Named<MdbRemote>[] };
export type NamedVniEntry = VniEntry & { remoteName?: string };
export type NeighbourFlush = { dst?: string; state?: string };
const link = (dev: string, rest = ''): string => `/v1/links/${encodeURIComponent(dev)}${rest}`;
const at = encodeURIComponent;

/** Every method rejects with a VtepError: the daemon's own, or ERR_VTEP_DAEMON / ERR_VTEP_PERMISSION. */
export class Client {
  readonly #transport: Transport;
  /** The socket this client talks to. */
  readonly socketPath: string;

  constructor(path: string) {
    this.socketPath = path;
    this.#transport = openTransport(path);
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return (await this.#transport.call(method, path, body)) as T;
  }

  daemon(): Promise<DaemonInfo> {
    return this.#call('GET', '/v1/daemon');
  }
  /** Asks the daemon to stop as on SIGTERM: it removes the devices it made. Resolves before it is gone. */
  stopDaemon(): Promise<void> {
    return this.#call('DELETE', '/v1/daemon');
  }

  links(): Promise<NamedLinkState[]> {
    return this.#call('GET', '/v1/links');
  }
  /** What is absent gets the kernel's default. */
  addLink(config: NewLink): Promise<NamedLinkState> {
    return this.#call('POST', '/v1/links', config);
  }
  link(dev: string): Promise<NamedLinkState> {
    return this.#call('GET', link(dev));
  }
  /** Fields of LinkConfig that cannot change are refused with ERR_VTEP_FIXED. */
  setLink(dev: string, change: LinkChange & Partial<LinkConfig>): Promise<NamedLinkState> {
    return this.#call('PATCH', link(dev), change);
  }
  deleteLink(dev: string): Promise<void> {
    return this.#call('DELETE', link(dev));
  }
  statistics(dev: string): Promise<LinkStatistics> {
    return this.#call('GET', link(dev, '/statistics'));
  }
  /** Those it sends to and hears from, counted with `remoteStats`. */
  remotes(dev: string): Promise<RemoteList> {
    return this.#call('GET', link(dev, '/remotes'));
  }

  fdb(dev: string): Promise<NamedFdbEntry[]> {
    return this.#call('GET', link(dev, '/fdb'));
  }
  fdbEntry(dev: string, mac: string, srcVni?: number): Promise<NamedFdbEntry> {
    return this.#call('GET', link(dev, `/fdb/${at(mac)}${srcVni === undefined ? '' : `?src_vni=${srcVni}`}`));
  }
  setFdb(dev: string, request: FdbRequest): Promise<void> {
    return this.#call('POST', link(dev, '/fdb'), request);
  }
  /** Up to 10,000 entries in one call, in order; at the first that fails those before it are in effect. */
  setFdbBulk(dev: string, entries: readonly FdbRequest[]): Promise<{ set: number }> {
    return this.#call('POST', link(dev, '/fdb/bulk'), { entries });
  }
  deleteFdb(dev: string, request: FdbDelete): Promise<void> {
    return this.#call('DELETE', link(dev, '/fdb'), request);
  }
  /** Up to 10,000, as setFdbBulk. */
  deleteFdbBulk(dev: string, entries: readonly FdbDelete[]): Promise<{ deleted: number }> {
    return this.#call('DELETE', link(dev, '/fdb/bulk'), { entries });
  }
  flushFdb(dev: string, filter: FdbFlush = {}): Promise<{ flushed: number }> {
    return this.#call('POST', link(dev, '/fdb/flush'), filter);
  }

  mdb(dev: string): Promise<NamedMdbEntry[]> {
    return this.#call('GET', link(dev, '/mdb'));
  }
  mdbEntry(dev: string, { group, source, srcVni }: MdbKey): Promise<NamedMdbEntry> {
    const query = new URLSearchParams({ group });
    if (source !== undefined) query.set('source', source);
    if (srcVni !== undefined) query.set('src_vni', String(srcVni));
    return this.#call('GET', link(dev, `/mdb/entry?${query}`));
  }
  setMdb(dev: string, request: MdbRequest): Promise<void> {
    return this.#call('POST', link(dev, '/mdb'), request);
  }
  deleteMdb(dev: string, request: MdbDelete): Promise<void> {
    return this.#call('DELETE', link(dev, '/mdb'), request);
  }
  flushMdb(dev: string, filter: MdbFlush = {}): Promise<{ flushed: number }> {
    return this.#call('POST', link(dev, '/mdb/flush'), filter);
  }
  /** The VNIs of a VTEP with `vnifilter`. */
  vnis(dev: string): Promise<NamedVniEntry[]> {
    return this.#call('GET', link(dev, '/vnis'));
  }
  addVnis(dev: string, request: VniRequest): Promise<void> {
    return this.#call('POST', link(dev, '/vnis'), request);
  }
  deleteVnis(dev: string, vnis: VniRequest['vnis']): Promise<void> {
    return this.#call('DELETE', link(dev, '/vnis'), { vnis });
  }

  neighbours(dev: string): Promise<NeighbourEntry[]> {
    return this.#call('GET', link(dev, '/neigh'));
  }
  setNeighbour(dev: string, request: NeighbourRequest): Promise<void> {
    return this.#call('POST', link(dev, '/neigh'), request);
  }
  /** Up to 10,000, as setFdbBulk. */
  setNeighbourBulk(dev: string, entries: readonly NeighbourRequest[]): Promise<{ set: number }> {
    return this.#call('POST', link(dev, '/neigh/bulk'), { entries });
  }
  deleteNeighbour(dev: string, dst: string): Promise<void> {
    return this.#call('DELETE', link(dev, `/neigh/${at(dst)}`));
  }
  flushNeighbours(dev: string, filter: NeighbourFlush = {}): Promise<{ flushed: number }> {
    return this.#call('POST', link(dev, '/neigh/flush'), filter);
  }

  /** Nexthop objects belong to no device. */
  nexthops(): Promise<NexthopEntry[]> {
    return this.#call('GET', '/v1/nexthops');
  }
  nexthop(id: number): Promise<NexthopEntry> {
    return this.#call('GET', `/v1/nexthops/${id}`);
  }
  setNexthop(request: NexthopRequest): Promise<NexthopEntry> {
    return this.#call('POST', '/v1/nexthops', request);
  }
  deleteNexthop(id: number): Promise<void> {
    return this.#call('DELETE', `/v1/nexthops/${id}`);
  }
  flushNexthops(): Promise<{ flushed: number }> {
    return this.#call('POST', '/v1/nexthops/flush');
  }

  routes(dev: string): Promise<RouteEntry[]> {
    return this.#call('GET', link(dev, '/routes'));
  }
  /** The route an address takes, by longest prefix. */
  lookupRoute(dev: string, address: string): Promise<RouteEntry> {
    return this.#call('GET', link(dev, `/routes/lookup?address=${at(address)}`));
  }
  setRoute(dev: string, request: RouteRequest): Promise<void> {
    return this.#call('POST', link(dev, '/routes'), request);
  }
  /** Up to 10,000, as setFdbBulk. */
  setRouteBulk(dev: string, entries: readonly RouteRequest[]): Promise<{ set: number }> {
    return this.#call('POST', link(dev, '/routes/bulk'), { entries });
  }
  deleteRoute(dev: string, dst: string): Promise<void> {
    return this.#call('DELETE', link(dev, '/routes'), { dst });
  }
  flushRoutes(dev: string): Promise<{ flushed: number }> {
    return this.#call('POST', link(dev, '/routes/flush'));
  }

  /** The OpenAPI description of all this. */
  openapi(): Promise<Record<string, unknown>> {
    return this.#call('GET', '/openapi.json');
  }

  /**
   * Listens to events. Resolves when the daemon has subscribed us: whatever happens after is heard, in order.
   * @param types which; empty = all
   */
  async monitor(types: readonly EventType[], onEvent: (event: MonitorEvent) => void): Promise<MonitorStream> {
    const query = types.length === 0 ? '' : `?types=${types.join(',')}`;
    const response = await this.#transport.open(`/v1/monitor${query}`);
    return listen(response, onEvent, this.socketPath);
  }

  /** Drops idle connections. Not needed before exit. */
  close(): void {
    this.#transport.close();
  }
}

/**
 * A client for the daemon of a namespace. Does not touch the network yet: the first call does.
 * @throws {VtepError} ERR_VTEP_ARGUMENT when there is no such namespace
 */
export function connect(options: ConnectOptions = {}): Client {
  return new Client(options.socketPath ?? socketPath(options.netns));
}
