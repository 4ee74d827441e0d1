/** Which interfaces stand on which, as the kernel keeps them in lists of upper and lower devices. */
import { listLinks, type NetlinkShim } from './request.js';

/**
 * Whether an interface is another one or stands on it: a VLAN on its parent, a bridge on its ports, and so on downwards.
 * @param more what interfaces stand on besides, index to index
 * @param netns path of the namespace; default the caller's
 */
export function standsOn(
  shim: NetlinkShim,
  [upper, lower]: readonly [number, number],
  more: ReadonlyMap<number, number>,
  netns?: string,
): boolean {
  const below = new Map<number, number[]>();
  const put = (above: number | undefined, under: number | undefined): void => {
    if (above !== undefined && under !== undefined) below.set(above, [...(below.get(above) ?? []), under]);
  };
  for (const { ifindex, master, lower: own } of listLinks(shim, netns)) {
    put(master, ifindex);
    put(ifindex, own);
  }
  for (const [above, under] of more) put(above, under);
  const seen = new Set([upper]);
  for (const index of seen) for (const next of below.get(index) ?? []) seen.add(next);
  return seen.has(lower);
}
