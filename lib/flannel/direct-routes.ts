/** DirectRouting: peers on the same link as this host need no tunnel. */
import { RTN_UNICAST, type RouteInfo } from '../native/netlink/route.js';
import type { Host } from './host.js';

export class DirectRoutes {
  readonly #host: Pick<Host, 'lookUp'>;
  readonly #isWanted: boolean;
  /** Public address -> interface it is on; undefined: behind a router, or unreachable. */
  readonly #known = new Map<string, number | undefined>();
  /** Public addresses that were routed to directly. */
  readonly gateways = new Set<string>();

  constructor(host: Pick<Host, 'lookUp'>, isWanted: boolean) {
    this.#host = host;
    this.#isWanted = isWanted;
  }

  /**
   * Asks the kernel's routing for addresses not asked for yet.
   * @param not never an answer: the tunnel's own interface
   */
  learn(publicIps: Iterable<string>, not: number): void {
    if (!this.#isWanted) return;
    const unknown = [...new Set(publicIps)].filter((address) => !this.#known.has(address));
    this.#host.lookUp(unknown).forEach((route, i) => {
      const ifindex = interfaceOf(route);
      const usable = ifindex === not ? undefined : ifindex;
      this.#known.set(unknown[i], usable);
      if (usable !== undefined) this.gateways.add(unknown[i]);
    });
  }

  /** Routing may have changed: ask anew. */
  forget(): void {
    this.#known.clear();
  }

  /** Index of the interface a peer is on; undefined where the tunnel leads to it. */
  interfaceTo(publicIp: string): number | undefined {
    return this.#known.get(publicIp);
  }
}

/** As flanneld decides: one hop, no gateway. */
function interfaceOf(route: RouteInfo | undefined): number | undefined {
  const [hop, ...more] = route?.nextHops ?? [];
  return route?.type === RTN_UNICAST && hop?.direct && more.length === 0 ? hop.ifindex : undefined;
}
