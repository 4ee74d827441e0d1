/**
 * An engine: the VTEPs of one network namespace, their workers and their housekeeping. The only writer of all tables.
 *
 * @example
 * const system = new MemorySystem();
 * const engine = new Engine(system);
 * const vtep = engine.add({ name: 'vtep0', id: 42, remote: '192.0.2.2', dstport: 4789 });
 * vtep.set({ up: true });
 */
import { KIND, L2_MISS, L3_MISS, RECORD_DEVICE, TOO_BIG } from '../dataplane/records.js';
import { VtepError } from '../errors.js';
import type { RecordRing } from '../memory/ring.js';
import type { EngineApi, UnderlayView } from './api.js';
import { type Clock, MonotonicClock } from './clock.js';
import { type Dataplane, InlineDataplane } from './dataplane.js';
import { underlayFamily, withDefaults } from './settings.js';
import { Directory } from './directory.js';
import { Horizons } from './horizons.js';
import { Nexthops } from './nexthops.js';
import { Retirement } from './retirement.js';
import { unclaimedReasons } from './statistics.js';
import type { System } from './system.js';
import { refuseCircle, stackedOn } from './stacking.js';
import { checkHold, checkNew, checkVniOptions, mtuAtFirst } from './option-checks.js';
import type { LinkConfig, LocalAddress, VtepEvent } from './types.js';
import { type UnderlayNamespace, UnderlayNamespaces } from './underlay-namespaces.js';
import { Vtep } from './vtep.js';

/** Milliseconds between two housekeeping rounds of an engine with threads. */
const HOUSEKEEPING = 500;
/** Records taken from a ring before the event loop turns: a learning flood must not starve the API. */
const RECORDS_AT_ONCE = 2_048;

export interface EngineOptions {
  /** Where bursts run; default the caller's own thread, whenever `poll` is called. */
  dataplane?: Dataplane;
  clock?: Clock;
  /** Seed of the flow hash, for repeatable source ports. Default random. */
  seed?: number;
}

export class Engine implements EngineApi {
  readonly clock: Clock;
  readonly dataplane: Dataplane;
  readonly nexthops = new Nexthops(
    () => this.list().map((vtep) => vtep.fdb),
    (event) => this.#emit(event),
  );
  readonly #horizons = new Horizons();
  readonly #system: System;
  readonly #lowers: UnderlayNamespaces;
  readonly #vteps = new Directory();
  readonly #lowerOf = new Map<Vtep, UnderlayNamespace>();
  readonly #byNumber: (Vtep | undefined)[] = [];
  readonly #listeners = new Set<(event: VtepEvent) => void>();
  readonly #inline: InlineDataplane | undefined;
  readonly #retirement: Retirement;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(system: System, options: EngineOptions = {}) {
    this.#system = system;
    this.clock = options.clock ?? new MonotonicClock();
    if (options.dataplane === undefined) {
      if (system.ports === undefined) {
        throw new VtepError(
          'ERR_VTEP_ARGUMENT',
          'this system has no ports for the calling thread: give a dataplane',
        );
      }
      this.#inline = new InlineDataplane(system.ports, this.clock, options.seed ?? randomSeed());
    }
    this.dataplane = options.dataplane ?? this.#inline!;
    this.dataplane.onRecords = () => this.#drain();
    this.#retirement = new Retirement(this.dataplane.epochs, (fd) => system.close(fd));
    this.#lowers = new UnderlayNamespaces(system, this.dataplane.workers, this.#retirement);
    if (this.#inline === undefined) this.#timer = setInterval(() => this.#housekeep(), HOUSEKEEPING).unref();
  }

  /** Options left out are the kernel's defaults. */
  add(given: Partial<LinkConfig> & Pick<LinkConfig, 'name'>): Vtep {
    checkVniOptions(given);
    const config = withDefaults(given);
    checkHold(given, config);
    if (this.get(config.name) !== undefined) {
      throw new VtepError(
        'ERR_VTEP_NAME_IN_USE',
        `File exists: ${config.name} is a VTEP already; choose another name`,
        {
          errno: 'EEXIST',
          word: config.name,
        },
      );
    }
    const lower = this.#lowers.acquire(config.linkNetns);
    try {
      return this.#make(config, lower);
    } catch (error) {
      this.#lowers.release(lower);
      throw error;
    }
  }

  get(name: string): Vtep | undefined {
    return this.#vteps.named(name);
  }

  byIndex(ifindex: number): Vtep | undefined {
    return this.#vteps.numbered(ifindex);
  }

