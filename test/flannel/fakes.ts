/**
 * The kernel's tables and the data-plane daemon as plain lists, and one account of everything that was written to either,
 * in order: what a programmer does is read from there.
 */
import { addressBytes, macBytes } from '../../lib/control/address.js';
import type { NewLink } from '../../lib/control/client.js';
import type { FdbDelete, FdbEntry, FdbRequest, LinkChange, LinkState } from '../../lib/engine/types.js';
import { VtepError } from '../../lib/errors.js';
import type { DeviceOptions } from '../../lib/flannel/device.js';
import type { FdbClient } from '../../lib/flannel/device-fdb.js';
import type { ProgrammerHost } from '../../lib/flannel/family-programmer.js';
import type {
  Family,
  HostAddress,
  HostNeighbour,
  NeighbourChange,
  Outcomes,
  RouteChange,
} from '../../lib/flannel/host.js';
import { parsePrefix } from '../../lib/flannel/prefix.js';
import type { LinkInfo } from '../../lib/native/netlink/link.js';
import { NUD_PERMANENT } from '../../lib/native/netlink/neighbour.js';
import type { RouteInfo } from '../../lib/native/netlink/route.js';
import { linkState } from '../cli/fixtures.js';

/** Index of the underlay's interface, and of the first VTEP's. */
export const ETH0 = 2;
export const TUNNEL = 4;

export const noEntry = (what: string): VtepError =>
  new VtepError('ERR_VTEP_NO_ENTRY', `${what} has no entry`, { errno: 'ENOENT' });
export const noDevice = (name: string): VtepError =>
  new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${name}"`, { errno: 'ENODEV', word: name });
export const noDaemon = (): VtepError =>
  new VtepError('ERR_VTEP_DAEMON', 'no vtep daemon answers', { errno: 'ECONNREFUSED' });

/** A route as the kernel tells of it. */
export function routeInfo(
  dst: string,
  via: string | undefined,
  change: Partial<RouteInfo> & { ifindex?: number; onlink?: boolean } = {},
): RouteInfo {
  const { ifindex = TUNNEL, onlink = false, ...rest } = change;
  const { octets, length } = parsePrefix(dst);
  const gateway = via === undefined ? undefined : addressBytes(via);
  const nextHops = [{ ifindex, gateway, onlink, direct: via === undefined }];
  const isIpv4 = octets.length === 4;
  return {
    ...{ family: isIpv4 ? 2 : 10, dst: octets, length, table: 254, protocol: 3, type: 1, tos: 0 },
    ...{ priority: isIpv4 ? 0 : 1024, cloned: false, mtu: undefined, nextHops },
    ...rest,
  };
}

export function linkInfo(change: Partial<LinkInfo> & { name: string; ifindex: number }): LinkInfo {
  return {
    ...{ mtu: 1500, mac: macBytes('02:00:00:00:00:01'), flags: 1, up: true, kind: undefined, bridged: false },
    ...{ master: undefined, lower: undefined, group: 0 },
    ...{ gsoMaxSegs: undefined, gsoMaxSize: undefined, vxlanPort: undefined, moved: false },
    ...change,
  };
}

export const hostAddress = (
  ifindex: number,
  prefix: string,
  change: Partial<HostAddress> = {},
): HostAddress => {
  const [address, length] = prefix.split('/');
  return { ifindex, address, length: Number(length), flags: 0, scope: 0, ...change };
};

type DeviceHost = DeviceOptions['host'];

export class FakeHost implements ProgrammerHost, DeviceHost {
  readonly written: string[];
  readonly interfaces: LinkInfo[] = [linkInfo({ name: 'eth0', ifindex: ETH0 })];
  onInterfaces: HostAddress[] = [hostAddress(ETH0, '10.99.0.11/24'), hostAddress(ETH0, 'fd99::11/64')];
  /** `<ifindex> <address>`. */
  readonly table = new Map<string, HostNeighbour>();
  routeList: RouteInfo[] = [];
  readonly settings = new Map<string, string>();
  /** Entry -> errno, as 'neighbour 10.5.3.0' or 'route 10.5.3.0/24'. */
  readonly refuses = new Map<string, string>();
  /** Addresses on the underlay's own link. */
  readonly onLink = new Set<string>();
  lookUps = 0;

  constructor(written: string[]) {
    this.written = written;
  }

