/**
 * Path MTU for bridged guests (kernel: skb_tunnel_check_pmtu with `reply`). A bridge cannot tell a guest that a packet
 * is too big for the tunnel, so the VTEP does, in the name of whom the packet was for: wire/too-big.ts. The answer goes
 * back into the bridge, the packet nowhere, and it counts as one frame sent and one received. What may not be answered
 * goes on, and is fragmented on the underlay, or refused there where DF is set.
 *
 * Of several remotes the one with the narrowest path counts, and a frame that is answered is sent to none of them: its
 * sender repeats it, smaller. (The kernel answers once for every remote that is too far, and sends to the others.)
 */
import {
  type Batch,
  CSUM,
  GSO_SIZE,
  GSO_TYPE,
  GSO_UDP_L4,
  LENGTH,
  OFFLOAD,
  OFFSET,
} from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import * as ethernet from '../wire/ethernet.js';
import { NO_REPLY, replyBytes } from '../wire/icmp.js';
import * as tcp from '../wire/tcp.js';
import { answerTooBig } from '../wire/too-big.js';
import * as udp from '../wire/udp.js';
import { EVENT_ICMP_REPLIES } from './counters.js';
import type { Device, DeviceTables } from './device.js';
import { countLooped, sendBack } from './output.js';

/**
 * Answers the frame of entry `i` if it is too big for the path to one of its remotes.
 * @param remotes an index, or the complement of a list's number, as FdbTable.remotes()
 * @returns false when it fits or may not be answered: the frame goes on, untouched
 */
export function tellTooBig(
  slab: Slab,
  rx: Batch,
  i: number,
  device: Device,
  remotes: number,
  back: Batch,
): boolean {
  const { bytes } = slab;
  const limit = narrowest(device.tables, remotes);
  if (limit === 0 || packetBytes(bytes, rx, i) <= limit) return false;
  const reply = answerTooBig(bytes, rx.get(OFFSET, i), rx.get(LENGTH, i), limit);
  if (reply === NO_REPLY) return false;
  const length = replyBytes(bytes, reply);
  device.counters[EVENT_ICMP_REPLIES]++;
  countLooped(device, device, length);
  sendBack(back, device, reply, length);
  return true;
}

/** Smallest known limit of an entry's remotes, 0 = none is known. Of a nexthop group any member may be chosen. */
function narrowest({ remotes, lists }: DeviceTables, word: number): number {
  let least = 0;
  for (let k = lists.countOf(word) - 1; k >= 0; k--) {
    const limit = remotes.packetLimit(lists.nth(word, k));
    if (limit !== 0 && (least === 0 || limit < least)) least = limit;
  }
  return least;
}

/** Octets behind the Ethernet header; of a super-frame, those of a full segment (kernel: skb_gso_validate_network_len). */
function packetBytes(bytes: Uint8Array, rx: Batch, i: number): number {
  const length = rx.get(LENGTH, i);
  const offload = rx.get(OFFLOAD, i) & GSO_TYPE;
  if (offload === 0) return length - ethernet.HEADER_BYTES;
  const transport = rx.get(CSUM, i) & 0xffff;
  // An offload request that contradicts the frame is refused further on.
  if (transport + tcp.HEADER_BYTES > length) return 0;
  const header =
    offload === GSO_UDP_L4 ? udp.HEADER_BYTES : tcp.headerBytes(bytes, rx.get(OFFSET, i) + transport);
  return transport - ethernet.HEADER_BYTES + header + rx.get(GSO_SIZE, i);
}
