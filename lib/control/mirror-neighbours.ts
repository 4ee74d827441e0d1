/** The host's neighbour table (`ip neigh … dev vtep0`) as the VTEP's own sees it. */
import type { VtepApi } from '../engine/api.js';
import type { NeighbourStateName } from '../engine/types.js';
import {
  AF_INET,
  AF_INET6,
  NTF_EXT_LEARNED,
  NTF_PROXY,
  NTF_ROUTER,
  NUD_DELAY,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  RTN_UNICAST,
  type NeighbourInfo,
} from '../native/netlink/neighbour.js';
import { addressText, macText } from './address.js';

/** States in which the kernel knows a MAC; INCOMPLETE and FAILED are not among them. */
const STATES: readonly (readonly [number, NeighbourStateName])[] = [
  [NUD_PERMANENT, 'permanent'],
  [NUD_NOARP, 'noarp'],
  [NUD_REACHABLE, 'reachable'],
  [NUD_STALE, 'stale'],
  [NUD_DELAY, 'delay'],
  [NUD_PROBE, 'probe'],
];

function stateOf(nud: number): NeighbourStateName | undefined {
  return STATES.find(([bit]) => (nud & bit) !== 0)?.[1];
}

/**
 * True for a message about a host on the overlay. Not: forwarding entries (AF_BRIDGE), proxy entries, and the group
 * and broadcast addresses the kernel resolves by itself (33:33:…, NOARP).
 */
export function isOverlayHost({ family, type, flags, dst }: NeighbourInfo): boolean {
  const isIp = family === AF_INET || family === AF_INET6;
  return isIp && type === RTN_UNICAST && (flags & NTF_PROXY) === 0 && dst !== undefined;
}

/** Applies RTM_NEWNEIGH. An entry without a usable MAC is none: the mirror forgets it. */
export function mirrorNeighbour(vtep: VtepApi, neighbour: NeighbourInfo): void {
  const { dst, lladdr, flags } = neighbour;
  if (dst === undefined) return;
  const state = stateOf(neighbour.state);
  if (lladdr?.length !== 6 || state === undefined) {
    vtep.neighbours.unmirror(addressText(dst));
    return;
  }
  vtep.neighbours.mirror({
    dst: addressText(dst),
    lladdr: macText(lladdr),
    state,
    router: (flags & NTF_ROUTER) !== 0,
    externLearn: (flags & NTF_EXT_LEARNED) !== 0,
  });
}

/** Applies RTM_DELNEIGH. */
export function unmirrorNeighbour(vtep: VtepApi, { dst }: NeighbourInfo): void {
  if (dst !== undefined) vtep.neighbours.unmirror(addressText(dst));
}

/** Makes a VTEP's mirrored neighbours those of a complete dump: what is no longer there goes. */
export function replaceNeighbours(vtep: VtepApi, dump: readonly NeighbourInfo[]): void {
  const present = new Set<string>();
  for (const neighbour of dump) {
    mirrorNeighbour(vtep, neighbour);
    if (neighbour.dst) present.add(addressText(neighbour.dst));
  }
  for (const dst of vtep.neighbours.mirrored()) if (!present.has(dst)) vtep.neighbours.unmirror(dst);
}
