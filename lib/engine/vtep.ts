/**
 * One VTEP as control sees it: its options, its tables, its interface, and its place in the data plane.
 *
 *   link add   TAP, tables, default destination; down
 *   up         listening socket and egress sockets, group joined, bursts begin (kernel: vxlan_open)
 *   down       bursts end, dynamic FDB entries go, group left, sockets closed (vxlan_stop)
 *   link del   everything goes
 */
import { COUNTERS } from '../dataplane/counters.js';
import type { DeviceTables, Egress } from '../dataplane/device.js';
import { RECORD_ADDRESS0, RECORD_IFINDEX, RECORD_MAC_HIGH, RECORD_MAC_LOW } from '../dataplane/records.js';
import { VtepError } from '../errors.js';
import { CounterBlock } from '../memory/counters.js';
import { formatAddress, formatMac, isIpv4, parseMac } from '../wire/text.js';
import type { VtepApi } from './api.js';
import { type Clock, TICKS_PER_SECOND } from './clock.js';
import type { TableContext } from './context.js';
import type { Dataplane } from './dataplane.js';
import { Forwarding } from './forwarding.js';
import type { WorkerMessage } from './messages.js';
import { Neighbours } from './neighbours.js';
import { Routes } from './routes.js';
import {
  DEFAULT_AGEING,
  deviceSettings,
  hasChecksum,
  headroom,
  sourcePorts,
  underlayFamily,
} from './settings.js';
import { statistics } from './statistics.js';
import type { System, Tap } from './system.js';
import { makeTables, shareTables } from './tables.js';
import type { LinkChange, LinkConfig, LinkState, LinkStatistics, VtepEvent } from './types.js';
import type { EgressKey, Listener, ListenerKey, Underlay } from './underlay.js';
import { addressWords, isGroup, isGroupMac, isZeroMac, macWords } from './words.js';

/** FDB_AGE_INTERVAL: the ageing scan runs at least this often, in ticks. */
const AGE_INTERVAL = 10 * TICKS_PER_SECOND;
const MIN_MTU = 68;
const MAX_MTU = 65_535;

/** What a VTEP needs of the engine it belongs to. */
export interface VtepHost {
  readonly system: System;
  readonly dataplane: Dataplane;
  readonly underlay: Underlay;
  readonly clock: Clock;
  /** Closes a descriptor once no worker can touch it any more. */
  retire(fd: number): void;
  emit(event: VtepEvent): void;
}

export class Vtep implements VtepApi {
  readonly index: number;
  readonly fdb: Forwarding;
  readonly neighbours: Neighbours;
  readonly routes: Routes;
  readonly family: 4 | 6;
  readonly tables: DeviceTables;
  #config: LinkConfig;
  readonly #host: VtepHost;
  readonly #tap: Tap;
  readonly #counters: CounterBlock[];
  readonly #events = { learned: 0, moved: 0, aged: 0 };
  #up = false;
  #listener: Listener | undefined;
  #egressKey: EgressKey | undefined;
  #egress: Egress = { ports: new Int32Array(), plain: new Int32Array(), df: new Int32Array() };
  #nextAgeing = 0;
  #router4 = 0;
  #router6: [number, number, number, number] = [0, 0, 0, 0];
  #routersStale = false;

