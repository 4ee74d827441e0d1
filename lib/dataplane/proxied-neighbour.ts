/** Whom the proxies answer for: the half that arp_reduce and neigh_reduce (vxlan_core.c) have in common. */
import type { RecordRing } from '../memory/ring.js';
import { NUD_CONNECTED } from '../table/neighbour.js';
import { type Device, type DeviceTables, L3MISS } from './device.js';
import { drop } from './output.js';
import { postL3Miss } from './post.js';
import * as reasons from './reasons.js';

const V4_MAPPED = 0xffff;

/**
 * The neighbour with this address, if a proxy may answer for it: it is CONNECTED (permanent, noarp or reachable) and
 * not "bridge-local", that is, its FDB entry does not point to the any-address. Nothing else is asked of the FDB:
 * the answer may come before the first L2 miss. An unknown address is an L3 miss, never a flood.
 * @param unknown reason to count for an address that no neighbour has
 * @returns its entry, or -1: the frame ends here and is counted
 */
export function proxiedNeighbour(
  ring: RecordRing,
  device: Device,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  unknown: number,
): number {
  const { neighbours } = device.tables;
  const entry = neighbours.find(a0, a1, a2, a3);
  if (entry < 0) {
    drop(device, unknown);
    if ((device.settings.features & L3MISS) !== 0) postL3Miss(ring, device, a0, a1, a2, a3);
    return -1;
  }
  if ((neighbours.state(entry) & NUD_CONNECTED) === 0) {
    drop(device, reasons.TX_NEIGHBOUR_NOT_CONNECTED);
    return -1;
  }
  const high = neighbours.macHigh(entry);
  const low = neighbours.macLow(entry);
  if (isBridgeLocal(device.tables, high, low, device.settings.vni)) {
    drop(device, reasons.TX_NEIGHBOUR_LOCAL);
    return -1;
  }
  return entry;
}

/** True when the MAC has an FDB entry whose first remote is the any-address. */
function isBridgeLocal(tables: DeviceTables, high: number, low: number, vni: number): boolean {
  const entry = tables.fdb.find(high, low, vni);
  if (entry < 0) return false;
  const remote = tables.fdb.firstRemote(entry, tables.lists);
  const { remotes } = tables;
  const middle = remotes.address2(remote);
  return (
    remotes.address3(remote) === 0 &&
    remotes.address0(remote) === 0 &&
    remotes.address1(remote) === 0 &&
    (middle === 0 || middle === V4_MAPPED)
  );
}
