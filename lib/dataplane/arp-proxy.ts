/**
 * ARP proxy (`proxy`): answers a guest's request from the neighbour table, so that no ARP leaves the host
 * (kernel: arp_reduce in vxlan_core.c).
 *
 * The frame is always consumed. It is answered only when the neighbour is CONNECTED (permanent, noarp or
 * reachable) and not "bridge-local", that is, its FDB entry does not point to the any-address. Nothing else is asked
 * of the FDB: the answer may come before the first L2 miss. An unknown address is an L3 miss, never a flood.
 */
import type { Batch } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import { NUD_CONNECTED } from '../table/neighbour.js';
import * as arp from '../wire/arp.js';
import * as ethernet from '../wire/ethernet.js';
import { EVENT_PROXIED } from './counters.js';
import { type Device, type DeviceTables, L3MISS } from './device.js';
import { drop, sendBack } from './output.js';
import { postL3Miss } from './post.js';
import * as reasons from './reasons.js';

const V4_MAPPED = 0xffff;

/**
 * Consumes the untagged ARP frame at `offset`: appends a reply to `back`, made in place, or counts why not.
 * @param length octets of the frame, at least 14
 * @param now tick
 */
export function answerArp(
  slab: Slab,
  ring: RecordRing,
  device: Device,
  offset: number,
  length: number,
  back: Batch,
  now: number,
): void {
  const bytes = slab.bytes;
  const header = offset + ethernet.HEADER_BYTES;
  const verdict = arp.checkArp(bytes, header, length - ethernet.HEADER_BYTES);
  if (verdict !== 0) {
    drop(device, verdict === arp.ARP_SHORT ? reasons.TX_ARP_TRUNCATED : reasons.TX_ARP_CONSUMED);
    return;
  }
  const { neighbours } = device.tables;
  const target = arp.targetIp(bytes, header);
  const entry = neighbours.find(0, 0, V4_MAPPED, target);
  if (entry < 0) {
    drop(device, reasons.TX_ARP_UNKNOWN);
    if ((device.settings.features & L3MISS) !== 0) postL3Miss(ring, device, 0, 0, V4_MAPPED, target);
    return;
  }
  if ((neighbours.state(entry) & NUD_CONNECTED) === 0) {
    drop(device, reasons.TX_NEIGHBOUR_NOT_CONNECTED);
    return;
  }
  const high = neighbours.macHigh(entry);
  const low = neighbours.macLow(entry);
  if (isBridgeLocal(device.tables, high, low, device.settings.vni)) {
    drop(device, reasons.TX_NEIGHBOUR_LOCAL);
    return;
  }
  neighbours.touchUsed(entry, now);
  device.counters[EVENT_PROXIED]++;
  sendBack(back, device, offset, arp.buildArpReply(bytes, offset, high, low));
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