  /** Takes over `tap`, whatever happens next; `config` is complete and checked. */
  constructor(index: number, config: LinkConfig, tap: Tap, host: VtepHost) {
    this.index = index;
    this.#config = { ...config, ageing: config.ageing || DEFAULT_AGEING };
    this.#host = host;
    this.#tap = tap;
    this.family = underlayFamily(config);
    this.tables = makeTables(index, config.maxaddress, host.dataplane);
    this.#counters = Array.from({ length: host.dataplane.workers }, () => new CounterBlock(COUNTERS));
    const context = this.#context();
    this.fdb = new Forwarding(this.tables.fdb, this.tables.remotes, this.tables.lists, context);
    this.neighbours = new Neighbours(this.tables.neighbours, context);
    this.routes = new Routes(this.tables.routes, context);
    this.#each((worker) => ({
      kind: 'device',
      index,
      settings: this.#settings(worker),
      egress: this.#egress,
      tables: shareTables(this.tables),
      counters: this.#counters[worker].share,
    }));
    const dst = config.remote ?? config.group;
    if (dst !== undefined) this.fdb.addDefault(dst, this.#defaultIfindex(config));
  }

  get name(): string {
    return this.#tap.name;
  }

  get ifindex(): number {
    return this.#tap.ifindex;
  }

  get config(): Readonly<LinkConfig> {
    return this.#config;
  }

  get isUp(): boolean {
    return this.#up;
  }

  get persistent(): boolean {
    return !this.#tap.created;
  }

  state(): LinkState {
    return {
      ...this.#config,
      name: this.#tap.name,
      ifindex: this.#tap.ifindex,
      address: this.#tap.address,
      mtu: this.#tap.mtu,
      up: this.#up,
      persistent: this.persistent,
      missing: this.#tap.missing,
    };
  }

  set(change: LinkChange): void {
    const { up, mtu, address, ...options } = change;
    const next = this.#checked({ ...this.#config, ...withoutOldDefault(options) });
    this.#checkMtu(mtu, next);
    this.#checkAddress(address);
    const before = this.#config;
    this.#config = next;
    try {
      if (this.#up) this.#renewEgress();
    } catch (error) {
      this.#config = before;
      throw error;
    }
    this.#replaceDefault(before, next);
    if (mtu !== undefined || address !== undefined) this.#change({ mtu, address });
    if (change.ageing !== undefined) this.#nextAgeing = this.#host.clock.now();
    if (change.learning !== undefined) this.#each(() => ({ kind: 'unlearn' }));
    this.#publish();
    if (up === true && !this.#up) this.#bringUp();
    if (up === false && this.#up) {
      this.#host.system.changeInterface(this.name, { up: false });
      this.#goDown();
    }
    this.#told();
  }

  statistics(): LinkStatistics {
    return statistics(
      this.#counters.map((block) => block.values),
      this.#events,
    );
  }

  noticed(change: { up?: boolean; address?: string; mtu?: number; name?: string }): void {
    if (change.name !== undefined) this.#tap.name = change.name;
    if (change.address !== undefined) this.#tap.address = change.address;
    if (change.mtu !== undefined) this.#tap.mtu = change.mtu;
    this.#publish();
    if (change.up === true && !this.#up) this.#goUpOrBack();
    if (change.up === false && this.#up) this.#goDown();
    this.#told();
  }

  /** A worker's LEARN or MOVE record at `at` of `words`. */
  learn(words: Int32Array, at: number): void {
    if (!this.#config.learning) return;
    const address = [0, 1, 2, 3].map((i) => words[at + RECORD_ADDRESS0 + i]) as [
      number,
      number,
      number,
      number,
    ];
    const mac = { high: words[at + RECORD_MAC_HIGH], low: words[at + RECORD_MAC_LOW] };
    const outcome = this.fdb.learn(mac, address, words[at + RECORD_IFINDEX]);
    if (outcome !== 'kept') this.#events[outcome]++;
  }

  /** A worker's miss record. */
  missed(layer: 2 | 3, words: Int32Array, at: number): void {
    const dev = this.name;
    if (layer === 2) {
      const lladdr = formatMac(words[at + RECORD_MAC_HIGH], words[at + RECORD_MAC_LOW]);
      this.#host.emit({ type: 'miss', layer, dev, lladdr });
    } else {
      this.#host.emit({ type: 'miss', layer, dev, dst: formatAddress(words, at + RECORD_ADDRESS0) });
    }
  }

  /** Housekeeping: ageing when due, and which address signs ICMP errors. */
  tick(): void {
    if (this.#routersStale) this.#findRouters();
    const now = this.#host.clock.now();
    if (!this.#up || ((now - this.#nextAgeing) | 0) < 0) return;
    const { aged, next } = this.fdb.age(this.#config.ageing * TICKS_PER_SECOND);
    this.#events.aged += aged;
    this.#nextAgeing = (now + Math.max(TICKS_PER_SECOND, Math.min(AGE_INTERVAL, next))) | 0;
  }

  /** Ends it: sockets, data plane, interface (unless persistent). */
  close(): void {
    if (this.#up) this.#goDown();
    this.#each(() => ({ kind: 'forget', index: this.index }));
    this.#host.system.removeTap(this.#tap);
    for (const fd of this.#tap.fds) this.#host.retire(fd);
    this.#host.emit({ type: 'link', action: 'del', dev: this.name, link: this.state() });
  }

  // --- up and down ------------------------------------------------------------------------------------

  /** Sockets first: with none the interface stays down, and the error is the caller's. */
  #bringUp(): void {
    this.#goUp();
    try {
      this.#host.system.changeInterface(this.name, { up: true });
    } catch (error) {
      this.#goDown();
      throw error;
    }
  }

  /** The interface was set up from outside; without a socket it cannot work, so it goes down again, as in the kernel. */
  #goUpOrBack(): void {
    try {
      this.#goUp();
    } catch (error) {
      this.#host.system.changeInterface(this.name, { up: false });
      throw error;
    }
  }

  #goUp(): void {
    const listener = this.#host.underlay.listen(this.#listenerKey());
    this.#listener = listener;
    try {
      this.#renewEgress();
      this.#joinGroup(listener, 'join');
    } catch (error) {
      this.#releaseSockets();
      throw error;
    }
    this.#up = true;
    this.#nextAgeing = (this.#host.clock.now() + AGE_INTERVAL) | 0;
    listener.devices.set(this.#config.id, this.index);
    this.#publish();
    this.#announceListener(listener);
    this.#each((worker) => ({ kind: 'frames', index: this.index, fd: this.#tap.fds[worker], on: true }));
  }

  #goDown(): void {
    const listener = this.#listener!;
    this.#up = false;
    this.#each((worker) => ({ kind: 'frames', index: this.index, fd: this.#tap.fds[worker], on: false }));
    listener.devices.delete(this.#config.id);
    this.#announceListener(listener);
    this.#joinGroup(listener, 'leave');
    this.#releaseSockets();
    this.#publish();
    this.fdb.flushDynamic();
    this.#each(() => ({ kind: 'unlearn' }));
  }

  /** Tells the workers which VTEPs a socket serves; one without any is received from no more. */
  #announceListener(listener: Listener): void {
    const devices = [...listener.devices];
    this.#each((worker) =>
      devices.length > 0
        ? { kind: 'listen', fd: listener.fds[worker], devices }
        : { kind: 'unlisten', fd: listener.fds[worker] },
    );
  }

  #releaseSockets(): void {
    if (this.#egressKey !== undefined) this.#host.underlay.releaseEgress(this.#egressKey);
    this.#egressKey = undefined;
    this.#host.underlay.unlisten(this.#listenerKey());
    this.#listener = undefined;
  }

  /** The pool the options ask for now; the old one goes after the workers have been told. */
  #renewEgress(): void {
    const key: EgressKey = {
      family: this.family,
      ports: sourcePorts(this.#config),
      checksum: hasChecksum(this.#config, this.family),
      df: this.#config.df !== 'unset',
    };
    const old = this.#egressKey;
    if (old !== undefined && JSON.stringify(old) === JSON.stringify(key)) return;
    this.#egress = this.#host.underlay.egress(key);
    this.#egressKey = key;
    this.#publish();
    if (old !== undefined) this.#host.underlay.releaseEgress(old);
  }

  #joinGroup(listener: Listener, verb: 'join' | 'leave'): void {
    const text = this.#config.group ?? this.#config.remote;
    if (text === undefined) return;
    const group = addressWords(text, 'group');
    if (!isGroup(group)) return;
    for (const fd of listener.fds) this.#host.system[verb](fd, group, this.#defaultIfindex(this.#config));
  }

  #listenerKey(): ListenerKey {
    return {
      family: this.family,
      port: this.#config.dstport,
      zeroChecksum6Rx: this.#config.udp6zerocsumrx,
    };
  }

  // --- options ----------------------------------------------------------------------------------------

  #checked(config: LinkConfig): LinkConfig {
    const next = { ...config, ageing: config.ageing || DEFAULT_AGEING };
    for (const text of [next.remote, next.group, next.local]) {
      if (text !== undefined && underlayFamily({ remote: text }) !== this.family) {
        throw new VtepError(
          'ERR_VTEP_FIXED',
          `${text}: the underlay of ${this.name} is IPv${this.family}, and its family cannot be changed`,
          { errno: 'EINVAL', word: text },
        );
      }
    }
    if (next.dev !== undefined) this.#host.system.mtuOf(next.dev);
    return next;
  }

  #checkMtu(mtu: number | undefined, config: LinkConfig): void {
    if (mtu === undefined) return;
    const most =
      config.dev === undefined ? MAX_MTU : this.#host.system.mtuOf(config.dev) - headroom(this.family);
    if (mtu >= MIN_MTU && mtu <= most) return;
    throw new VtepError('ERR_VTEP_ARGUMENT', `mtu ${mtu}: expected ${MIN_MTU} to ${most}`, {
      errno: 'EINVAL',
      word: String(mtu),
    });
  }

  #checkAddress(address: string | undefined): void {
    if (address === undefined) return;
    const mac = macWords(address, 'address');
    if (!isGroupMac(mac) && !isZeroMac(mac)) return;
    throw new VtepError('ERR_VTEP_ARGUMENT', `address "${address}": expected a unicast MAC address`, {
      errno: 'EADDRNOTAVAIL',
      word: address,
    });
  }

  #change(change: { mtu?: number; address?: string }): void {
    this.#host.system.changeInterface(this.name, change);
    if (change.mtu !== undefined) this.#tap.mtu = change.mtu;
    if (change.address !== undefined) this.#tap.address = canonicalMac(change.address);
  }

  /** The new default destination is appended before the old one goes; entries added by hand stay. */
  #replaceDefault(before: LinkConfig, after: LinkConfig): void {
    const from = before.remote ?? before.group;
    const to = after.remote ?? after.group;
    if (from === to && before.dev === after.dev) return;
    if (this.#listener !== undefined) {
      this.#config = before;
      this.#joinGroup(this.#listener, 'leave');
      this.#config = after;
      this.#joinGroup(this.#listener, 'join');
    }
    if (to !== undefined) this.fdb.addDefault(to, this.#defaultIfindex(after));
    if (from !== undefined) this.fdb.removeDefault(from, this.#defaultIfindex(before));
  }

  #defaultIfindex(config: LinkConfig): number {
    return config.dev === undefined ? 0 : this.#host.system.indexOf(config.dev);
  }

  // --- telling ----------------------------------------------------------------------------------------

  #settings(worker: number) {
    return deviceSettings(this.#config, {
      address: this.#tap.address,
      mtu: this.#tap.mtu,
      up: this.#up,
      tap: this.#tap.fds[worker],
      router4: this.#router4,
      router6: this.#router6,
    });
  }

  #publish(): void {
    this.#each((worker) => ({
      kind: 'settings',
      index: this.index,
      settings: this.#settings(worker),
      egress: this.#egress,
    }));
  }

  #told(): void {
    this.#host.emit({ type: 'link', action: 'new', dev: this.name, link: this.state() });
  }

  #each(message: (worker: number) => WorkerMessage): void {
    const { dataplane } = this.#host;
    for (let worker = 0; worker < dataplane.workers; worker++) dataplane.post(worker, message(worker));
  }

  #context(): TableContext {
    const config = () => this.#config;
    const name = () => this.name;
    return {
      get dev() {
        return name();
      },
      get vni() {
        return config().id;
      },
      get port() {
        return config().dstport;
      },
      family: this.family,
      clock: this.#host.clock,
      interfaces: this.#host.system,
      emit: (event) => this.#host.emit(event),
      routersChanged: () => {
        this.#routersStale = this.#config.rsc;
      },
    };
  }

  /** The neighbour whose MAC is a router's entry in the FDB signs ICMP errors for its family. */
  #findRouters(): void {
    this.#routersStale = false;
    this.#router4 = 0;
    this.#router6 = [0, 0, 0, 0];
    this.neighbours.some((words, high, low) => {
      if (!this.fdb.isRouter(high, low)) return false;
      if (isIpv4(words)) this.#router4 = words[3];
      else this.#router6 = [words[0], words[1], words[2], words[3]];
      return this.#router4 !== 0 && this.#router6[3] !== 0;
    });
    this.#publish();
  }
}

/** `remote` and `group` are two names of one thing: giving one takes the other's place. */
function withoutOldDefault(options: LinkChange): LinkChange {
  if (options.remote !== undefined) return { ...options, group: undefined };
  return options.group !== undefined ? { ...options, remote: undefined } : options;
}

function canonicalMac(text: string): string {
  const mac = parseMac(text)!;
  return formatMac(mac.high, mac.low);
}
