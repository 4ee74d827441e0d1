/**
 * Whom the proxies answer for: the half that arp_reduce and neigh_reduce (vxlan_core.c) have in common.
 *
 * With `neighsnoop` they are what a bridge's `neigh_suppress` and RFC 9161 make of a proxy: what cannot be answered goes its
 * normal way, so that somebody may answer and be snooped; and what asks for a guest on this side ends here.
 */
import type { RecordRing } from '../memory/ring.js';
import { NUD_CONNECTED, SNOOPED_HERE } from '../table/neighbour.js';
import * as ethernet from '../wire/ethernet.js';
import { type Device, type DeviceTables, HOLD, L3MISS, NEIGHSNOOP } from './device.js';
import { drop } from './output.js';
import { postL3Miss } from './post.js';
import * as reasons from './reasons.js';

/** What becomes of a frame: it goes its normal way. None of these is an entry of a table. */
export const PASSED = -1;
/** The frame ends here, answered or counted. */
export const ENDED = -2;
/** The frame asks for a neighbour that may come, and is not counted: the device has `hold`, and told the miss. */
export const WAITS = -3;

const V4_MAPPED = 0xffff;

const AWAITS = HOLD | L3MISS;

/**
 * The neighbour with this address, if a proxy may answer for it: it is CONNECTED (permanent, noarp or reachable) and
 * not "bridge-local", that is, its FDB entry does not point to the any-address. Nothing else is asked of the FDB:
 * the answer may come before the first L2 miss. An unknown address is an L3 miss, never a flood (but see above).
 * @param asker offset in `bytes` of the MAC of who asks; with `neighsnoop` it is not told that an address is its own
 * @param unknown reason to count for an address that no neighbour has
 * @returns its entry, or what becomes of the frame: PASSED, ENDED, WAITS
 */
export function proxiedNeighbour(
  ring: RecordRing,
  device: Device,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  bytes: Uint8Array,
  asker: number,
  unknown: number,
): number {
  const { features, vni } = device.settings;
  const { neighbours } = device.tables;
  const entry = neighbours.find(a0, a1, a2, a3);
  const suppresses = (features & NEIGHSNOOP) !== 0;
  if (entry < 0) {
    if ((features & L3MISS) !== 0) postL3Miss(ring, device, a0, a1, a2, a3);
    if (suppresses) return PASSED;
    if ((features & AWAITS) === AWAITS) return WAITS;
    drop(device, unknown);
    return ENDED;
  }
  if ((neighbours.state(entry) & NUD_CONNECTED) === 0) {
    if (suppresses) return PASSED;
    drop(device, reasons.TX_NEIGHBOUR_NOT_CONNECTED);
    return ENDED;
  }
  const high = neighbours.macHigh(entry);
  const low = neighbours.macLow(entry);
  const behind = device.tables.fdb.find(high, low, vni);
  if (suppresses && ethernet.macHigh(bytes, asker) === high && ethernet.macLow(bytes, asker) === low) {
    return PASSED;
  }
  if ((behind >= 0 && leadsNowhere(device.tables, behind)) || isHere(device.tables, entry, behind)) {
    drop(device, reasons.TX_NEIGHBOUR_LOCAL);
    return ENDED;
  }
  return entry;
}

/** True when a neighbour was snooped among the own guests, and no frame of its MAC came from elsewhere since. */
function isHere({ fdb, neighbours }: DeviceTables, entry: number, behind: number): boolean {
  if ((neighbours.flags(entry) & SNOOPED_HERE) === 0) return false;
  return behind < 0 || ((neighbours.updated(entry) - fdb.updated(behind)) | 0) >= 0;
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
