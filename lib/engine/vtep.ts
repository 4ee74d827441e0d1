/**
 * One VTEP as control sees it: its options, its tables, its interface, and its place in the data plane.
 *
 *   link add   TAP, tables, default destination; down
 *   up         listening socket and egress sockets, group joined, bursts begin (kernel: vxlan_open)
 *   down       bursts end, dynamic FDB entries go, group left, sockets closed (vxlan_stop)
 *   link del   everything goes
 */
import type { DeviceTables } from '../dataplane/device.js';
import { RECORD_ADDRESS0, RECORD_IFINDEX, RECORD_MAC_HIGH, RECORD_MAC_LOW } from '../dataplane/records.js';
import { formatAddress, formatMac } from '../wire/text.js';
import type { VtepApi } from './api.js';
import { Attachment } from './attachment.js';
import { type Clock, TICKS_PER_SECOND } from './clock.js';
import type { TableContext } from './context.js';
import type { Dataplane } from './dataplane.js';
import { Forwarding } from './forwarding.js';
import { Neighbours } from './neighbours.js';
import { checkAddress, checkMtu, checkUnderlay, withoutOldDefault } from './option-checks.js';
import { findRouters, NO_ROUTER } from './router-addresses.js';
import { Routes } from './routes.js';
import { DEFAULT_AGEING, deviceSettings, underlayFamily } from './settings.js';
import { statistics } from './statistics.js';
import type { System, Tap } from './system.js';
import { makeTables } from './tables.js';
import type { LinkChange, LinkConfig, LinkState, LinkStatistics, VtepEvent } from './types.js';
import type { Underlay } from './underlay.js';
import { macWords } from './words.js';
import { WorkerLink } from './worker-link.js';

