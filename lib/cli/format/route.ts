/**
 * Routes as `ip route` prints them: `10.20.2.0/24 via 10.20.2.0 dev vtep0 onlink `, `default via 10.20.1.9 dev vtep0 `.
 * With -d, who gave the route.
 */
import type { RouteEntry } from '../../engine/types.js';

/** A prefix as `ip` writes it: `default` for everything, no length for a single address. */
export function prefixText(dst: string): string {
  if (dst === '0.0.0.0/0' || dst === '::/0') return 'default';
  return dst.replace(/^([0-9.]+)\/32$|^(.*:.*)\/128$/, '$1$2');
}

export interface RouteView {
  /** Shown when given. */
  dev?: string;
  details?: boolean;
}

const isLinkRoute = (entry: RouteEntry): boolean => entry.via === undefined && !entry.dst.includes(':');

/** One route. */
export function routeLine(entry: RouteEntry, view: RouteView = {}): string {
  const words = [
    ...(view.details ? ['unicast'] : []),
    prefixText(entry.dst),
    ...(entry.via === undefined ? [] : [`via ${entry.via}`]),
    ...(view.dev === undefined ? [] : [`dev ${view.dev}`]),
    ...(isLinkRoute(entry) ? ['scope link'] : []),
    ...(entry.onlink ? ['onlink'] : []),
    ...(view.details ? [`origin ${entry.origin}`] : []),
  ];
  return `${words.join(' ')} `;
}

/** One route with the keys of `ip -j route`. */
export function routeJson(entry: RouteEntry, view: RouteView = {}): Record<string, unknown> {
  return {
    type: view.details ? 'unicast' : undefined,
    dst: prefixText(entry.dst),
    gateway: entry.via,
    dev: view.dev,
    scope: isLinkRoute(entry) ? 'link' : undefined,
    flags: entry.onlink ? ['onlink'] : [],
    origin: view.details ? entry.origin : undefined,
  };
}
