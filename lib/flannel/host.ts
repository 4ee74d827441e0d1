/**
 * The kernel's tables as a Flannel daemon needs them: interfaces, addresses, neighbours and routes of this host, in
 * texts. Reading is one dump; changes go out many in one send, and each succeeds or fails by itself.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressBytes, addressText, macBytes, macText } from '../control/address.js';
import { VtepError } from '../errors.js';
import { errnoName } from '../native/errno.js';
import {
  addressDeletion,
  addressDump,
  addressSetting,
  readAddress,
  type AddressInfo,
} from '../native/netlink/address.js';
import { askAll } from '../native/netlink/batch.js';
import { readLink, linkDump, type LinkInfo } from '../native/netlink/link.js';
import {
  AF_INET,
  AF_INET6,
  neighbourDeletion,
  neighbourDump,
  neighbourSetting,
  readNeighbour,
} from '../native/netlink/neighbour.js';
import { getLink, readTable, type NetlinkShim } from '../native/netlink/request.js';
import {
  readRoute,
  routeDeletion,
  routeDump,
  routeRequest,
  routeSetting,
  RTM_NEWROUTE,
  type RouteInfo,
} from '../native/netlink/route.js';
import { parsePrefix } from './prefix.js';

export type Family = 4 | 6;

/** A neighbour as it stands in the kernel's table. */
export interface HostNeighbour {
  address: string;
  /** Undefined while it is not known. */
  mac: string | undefined;
  /** NUD_*. */
  state: number;
  /** NTF_*. */
  flags: number;
}

export interface NeighbourChange {
  ifindex: number;
  address: string;
  mac: string;
  /** NUD_PERMANENT or NUD_REACHABLE. */
  state: number;
}

/** A route through a gateway: main table, proto boot, scope global, metric 0 or, with IPv6, 1024. */
export interface RouteChange {
  /** A prefix. */
  dst: string;
  via: string;
  ifindex: number;
  onlink: boolean;
}

/** An address of an interface. */
export type HostAddress = Omit<AddressInfo, 'address'> & { address: string };

/** What became of each change, in order: undefined where it is in effect. */
export type Outcomes = (VtepError | undefined)[];

/** Files below /proc/sys, and a clock; tests give others. */
export interface HostOptions {
  readSetting?(path: string): string;
  writeSetting?(path: string, value: string): void;
  sleep?(milliseconds: number): Promise<unknown>;
}

/** The kernel had no memory for it just then, or the answer was lost: may succeed a moment later. */
const PASSING = new Set(['ENOBUFS', 'EAGAIN', 'ENOMEM', 'EINTR']);
/** Pauses before a change is tried again, milliseconds. */
const PAUSES = [10, 40, 160, 640];
/** What has gone already is removed. */
const GONE = new Set(['ENOENT', 'ESRCH', 'ENODEV', 'EADDRNOTAVAIL']);

const familyNumber = (family: Family): number => (family === 4 ? AF_INET : AF_INET6);

export class Host {
  readonly #shim: NetlinkShim;
  readonly #read: (path: string) => string;
  readonly #write: (path: string, value: string) => void;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;

  constructor(shim: NetlinkShim, options: HostOptions = {}) {
    this.#shim = shim;
    this.#read = options.readSetting ?? ((path) => readFileSync(path, 'utf8').trim());
    this.#write = options.writeSetting ?? ((path, value) => writeFileSync(path, value));
    this.#sleep = options.sleep ?? sleep;
  }