  list(): Vtep[] {
    return [...this.#vteps];
  }

  delete(name: string): void {
    const vtep = this.get(name);
    if (vtep === undefined) {
      throw new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${name}"`, {
        errno: 'ENODEV',
        word: name,
      });
    }
    const lower = this.#lowerOf.get(vtep)!;
    this.#remove(vtep);
    this.#lowers.release(lower);
  }

  pathsChanged(): void {
    for (const vtep of this.#vteps) vtep.paths.stale();
  }

  subscribe(listener: (event: VtepEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  underlays(): UnderlayView[] {
    return this.#lowers.list();
  }

  setLocalAddresses(addresses: readonly LocalAddress[], underlay = 0): void {
    const lower = this.#lowers.numbered(underlay);
    lower?.locals.replace(addresses);
    for (const vtep of this.#vteps) if (this.#lowerOf.get(vtep) === lower) vtep.fdb.relocate();
  }

  /** Drops that belong to no device, by reason. */
  unclaimed(): Record<string, number> {
    return unclaimedReasons(this.dataplane.unclaimed);
  }

  /** Records that workers could not post because control was behind. */
  get recordsDropped(): number {
    return this.dataplane.rings.reduce((total, ring) => total + ring.dropped, 0);
  }

  /**
   * Runs bursts and housekeeping in the calling thread until no port has anything left.
   * @returns frames and datagrams handled; 0 always when the bursts run in threads
   */
  poll(): number {
    const handled = this.#inline?.poll() ?? 0;
    this.#housekeep();
    return handled;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const own = this.list().filter((vtep) => !vtep.state().persistent && !vtep.state().away);
    if (own.length > 1) this.#system.removeTogether?.(own.map(({ ifindex }) => ifindex));
    for (const vtep of this.list()) this.delete(vtep.name);
    await this.dataplane.close();
    this.#retirement.closeAll();
  }

  // --- records ----------------------------------------------------------------------------------------

  #drain(): void {
    for (const ring of this.dataplane.rings) {
      for (let taken = 0; taken < RECORDS_AT_ONCE; taken++) {
        const at = ring.front();
        if (at < 0) break;
        try {
          this.#record(ring, at);
        } finally {
          // A subscriber that throws must not be handed the same record again.
          ring.release();
        }
      }
      if (ring.length > 0) setImmediate(() => this.#drain());
    }
  }

  #record(ring: RecordRing, at: number): void {
    const { words } = ring;
    const vtep = this.#byNumber[words[at + RECORD_DEVICE]];
    const kind = words[at + KIND];
    if (kind === L2_MISS) vtep?.missed(2, words, at);
    else if (kind === L3_MISS) vtep?.missed(3, words, at);
    else if (kind === TOO_BIG) vtep?.paths.refused(words, at);
    else vtep?.learn(words, at);
  }

  #housekeep(): void {
    this.#drain();
    for (const vtep of this.#vteps) vtep.tick();
    this.#retirement.reap();
  }

  #emit(event: VtepEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  // --- making -----------------------------------------------------------------------------------------

  #make(config: LinkConfig, lower: UnderlayNamespace): Vtep {
    const family = underlayFamily(config);
    checkNew(config, family, lower.system);
    const stacked = () => stackedOn(this.#lowerOf, this.#lowers.own);
    const before = lower === this.#lowers.own ? this.#system.indexOf(config.name) : 0;
    refuseCircle([config.name, before], config.dev, lower.system, stacked);
    if (!config.vnifilter) this.#refuseTwin(config, family, lower);
    const tap = this.#system.openTap({
      name: config.name,
      address: config.address,
      mtu: mtuAtFirst(config, family, lower.system),
      queues: this.dataplane.workers,
    });
    const index = this.#freeNumber();
    const vtep = new Vtep(index, { ...config, name: tap.name }, tap, {
      system: this.#system,
      dataplane: this.dataplane,
      lower,
      clock: this.clock,
      nexthops: this.nexthops,
      horizons: this.#horizons,
      retire: (fd) => void this.#retirement.retire(fd),
      emit: (event) => this.#emit(event),
      renamed: (vtep, before) => this.#vteps.renamed(vtep, before),
      claim: (vtep, vni) => this.#claim(vtep, vni, lower),
      release: (vtep, vni, number) => {
        this.#vteps.refuses(vtep, vni, lower.number);
        this.#byNumber[number] = undefined;
      },
      stacked,
      refuseTwin: (vtep, vni) => this.#refuseTwin({ ...vtep.config, id: vni }, vtep.family, lower, vtep),
    });
    this.#vteps.add(vtep, lower.number);
    this.#lowerOf.set(vtep, lower);
    this.#byNumber[index] = vtep;
    try {
      vtep.announce();
    } catch (error) {
      this.#remove(vtep);
      throw error;
    }
    return vtep;
  }

  #remove(vtep: Vtep): void {
    this.#vteps.delete(vtep);
    this.#lowerOf.delete(vtep);
    this.#byNumber[vtep.index] = undefined;
    vtep.close();
  }

  /** Lowest unused number: worker-side arrays stay short. */
  #freeNumber(): number {
    const free = this.#byNumber.indexOf(undefined);
    return free < 0 ? this.#byNumber.length : free;
  }

  #claim(vtep: Vtep, vni: number, lower: UnderlayNamespace): number {
    const number = this.#freeNumber();
    this.#byNumber[number] = vtep;
    this.#vteps.receives(vtep, vni, lower.number);
    return number;
  }

  /** Same VNI, port, receive flags, family and namespace: the second could never receive (kernel: vxlan_vni_in_use). */
  #refuseTwin(config: LinkConfig, family: 4 | 6, lower: UnderlayNamespace, but?: Vtep): void {
    const twin = this.#vteps.receiving(config, family, lower.number);
    if (twin === undefined || twin === but) return;
    throw new VtepError(
      'ERR_VTEP_VNI_IN_USE',
      `A VXLAN device with the specified VNI already exists: ${twin.name} has ${config.vnifilter ? 'vni' : 'id'} ${config.id} on port ${config.dstport}; choose another id or dstport`,
      { errno: 'EEXIST', word: String(config.id) },
    );
  }
}

function randomSeed(): number {
  return (Math.random() * 0x1_0000_0000) | 0;
}
