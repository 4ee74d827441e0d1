/**
 * A daemon of the tests: the HTTP API on a unix socket where the client looks for it, tables that are plain
 * lists, no packets. It records what it was asked and can be told to refuse.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { daemonPaths } from '../../lib/control/socket-path.js';
import type {
  FdbDelete,
  FdbEntry,
  FdbRequest,
  LinkConfig,
  LinkState,
  NeighbourEntry,
  NeighbourRequest,
  RemoteList,
  RouteEntry,
  RouteRequest,
  VniEntry,
  VtepEvent,
} from '../../lib/engine/types.js';
import { noStatistics } from '../support/links.js';
import { linkState } from './fixtures.js';
import { ERROR_STATUS, type VtepErrorCode } from '../../lib/errors.js';

/** A refusal as it travels. */
export interface Refusal {
  code: VtepErrorCode;
  message: string;
  errno?: string;
  word?: string;
}

interface Device {
  state: LinkState;
  fdb: FdbEntry[];
  neighbours: NeighbourEntry[];
  routes: RouteEntry[];
  vnis: VniEntry[];
  remotes: RemoteList;
}

const CHANGES =
  'remote group local dev ttl tos df flowlabel learning ageing mssclamp neighsnoop gateway gatewayMac remoteStats hold holdtime mtu address up resolveInterval splitHorizon'.split(
    ' ',
  );

const refuse = (code: VtepErrorCode, message: string, errno: string, word?: string): Refusal => ({
  code,
  message,
  errno,
  word,
});

function entryOf(request: FdbRequest): FdbEntry {
  const { verb: _verb, mac, srcVni, state, router, externLearn, use: _use, nhid, dst, ...rest } = request;
  const name = state === 'dynamic' ? 'reachable' : (state ?? 'permanent');
  const flags = { router: router ?? false, externLearn: externLearn ?? false, learned: false };
  const remotes = dst === undefined ? [] : [{ dst, ...rest }];
  return { mac, srcVni, remotes, nhid, state: name, ...flags, used: 0, updated: 0 };
}

/** The verbs as far as a test of words needs them. */
function setFdb(device: Device, request: FdbRequest): void {
  const old = device.fdb.find((entry) => entry.mac === request.mac);
  const fresh = entryOf(request);
  if (old === undefined) device.fdb.unshift(fresh);
  else if (request.verb === 'add') throw refuse('ERR_VTEP_EXISTS', `${request.mac} is there`, 'EEXIST');
  else if (request.verb === 'append') old.remotes.push(...fresh.remotes);
  else Object.assign(old, fresh);
}

function deleteFdb(device: Device, request: FdbDelete): void {
  const index = device.fdb.findIndex((entry) => entry.mac === request.mac);
  if (index < 0) throw refuse('ERR_VTEP_NO_ENTRY', `${request.mac} has no entry`, 'ENOENT');
  device.fdb.splice(index, 1);
}

function setNeighbour(device: Device, { verb, dst, lladdr, ...rest }: NeighbourRequest): void {
  const index = device.neighbours.findIndex((entry) => entry.dst === dst);
  if (verb === 'add' && index >= 0) throw refuse('ERR_VTEP_EXISTS', `${dst} is there`, 'EEXIST');
  if (verb === 'change' && index < 0) throw refuse('ERR_VTEP_NO_ENTRY', `${dst} has no entry`, 'ENOENT');
  const flags = { router: rest.router ?? false, externLearn: rest.externLearn ?? false };
  const entry = { dst, lladdr, state: rest.state ?? ('permanent' as const), ...flags };
  if (index >= 0) device.neighbours.splice(index, 1);
  device.neighbours.push({ ...entry, origin: 'own', used: 0, updated: 0 });
}

