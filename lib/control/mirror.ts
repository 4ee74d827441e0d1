/**
 * The mirror: what stock `ip link`, `ip neigh` and `ip route` do to a VTEP's interface reaches the VTEP.
 *
 *   kernel --rtnetlink groups--> watch() --> read until empty --> link: vtep.noticed, engine.delete
 *                                                                 neighbour: vtep.neighbours.mirror / unmirror
 *                                                                 route: vtep.routes.mirror / unmirror
 *                                                                 address: engine.setLocalAddresses (mirror-underlays.ts too)
 *
 * Notifications may be lost (ENOBUFS) and some things the kernel never announces: IPv4 routes vanish in silence with
 * their interface going down or their address being deleted. Then tables are read anew and compared.
 * Messages our own notifier sends come back here too: misses are no entries, and FDB entries are AF_BRIDGE: skipped.
 */
import type { EngineApi, VtepApi } from '../engine/api.js';
import type { LinkState } from '../engine/types.js';
import { errnoName } from '../native/errno.js';
import { addressDump, RTM_DELADDR, RTM_NEWADDR } from '../native/netlink/address.js';
import {
  linkDump,
  linkFamily,
  readLink,
  RTM_DELLINK,
  RTM_NEWLINK,
  type LinkInfo,
} from '../native/netlink/link.js';
import { NLM_F_REPLACE, type Message } from '../native/netlink/message.js';
import { neighbourDump, readNeighbour, RTM_DELNEIGH, RTM_NEWNEIGH } from '../native/netlink/neighbour.js';
import {
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
} from '../native/netlink/groups.js';
import { listen, type ListenShim } from '../native/netlink/listen.js';
import { getLink, readTable } from '../native/netlink/request.js';
import { readRoute, routeDump, RTM_DELROUTE, RTM_NEWROUTE } from '../native/netlink/route.js';
import type { Log } from './log.js';
import { AddressMirror } from './mirror-addresses.js';
import { AwayMirror } from './mirror-away.js';
import { differences } from './mirror-links.js';
import { isOverlayHost, mirrorNeighbour, replaceNeighbours, unmirrorNeighbour } from './mirror-neighbours.js';
import { RouteMirror } from './mirror-routes.js';
import { UnderlayMirrors } from './mirror-underlays.js';

const GROUPS = [
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
];

export type MirrorShim = ListenShim;

export interface MirrorOptions {
  shim: MirrorShim;
  engine: EngineApi;
  log: Log;
}

export class Mirror {
  readonly #shim: MirrorShim;
  readonly #engine: EngineApi;
  readonly #log: Log;
  readonly #routes: RouteMirror;
  readonly #addresses: AddressMirror;
  readonly #underlays: UnderlayMirrors;
  readonly #stopListening: () => void;
  readonly #unsubscribe: () => void;
  /** Interfaces whose tables were read, or need not be. */
  readonly #known = new Set<number>();
  #resyncIsDue = false;
  readonly #away: AwayMirror;
  #routesAreStale = false;
  #closed = false;

