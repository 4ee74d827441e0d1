/** What the tables of one VTEP share with it: who they belong to, what time it is, where changes are told. */
import type { Clock } from './clock.js';
import type { Gateway } from './nexthops.js';
import type { Tap } from './system.js';
import type { LinkConfig, VtepEvent } from './types.js';
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
  /** Whether peers are answered at the port they send from. */
  readonly learnPort: boolean;
  readonly clock: Clock;
  readonly interfaces: InterfaceNames;
  /** True for an address of this host; with `ifindex` (0 = any) of that interface. */
  isLocal(address: ArrayLike<number>, ifindex: number): boolean;
  /** Gateways of a nexthop group. @throws VtepError when FDB entries of this VTEP cannot refer to it */
  gateways(nhid: number): Gateway[];
  /** Tells every subscriber, in order. */
  emit(event: VtepEvent): void;
  /** A change that may decide which address signs ICMP errors (router entries and neighbours). */
  routersChanged(): void;
  /** A remote is known that was not. */
  remoteAdded(index: number): void;
  /** An FDB entry was removed: there is room for another. */
  removed(): void;
  /** The MDB got its first entry, or lost its last. */
  multicastChanged(): void;
  /** Neighbours may be snooped again that could not, or no more of them. */
  neighboursFull(): void;
  /** FDB entries went by somebody's word: workers must not go on with what they learned a moment ago. */
  unlearn(): void;
}

/** What a VTEP does when its tables change. */
export type TableHooks = Pick<
  TableContext,
  'routersChanged' | 'remoteAdded' | 'removed' | 'multicastChanged' | 'neighboursFull' | 'unlearn'
>;

/** Changes that frames may wait for (`hold`). */
const AWAITED: readonly VtepEvent['type'][] = ['fdb', 'neigh', 'route'];

/** The context of a VTEP's tables. Its name is the interface's at any time; VNI and port never change. */
export function tableContext(
  host: VtepHost,
  { id: vni, vnifilter, dstport: port, learnPort }: LinkConfig,
  family: 4 | 6,
  tap: Tap,
  hooks: TableHooks,
): TableContext {
  return {
    get dev() {
      return tap.name;
    },
    vni,
    vnifilter,
    port,
    learnPort,
    family,
    clock: host.clock,
    interfaces: host.lower.system,
    isLocal: (address, ifindex) => host.lower.locals.has(address, ifindex),
    gateways: (nhid) => host.nexthops.gatewaysFor(nhid, family),
    emit: (event) => {
      if (AWAITED.includes(event.type)) host.dataplane.tablesChanged();
      host.emit(event);
    },
    ...hooks,
  };
}
