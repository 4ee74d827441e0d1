/**
 * An engine without devices: tables are Maps, nothing is sent. It behaves as lib/engine/api.ts promises, errors
 * included, so that the API, the daemon and the command line are tested without privileges.
 */
import type {
  EngineApi,
  ForwardingDatabase,
  MulticastDatabase,
  NeighbourTableApi,
  NexthopTableApi,
  RouteTableApi,
  UnderlayView,
  VtepApi,
} from '../../lib/engine/api.js';
import type {
  FdbEntry,
  FdbRemote,
  LinkConfig,
  LinkState,
  LinkStatistics,
  LocalAddress,
  MdbEntry,
  MdbKey,
  NeighbourEntry,
  NexthopEntry,
  RemoteList,
  RouteEntry,
  VtepEvent,
} from '../../lib/engine/types.js';
import { VtepError } from '../../lib/errors.js';
import { noStatistics } from './links.js';

const ZERO_MAC = '00:00:00:00:00:00';

function missing(what: string, word: string): VtepError {
  return new VtepError('ERR_VTEP_NO_ENTRY', what, { errno: 'ENOENT', word });
}

function existing(word: string): VtepError {
  return new VtepError('ERR_VTEP_EXISTS', 'File exists', { errno: 'EEXIST', word });
}

class FakeFdb implements ForwardingDatabase {
  readonly #entries = new Map<string, FdbEntry>();
  readonly #emit: (action: 'new' | 'del', entry: FdbEntry, remote: FdbRemote) => void;

  constructor(emit: (action: 'new' | 'del', entry: FdbEntry, remote: FdbRemote) => void) {
    this.#emit = emit;
  }

  #key(mac: string, srcVni?: number): string {
    return `${mac} ${srcVni ?? ''}`;
  }

  set: ForwardingDatabase['set'] = ({
    verb,
    mac,
    srcVni,
    state,
    router,
    externLearn,
    use: _use,
    nhid: _nhid,
    dst = '',
    ...rest
  }) => {
    const remote = { dst, ...rest };
    const key = this.#key(mac, srcVni);
    const old = this.#entries.get(key);
    if (old && verb === 'add') throw existing(mac);
    const remotes = verb === 'append' && old ? [...old.remotes, remote] : [remote];
    const entry: FdbEntry = {
      mac,
      ...(srcVni === undefined ? {} : { srcVni }),
      remotes,
      state: state === 'dynamic' ? 'reachable' : (state ?? 'permanent'),
      router: router ?? false,
      externLearn: externLearn ?? false,
      learned: false,
      used: 0,
      updated: 0,
    };
    this.#entries.set(key, entry);
    this.#emit('new', entry, remote);
  };

  delete: ForwardingDatabase['delete'] = ({ mac, srcVni, dst }) => {
    const key = this.#key(mac, srcVni);
    const entry = this.#entries.get(key);
    if (!entry) throw missing('No such file or directory', mac);
    const gone = entry.remotes.filter((remote) => dst === undefined || remote.dst === dst);
    entry.remotes = entry.remotes.filter((remote) => !gone.includes(remote));
    if (entry.remotes.length === 0) this.#entries.delete(key);
    for (const remote of gone) this.#emit('del', entry, remote);
  };

  flush: ForwardingDatabase['flush'] = (filter) => {
    const doomed = this.list().filter(
      (entry) => filter.router === undefined || entry.router === filter.router,
    );
    for (const entry of doomed) this.delete(entry);
    return doomed.length;
  };

  get: ForwardingDatabase['get'] = (mac, srcVni) => this.#entries.get(this.#key(mac, srcVni));
  list = (): FdbEntry[] => [...this.#entries.values()].reverse();
}

class FakeMdb implements MulticastDatabase {
  readonly #entries = new Map<string, MdbEntry>();

  #key({ group, source, srcVni }: MdbKey): string {
    return `${group} ${source ?? ''} ${srcVni ?? ''}`;
  }

  set: MulticastDatabase['set'] = ({
    verb,
    group,
    source,
    srcVni,
    filterMode,
    sources,
    protocol,
    ...remote
  }) => {
    const key = this.#key({ group, source, srcVni });
    const entry = this.#entries.get(key) ?? { group, source, srcVni, remotes: [] };
    const old = entry.remotes.find(({ dst }) => dst === remote.dst);
    if (old && verb === 'add') throw existing(group);
    entry.remotes = entry.remotes.filter((other) => other !== old);
    entry.remotes.unshift({
      ...remote,
      filterMode: filterMode ?? 'exclude',
      sources: sources ?? [],
      protocol: protocol ?? 4,
      blocked: false,
    });
    this.#entries.set(key, entry);
  };
  delete: MulticastDatabase['delete'] = ({ dst, ...key }) => {
    const entry = this.get(key);
    const remote = entry?.remotes.find((other) => other.dst === dst);
    if (!entry || !remote) throw missing('Did not find MDB entry', key.group);
    entry.remotes.splice(entry.remotes.indexOf(remote), 1);
    if (entry.remotes.length === 0) this.#entries.delete(this.#key(key));
  };
  flush: MulticastDatabase['flush'] = ({ dst }) => {
    const doomed = this.list().flatMap((entry) =>
      entry.remotes
        .filter((remote) => dst === undefined || remote.dst === dst)
        .map((r) => ({ ...entry, dst: r.dst })),
    );
    for (const remote of doomed) this.delete(remote);
    return doomed.length;
  };
  get: MulticastDatabase['get'] = (key) => this.#entries.get(this.#key(key));
  list = (): MdbEntry[] => [...this.#entries.values()].reverse();
}