function setRoute(device: Device, { verb, dst, via, onlink }: RouteRequest): void {
  const index = device.routes.findIndex((entry) => entry.dst === dst);
  if (verb === 'add' && index >= 0) throw refuse('ERR_VTEP_EXISTS', `${dst} is there`, 'EEXIST');
  if (index >= 0) device.routes.splice(index, 1);
  device.routes.push({ dst, via, onlink: onlink ?? false, origin: 'own' });
}

function vnisOf({ state, vnis }: Device): VniEntry[] {
  if (state.vnifilter) return vnis;
  throw refuse('ERR_VTEP_UNSUPPORTED', `Operation not supported: ${state.name} has one VNI`, 'EOPNOTSUPP');
}

const remove = <T>(list: T[], holds: (item: T) => boolean): void => {
  const index = list.findIndex(holds);
  if (index < 0) throw refuse('ERR_VTEP_NO_ENTRY', 'there is no such entry', 'ENOENT');
  list.splice(index, 1);
};

export class FakeDaemon {
  readonly devices = new Map<string, Device>();
  /** `METHOD /path`, and the body if there was one. */
  readonly requests: { line: string; body?: unknown }[] = [];
  /** What to answer to a `METHOD /path` instead of doing it. */
  readonly refusals = new Map<string, Refusal>();
  /** What it says its pid is; beyond PID_MAX_LIMIT (2^22), so never that of a process. */
  pid = 4_194_305;
  statistics = noStatistics();
  /** What a monitor hears, then the stream ends. */
  events: VtepEvent[] = [];
  readonly #server: Server;
  readonly #directory: string;

  private constructor(server: Server, directory: string) {
    this.#server = server;
    this.#directory = directory;
  }

  /** Starts one where the client of this process looks for it, by VTEP_RUN_DIR. */
  static async start(): Promise<FakeDaemon> {
    const directory = mkdtempSync(join(tmpdir(), 'vtep-cli-'));
    process.env['VTEP_RUN_DIR'] = directory;
    const server = createServer();
    const daemon = new FakeDaemon(server, directory);
    server.on('request', (request, response) => void daemon.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(daemonPaths().socket, resolve));
    return daemon;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  add(config: Partial<LinkState> & { name: string; id: number }): Device {
    const ifindex = this.devices.size + 4;
    const device = {
      state: linkState({ ifindex, ...config }),
      fdb: [],
      neighbours: [],
      routes: [],
      vnis: [],
      remotes: { remotes: [] },
    };
    this.devices.set(config.name, device);
    return device;
  }

  /** The bodies sent to a `METHOD /path`. */
  bodies(line: string): unknown[] {
    return this.requests.filter((request) => request.line === line).map((request) => request.body);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const line = `${request.method} ${request.url}`;
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    this.requests.push(body === undefined ? { line } : { line, body });
    try {
      const refusal = this.refusals.get(line);
      if (refusal !== undefined) throw refusal;
      if (line.startsWith('GET /v1/monitor')) return this.#monitor(line, response);
      const answer = this.#answer(line, body as never);
      response.writeHead(answer === undefined ? 204 : 200, { 'content-type': 'application/json' });
      response.end(answer === undefined ? undefined : JSON.stringify(answer));
    } catch (error) {
      const status = ERROR_STATUS[(error as Refusal).code] ?? 500;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(error));
    }
  }

