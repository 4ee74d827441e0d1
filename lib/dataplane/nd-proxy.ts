/**
 * Neighbor discovery proxy (`proxy`): answers a guest's solicitation from the neighbour table, so that it need not
 * leave the host (kernel: neigh_reduce and vxlan_na_create in vxlan_core.c). A solicitation is always consumed; for whom
 * it is answered: proxied-neighbour.ts. Everything else of ICMPv6, and a solicitation behind extension headers or a
 * VLAN tag, goes its normal way.
 *
 * The advertisement says R where the FDB entry of the neighbour's MAC is marked `router`, whatever the neighbour table
 * says, and goes to who asked even where that is "::" (duplicate address detection), both as in the kernel.
 *
 * With `neighsnoop` only solicitations to a group from an address are the proxy's, as in arp-proxy.ts, and R is what a snooped
 * neighbour itself said: a router that is called none is a guest's default route no more (RFC 4861, section 7.2.5).
 */
import type { Batch } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import { FLAG_ROUTER } from '../table/fdb.js';
import { NTF_ROUTER, ORIGIN_SNOOPED } from '../table/neighbour.js';
import { get32 } from '../wire/bytes.js';
import * as ethernet from '../wire/ethernet.js';
import * as ipv6 from '../wire/ipv6.js';
import * as ndp from '../wire/ndp.js';
import { EVENT_PROXIED } from './counters.js';
import { type Device, NEIGHSNOOP } from './device.js';
import { drop, sendBack } from './output.js';
import { ENDED, PASSED, proxiedNeighbour } from './proxied-neighbour.js';
import * as reasons from './reasons.js';

/** Offset of the target in the frame of a solicitation. */
export const TARGET = ethernet.HEADER_BYTES + ipv6.HEADER_BYTES + ndp.TARGET;
const SENDER = ethernet.HEADER_BYTES + ipv6.SOURCE;
const SNOOPED_ROUTER = NTF_ROUTER | ORIGIN_SNOOPED;

/**
 * Consumes the untagged IPv6 frame at `offset` if it is a solicitation: appends an advertisement to `back`, made in
 * place, or counts why not.
 * @param length octets of the frame, at least 14
 * @param now tick
 * @returns PASSED for anything else: the frame goes on; ENDED; WAITS when nothing came of it yet (`hold`)
 */
export function answerSolicitation(
  slab: Slab,
  ring: RecordRing,
  device: Device,
  offset: number,
  length: number,
  back: Batch,
  now: number,
): number {
  const bytes = slab.bytes;
  const verdict = ndp.checkSolicitation(
    bytes,
    offset + ethernet.HEADER_BYTES,
    length - ethernet.HEADER_BYTES,
  );
  if (verdict === ndp.NDP_OTHER) return PASSED;
  if (verdict !== 0) {
    drop(device, reasons.TX_ND_CONSUMED);
    return ENDED;
  }
  if ((device.settings.features & NEIGHSNOOP) !== 0 && !isQuestion(bytes, offset)) return PASSED;
  const target = offset + TARGET;
  const entry = proxiedNeighbour(
    ring,
    device,
    get32(bytes, target),
    get32(bytes, target + 4),
    get32(bytes, target + 8),
    get32(bytes, target + 12),
    bytes,
    offset + ethernet.SOURCE,
    reasons.TX_ND_UNKNOWN,
  );
  if (entry < 0) return entry;
  const { fdb, neighbours } = device.tables;
  const high = neighbours.macHigh(entry);
  const low = neighbours.macLow(entry);
  const behind = fdb.find(high, low, device.settings.vni);
  const isRouter =
    (behind >= 0 && (fdb.flags(behind) & FLAG_ROUTER) !== 0) ||
    (neighbours.flags(entry) & SNOOPED_ROUTER) === SNOOPED_ROUTER;
  neighbours.touchUsed(entry, now);
  device.counters[EVENT_PROXIED]++;
  sendBack(back, device, offset, ndp.buildAdvertisement(bytes, offset, length, high, low, isRouter));
  return ENDED;
}

/** A solicitation to a group by somebody who has an address. */
function isQuestion(bytes: Uint8Array, offset: number): boolean {
  return ethernet.isMulticast(bytes, offset) && !ipv6.isUnspecifiedAddress(bytes, offset + SENDER);
}