class FakeNeighbours implements NeighbourTableApi {
  readonly #entries = new Map<string, NeighbourEntry>();

  set: NeighbourTableApi['set'] = ({ verb, dst, lladdr, state, router, externLearn }) => {
    const old = this.#entries.get(dst);
    if (verb === 'add' && old?.origin === 'own') throw existing(dst);
    if (verb === 'change' && !old) throw missing('No such file or directory', dst);
    this.#entries.set(dst, {
      dst,
      lladdr,
      state: state ?? 'permanent',
      router: router ?? false,
      externLearn: externLearn ?? false,
      origin: 'own',
      used: 0,
      updated: 0,
    });
  };
  delete = (dst: string): void => {
    if (!this.#entries.delete(dst)) throw missing('No such file or directory', dst);
  };
  flush: NeighbourTableApi['flush'] = ({ dst, state }) => {
    const own = this.list().filter((entry) => entry.origin === 'own');
    const doomed = own.filter((e) => (dst ?? e.dst) === e.dst && (state ?? e.state) === e.state);
    for (const entry of doomed) this.#entries.delete(entry.dst);
    return doomed.length;
  };
  get = (dst: string): NeighbourEntry | undefined => this.#entries.get(dst);
  list = (): NeighbourEntry[] => [...this.#entries.values()];
  mirror: NeighbourTableApi['mirror'] = (entry) => {
    if (this.#entries.get(entry.dst)?.origin === 'own') return;
    this.#entries.set(entry.dst, { ...entry, origin: 'kernel', used: 0, updated: 0 });
  };
  unmirror = (dst: string): void => {
    if (this.#entries.get(dst)?.origin === 'kernel') this.#entries.delete(dst);
  };
  mirrored = (): string[] => this.list().flatMap(({ dst, origin }) => (origin === 'kernel' ? [dst] : []));
}

class FakeRoutes implements RouteTableApi {
  readonly #entries = new Map<string, RouteEntry>();

  set: RouteTableApi['set'] = ({ verb, dst, via, onlink }) => {
    if (verb === 'add' && this.#entries.has(dst)) throw existing(dst);
    this.#entries.set(dst, {
      dst,
      ...(via === undefined ? {} : { via }),
      onlink: onlink ?? false,
      origin: 'own',
    });
  };
  delete = (dst: string): void => {
    if (!this.#entries.delete(dst)) throw missing('No such process', dst);
  };
  flush = (): number => {
    const doomed = this.list().filter((entry) => entry.origin === 'own');
    for (const entry of doomed) this.#entries.delete(entry.dst);
    return doomed.length;
  };
  /** Matches whole octets only: enough for a fake. */
  lookup = (address: string): RouteEntry | undefined =>
    this.list().find(({ dst }) => {
      const [network = '', length = '0'] = dst.split('/');
      const octets = Number(length) / 8;
      return network.split('.').slice(0, octets).join('.') === address.split('.').slice(0, octets).join('.');
    });
  list = (): RouteEntry[] => [...this.#entries.values()];
  mirror: RouteTableApi['mirror'] = (entry) => {
    if (this.#entries.get(entry.dst)?.origin === 'own') return;
    this.#entries.set(entry.dst, { ...entry, origin: 'kernel' });
  };
  unmirror = (dst: string): void => {
    if (this.#entries.get(dst)?.origin === 'kernel') this.#entries.delete(dst);
  };
}

export class FakeVtep implements VtepApi {
  readonly ifindex: number;
  readonly fdb: ForwardingDatabase;
  readonly mdb = new FakeMdb();
  readonly neighbours = new FakeNeighbours();
  readonly routes = new FakeRoutes();
  readonly vnis = undefined;
  /** What statistics() answers; tests write to it. */
  counters = noStatistics();
  #state: LinkState;

  constructor(config: LinkConfig, ifindex: number, persistent: boolean, emit: (event: VtepEvent) => void) {
    this.ifindex = ifindex;
    const defaults = { address: '02:00:00:00:00:01', mtu: 1500 };
    this.#state = {
      ...defaults,
      ...config,
      ifindex,
      up: false,
      bridged: false,
      away: false,
      persistent,
      missing: [],
    } as LinkState;
    this.fdb = new FakeFdb((action, { remotes: _remotes, ...entry }, remote) =>
      emit({ type: 'fdb', action, dev: this.name, entry, remote }),
    );
    const dst = config.group ?? config.remote;
    if (dst !== undefined) this.fdb.set({ verb: 'add', mac: ZERO_MAC, dst });
  }

  get name(): string {
    return this.#state.name;
  }
  state = (): LinkState => ({ ...this.#state });
  set: VtepApi['set'] = (change) => void (this.#state = { ...this.#state, ...change });
  statistics = (): LinkStatistics => this.counters;
  /** What remotes() answers; tests write to it. */
  peers: RemoteList = { remotes: [] };
  remotes = (): RemoteList => this.peers;
  /** Every call of noticed(), for tests of the mirror. */
  readonly notices: Parameters<VtepApi['noticed']>[0][] = [];
  /** What look() answers; tests write to it. */
  seen: ReturnType<VtepApi['look']>;
  look = (): ReturnType<VtepApi['look']> => this.seen;
  noticed: VtepApi['noticed'] = (change) => {
    this.notices.push(change);
    this.#state = { ...this.#state, ...change };
  };
}

class FakeNexthops implements NexthopTableApi {
  readonly #entries = new Map<number, NexthopEntry>();

  set: NexthopTableApi['set'] = ({ verb, id = this.#entries.size + 1, protocol = 0, ...object }) => {
    if (verb === 'add' && this.#entries.has(id)) throw existing(String(id));
    const entry = { id, protocol, ...object };
    this.#entries.set(id, entry);
    return entry;
  };
  delete: NexthopTableApi['delete'] = (id) => {
    if (!this.#entries.delete(id)) throw missing('No such file or directory', String(id));
  };
  flush: NexthopTableApi['flush'] = () => {
    const flushed = this.#entries.size;
    this.#entries.clear();
    return flushed;
  };
  get: NexthopTableApi['get'] = (id) => this.#entries.get(id);
  list = (): NexthopEntry[] => [...this.#entries.values()];
}

export class FakeEngine implements EngineApi {
  readonly nexthops = new FakeNexthops();
  readonly #vteps = new Map<string, FakeVtep>();
  readonly #listeners = new Set<(event: VtepEvent) => void>();
  /** Index of the next device; tests set it to that of a real interface. */
  nextIndex = 10;
  /** Whether the interfaces of the next devices were there before, and are persistent. */
  takesOver = false;
  /** Names given to delete() with gone = true. */
  readonly gone: string[] = [];
  closed = false;

  add(config: LinkConfig): FakeVtep {
    const { name, id } = config;
    const word = { errno: 'EEXIST' };
    if (this.get(name))
      throw new VtepError('ERR_VTEP_NAME_IN_USE', `${name} exists`, { ...word, word: name });
    if (this.list().some((vtep) => vtep.state().id === id)) {
      throw new VtepError('ERR_VTEP_VNI_IN_USE', `VNI ${id} is in use`, { ...word, word: String(id) });
    }
    const vtep = new FakeVtep(config, this.nextIndex++, this.takesOver, (event) => this.emit(event));
    this.#vteps.set(name, vtep);
    this.emit({ type: 'link', action: 'new', dev: name, link: vtep.state() });
    return vtep;
  }
  get(name: string): FakeVtep | undefined {
    return this.list().find((vtep) => vtep.name === name);
  }
  byIndex(ifindex: number): FakeVtep | undefined {
    return this.list().find((vtep) => vtep.ifindex === ifindex);
  }
  list(): FakeVtep[] {
    return [...this.#vteps.values()];
  }
  delete(name: string, gone = false): void {
    const vtep = this.get(name);
    if (!vtep)
      throw new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${name}"`, {
        errno: 'ENODEV',
        word: name,
      });
    for (const [key, value] of this.#vteps) if (value === vtep) this.#vteps.delete(key);
    if (gone) this.gone.push(name);
    this.emit({ type: 'link', action: 'del', dev: name, link: vtep.state() });
  }
  /** How often pathsChanged() was called. */
  pathChanges = 0;
  pathsChanged(): void {
    this.pathChanges++;
  }
  subscribe(listener: (event: VtepEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  /** What setLocalAddresses() was told last, of the daemon's namespace and of others by number. */
  addresses: readonly LocalAddress[] = [];
  readonly addressesOf = new Map<number, readonly LocalAddress[]>();
  setLocalAddresses(addresses: readonly LocalAddress[], underlay?: number): void {
    if (underlay === undefined) this.addresses = addresses;
    else this.addressesOf.set(underlay, addresses);
  }
  /** What underlays() answers. */
  namespaces: UnderlayView[] = [];
  underlays = (): UnderlayView[] => this.namespaces;
  /** Sends an event to every subscriber, as the data plane would. */
  emit(event: VtepEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
  get listeners(): number {
    return this.#listeners.size;
  }
  async close(): Promise<void> {
    for (const { name } of this.list()) this.delete(name);
    this.closed = true;
  }
}
