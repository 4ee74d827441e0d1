/** The names that one VTEP was given in the place of addresses: each with where it stands, and when to look it up again. */
import type { VtepApi } from '../../engine/api.js';
import { VtepError } from '../../errors.js';
import type { Place } from './places.js';

/** A destination that was given by name. */
export interface Binding {
  readonly place: Place;
  readonly name: string;
  address: string;
  /** The address was there before the name brought it: it stays when the name goes. */
  adopted: boolean;
}

/** When a name is looked up again. */
export interface Schedule {
  /** Milliseconds of the clock. */
  due: number;
  /** Look-ups that failed since the last that did not. */
  failures: number;
}

/** What a destination is given: an address, and the name that it is the address of. */
export interface Given {
  address: string;
  name?: string;
}

/** Key of a destination in `VtepNames.shown()`. */
export const shownAt = (key: string, address: string): string => `${key} ${address}`;

export class VtepNames {
  readonly vtep: VtepApi;
  readonly schedules = new Map<string, Schedule>();
  /** As LinkStatistics.events has them. */
  readonly events = { nameMoved: 0, nameFailed: 0 };
  /** By key of the place. */
  readonly #places = new Map<string, Binding[]>();

  constructor(vtep: VtepApi) {
    this.vtep = vtep;
  }

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  /** Where a name stands. */
  of(name: string): Binding[] {
    return this.#all().filter((binding) => binding.name === name);
  }

  /** Names by `shownAt` of their place and address. */
  shown(): ReadonlyMap<string, string> {
    return new Map(this.#all().map(({ place, address, name }) => [shownAt(place.key, address), name]));
  }

  /**
   * Notes what `act` gives a place, unless it throws. Who gives the address itself means the address, and in a place of
   * one destination what was there is no more: such names are forgotten.
   * @param due when to look the name up again, if it is new
   */
  give(place: Place, { address, name }: Given, due: number, act: () => void): void {
    const adopted = this.#isAdopted(place, address);
    act();
    if (!place.has(address)) return; // `append` to the one destination of a MAC changes nothing.
    const kept = this.#at(place.key).filter(
      (old) => !place.single && (old.address !== address || (name !== undefined && old.name !== name)),
    );
    if (name !== undefined) {
      kept.push({ place, name, address, adopted });
      if (!this.schedules.has(name)) this.schedules.set(name, { due, failures: 0 });
    }
    this.#set(place.key, kept);
  }

  /**
   * Forgets that a name stands at a place.
   * @returns its addresses, but for those that are there by themselves or by another name, too
   * @throws {VtepError} ERR_VTEP_NO_ENTRY
   */
  withdraw({ key }: Place, name: string): string[] {
    this.prune();
    const gone = this.#at(key).filter((binding) => binding.name === name);
    if (gone.length === 0) {
      throw new VtepError(
        'ERR_VTEP_NO_ENTRY',
        `No such file or directory: "${name}" is no destination of this entry`,
        { errno: 'ENOENT', word: name },
      );
    }
    const going = gone.filter((binding) => !this.#stays(binding)).map(({ address }) => address);
    this.#set(
      key,
      this.#at(key).filter((binding) => binding.name !== name),
    );
    return going;
  }

  /** Forgets what is no longer there. */
  prune(): void {
    for (const [key, bindings] of this.#places) {
      this.#set(
        key,
        bindings.filter(({ place, address }) => place.has(address)),
      );
    }
    const left = new Set(this.#all().map(({ name }) => name));
    for (const name of this.schedules.keys()) if (!left.has(name)) this.schedules.delete(name);
  }

  /** Gives a binding another address. Throws and has changed nothing. */
  move(binding: Binding, to: string): void {
    const { place, address: from, name } = binding;
    const adopted = this.#isAdopted(place, to);
    place.move(from, to, this.#stays(binding));
    // Given twice, before and after the name got the address, it stands there once from now on.
    const others = this.#at(place.key).filter(
      (other) => other !== binding && (other.name !== name || other.address !== to),
    );
    Object.assign(binding, { address: to, adopted });
    this.#set(place.key, [...others, binding]);
  }

  #all(): Binding[] {
    return [...this.#places.values()].flat();
  }

  #at(key: string): readonly Binding[] {
    return this.#places.get(key) ?? [];
  }

  #set(key: string, bindings: Binding[]): void {
    if (bindings.length === 0) this.#places.delete(key);
    else this.#places.set(key, bindings);
  }

  /** The address is there already, and no name brought it. */
  #isAdopted(place: Place, address: string): boolean {
    if (place.single || !place.has(address)) return false;
    const ours = this.#at(place.key).find((binding) => binding.address === address);
    return ours === undefined || ours.adopted;
  }

  /** The address is not the name's alone. */
  #stays(binding: Binding): boolean {
    const others = this.#at(binding.place.key).filter((other) => other !== binding);
    return binding.adopted || others.some(({ address }) => address === binding.address);
  }
}