  /** One interface, by index or name; undefined when there is none. */
  link(which: number | string): LinkInfo | undefined {
    return getLink(this.#shim, which);
  }

  links(): LinkInfo[] {
    return this.#table(linkDump(), readLink);
  }

  addresses(): HostAddress[] {
    return this.#table(addressDump(), readAddress).map((info) => ({
      ...info,
      address: addressText(info.address),
    }));
  }

  /** Neighbours of one interface. */
  neighbours(family: Family, ifindex: number): HostNeighbour[] {
    return this.#table(neighbourDump(familyNumber(family), ifindex), readNeighbour)
      .filter(
        (info) => info.ifindex === ifindex && info.family === familyNumber(family) && info.dst !== undefined,
      )
      .map(({ dst, lladdr, state, flags }) => ({
        address: addressText(dst!),
        mac: lladdr?.length === 6 ? macText(lladdr) : undefined,
        state,
        flags,
      }));
  }

  /** Routes of all tables. */
  routes(family: Family): RouteInfo[] {
    return readTable(this.#shim, routeDump(familyNumber(family)))
      .filter(({ type }) => type === RTM_NEWROUTE)
      .map(({ body }) => readRoute(body))
      .filter((route) => route !== undefined);
  }

  /** The route that a packet to each address takes; undefined where there is none. */
  lookUp(addresses: readonly string[]): (RouteInfo | undefined)[] {
    const requests = addresses.map((address) => routeRequest(addressBytes(address), 0));
    return askAll(this.#shim, requests).map(({ messages: [first] }) =>
      first?.type === RTM_NEWROUTE ? readRoute(first.body) : undefined,
    );
  }

  /** @throws {VtepError} what the kernel says, with address and interface */
  async addAddress(ifindex: number, address: string, length: number): Promise<void> {
    const request = addressSetting(ifindex, addressBytes(address), length);
    const [error] = await this.#change(
      [request],
      () => `set address ${address}/${length} ${this.#dev(ifindex)}`,
    );
    if (error && error.errno !== 'EEXIST') throw error;
  }

  /** @throws {VtepError} as addAddress; not where it has gone already */
  async deleteAddress(ifindex: number, address: string, length: number): Promise<void> {
    const request = addressDeletion(ifindex, addressBytes(address), length);
    const what = (): string => `remove address ${address}/${length} ${this.#dev(ifindex)}`;
    const [error] = forgiving(await this.#change([request], what));
    if (error) throw error;
  }

  /** Sets neighbours, in the place of what there is for an address. */
  async setNeighbours(changes: readonly NeighbourChange[]): Promise<Outcomes> {
    const requests = changes.map(({ ifindex, address, mac, state }) =>
      neighbourSetting({ ifindex, dst: addressBytes(address), lladdr: macBytes(mac), state }),
    );
    const outcomes = await this.#change(requests, (i) => {
      const { address, mac, ifindex } = changes[i];
      return `set neighbour ${address} lladdr ${mac} ${this.#dev(ifindex)}`;
    });
    return outcomes.map((error, i) =>
      error?.errno === 'ENOBUFS' ? this.#tableFull(error, changes[i]) : error,
    );
  }

  async deleteNeighbours(ifindex: number, addresses: readonly string[]): Promise<Outcomes> {
    const requests = addresses.map((address) => neighbourDeletion(ifindex, addressBytes(address)));
    return forgiving(
      await this.#change(requests, (i) => `remove neighbour ${addresses[i]} ${this.#dev(ifindex)}`),
    );
  }

  /** Sets routes, in the place of what there is for a prefix at that metric. */
  async setRoutes(changes: readonly RouteChange[]): Promise<Outcomes> {
    return await this.#change(
      changes.map(routeOf).map(routeSetting),
      (i) => `set route ${this.#described(changes[i])}`,
    );
  }

  async deleteRoutes(changes: readonly RouteChange[]): Promise<Outcomes> {
    const requests = changes.map(routeOf).map(routeDeletion);
    return forgiving(await this.#change(requests, (i) => `remove route ${this.#described(changes[i])}`));
  }

  /**
   * Writes a file below /proc/sys/net unless it says so already; of this thread's namespace.
   * @returns why not, undefined when it holds or the kernel has no such setting
   */
  setting(path: string, value: string): string | undefined {
    const file = `/proc/sys/net/${path}`;
    try {
      if (this.#read(file) !== value) this.#write(file, value);
      return undefined;
    } catch (error) {
      const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
      return errno === 'ENOENT' ? undefined : `cannot write ${value} to ${file}: ${errno}`;
    }
  }

  #table<T>(dump: Uint8Array, read: (body: Uint8Array) => T | undefined): T[] {
    return readTable(this.#shim, dump)
      .map(({ body }) => read(body))
      .filter((entry) => entry !== undefined) as T[];
  }

  /** Sends requests; those that fail in passing again, after a pause that grows. */
  async #change(requests: readonly Uint8Array[], doing: (index: number) => string): Promise<Outcomes> {
    const results = new Array<number>(requests.length).fill(0);
    let open = requests.map((_, i) => i);
    for (let attempt = 0; ; attempt++) {
      const again = open.map((i) => requests[i]);
      askAll(this.#shim, again).forEach(({ result }, n) => (results[open[n]] = result));
      open = open.filter((i) => PASSING.has(errnoName(results[i])));
      if (open.length === 0 || attempt === PAUSES.length) break;
      await this.#sleep(PAUSES[attempt]);
    }
    return results.map((result, i) => (result === 0 ? undefined : refusal(errnoName(result), doing(i))));
  }

  #dev(ifindex: number): string {
    return `dev ${this.link(ifindex)?.name ?? ifindex}`;
  }

  #described({ dst, via, ifindex, onlink }: RouteChange): string {
    return `${dst} via ${via} ${this.#dev(ifindex)}${onlink ? ' onlink' : ''}`;
  }

  /** ENOBUFS for a neighbour that stays: the table has no room, not the socket. */
  #tableFull(error: VtepError, { address }: NeighbourChange): VtepError {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const setting = `net.${family}.neigh.default.gc_thresh3`;
    let limit = 'unknown';
    try {
      limit = this.#read(`/proc/sys/${setting.replaceAll('.', '/')}`);
    } catch {
      // A container may not see it.
    }
    return new VtepError(
      'ERR_VTEP_LIMIT',
      `${error.message}: the neighbour table is full (${setting} is ${limit}); raise it with \`sysctl -w ${setting}=…\``,
      { errno: 'ENOBUFS', word: address, cause: error },
    );
  }
}

function routeOf({ dst, via, ifindex, onlink }: RouteChange) {
  const { octets, length } = parsePrefix(dst);
  return { dst: octets, length, gateway: addressBytes(via), ifindex, onlink };
}

function forgiving(outcomes: Outcomes): Outcomes {
  return outcomes.map((error) => (GONE.has(error?.errno ?? '') ? undefined : error));
}

function refusal(errno: string, doing: string): VtepError {
  if (errno === 'EPERM' || errno === 'EACCES') {
    const message = `cannot ${doing}: ${errno}; run as root or give CAP_NET_ADMIN`;
    return new VtepError('ERR_VTEP_PERMISSION', message, { errno });
  }
  return new VtepError('ERR_VTEP_SYSTEM', `cannot ${doing}: ${errno}`, { errno });
}
