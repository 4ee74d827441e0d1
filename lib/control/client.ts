/**
 * The daemon as a TypeScript object: one method per endpoint of the HTTP API, same types, same errors.
 *
 * @example
 * const vtep = connect();
 * await vtep.addLink({ name: 'vtep0', id: 1, dstport: 4789, dev: 'eth0', learning: false });
 * await vtep.setFdb('vtep0', { verb: 'add', mac: 'e6:4b:f9:ce:d7:7b', dst: '192.168.100.3' });
 * const stream = await vtep.monitor(['miss'], (event) => console.log(event));
 */
import type { IncomingMessage } from 'node:http';
import type {
  FdbDelete,
  FdbEntry,
  FdbFlush,
  FdbRequest,
  LinkChange,
  LinkConfig,
  LinkState,
  LinkStatistics,
  MdbDelete,
  MdbEntry,
  MdbFlush,
  MdbKey,
  MdbRequest,
  NeighbourEntry,
  NeighbourRequest,
  NexthopEntry,
  NexthopRequest,
  RouteEntry,
  RouteRequest,
  VniEntry,
  VniRequest,
  VtepEvent,
} from '../engine/types.js';
import { VtepError } from '../errors.js';
import { readLines } from './lines.js';
import { socketPath } from './socket-path.js';
import { openTransport, type Transport } from './transport.js';

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

/** `id`, or `external` and `vnifilter`. */
export type NewLink = Partial<LinkConfig> & Pick<LinkConfig, 'name'>;
export type NeighbourFlush = { dst?: string; state?: string };
export type EventType = VtepEvent['type'];
export const EVENT_TYPES: readonly EventType[] = ['link', 'fdb', 'mdb', 'neigh', 'route', 'vni', 'miss'];

/** What a monitor hears: events, and how many were lost because it read too slowly. */
export type MonitorEvent = VtepEvent | { type: 'lost'; count: number };

export interface MonitorStream {
  /** Resolves when the stream was closed by us, rejects with ERR_VTEP_DAEMON when the daemon ended it. */
  readonly closed: Promise<void>;
  close(): void;
}

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

  links(): Promise<LinkState[]> {
    return this.#call('GET', '/v1/links');
  }
  /** What is absent gets the kernel's default. */
  addLink(config: NewLink): Promise<LinkState> {
    return this.#call('POST', '/v1/links', config);
  }
  link(dev: string): Promise<LinkState> {
    return this.#call('GET', link(dev));
  }
  /** Fields of LinkConfig that cannot change are refused with ERR_VTEP_FIXED. */
  setLink(dev: string, change: LinkChange & Partial<LinkConfig>): Promise<LinkState> {
    return this.#call('PATCH', link(dev), change);
  }
  deleteLink(dev: string): Promise<void> {
    return this.#call('DELETE', link(dev));
  }
  statistics(dev: string): Promise<LinkStatistics> {
    return this.#call('GET', link(dev, '/statistics'));
  }

  fdb(dev: string): Promise<FdbEntry[]> {
    return this.#call('GET', link(dev, '/fdb'));
  }
  fdbEntry(dev: string, mac: string, srcVni?: number): Promise<FdbEntry> {
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

  mdb(dev: string): Promise<MdbEntry[]> {
    return this.#call('GET', link(dev, '/mdb'));
  }
  mdbEntry(dev: string, { group, source, srcVni }: MdbKey): Promise<MdbEntry> {
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
  vnis(dev: string): Promise<VniEntry[]> {
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

/** Reads a monitor's lines; resolves with the stream at its `hello`. */
function listen(
  response: IncomingMessage,
  onEvent: (event: MonitorEvent) => void,
  path: string,
): Promise<MonitorStream> {
  return new Promise((resolve, reject) => {
    let byUs = false;
    const gone = (): VtepError =>
      new VtepError('ERR_VTEP_DAEMON', `the vtep daemon on ${path} ended the stream`, { errno: 'EPIPE' });
    const closed = new Promise<void>((done, fail) => {
      response.once('close', () => (byUs ? done() : (fail(gone()), reject(gone()))));
    });
    closed.catch(() => {}); // A caller that does not wait for the end must not die of it.
    response.on('error', () => {}); // 'close' follows.
    const close = (): void => {
      byUs = true;
      response.destroy();
    };
    readLines(response, (line) => {
      const event = JSON.parse(line) as MonitorEvent | { type: 'hello' };
      if (event.type === 'hello') resolve({ closed, close });
      else onEvent(event);
    });
  });
}

/**
 * A client for the daemon of a namespace. Does not touch the network yet: the first call does.
 * @throws {VtepError} ERR_VTEP_ARGUMENT when there is no such namespace
 */
export function connect(options: ConnectOptions = {}): Client {
  return new Client(options.socketPath ?? socketPath(options.netns));
}