/** FDB_AGE_INTERVAL: the ageing scan runs at least this often, in ticks. */
const AGE_INTERVAL = 10 * TICKS_PER_SECOND;

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
  readonly #attachment: Attachment;
  readonly #workers: WorkerLink;
  readonly #events = { learned: 0, moved: 0, aged: 0 };
  #up = false;
  #nextAgeing = 0;
  #routers = NO_ROUTER;
  #routersStale = false;

  /** Takes over `tap`, whatever happens next; `config` is complete and checked. */
  constructor(index: number, config: LinkConfig, tap: Tap, host: VtepHost) {
    this.index = index;
    this.#config = config;
    this.#host = host;
    this.#tap = tap;
    this.family = underlayFamily(config);
    this.tables = makeTables(index, config.maxaddress, host.dataplane);
    this.#workers = new WorkerLink(host.dataplane, index, tap);
    this.#attachment = new Attachment(host.underlay, host.system, this.family);
    const context = this.#context();
    this.fdb = new Forwarding(this.tables.fdb, this.tables.remotes, this.tables.lists, context);
    this.neighbours = new Neighbours(this.tables.neighbours, context);
    this.routes = new Routes(this.tables.routes, context);
    this.#workers.introduce(this.#settings(), this.#attachment.egress, this.tables);
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

  state(): LinkState {
    return {
      ...this.#config,
      name: this.#tap.name,
      ifindex: this.#tap.ifindex,
      address: this.#tap.address,
      mtu: this.#tap.mtu,
      up: this.#up,
      persistent: !this.#tap.created,
      missing: this.#tap.missing,
    };
  }

  /** First words to the world: the link, then its default destination; an interface that was there may be up. */
  announce(): void {
    this.#told();
    const dst = this.#config.remote ?? this.#config.group;
    if (dst !== undefined) this.fdb.addDefault(dst, this.#defaultIfindex(this.#config));
    if (this.#tap.up) this.noticed({ up: true });
  }

  set(change: LinkChange): void {
    const { up, mtu, address, ...options } = change;
    const { system } = this.#host;
    const before = this.#config;
    const next = { ...before, ...withoutOldDefault(options) };
    next.ageing ||= DEFAULT_AGEING;
    checkUnderlay(next, this.name, this.family, system);
    checkMtu(mtu, next, this.family, system);
    checkAddress(address);
    const releaseOld = this.#up ? this.#attachment.renew(next) : () => {};
    this.#config = next;
    this.#replaceDefault(before, next);
    if (mtu !== undefined || address !== undefined) this.#change({ mtu, address });
    if (change.ageing !== undefined) this.#nextAgeing = this.#host.clock.now();
    if (change.learning !== undefined) this.#workers.unlearn();
    this.#publish();
    releaseOld();
    if (up === true && !this.#up) this.#bringUp();
    if (up === false && this.#up) {
      system.changeInterface(this.name, { up: false });
      this.#goDown();
    }
    this.#told();
  }

  statistics(): LinkStatistics {
    return statistics(this.#workers.counters, this.#events);
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
    const address = words.slice(at + RECORD_ADDRESS0, at + RECORD_ADDRESS0 + 4);
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
    if (this.#routersStale) {
      this.#routersStale = false;
      this.#routers = findRouters(this.neighbours, this.fdb);
      this.#publish();
    }
    const now = this.#host.clock.now();
    if (!this.#up || ((now - this.#nextAgeing) | 0) < 0) return;
    const { aged, next } = this.fdb.age(this.#config.ageing * TICKS_PER_SECOND);
    this.#events.aged += aged;
    this.#nextAgeing = (now + Math.max(TICKS_PER_SECOND, Math.min(AGE_INTERVAL, next))) | 0;
  }

  /** Ends it: sockets, data plane, interface (unless persistent). */
  close(): void {
    if (this.#up) this.#goDown();
    this.#workers.forget();
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
    const listener = this.#attachment.open(this.#config);
    this.#up = true;
    this.#nextAgeing = (this.#host.clock.now() + AGE_INTERVAL) | 0;
    listener.devices.set(this.#config.id, this.index);
    this.#publish();
    this.#workers.listener(listener);
    this.#workers.frames(true);
  }

  #goDown(): void {
    const listener = this.#attachment.listener!;
    this.#up = false;
    this.#workers.frames(false);
    listener.devices.delete(this.#config.id);
    this.#workers.listener(listener);
    this.#publish();
    this.#attachment.close(this.#config);
    this.fdb.flushDynamic();
    this.#workers.unlearn();
  }

  // --- options ----------------------------------------------------------------------------------------

  #change(change: { mtu?: number; address?: string }): void {
    this.#host.system.changeInterface(this.name, change);
    if (change.mtu !== undefined) this.#tap.mtu = change.mtu;
    if (change.address === undefined) return;
    const mac = macWords(change.address, 'address');
    this.#tap.address = formatMac(mac.high, mac.low);
  }

  /** The new default destination is appended before the old one goes; entries added by hand stay. */
  #replaceDefault(before: LinkConfig, after: LinkConfig): void {
    const from = before.remote ?? before.group;
    const to = after.remote ?? after.group;
    if (from === to && before.dev === after.dev) return;
    this.#attachment.leave(before);
    this.#attachment.join(after);
    if (to !== undefined) this.fdb.addDefault(to, this.#defaultIfindex(after));
    if (from !== undefined) this.fdb.removeDefault(from, this.#defaultIfindex(before));
  }

  #defaultIfindex(config: LinkConfig): number {
    return config.dev === undefined ? 0 : this.#host.system.indexOf(config.dev);
  }

  // --- telling ----------------------------------------------------------------------------------------

  #settings() {
    const { address, mtu } = this.#tap;
    return deviceSettings(this.#config, { address, mtu, up: this.#up, ...this.#routers });
  }

  #publish(): void {
    this.#workers.settings(this.#settings(), this.#attachment.egress);
  }

  #told(): void {
    this.#host.emit({ type: 'link', action: 'new', dev: this.name, link: this.state() });
  }

  #context(): TableContext {
    const { id: vni, dstport: port } = this.#config;
    const name = () => this.name;
    return {
      get dev() {
        return name();
      },
      vni,
      port,
      family: this.family,
      clock: this.#host.clock,
      interfaces: this.#host.system,
      emit: (event) => this.#host.emit(event),
      routersChanged: () => {
        this.#routersStale = this.#config.rsc;
      },
    };
  }
}
