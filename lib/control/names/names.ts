/**
 * DNS names in the place of addresses. The engine knows addresses alone; here each name is kept beside the destination
 * that it gave, looked up again every `resolve-interval` seconds of its VTEP, and the destination follows.
 *
 *   looked up, same address among the answers    nothing: a name with several addresses stays where it is
 *   looked up, another address                   the new one is there before the old one goes; told, counted
 *   not looked up                                the old one stays; counted, told once, asked more and more seldom
 */
import { underlayFamily } from '../../engine/settings.js';
import type { EngineApi, VtepApi } from '../../engine/api.js';
import type { LinkState, LinkStatistics } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { addressesOf, systemLookup, type Lookup } from './resolver.js';
import type { Place } from './places.js';
import { VtepNames, type Given } from './vtep-names.js';

/** Seconds between two look-ups of a name. */
export const DEFAULT_INTERVAL = 30;
/** Seconds between two look-ups of a name that failed often, unless its interval is longer. */
const FAILED_MAX = 600;
/** Milliseconds between two glances at what is due. */
const GLANCE = 1_000;
/** Look-ups at a time: each keeps a thread of Node's four waiting, and two are left for who waits for an answer. */
const LANES = 2;

interface Log {
  info(about: object, message: string): void;
  warn(about: object, message: string): void;
}

export interface NamesOptions {
  engine: Pick<EngineApi, 'get'>;
  lookup?: Lookup;
  log?: Log;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
}

export class Names {
  readonly #engine: Pick<EngineApi, 'get'>;
  readonly #lookup: Lookup;
  readonly #log: Log | undefined;
  readonly #now: () => number;
  readonly #vteps = new Map<VtepApi, VtepNames>();
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;

  constructor({ engine, lookup = systemLookup, log, now = () => performance.now() }: NamesOptions) {
    this.#engine = engine;
    this.#lookup = lookup;
    this.#log = log;
    this.#now = now;
  }

