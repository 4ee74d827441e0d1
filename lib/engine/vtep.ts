/**
 * One VTEP as control sees it: its options, its tables, its interface, and its place in the data plane.
 *
 *   link add   TAP, tables, default destination; down
 *   up         listening socket and egress sockets, group joined, bursts begin (kernel: vxlan_open)
 *   down       bursts end, dynamic FDB entries go, group left, sockets closed (vxlan_stop)
 *   link del   everything goes
 */
import type { DeviceTables } from '../dataplane/device.js';
import { KIND, NEIGHBOUR, RECORD_VNI } from '../dataplane/records.js';
import type { VtepApi } from './api.js';
import { Attachment } from './attachment.js';
import { type TableContext, tableContext } from './context.js';
import { DefaultDestination } from './default-destination.js';
import { Forwarding } from './forwarding.js';
import { Learning } from './learning.js';
import { changeTap, linkState } from './link-state.js';
import { Multicast } from './mdb.js';
import { missEvent } from './miss-event.js';
import { MissLimit } from './miss-limit.js';
import { Neighbours } from './neighbours.js';
import { asMeant, checkAddress, checkChanged, mtuAfter } from './option-checks.js';
import { PathMtus } from './path-mtus.js';
import { Reception } from './reception.js';
import { listRemotes } from './remote-directory.js';
import { RouterAddresses } from './router-addresses.js';
import { Routes } from './routes.js';
import { DEFAULT_AGEING, deviceSettings, underlayFamily } from './settings.js';
import { checkStack } from './stacking.js';
import { statistics } from './statistics.js';
import type { Tap } from './system.js';
import { takeNews } from './tap-news.js';
import { makeTables } from './tables.js';
import type { LinkChange, LinkConfig, LinkState, LinkStatistics, RemoteList } from './types.js';
import { VniFilter } from './vni-filter.js';
import type { VtepHost } from './vtep-host.js';
import { WorkerLink } from './worker-link.js';

export class Vtep implements VtepApi {
  readonly index: number;
  readonly fdb: Forwarding;
  readonly mdb: Multicast;
  readonly neighbours: Neighbours;
  readonly routes: Routes;
  readonly family: 4 | 6;
  readonly tables: DeviceTables;
  readonly paths: PathMtus;
  readonly vnis: VniFilter | undefined;
  readonly #destination: DefaultDestination;
  readonly #reception: Reception;
  #config: LinkConfig;
  readonly #host: VtepHost;
  readonly #tap: Tap;
  readonly #attachment: Attachment;
  readonly #workers: WorkerLink;
  readonly #learning: Learning;
  readonly #misses = new MissLimit();
  #up = false;
  readonly #routers = new RouterAddresses();

