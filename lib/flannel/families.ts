/** The families of a network by the names that configuration, leases and peers have for them. */
import type { Peer, PeerFamily } from './types.js';

export const FAMILIES = { ipv4: 4, ipv6: 6 } as const;
export type FamilyName = keyof typeof FAMILIES;
export const FAMILY_NAMES = Object.keys(FAMILIES) as FamilyName[];

/** One family of the peers that have it, by key, in their order. */
export function familyOf(peers: ReadonlyMap<string, Peer>, name: FamilyName): Map<string, PeerFamily> {
  const families = new Map<string, PeerFamily>();
  for (const [key, peer] of peers) if (peer[name]) families.set(key, peer[name]);
  return families;
}
