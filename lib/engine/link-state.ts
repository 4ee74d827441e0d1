/** A VTEP as it stands: its options, and what the interface says of itself. */
import { formatMac } from '../wire/text.js';
import type { System, Tap } from './system.js';
import type { LinkConfig, LinkState } from './types.js';
import { macWords } from './words.js';

export function linkState(config: LinkConfig, tap: Tap, up: boolean): LinkState {
  const { name, ifindex, address, mtu, bridged, away, created, missing } = tap;
  return { ...config, name, ifindex, address, mtu, up, bridged, away, persistent: !created, missing };
}

/** Gives the interface another MTU or MAC, or neither. @throws VtepError for an address that is none */
export function changeTap(system: System, tap: Tap, change: { mtu?: number; address?: string }): void {
  if (change.mtu === undefined && change.address === undefined) return;
  system.changeInterface(tap, change);
  if (change.mtu !== undefined) tap.mtu = change.mtu;
  if (change.address === undefined) return;
  const mac = macWords(change.address, 'address');
  tap.address = formatMac(mac.high, mac.low);
}
