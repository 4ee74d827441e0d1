/**
 * Neighbour snooping (`neighsnoop`, ours; RFC 9161, section 3, has it of EVPN's proxies): ARP and neighbor discovery that
 * pass, from the guests and from the underlay, tell who has which address, so that a proxy need not let the same be
 * asked everywhere again.
 *
 * A worker refreshes what it knows to be so, and posts the rest. As with learned MACs, what somebody gave is
 * never overridden: that is counted. A mirrored entry of the host's counts as given while the host relies on it.
 *
 *   ARP request, reply   sender                     REACHABLE
 *   solicitation         source                     STALE (RFC 4861, section 7.2.3): it may be a router, and does not say so
 *   advertisement        target                     REACHABLE, router as the R flag says; without an option only of
 *                                                   what is known; no other MAC unless the O flag is set (section 7.2.5)
 *
 * Nothing is learned of a tagged frame: its VLAN is another segment.
 */
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import {
  NTF_ROUTER,
  NUD_CONNECTED,
  NUD_REACHABLE,
  NUD_STALE,
  ORIGIN_OWN,
  ORIGIN_SNOOPED,
  SNOOPED_HERE,
} from '../table/neighbour.js';
import * as arp from '../wire/arp.js';
import { get32 } from '../wire/bytes.js';
import * as ethernet from '../wire/ethernet.js';
import * as ipv6 from '../wire/ipv6.js';
import * as nd from '../wire/nd-binding.js';
import * as ndp from '../wire/ndp.js';
import { EVENT_NEIGH_INVALID, EVENT_NEIGH_REFUSED } from './counters.js';
import { type Device, NEIGH_FULL } from './device.js';
import { post } from './post.js';
import { NEIGHBOUR } from './records.js';

const V4_MAPPED = 0xffff;
/** What a message may do to an entry: make one, give one another MAC. */
const MAY_CREATE = 1;
const MAY_MOVE = 2;
const MAY_ALL = MAY_CREATE | MAY_MOVE;

/**
 * Learns what the frame at `frame` tells.
 * @param length octets of the frame, at least 14
 * @param side SNOOPED_HERE of a guest's frame, 0 of one from the underlay
 * @param hasChecksum false while the frame has an open checksum request
 * @param now tick
 */
export function snoopNeighbour(
  slab: Slab,
  ring: RecordRing,
  device: Device,
  frame: number,
  length: number,
  side: number,
  hasChecksum: boolean,
  now: number,
): void {
  const type = slab.view.getUint16(frame + ethernet.TYPE);
  if (type === ethernet.TYPE_ARP) snoopArp(slab.bytes, ring, device, frame, length, side, now);
  else if (type === ethernet.TYPE_IPV6) {
    snoopNd(slab.bytes, ring, device, frame, length, side, hasChecksum, now);
  }
}

function snoopArp(
  bytes: Uint8Array,
  ring: RecordRing,
  device: Device,
  frame: number,
  length: number,
  side: number,
  now: number,
): void {
  const verdict = arp.checkSender(bytes, frame, length);
  if (verdict === arp.ARP_SILENT) return;
  if (verdict !== 0) {
    device.counters[EVENT_NEIGH_INVALID]++;
    return;
  }
  const address = arp.senderIp(bytes, frame + ethernet.HEADER_BYTES);
  see(bytes, ring, device, frame, 0, 0, V4_MAPPED, address, NUD_REACHABLE, side, MAY_ALL, now);
}

function snoopNd(
  bytes: Uint8Array,
  ring: RecordRing,
  device: Device,
  frame: number,
  length: number,
  side: number,
  hasChecksum: boolean,
  now: number,
): void {
  const verdict = nd.checkBinding(bytes, frame, length, hasChecksum);
  if (verdict === nd.ND_INVALID) device.counters[EVENT_NEIGH_INVALID]++;
  if (verdict < 0) return;
  const message = frame + ethernet.HEADER_BYTES + ipv6.HEADER_BYTES;
  let state = NUD_STALE;
  let flags = side;
  let may = MAY_ALL;
  if (bytes[message + ndp.TYPE] === ndp.ADVERTISEMENT) {
    const said = get32(bytes, message + ndp.FLAGS);
    state = NUD_REACHABLE;
    if ((said & ndp.ROUTER_FLAG) !== 0) flags |= NTF_ROUTER;
    if (verdict === nd.ND_CONFIRMS) may = 0;
    else if ((said & ndp.OVERRIDE_FLAG) === 0) may = MAY_CREATE;
  }
  const at = nd.addressOffset(bytes, frame);
  see(
    bytes,
    ring,
    device,
    frame,
    get32(bytes, at),
    get32(bytes, at + 4),
    get32(bytes, at + 8),
    get32(bytes, at + 12),
    state,
    flags,
    may,
    now,
  );
}

/** The sender of a frame has an address. What changes nothing writes at most a time stamp. */
function see(
  bytes: Uint8Array,
  ring: RecordRing,
  device: Device,
  frame: number,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  state: number,
  flags: number,
  may: number,
  now: number,
): void {
  const { neighbours } = device.tables;
  const high = ethernet.macHigh(bytes, frame + ethernet.SOURCE);
  const low = ethernet.macLow(bytes, frame + ethernet.SOURCE);
  const entry = neighbours.find(a0, a1, a2, a3);
  let becomes = state;
  let marks = flags;
  if (entry < 0) {
    if ((may & MAY_CREATE) === 0) return;
    if ((device.settings.features & NEIGH_FULL) !== 0) {
      device.counters[EVENT_NEIGH_REFUSED]++;
      return;
    }
  } else {
    const known = neighbours.flags(entry);
    const held = neighbours.state(entry);
    const isSame = neighbours.macHigh(entry) === high && neighbours.macLow(entry) === low;
    if (!isSame && (may & MAY_MOVE) === 0) return;
    if ((known & ORIGIN_SNOOPED) !== 0) {
      if (state === NUD_STALE) {
        marks |= known & NTF_ROUTER;
        if (isSame) becomes = held;
      }
      if (isSame) {
        neighbours.touchUpdated(entry, now);
        if (becomes === held && ((known ^ marks) & (NTF_ROUTER | SNOOPED_HERE)) === 0) return;
      }
    } else if ((known & ORIGIN_OWN) !== 0 || (held & NUD_CONNECTED) !== 0) {
      if (!isSame) device.counters[EVENT_NEIGH_REFUSED]++;
      return;
    }
  }
  post(ring, device, NEIGHBOUR, high, low, a0, a1, a2, a3, marks | (becomes << 8));
}
