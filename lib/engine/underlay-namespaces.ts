/**
 * The network namespaces that VTEPs have their underlay in: the engine's own, and those `linkNetns` names. Each has its
 * sockets, its interfaces and routes, and its addresses; the same UDP port of two of them has nothing in common.
 *
 *   acquire() -- opened for the first VTEP, held for all --> release() of the last -- retired with its sockets --> closed
 */
import { VtepError } from '../errors.js';
import type { UnderlayView } from './api.js';
import { LocalAddresses } from './local-addresses.js';
import type { Retired, Retirement } from './retirement.js';
import type { ReachedNamespace, System } from './system.js';
import { Underlay } from './underlay.js';

export interface UnderlayNamespace {
  /** Of this engine, 0 = its own; goes into DeviceSettings.underlay. */
  readonly number: number;
  /** What answers for interfaces and routes there, and opens sockets. */
  readonly system: System;
  readonly underlay: Underlay;
  readonly locals: LocalAddresses;
}

interface Held {
  readonly reached: ReachedNamespace;
  readonly namespace: UnderlayNamespace;
  users: number;
  /** Its descriptor, once it has no users. */
  retired?: Retired;
}

export class UnderlayNamespaces {
  readonly own: UnderlayNamespace;
  readonly #system: System;
  readonly #workers: number;
  readonly #retirement: Retirement;
  /** By id. */
  readonly #held = new Map<string, Held>();
  #numbers = 0;

  constructor(system: System, workers: number, retirement: Retirement) {
    this.#system = system;
    this.#workers = workers;
    this.#retirement = retirement;
    this.own = this.#make(system);
  }

  /** The namespace of a VTEP more. @throws VtepError when there is none of that name, or it may not be entered */
  acquire(netns: string | undefined): UnderlayNamespace {
    const reached = netns === undefined ? undefined : this.#reach(netns);
    if (reached === undefined) return this.own;
    const held = this.#known(reached) ?? { reached, namespace: this.#make(reached.system), users: 0 };
    if (held.reached !== reached) this.#system.close(reached.fd);
    this.#held.set(reached.id, held);
    held.users++;
    return held.namespace;
  }

  /** Gives it back for one VTEP; with the last it is held until nobody can touch its sockets. */
  release(namespace: UnderlayNamespace): void {
    const held = [...this.#held.values()].find((each) => each.namespace === namespace);
    if (held === undefined || --held.users > 0) return;
    held.retired = this.#retirement.retire(held.reached.fd);
  }

  /** Those in use that are not the engine's own. */
  list(): UnderlayView[] {
    return [...this.#held.values()]
      .filter(({ users }) => users > 0)
      .map(({ reached: { path }, namespace: { number } }) => ({ number, path }));
  }

  /** One in use, by its number. */
  numbered(number: number): UnderlayNamespace | undefined {
    if (number === 0) return this.own;
    return [...this.#held.values()].find(({ namespace }) => namespace.number === number)?.namespace;
  }

  /** One in use, or given back a moment ago: its sockets may still hold their ports, and serve as well as new ones. */
  #known({ id }: ReachedNamespace): Held | undefined {
    const held = this.#held.get(id);
    if (held?.retired === undefined) return held;
    const back = this.#retirement.reclaim(held.retired);
    delete held.retired;
    return back ? held : undefined;
  }

  #reach(netns: string): ReachedNamespace | undefined {
    if (this.#system.reach !== undefined) return this.#system.reach(netns);
    throw new VtepError('ERR_VTEP_ARGUMENT', `link-netns ${netns}: this host has no network namespaces`, {
      errno: 'EOPNOTSUPP',
      word: netns,
    });
  }

  #make(system: System): UnderlayNamespace {
    const underlay = new Underlay(system, this.#workers, this.#retirement);
    return { number: this.#numbers++, system, underlay, locals: new LocalAddresses() };
  }
}
