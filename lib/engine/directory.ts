/**
 * The VTEPs of an engine, found by name, by interface and by what they receive. With thousands on one port a search
 * through all of them for each that is added, or for each message about an interface, would be felt.
 */
import { reception } from './settings.js';
import type { LinkConfig } from './types.js';
import type { Vtep } from './vtep.js';

/** What no two VTEPs may share. */
type Receives = Pick<
  LinkConfig,
  'id' | 'dstport' | 'udp6zerocsumrx' | 'gbp' | 'gpe' | 'vnifilter' | 'local' | 'localbind'
>;

export class Directory implements Iterable<Vtep> {
  /** Each with what it receives. */
  readonly #all = new Map<Vtep, string>();
  readonly #byName = new Map<string, Vtep>();
  readonly #byIfindex = new Map<number, Vtep>();
  /** Under which index each stands in it. */
  readonly #ifindexes = new Map<Vtep, number>();
  readonly #byReception = new Map<string, Vtep>();

  /** @param underlay number of the namespace its underlay is in */
  add(vtep: Vtep, underlay: number): void {
    const receives = receptionKey(vtep.config, vtep.family, underlay);
    this.#all.set(vtep, receives);
    this.#byName.set(vtep.name, vtep);
    this.#number(vtep);
    if (!vtep.config.vnifilter) this.#byReception.set(receives, vtep);
  }

  delete(vtep: Vtep): void {
    forget(this.#byReception, this.#all.get(vtep) ?? '', vtep);
    this.#all.delete(vtep);
    forget(this.#byName, vtep.name, vtep);
    forget(this.#byIfindex, vtep.ifindex, vtep);
    this.#ifindexes.delete(vtep);
  }

  /** It takes what is for a VNI from now on. */
  receives(vtep: Vtep, id: number, underlay: number): void {
    this.#byReception.set(receptionKey({ ...vtep.config, id }, vtep.family, underlay), vtep);
  }

  /** No more. */
  refuses(vtep: Vtep, id: number, underlay: number): void {
    forget(this.#byReception, receptionKey({ ...vtep.config, id }, vtep.family, underlay), vtep);
  }

  /** Its interface may have another name than `before`, or another index. */
  renamed(vtep: Vtep, before: string): void {
    if (vtep.name !== before) {
      forget(this.#byName, before, vtep);
      this.#byName.set(vtep.name, vtep);
    }
    const index = this.#ifindexes.get(vtep) ?? 0;
    if (index === vtep.ifindex) return;
    forget(this.#byIfindex, index, vtep);
    this.#number(vtep);
  }

  #number(vtep: Vtep): void {
    this.#byIfindex.set(vtep.ifindex, vtep);
    this.#ifindexes.set(vtep, vtep.ifindex);
  }

  named(name: string): Vtep | undefined {
    return this.#byName.get(name);
  }

  numbered(ifindex: number): Vtep | undefined {
    return this.#byIfindex.get(ifindex);
  }

  /** The VTEP that takes these datagrams. */
  receiving(what: Receives, family: 4 | 6, underlay: number): Vtep | undefined {
    return this.#byReception.get(receptionKey(what, family, underlay));
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<Vtep> {
    return this.#all.keys();
  }
}

/** Kernel: vxlan_vni_in_use. Sockets bound to different addresses may have the same VNI. */
function receptionKey(what: Receives, family: 4 | 6, underlay: number): string {
  return `${underlay} ${what.id} ${what.dstport} ${reception(what)} ${family} ${what.localbind ? what.local : ''}`;
}

/** A key may belong to another by now: names swapped by hand are told one after the other. */
function forget<K>(map: Map<K, Vtep>, key: K, vtep: Vtep): void {
  if (map.get(key) === vtep) map.delete(key);
}