  /** Takes over `tap`, whatever happens next; `config` is complete and checked. */
  constructor(index: number, config: LinkConfig, tap: Tap, host: VtepHost) {
    this.index = index;
    this.#config = config;
    this.#host = host;
    this.#tap = tap;
    this.family = underlayFamily(config);
    this.tables = makeTables(index, config.maxaddress, host.dataplane, (buffer) =>
      host.system.advise?.(buffer),
    );
    this.#workers = new WorkerLink(host.dataplane, index, tap);
    this.#attachment = new Attachment(host.lower.underlay, host.lower.system, this.family);
    this.paths = new PathMtus(this.tables.remotes, host.lower.system, this.family, host.clock, () =>
      this.#publish(),
    );
    const context = this.#context();
    this.fdb = new Forwarding(this.tables.fdb, this.tables.remotes, this.tables.lists, context);
    this.mdb = new Multicast(this.tables.mdb, this.fdb.remotes, context);
    this.neighbours = new Neighbours(this.tables.neighbours, context, config.neighsnoop);
    this.routes = new Routes(this.tables.routes, context);
    this.fdb.census(config);
    if (config.vnifilter) this.vnis = new VniFilter(this, host, this.fdb);
    this.#destination = new DefaultDestination(this.fdb, this.#attachment, host.lower.system, this.vnis);
    this.#reception = new Reception(this.#attachment, this.#workers, this.vnis);
    this.#learning = new Learning(this.fdb, host.clock, () => {
      this.#publish();
      this.#workers.unlearn();
    });
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
    return linkState(this.#config, this.#tap, this.#up);
  }

  look(): ReturnType<VtepApi['look']> {
    return this.#host.system.look?.(this.#tap);
  }

  /** First words to the world: the link, then its default destination; an interface that was there may be up. */
  announce(): void {
    this.#told();
    this.#destination.begin(this.#config);
    if (this.#tap.up) this.noticed({ up: true });
  }

  set(change: LinkChange): void {
    const { up, mtu: asked, address, ...options } = change;
    const { system } = this.#host.lower;
    const before = this.#config;
    const next = { ...before, ...asMeant(options) };
    next.ageing ||= DEFAULT_AGEING;
    checkChanged(change, next, this.name, this.family, system);
    if (next.dev !== before.dev) checkStack(this.#tap, next.dev, this.#host);
    const mtu = mtuAfter(asked, this.#tap.mtu, [before, next], this.family, system);
    checkAddress(address);
    const releaseOld = this.#take(before, next);
    this.#config = next;
    changeTap(this.#host.system, this.#tap, { mtu, address });
    if (change.ageing !== undefined) this.#learning.scanNow();
    if (change.allow !== undefined || change.learnLimit !== undefined) this.fdb.census(next);
    if (change.learning !== undefined) this.#workers.unlearn();
    if (change.neighsnoop !== undefined) this.neighbours.snooping.limit(next.neighsnoop);
    this.#publish();
    if (change.gatewayMac !== undefined) this.fdb.forget(change.gatewayMac);
    releaseOld();
    if (up === true && !this.#up) this.#bringUp();
    if (up === false && this.#up) {
      this.#host.system.changeInterface(this.#tap, { up: false });
      this.#goDown();
    }
    this.#told();
  }

  statistics(): LinkStatistics {
    const blocks = [...this.#workers.counters, ...(this.vnis?.counters ?? [])];
    const { events } = this.neighbours.snooping;
    return statistics(blocks, { ...this.#learning.events, ...this.#misses.events, ...events });
  }

  remotes(): RemoteList {
    const { remoteCounters } = this.#workers;
    return listRemotes(this.tables.remotes, this.#config.dstport, remoteCounters, this.#host.clock);
  }

  noticed(change: Parameters<VtepApi['noticed']>[0]): void {
    const { name } = this.#tap;
    takeNews(this.#tap, change);
    this.#host.renamed(this, name);
    this.#publish();
    if (change.up === true && !this.#up) this.#goUpOrBack();
    if (change.up === false && this.#up) this.#goDown();
    this.#told();
  }

  /** A worker's LEARN, MOVE, ROAM or NEIGHBOUR record at `at` of `words`; one posted before the VTEP went down, or by another, is late. */
  learn(words: Int32Array, at: number): void {
    const vni = words[at + RECORD_VNI];
    if (!this.#up || !(this.vnis?.has(vni) ?? vni === this.#config.id)) return;
    if (words[at + KIND] === NEIGHBOUR) this.neighbours.snooping.record(words, at);
    else if (this.#config.learning) this.#learning.record(words, at);
  }

  /** A miss record. */
  missed(layer: 2 | 3, words: Int32Array, at: number): void {
    const miss = missEvent(layer, this.name, words, at);
    if (this.#misses.allows(miss, this.#config, this.#host.clock.now())) this.#host.emit(miss);
  }

  /** Housekeeping: ageing and paths when due, and which address signs ICMP errors. */
  tick(): void {
    this.paths.tick();
    if (this.#routers.renew(this.neighbours, this.fdb)) this.#publish();
    if (!this.#up) return;
    this.#learning.age(this.#config.ageing);
    this.neighbours.snooping.age(this.#config.ageing);
  }

  /** Ends it: sockets, data plane, interface (unless persistent). */
  close(): void {
    if (this.#up) this.#goDown();
    this.fdb.flush({});
    this.mdb.flush({});
    this.vnis?.end();
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
      this.#host.system.changeInterface(this.#tap, { up: true });
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
      this.#host.system.changeInterface(this.#tap, { up: false });
      throw error;
    }
  }

  #goUp(): void {
    this.#reception.open(this.#config);
    this.#up = true;
    this.#learning.begin();
    this.#publish();
    this.#reception.begin(this.#config.id);
    this.#workers.frames(true);
  }

  #goDown(): void {
    this.#up = false;
    this.#workers.frames(false);
    this.#reception.end(this.#config.id);
    this.#publish();
    this.#attachment.close();
    this.fdb.flushDynamic();
    this.neighbours.snooping.flush();
    this.#workers.unlearn();
  }

  // --- options ----------------------------------------------------------------------------------------

  /**
   * Takes what changed options need of the underlay and the FDB, or throws and has changed nothing.
   * @returns what lets go of the old egress sockets, once the workers know the new ones
   */
  #take(before: LinkConfig, next: LinkConfig): () => void {
    const releaseOld = this.#up ? this.#attachment.renew(next) : () => {};
    try {
      this.#destination.change(before, next);
    } catch (error) {
      if (this.#up) this.#attachment.renew(before)();
      releaseOld();
      throw error;
    }
    return releaseOld;
  }

  // --- telling ----------------------------------------------------------------------------------------

  #settings() {
    const { address, mtu, bridged } = this.#tap;
    const tables = { packetLimit: this.paths.least, multicast: this.tables.mdb.count > 0 };
    return deviceSettings(this.#config, {
      ...{ address, mtu, bridged },
      ...tables,
      ...{ up: this.#up, full: this.#learning.isFull, underlay: this.#host.lower.number },
      horizon: this.#host.horizons.of(this.#config.splitHorizon),
      neighboursFull: this.neighbours.snooping.isFull,
      ...this.#routers.found,
    });
  }

  #publish(): void {
    this.paths.active = this.#up && (this.#tap.bridged || this.#config.mssclamp === 'auto');
    this.#workers.settings(this.#settings(), this.#attachment.egress);
  }

  #told(): void {
    this.#host.emit({ type: 'link', action: 'new', dev: this.name, link: this.state() });
  }

  #context(): TableContext {
    return tableContext(this.#host, this.#config, this.family, this.#tap, {
      routersChanged: () => void (this.#routers.isStale = this.#config.rsc),
      remoteAdded: (index) => this.paths.added(index),
      removed: () => this.#learning.removed(),
      multicastChanged: () => this.#publish(),
      neighboursFull: () => this.#publish(),
      unlearn: () => {
        if (this.#config.learning) this.#workers.unlearn();
      },
    });
  }
}