  link(which: number | string): LinkInfo | undefined {
    return this.interfaces.find(({ ifindex, name }) => ifindex === which || name === which);
  }

  addresses(): HostAddress[] {
    return this.onInterfaces;
  }

  async addAddress(ifindex: number, address: string, length: number): Promise<void> {
    this.written.push(`address + ${address}/${length}`);
    this.onInterfaces.push(hostAddress(ifindex, `${address}/${length}`));
  }

  async deleteAddress(ifindex: number, address: string): Promise<void> {
    this.written.push(`address - ${address}`);
    this.onInterfaces = this.onInterfaces.filter(
      (entry) => entry.ifindex !== ifindex || entry.address !== address,
    );
  }

  setting(path: string, value: string): string | undefined {
    const refused = this.refuses.get(`setting ${path}`);
    if (refused !== undefined) return `cannot write ${value} to ${path}: ${refused}`;
    if (this.settings.get(path) !== value) this.written.push(`setting ${path} ${value}`);
    this.settings.set(path, value);
    return undefined;
  }

  lookUp(addresses: readonly string[]): (RouteInfo | undefined)[] {
    this.lookUps += addresses.length;
    return addresses.map((address) =>
      routeInfo(
        `${address}/${address.includes(':') ? 128 : 32}`,
        this.onLink.has(address) ? undefined : '10.99.0.1',
        {
          ifindex: ETH0,
        },
      ),
    );
  }

  neighbours(family: Family, ifindex: number): HostNeighbour[] {
    return [...this.table]
      .filter(
        ([key, { address }]) => key.startsWith(`${ifindex} `) && address.includes(':') === (family === 6),
      )
      .map(([, entry]) => entry);
  }

  routes(family: Family): RouteInfo[] {
    return this.routeList.filter((route) => route.family === (family === 4 ? 2 : 10));
  }

  /** Puts a neighbour there from outside. */
  neighbour(
    ifindex: number,
    address: string,
    mac: string | undefined,
    state = NUD_PERMANENT,
    flags = 0,
  ): void {
    this.table.set(`${ifindex} ${address}`, { address, mac, state, flags });
  }

  async setNeighbours(changes: readonly NeighbourChange[]): Promise<Outcomes> {
    return changes.map(({ ifindex, address, mac, state }) =>
      this.#write('neighbour', '+', address, mac, () => this.neighbour(ifindex, address, mac, state)),
    );
  }

  async deleteNeighbours(ifindex: number, addresses: readonly string[]): Promise<Outcomes> {
    return addresses.map((address) =>
      this.#write('neighbour', '-', address, '', () => this.table.delete(`${ifindex} ${address}`)),
    );
  }

  async setRoutes(changes: readonly RouteChange[]): Promise<Outcomes> {
    return changes.map(({ dst, via, ifindex, onlink }) =>
      this.#write('route', '+', dst, `${via} ${ifindex}${onlink ? ' onlink' : ''}`, () => {
        this.#drop(dst);
        this.routeList.push(routeInfo(dst, via, { ifindex, onlink }));
      }),
    );
  }

  async deleteRoutes(changes: readonly RouteChange[]): Promise<Outcomes> {
    return changes.map(({ dst }) => this.#write('route', '-', dst, '', () => this.#drop(dst)));
  }

  #drop(dst: string): void {
    const fresh = routeInfo(dst, undefined);
    this.routeList = this.routeList.filter(
      (route) =>
        route.length !== fresh.length ||
        route.priority !== fresh.priority ||
        !Buffer.from(route.dst).equals(fresh.dst),
    );
  }

  #write(
    table: string,
    sign: string,
    name: string,
    value: string,
    act: () => unknown,
  ): VtepError | undefined {
    const errno = this.refuses.get(`${table} ${name}`);
    this.written.push(`${table} ${sign} ${name} ${value}`.trim() + (errno === undefined ? '' : ` ${errno}`));
    if (errno !== undefined)
      return new VtepError('ERR_VTEP_SYSTEM', `cannot set ${table} ${name}: ${errno}`, { errno });
    act();
    return undefined;
  }

  /** An interface goes, and everything on it. */
  removeInterface(ifindex: number): void {
    const at = this.interfaces.findIndex((link) => link.ifindex === ifindex);
    if (at >= 0) this.interfaces.splice(at, 1);
    for (const key of [...this.table.keys()]) if (key.startsWith(`${ifindex} `)) this.table.delete(key);
    this.routeList = this.routeList.filter(({ nextHops }) => nextHops[0]?.ifindex !== ifindex);
    this.onInterfaces = this.onInterfaces.filter((entry) => entry.ifindex !== ifindex);
  }
}

