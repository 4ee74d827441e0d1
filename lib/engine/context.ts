/** What the tables of one VTEP share with it: who they belong to, what time it is, where changes are told. */
import type { Clock } from './clock.js';
import type { VtepEvent } from './types.js';
import type { VtepHost } from './vtep-host.js';

/** Names and indexes of the host's interfaces; the engine's system answers (system.ts). */
export interface InterfaceNames {
  /** Index of an interface, 0 when there is none of that name. */
  indexOf(name: string): number;
  /** Name of an interface, "if7" when it is gone. */
  nameOf(ifindex: number): string;
}

export interface TableContext {
  /** Interface name of the VTEP. */
  readonly dev: string;
  readonly vni: number;
  /** Whether there are many VNIs: a remote's is then that of its entry's key. */
  readonly vnifilter: boolean;
  readonly family: 4 | 6;
  /** Default destination port. */
  readonly port: number;
  readonly clock: Clock;
  readonly interfaces: InterfaceNames;
  /** True for an address of this host; with `ifindex` (0 = any) of that interface. */
  isLocal(address: ArrayLike<number>, ifindex: number): boolean;
  /** Tells every subscriber, in order. */
  emit(event: VtepEvent): void;
  /** A change that may decide which address signs ICMP errors (router entries and neighbours). */
  routersChanged(): void;
  /** A remote is known that was not. */
  remoteAdded(index: number): void;
  /** An FDB entry was removed: there is room for another. */
  removed(): void;
  /** FDB entries went by somebody's word: workers must not go on with what they learned a moment ago. */
  unlearn(): void;
}

/** What of a context the VTEP itself answers. */
type Wishes = Pick<TableContext, 'routersChanged' | 'remoteAdded' | 'removed' | 'unlearn'>;

/** The context of the tables of a VTEP whose interface is `tap`. */
export function tableContext(
  tap: { readonly name: string },
  config: { readonly id: number; readonly vnifilter: boolean; readonly dstport: number },
  family: 4 | 6,
  host: VtepHost,
  wishes: Wishes,
): TableContext {
  return {
    get dev() {
      return tap.name;
    },
    vni: config.id,
    vnifilter: config.vnifilter,
    port: config.dstport,
    family,
    clock: host.clock,
    interfaces: host.system,
    isLocal: (address, ifindex) => host.isLocal(address, ifindex),
    emit: (event) => host.emit(event),
    ...wishes,
  };
}