  /**
   * Subscribes first, then reads the tables: nothing falls between.
   * @throws {VtepError} ERR_VTEP_SYSTEM when there is no netlink socket to be had
   */
  constructor({ shim, engine, log }: MirrorOptions) {
    this.#shim = shim;
    this.#engine = engine;
    this.#log = log;
    this.#routes = new RouteMirror((ifindex) => this.#vtep(ifindex));
    this.#addresses = new AddressMirror(engine);
    const back = ({ ifindex }: VtepApi): void => {
      this.#known.add(ifindex);
      this.#resyncSoon();
    };
    this.#away = new AwayMirror({ engine, log, attempt: (act) => this.#attempt(act), back });
    this.#underlays = new UnderlayMirrors(shim, engine, (act) => this.#attempt(act));
    this.#stopListening = listen(shim, GROUPS, {
      message: (message) => this.#attempt(() => this.#apply(message)),
      lost: () => this.#lost(),
      failed: (result) => log.error({ errno: errnoName(result) }, 'rtnetlink receive failed'),
      drained: () => {
        if (this.#routesAreStale) this.#attempt(() => this.#resyncRoutes());
      },
    });
    this.#unsubscribe = engine.subscribe((event) => {
      if (event.type === 'link') this.#linkEvent(event.action, event.link);
    });
    this.#attempt(() => this.#resyncAddresses());
    this.#underlays.sync();
    if (engine.list().length > 0) this.#attempt(() => this.resync());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unsubscribe();
    this.#underlays.close();
    this.#away.close();
    this.#stopListening();
  }

  /** Reads links, neighbours and routes anew and makes every VTEP's mirrored entries equal to them. */
  resync(): void {
    const links = readTable(this.#shim, linkDump()).map(({ body }) => readLink(body));
    const present = new Map(links.filter((link) => link !== undefined).map((link) => [link.ifindex, link]));
    for (const vtep of this.#vteps()) {
      const link = present.get(vtep.ifindex);
      if (link) this.#changed(vtep, link);
      else if (!this.#isThere(vtep)) this.#engine.delete(vtep.name, true);
    }
    const neighbours = readTable(this.#shim, neighbourDump()).map(({ body }) => readNeighbour(body));
    const hosts = neighbours.filter((neighbour) => neighbour !== undefined).filter(isOverlayHost);
    for (const vtep of this.#vteps()) {
      const own = hosts.filter(({ ifindex }) => ifindex === vtep.ifindex);
      replaceNeighbours(vtep, own);
      this.#known.add(vtep.ifindex);
    }
    this.#resyncRoutes();
  }

  /** Whether the interface is there after all: a dump that other changes tear may lack some. */
  #isThere({ name, ifindex }: VtepApi): boolean {
    return getLink(this.#shim, name)?.ifindex === ifindex;
  }

  #resyncAddresses(): void {
    this.#addresses.replaceAll(readTable(this.#shim, addressDump()));
  }

  #resyncRoutes(): void {
    this.#routesAreStale = false;
    const routes = readTable(this.#shim, routeDump())
      .filter(({ type }) => type === RTM_NEWROUTE)
      .map(({ body }) => readRoute(body));
    const whole = routes.filter((route) => route !== undefined);
    this.#routes.replaceAll(whole, this.#vteps());
  }

  #vtep(ifindex: number): VtepApi | undefined {
    const vtep = this.#engine.byIndex(ifindex);
    return vtep && this.#away.has(vtep.name) ? undefined : vtep;
  }

  #vteps(): VtepApi[] {
    return this.#engine.list().filter(({ name }) => !this.#away.has(name));
  }

  /**
   * An interface that was there before its VTEP may have neighbours and routes: tables are read once. One that its VTEP
   * made has what we are told of since, and reading everything for each of thousands would take minutes.
   */
  #linkEvent(action: 'new' | 'del', { name, ifindex, persistent, linkNetns }: LinkState): void {
    if (linkNetns !== undefined) this.#underlaysChanged(action);
    if (action === 'del') {
      this.#known.delete(ifindex);
      this.#away.delete(name);
      this.#routes.forget(ifindex);
    } else if (!this.#known.has(ifindex)) {
      this.#known.add(ifindex);
      if (persistent) this.#resyncSoon();
    }
  }

  /** At once for a new VTEP, whose remotes may be its own host; of one that goes the engine lets go after the event. */
  #underlaysChanged(action: 'new' | 'del'): void {
    if (action === 'new') return this.#underlays.sync();
    setImmediate(() => this.#closed || this.#underlays.sync());
  }

  /** Not now: the engine is in the middle of adding a VTEP. Once for all that are added until then. */
  #resyncSoon(): void {
    if (this.#resyncIsDue) return;
    this.#resyncIsDue = true;
    setImmediate(() => {
      this.#resyncIsDue = false;
      if (!this.#closed) this.#attempt(() => this.resync());
    });
  }

  #lost(): void {
    this.#log.warn('rtnetlink notifications were lost; reading the tables anew');
    this.#attempt(() => this.#resyncAddresses());
    this.#attempt(() => this.resync());
  }

  /**
   * What the outside did may be impossible for a VTEP, such as going up when its port is in use. There is no caller to
   * tell, and nothing else may suffer for it.
   */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (err) {
      this.#log.error({ err }, (err as Error).message);
    }
  }

  #apply(message: Message): void {
    switch (message.type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        this.#applyLink(message);
        break;
      case RTM_NEWNEIGH:
      case RTM_DELNEIGH:
        this.#applyNeighbour(message);
        break;
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
        this.#applyRoute(message);
        break;
      case RTM_NEWADDR:
        this.#addresses.apply(message);
        break;
      case RTM_DELADDR:
        this.#addresses.apply(message);
        this.#routesAreStale = true;
        break;
    }
  }

  #applyLink({ type, body }: Message): void {
    // AF_BRIDGE: the interface became or ceased to be a bridge port. It is still there.
    const link = linkFamily(body) === 0 ? readLink(body) : undefined;
    const vtep = link && this.#vtep(link.ifindex);
    if (!vtep) return this.#engine.pathsChanged();
    if (type === RTM_NEWLINK) {
      // A message tells what was; the engine itself may have changed the interface since.
      const isNews = differences(link, vtep.state()) !== undefined;
      if (isNews) this.#changed(vtep, getLink(this.#shim, link.ifindex) ?? link);
    } else if (link.moved) {
      this.#routes.leave(vtep);
      this.#away.add(vtep);
    } else {
      this.#log.info({ dev: vtep.name }, 'interface deleted from outside');
      this.#engine.delete(vtep.name, true);
    }
  }

  #changed(vtep: VtepApi, link: LinkInfo): void {
    const notice = differences(link, vtep.state());
    if (!notice) return;
    this.#log.info({ dev: vtep.name, ...notice }, 'interface changed from outside');
    if (notice.up !== undefined) this.#routesAreStale = true;
    vtep.noticed(notice);
  }

  #applyNeighbour({ type, body }: Message): void {
    const neighbour = readNeighbour(body);
    const vtep = neighbour && this.#vtep(neighbour.ifindex);
    if (!vtep || !isOverlayHost(neighbour)) return;
    if (type === RTM_NEWNEIGH) mirrorNeighbour(vtep, neighbour);
    else unmirrorNeighbour(vtep, neighbour);
  }

  #applyRoute({ type, flags, body }: Message): void {
    const route = readRoute(body);
    if (!route) return;
    this.#engine.pathsChanged();
    if (type === RTM_NEWROUTE) this.#routes.add(route, (flags & NLM_F_REPLACE) !== 0);
    else this.#routes.delete(route);
  }
}
