/**
 * The host's main routing table, as far as it leads to VTEPs (`ip route … dev vtep0`).
 *
 * A prefix may have several routes to one VTEP, told apart by metric and TOS; the VTEP has one, the best. So the
 * others are remembered here, to take the place of the best when it goes.
 */
import type { VtepApi } from '../engine/api.js';
import type { RouteEntry } from '../engine/types.js';
import { AF_INET, AF_INET6 } from '../native/netlink/neighbour.js';
import { RT_TABLE_MAIN, RTN_UNICAST, type RouteInfo } from '../native/netlink/route.js';
import { addressText } from './address.js';

type Mirrored = Omit<RouteEntry, 'origin'>;

interface Candidate {
  priority: number;
  tos: number;
  route: Mirrored;
}

/** True for what a packet to another host follows. */
function isForwarding(route: RouteInfo): boolean {
  const isIp = route.family === AF_INET || route.family === AF_INET6;
  return isIp && route.table === RT_TABLE_MAIN && route.type === RTN_UNICAST && !route.cloned;
}

export function prefixOf({ dst, length }: RouteInfo): string {
  return `${addressText(dst)}/${length}`;
}

/** What the routes to one VTEP are. */
type Prefixes = Map<string, Candidate[]>;

export class RouteMirror {
  readonly #vteps: (ifindex: number) => VtepApi | undefined;
  readonly #candidates = new Map<number, Prefixes>();

  /** @param vteps the VTEP of an interface index */
  constructor(vteps: (ifindex: number) => VtepApi | undefined) {
    this.#vteps = vteps;
  }

  /** Applies RTM_NEWROUTE. `replace`: the message took the place of a route that is not announced as deleted. */
  add(route: RouteInfo, replace: boolean): void {
    if (!isForwarding(route)) return;
    if (replace) this.#dropEverywhere(route);
    for (const ifindex of this.#remember(route)) this.#publish(ifindex, prefixOf(route));
  }

  /** Applies RTM_DELROUTE. */
  delete(route: RouteInfo): void {
    if (!isForwarding(route)) return;
    for (const { ifindex } of route.nextHops) this.#drop(ifindex, route);
  }

  /** Forgets an interface that is gone. */
  forget(ifindex: number): void {
    this.#candidates.delete(ifindex);
  }

  /** The interface of a VTEP is no longer among those whose routes are told here. */
  leave(vtep: VtepApi): void {
    this.#candidates.delete(vtep.ifindex);
    this.#replace(vtep);
  }

  /** Makes the mirrored routes of `vteps` those of a complete dump. */
  replaceAll(dump: readonly RouteInfo[], vteps: readonly VtepApi[]): void {
    this.#candidates.clear();
    for (const route of dump) if (isForwarding(route)) this.#remember(route);
    for (const vtep of vteps) this.#replace(vtep);
  }

  #replace(vtep: VtepApi): void {
    const prefixes: Prefixes = this.#candidates.get(vtep.ifindex) ?? new Map();
    for (const { dst, origin } of vtep.routes.list()) {
      if (origin === 'kernel' && !prefixes.has(dst)) vtep.routes.unmirror(dst);
    }
    for (const prefix of prefixes.keys()) this.#publish(vtep.ifindex, prefix);
  }

  /** Adds a route to the candidates; returns the VTEPs it leads to. Of two hops on one VTEP the first counts. */
  #remember(route: RouteInfo): Set<number> {
    const prefix = prefixOf(route);
    const touched = new Set<number>();
    for (const { ifindex, gateway, onlink } of route.nextHops) {
      if (touched.has(ifindex) || !this.#vteps(ifindex)) continue;
      touched.add(ifindex);
      const via = gateway && addressText(gateway);
      const { priority, tos } = route;
      const mirrored = { dst: prefix, ...(via === undefined ? {} : { via }), onlink };
      const others = this.#others(ifindex, prefix, route);
      this.#store(ifindex, prefix, [...others, { priority, tos, route: mirrored }]);
    }
    return touched;
  }

  #others(ifindex: number, prefix: string, { priority, tos }: RouteInfo): Candidate[] {
    const all = this.#candidates.get(ifindex)?.get(prefix) ?? [];
    return all.filter((candidate) => candidate.priority !== priority || candidate.tos !== tos);
  }

  #store(ifindex: number, prefix: string, candidates: Candidate[]): void {
    let prefixes = this.#candidates.get(ifindex);
    if (!prefixes) this.#candidates.set(ifindex, (prefixes = new Map()));
    if (candidates.length === 0) prefixes.delete(prefix);
    else prefixes.set(prefix, candidates);
  }

  #dropEverywhere(route: RouteInfo): void {
    for (const ifindex of this.#candidates.keys()) this.#drop(ifindex, route);
  }

  #drop(ifindex: number, route: RouteInfo): void {
    const prefix = prefixOf(route);
    if (!this.#candidates.get(ifindex)?.has(prefix)) return;
    this.#store(ifindex, prefix, this.#others(ifindex, prefix, route));
    this.#publish(ifindex, prefix);
  }

  /** Tells the VTEP which route of a prefix is the best now: the lowest metric, without TOS before with. */
  #publish(ifindex: number, prefix: string): void {
    const vtep = this.#vteps(ifindex);
    if (!vtep) return;
    const candidates = this.#candidates.get(ifindex)?.get(prefix) ?? [];
    const [best] = candidates.toSorted((a, b) => a.priority - b.priority || a.tos - b.tos);
    if (best) vtep.routes.mirror(best.route);
    else vtep.routes.unmirror(prefix);
  }
}
