/**
 * ARP proxy (`proxy`): answers a guest's request from the neighbour table, so that no ARP leaves the host
 * (kernel: arp_reduce in vxlan_core.c). The frame is always consumed; for whom it is answered: proxied-neighbour.ts.
 *
 * With `neighsnoop` only broadcast requests are the proxy's (RFC 9161, section 3): a unicast one asks whether its target is
 * still there, a probe or an announcement (RFC 5227) is for everybody, replies are for who asked. They go on.
 */
import type { Batch } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import * as arp from '../wire/arp.js';
import * as ethernet from '../wire/ethernet.js';
import { EVENT_PROXIED } from './counters.js';
import { type Device, NEIGHSNOOP } from './device.js';
import { drop, sendBack } from './output.js';
import { ENDED, PASSED, proxiedNeighbour } from './proxied-neighbour.js';
import * as reasons from './reasons.js';

const V4_MAPPED = 0xffff;

/**
 * Consumes the untagged ARP frame at `offset`: appends a reply to `back`, made in place, or counts why not.
 * @param length octets of the frame, at least 14
 * @param now tick
 * @returns ENDED; PASSED, with `neighsnoop` only, when it goes on; WAITS when nothing came of it yet: it may wait for the
 *   neighbour (`hold`)
 */
export function answerArp(
  slab: Slab,
  ring: RecordRing,
  device: Device,
  offset: number,
  length: number,
  back: Batch,
  now: number,
): number {
  const bytes = slab.bytes;
  const header = offset + ethernet.HEADER_BYTES;
  const verdict = arp.checkArp(bytes, header, length - ethernet.HEADER_BYTES);
  const suppresses = (device.settings.features & NEIGHSNOOP) !== 0;
  if (verdict !== 0) {
    if (suppresses && (verdict === arp.ARP_NOT_REQUEST || verdict === arp.ARP_NOT_IPV4)) return PASSED;
    drop(device, verdict === arp.ARP_SHORT ? reasons.TX_ARP_TRUNCATED : reasons.TX_ARP_CONSUMED);
    return ENDED;
  }
  if (suppresses && !isQuestion(bytes, offset)) return PASSED;
  const target = arp.targetIp(bytes, header);
  const entry = proxiedNeighbour(
    ring,
    device,
    0,
    0,
    V4_MAPPED,
    target,
    bytes,
    header + arp.SENDER_MAC,
    reasons.TX_ARP_UNKNOWN,
  );
  if (entry < 0) return entry;
  const { neighbours } = device.tables;
  neighbours.touchUsed(entry, now);
  device.counters[EVENT_PROXIED]++;
  const reply = arp.buildArpReply(bytes, offset, neighbours.macHigh(entry), neighbours.macLow(entry));
  sendBack(back, device, offset, reply);
  return ENDED;
}

/** A request to all by somebody who has another address than he asks for. */
function isQuestion(bytes: Uint8Array, offset: number): boolean {
  const header = offset + ethernet.HEADER_BYTES;
  const sender = arp.senderIp(bytes, header);
  return ethernet.isMulticast(bytes, offset) && sender !== 0 && sender !== arp.targetIp(bytes, header);
}