  #monitor(line: string, response: ServerResponse): void {
    const types = new URL(line.split(' ')[1] ?? '', 'http://vtep').searchParams.get('types')?.split(',');
    const heard = this.events.filter((event) => types?.includes(event.type) ?? true);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.end([{ type: 'hello' }, ...heard].map((event) => `${JSON.stringify(event)}\n`).join(''));
  }

  #device(name: string): Device {
    const device = this.devices.get(decodeURIComponent(name));
    if (device === undefined) throw refuse('ERR_VTEP_NO_DEVICE', `no VTEP ${name}`, 'ENODEV', name);
    return device;
  }

  #answer(line: string, body: never): unknown {
    const [method, url = ''] = line.split(' ');
    const [path = '', query] = url.split('?');
    const [, , object, dev, table, ...rest] = path.split('/');
    if (object === 'daemon') return method === 'DELETE' ? undefined : this.#daemon();
    if (dev === undefined)
      return method === 'GET' ? [...this.devices.values()].map((device) => device.state) : this.#add(body);
    const device = this.#device(dev);
    if (table === undefined) return this.#link(method, device, body);
    const key = decodeURIComponent(rest[0] ?? '');
    return this.#table(`${method} ${table}`, device, key, body, new URLSearchParams(query));
  }

  #daemon(): unknown {
    const started = '2026-01-02T03:04:05.000Z';
    const memory = 64 * 1024 * 1024;
    return {
      pid: this.pid,
      version: '0.1.0',
      netns: '4026531840',
      started,
      memory,
      workers: 1,
      busyPoll: 50,
    };
  }

  #add(config: LinkConfig): LinkState {
    if (this.devices.has(config.name))
      throw refuse('ERR_VTEP_NAME_IN_USE', `${config.name} is in use`, 'EEXIST', config.name);
    return this.add(config).state;
  }

  #link(method: string | undefined, device: Device, change: Partial<LinkState>): unknown {
    if (method === 'GET') return device.state;
    if (method === 'DELETE') return void this.devices.delete(device.state.name);
    const fixed = Object.keys(change).find((key) => !CHANGES.includes(key));
    if (fixed !== undefined)
      throw refuse(
        'ERR_VTEP_FIXED',
        `${fixed} cannot be changed on a device that exists`,
        'EOPNOTSUPP',
        fixed,
      );
    return Object.assign(device.state, change);
  }

  #table(what: string, device: Device, key: string, body: never, query: URLSearchParams): unknown {
    const { fdb, neighbours, routes } = device;
    switch (what) {
      case 'GET statistics':
        return this.statistics;
      case 'GET fdb':
        return key === '' ? fdb : this.#fdbEntry(device, key);
      case 'POST fdb':
        return key === 'flush' ? { flushed: fdb.splice(0).length } : setFdb(device, body);
      case 'DELETE fdb':
        return deleteFdb(device, body);
      case 'GET neigh':
        return neighbours;
      case 'POST neigh':
        return setNeighbour(device, body);
      case 'DELETE neigh':
        return remove(neighbours, (entry) => entry.dst === key);
      case 'GET routes':
        return key === 'lookup' ? this.#lookup(device, query.get('address') ?? '') : routes;
      case 'POST routes':
        return setRoute(device, body);
      case 'DELETE routes':
        return remove(routes, (entry) => entry.dst === (body as { dst: string }).dst);
      case 'GET remotes':
        return device.remotes;
      case 'GET vnis':
        return vnisOf(device);
      case 'POST vnis':
      case 'DELETE vnis':
        return void vnisOf(device);
      default:
        throw refuse('ERR_VTEP_ARGUMENT', `the fake daemon does not know ${what}`, 'EINVAL');
    }
  }

  #fdbEntry(device: Device, mac: string): FdbEntry {
    const entry = device.fdb.find((candidate) => candidate.mac === mac);
    if (entry === undefined) throw refuse('ERR_VTEP_NO_ENTRY', 'Fdb entry not found', 'ENOENT');
    return entry;
  }

  /** By the octets of /24 and /0 only: enough to tell which device answers. */
  #lookup(device: Device, address: string): RouteEntry {
    const network = `${address.split('.').slice(0, 3).join('.')}.0/24`;
    const found = [network, '0.0.0.0/0'].map((dst) => device.routes.find((route) => route.dst === dst));
    const route = found.find((candidate) => candidate !== undefined);
    if (route === undefined) throw refuse('ERR_VTEP_NO_ENTRY', `no route to ${address}`, 'ENETUNREACH');
    return route;
  }
}
