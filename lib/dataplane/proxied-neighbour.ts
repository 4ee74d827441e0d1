/** Whom the proxies answer for: the half that arp_reduce and neigh_reduce (vxlan_core.c) have in common. */
import type { RecordRing } from '../memory/ring.js';
import { NUD_CONNECTED } from '../table/neighbour.js';
import { type Device, type DeviceTables, HOLD, L3MISS } from './device.js';
import { drop } from './output.js';
import { postL3Miss } from './post.js';
import * as reasons from './reasons.js';

/** What a proxy says of a frame: it is none of its own, it ends here, or it may wait for the neighbour it asks for. */
export const PASSED = 0;
export const ENDED = 1;
export const WAITS = 2;
/** proxiedNeighbour(): none, and the frame may wait for one. */
export const AWAITED = -2;

const V4_MAPPED = 0xffff;

/**
 * The neighbour with this address, if a proxy may answer for it: it is CONNECTED (permanent, noarp or reachable) and
 * not "bridge-local", that is, its FDB entry does not point to the any-address. Nothing else is asked of the FDB:
 * the answer may come before the first L2 miss. An unknown address is an L3 miss, never a flood.
 * @param unknown reason to count for an address that no neighbour has
 * @returns its entry; -1: the frame ends here and is counted; AWAITED: not counted, the device has `hold` and told the miss
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
    const { features } = device.settings;
    if ((features & L3MISS) !== 0) {
      postL3Miss(ring, device, a0, a1, a2, a3);
      if ((features & HOLD) !== 0) return AWAITED;
    }
    drop(device, unknown);
    return -1;
  }
  if ((neighbours.state(entry) & NUD_CONNECTED) === 0) {
    drop(device, reasons.TX_NEIGHBOUR_NOT_CONNECTED);
    return -1;
  }
  const high = neighbours.macHigh(entry);
  const low = neighbours.macLow(entry);
  const behind = device.tables.fdb.find(high, low, device.settings.vni);
  if (behind >= 0 && leadsNowhere(device.tables, behind)) {
    drop(device, reasons.TX_NEIGHBOUR_LOCAL);
    return -1;
  }
  return entry;
}

/** True when the first remote of an FDB entry is the any-address. */
export function leadsNowhere({ fdb, lists, remotes }: DeviceTables, entry: number): boolean {
  const remote = fdb.firstRemote(entry, lists);
  const middle = remotes.address2(remote);
  return (
    remotes.address3(remote) === 0 &&
    remotes.address0(remote) === 0 &&
    remotes.address1(remote) === 0 &&
    (middle === 0 || middle === V4_MAPPED)
  );
}
