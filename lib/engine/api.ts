/**
 * What control needs of the engine, as interfaces: engine.ts implements them, test/support has a fake.
 * Every method throws a VtepError (errors.ts) and then has changed nothing.
 */
import type { TapLook } from './system.js';
import type {
  FdbDelete,
  FdbEntry,
  FdbFlush,
  FdbRequest,
  LinkChange,
  LinkConfig,
  LinkState,
  LinkStatistics,
  LocalAddress,
  MdbDelete,
  MdbEntry,
  MdbFlush,
  MdbKey,
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
  VtepEvent,
} from './types.js';

/** Forwarding database of one VTEP (kernel: vxlan_fdb_*). */
export interface ForwardingDatabase {
  set(request: FdbRequest): void;
  delete(request: FdbDelete): void;
  /** Returns how many entries went or lost a remote. */
  flush(filter: FdbFlush): number;
  /** The entry of a MAC; srcVni where it is not the device's. */
  get(mac: string, srcVni?: number): FdbEntry | undefined;
  /** Newest first, as the kernel dumps them. */
  list(): FdbEntry[];
}

/** Multicast database of one VTEP (kernel: vxlan_mdb_*). */
export interface MulticastDatabase {
  set(request: MdbRequest): void;
  delete(request: MdbDelete): void;
  /** Returns how many destinations went. */
  flush(filter: MdbFlush): number;
  get(key: MdbKey): MdbEntry | undefined;
  /** Newest first, as the kernel dumps them. */
  list(): MdbEntry[];
}

export interface NeighbourTableApi {
  set(request: NeighbourRequest): void;
  delete(dst: string): void;
  flush(filter: { dst?: string; state?: string }): number;
  get(dst: string): NeighbourEntry | undefined;
  list(): NeighbourEntry[];
  /** What the rtnetlink mirror saw in the host's table: never overrides an entry of origin 'own'. */
  mirror(entry: Omit<NeighbourEntry, 'origin' | 'used' | 'updated'>): void;
  unmirror(dst: string): void;
  /** Addresses that the mirror holds, those behind another entry among them. */
  mirrored(): string[];
}

export interface RouteTableApi {
  set(request: RouteRequest): void;
  delete(dst: string): void;
  flush(): number;
  /** Longest-prefix match for an address. */
  lookup(address: string): RouteEntry | undefined;
  list(): RouteEntry[];
  mirror(entry: Omit<RouteEntry, 'origin'>): void;
  unmirror(dst: string): void;
}

/** Nexthop objects, which FDB entries of every VTEP may refer to. */
export interface NexthopTableApi {
  /** Returns what was made: the id may have been left to it. */
  set(request: NexthopRequest): NexthopEntry;
  delete(id: number): void;
  /** Returns how many went. */
  flush(): number;
  get(id: number): NexthopEntry | undefined;
  /** By id. */
  list(): NexthopEntry[];
}

/** The VNIs of a VTEP with `vnifilter` (kernel: vxlan_vnifilter). All of a request is done, or nothing. */
export interface VniFilterApi {
  /** Adds VNIs; gives those that are there another destination or VLAN. */
  add(request: VniRequest): void;
  delete(vnis: readonly (readonly [number, number])[]): void;
  get(vni: number): VniEntry | undefined;
  /** By number. */
  list(): VniEntry[];
}

/** What became of an interface. */
export interface LinkNotice {
  up?: boolean;
  address?: string;
  mtu?: number;
  name?: string;
  bridged?: boolean;
  /** It went to another namespace; or came back, under this index. */
  away?: boolean;
  ifindex?: number;
}

export interface VtepApi {
  readonly name: string;
  readonly ifindex: number;
  readonly fdb: ForwardingDatabase;
  readonly mdb: MulticastDatabase;
  readonly neighbours: NeighbourTableApi;
  readonly routes: RouteTableApi;
  /** Only with `vnifilter`. */
  readonly vnis: VniFilterApi | undefined;
  state(): LinkState;
  set(change: LinkChange): void;
  statistics(): LinkStatistics;
  /** Those it sends to and hears from. */
  remotes(): RemoteList;
  /**
   * The interface was changed from outside (RTM_NEWLINK): flags, MAC, MTU, name, or whether it is a bridge's port. Going down flushes dynamic FDB
   * entries and closes the socket when no other VTEP uses it, as vxlan_stop does.
   */
  noticed(change: LinkNotice): void;
  /** How the interface is, wherever it was moved; 'gone' when it is no more, undefined when that cannot be seen. */
  look(): TapLook | 'gone' | undefined;
}

/** A network namespace other than the daemon's in which VTEPs have their underlay. */
export interface UnderlayView {
  /** One that all VTEPs left and others came to has another number. */
  number: number;
  /** By which this process reaches it, as long as a VTEP has its underlay there. */
  path: string;
}

export interface EngineApi {
  readonly nexthops: NexthopTableApi;
  /** Makes the TAP, the tables and the sockets' registration; the interface is down, as after `ip link add`. */
  add(config: LinkConfig): VtepApi;
  get(name: string): VtepApi | undefined;
  byIndex(ifindex: number): VtepApi | undefined;
  list(): VtepApi[];
  /** Removes a VTEP and its interface (unless persistent). `gone` = the interface vanished by itself. */
  delete(name: string, gone?: boolean): void;
  /** Routes or interfaces of the host have changed, and with them perhaps what paths to remotes carry. */
  pathsChanged(): void;
  /** Called with every event, in order. Returns the unsubscribe function. */
  subscribe(listener: (event: VtepEvent) => void): () => void;
  /** Namespaces that `linkNetns` of some VTEP names, each once. */
  underlays(): UnderlayView[];
  /**
   * All addresses of the host the underlay is on, whenever they change: where `localbypass` has its knowledge from.
   * @param underlay number of another namespace (underlays()), default 0, the daemon's
   */
  setLocalAddresses(addresses: readonly LocalAddress[], underlay?: number): void;
  /** Removes every VTEP this engine created and stops its workers. */
  close(): Promise<void>;
}