/** The daemon: its links and their FDBs. */
export class FakeDaemonClient implements FdbClient {
  readonly written: string[];
  readonly #host: FakeHost;
  readonly linkTable = new Map<string, LinkState>();
  readonly fdbs = new Map<string, Map<string, FdbEntry>>();
  /** MACs it does not take. */
  readonly refuses = new Set<string>();
  isGone = false;
  calls = 0;
  #next = TUNNEL;

  constructor(host: FakeHost) {
    this.written = host.written;
    this.#host = host;
  }

  async link(name: string): Promise<LinkState> {
    this.#answer();
    const link = this.linkTable.get(name);
    if (!link) throw noDevice(name);
    return { ...link };
  }

  async addLink(config: NewLink): Promise<LinkState> {
    this.#answer();
    const address = config.address ?? `02:00:00:00:ff:0${this.#next}`;
    const state = linkState({ ...config, id: config.id ?? 0, ifindex: this.#next++, address });
    this.written.push(`link + ${config.name}`);
    this.linkTable.set(config.name, state);
    this.fdbs.set(config.name, new Map());
    this.#host.interfaces.push(linkInfo({ name: config.name, ifindex: state.ifindex, kind: 'tun' }));
    return { ...state };
  }

  async setLink(name: string, change: LinkChange): Promise<LinkState> {
    this.#answer();
    this.written.push(`link ${name} ${JSON.stringify(change)}`);
    const state = { ...(await this.link(name)), ...change } as LinkState;
    this.linkTable.set(name, state);
    return { ...state };
  }

  async deleteLink(name: string): Promise<void> {
    this.#answer();
    this.written.push(`link - ${name}`);
    this.forget(name);
  }

  /** The interface is removed, by whomever. */
  forget(name: string): void {
    const link = this.linkTable.get(name);
    if (link) this.#host.removeInterface(link.ifindex);
    this.linkTable.delete(name);
    this.fdbs.delete(name);
  }

  /** The process ends, and another one has taken its place. */
  restart(): void {
    for (const name of [...this.linkTable.keys()]) this.forget(name);
    this.isGone = false;
  }

  /** Puts an entry there from outside. */
  entry(dev: string, mac: string, dsts: string[], change: Partial<FdbEntry> = {}): void {
    const flags = { router: false, externLearn: false, learned: false, used: 0, updated: 0 };
    const remotes = dsts.map((dst) => ({ dst }));
    this.fdbs.get(dev)?.set(mac, { mac, remotes, state: 'permanent', ...flags, ...change });
  }

  async fdb(dev: string): Promise<FdbEntry[]> {
    return [...this.#fdb(dev).values()];
  }

  async setFdbBulk(dev: string, entries: readonly FdbRequest[]): Promise<{ set: number }> {
    this.#fdb(dev);
    for (const [index, { mac, dst = '' }] of entries.entries()) {
      if (this.refuses.has(mac)) {
        throw new VtepError('ERR_VTEP_ARGUMENT', `entries[${index}]: ${mac} is refused`, { errno: 'EINVAL' });
      }
      this.written.push(`fdb + ${mac} ${dst}`);
      this.entry(dev, mac, [dst]);
    }
    return { set: entries.length };
  }

  async deleteFdbBulk(dev: string, entries: readonly FdbDelete[]): Promise<{ deleted: number }> {
    const fdb = this.#fdb(dev);
    for (const [index, { mac, dst }] of entries.entries()) {
      this.written.push(`fdb - ${mac}${dst === undefined ? '' : ` ${dst}`}`);
      if (!fdb.delete(mac)) throw noEntry(`entries[${index}]: ${mac}`);
    }
    return { deleted: entries.length };
  }

  #fdb(dev: string): Map<string, FdbEntry> {
    this.#answer();
    const fdb = this.fdbs.get(dev);
    if (!fdb) throw noDevice(dev);
    return fdb;
  }

  #answer(): void {
    this.calls++;
    if (this.isGone) throw noDaemon();
  }
}