  /**
   * The address of a name, before there is a VTEP.
   * @param family of the address, 0 = any
   * @throws {VtepError} ERR_VTEP_NAME
   */
  async address(name: string, family: 0 | 4 | 6): Promise<string> {
    return (await addressesOf(this.#lookup, name, family))[0]!;
  }

  /**
   * The address of a name for a VTEP, of the family of its underlay.
   * @throws {VtepError} ERR_VTEP_NAME; ERR_VTEP_NO_DEVICE: the VTEP went meanwhile
   */
  async addressFor(vtep: VtepApi, name: string): Promise<string> {
    const state = vtep.state();
    refuseElsewhere(state.linkNetns, name);
    const address = await this.address(name, underlayFamily(state));
    if (this.#isThere(vtep)) return address;
    throw new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${state.name}"`, {
      errno: 'ENODEV',
      word: state.name,
    });
  }

  /** Lets `act` give a place an address, and keeps the name that it is the address of, if it has one. */
  give(vtep: VtepApi, place: Place, given: Given, act: () => void): void {
    const names = this.#vteps.get(vtep) ?? (given.name === undefined ? undefined : new VtepNames(vtep));
    if (names === undefined) return act();
    names.give(place, given, this.#now() + intervalOf(vtep), act);
    this.#vteps.set(vtep, names);
    this.#watch();
  }

  /** Whether the VTEP was ever given a name. */
  knows(vtep: VtepApi): boolean {
    return this.#vteps.has(vtep);
  }

  /** See VtepNames.withdraw. */
  withdraw(vtep: VtepApi, place: Place, name: string): string[] {
    return (this.#vteps.get(vtep) ?? new VtepNames(vtep)).withdraw(place, name);
  }

  /** Something was deleted: names that stood there are forgotten. */
  prune(vtep: VtepApi): void {
    this.#vteps.get(vtep)?.prune();
  }

  /** The interval is another: nothing is looked up later than that. */
  hasten(vtep: VtepApi): void {
    const latest = this.#now() + intervalOf(vtep);
    for (const schedule of this.#vteps.get(vtep)?.schedules.values() ?? [])
      schedule.due = Math.min(schedule.due, latest);
  }

  /** Names of a VTEP's destinations by `shownAt`; undefined when it has none. */
  shown(vtep: VtepApi): ReadonlyMap<string, string> | undefined {
    const names = this.#vteps.get(vtep);
    return names === undefined || names.isEmpty ? undefined : names.shown();
  }

  /** Counters of a VTEP, those of its names among the events. */
  statistics(vtep: VtepApi): LinkStatistics {
    const names = this.#vteps.get(vtep);
    const all = vtep.statistics();
    return names === undefined ? all : { ...all, events: { ...all.events, ...names.events } };
  }

  /** Looks up what is due. Never rejects. */
  poll(): Promise<void> {
    return (this.#polling ??= this.#poll().finally(() => (this.#polling = undefined)));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#vteps.clear();
  }

  #isThere(vtep: VtepApi): boolean {
    return this.#engine.get(vtep.name) === vtep;
  }

  #watch(): void {
    this.#timer ??= setInterval(() => void this.poll(), GLANCE).unref();
  }

  async #poll(): Promise<void> {
    for (const vtep of this.#vteps.keys()) if (!this.#isThere(vtep)) this.#vteps.delete(vtep);
    const now = this.#now();
    const due = Array.from(this.#vteps.values(), (names) =>
      Array.from(names.schedules, ([name, schedule]) => ({ names, name, schedule })),
    )
      .flat()
      .filter(({ schedule }) => schedule.due <= now)
      .values();
    const lane = async (): Promise<void> => {
      for (const { names, name } of due) await this.#refresh(names, name);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  async #refresh(names: VtepNames, name: string): Promise<void> {
    const { vtep } = names;
    names.prune();
    if (!this.#isThere(vtep) || !names.schedules.has(name)) return;
    try {
      const family = underlayFamily(vtep.state());
      const addresses = await addressesOf(this.#lookup, name, family);
      if (!this.#isThere(vtep)) return;
      names.prune();
      this.#follow(names, name, addresses);
      this.#succeeded(names, name);
    } catch (error) {
      this.#failed(names, name, error as Error);
    }
  }

  /** Moves what stands at another address; throws the first refusal, when it has tried all. */
  #follow(names: VtepNames, name: string, addresses: readonly string[]): void {
    const refusals: unknown[] = [];
    for (const binding of names.of(name)) {
      const { place, address: from } = binding;
      const to = addresses[0]!;
      if (addresses.includes(from)) continue;
      try {
        names.move(binding, to);
      } catch (error) {
        refusals.push(error);
        continue;
      }
      names.events.nameMoved++;
      this.#log?.info({ dev: names.vtep.name, name, at: place.key, from, to }, 'name has another address');
    }
    if (refusals.length > 0) throw refusals[0];
  }

  #succeeded(names: VtepNames, name: string): void {
    const schedule = names.schedules.get(name);
    if (schedule === undefined) return;
    if (schedule.failures > 0) this.#log?.info({ dev: names.vtep.name, name }, 'name resolves again');
    Object.assign(schedule, { due: this.#now() + intervalOf(names.vtep), failures: 0 });
  }

  #failed(names: VtepNames, name: string, error: Error): void {
    names.events.nameFailed++;
    const schedule = names.schedules.get(name);
    if (schedule === undefined) return;
    if (schedule.failures++ === 0) {
      const kept = names.of(name).map(({ address }) => address);
      this.#log?.warn({ dev: names.vtep.name, name, kept }, `${error.message}; its address stays`);
    }
    const interval = intervalOf(names.vtep);
    const most = Math.max(interval, FAILED_MAX * 1_000);
    schedule.due = this.#now() + Math.min(interval * 2 ** schedule.failures, most);
  }
}

/** Milliseconds. */
function intervalOf(vtep: VtepApi): number {
  return (vtep.state().resolveInterval ?? DEFAULT_INTERVAL) * 1_000;
}

/** @throws {VtepError} ERR_VTEP_UNSUPPORTED: the underlay's name servers are out of reach */
export function refuseElsewhere(linkNetns: LinkState['linkNetns'], name: string): void {
  if (linkNetns === undefined) return;
  throw new VtepError(
    'ERR_VTEP_UNSUPPORTED',
    `Operation not supported: "${name}" would be looked up in the daemon's network namespace, and the underlay is in ${linkNetns} (link-netns), where it may mean another host; give an address`,
    { errno: 'EOPNOTSUPP', word: name },
  );
}
