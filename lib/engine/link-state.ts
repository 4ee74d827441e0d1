/** A VTEP as it stands: its options, and what the interface says of itself. */
import type { Tap } from './system.js';
import type { LinkConfig, LinkState } from './types.js';

export function linkState(config: LinkConfig, tap: Tap, up: boolean): LinkState {
  const { name, ifindex, address, mtu, bridged, away, created, missing } = tap;
  return { ...config, name, ifindex, address, mtu, up, bridged, away, persistent: !created, missing };
}
