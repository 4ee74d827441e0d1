/**
 * What a device with extensions of the header, a restriction of its peers or an anycast gateway asks of every datagram, once
 * the header's reserved bits are found clear: step 5 of vxlan_rcv (GPE), and three steps the kernel does not have.
 */
import * as batch from '../memory/batch.js';
import { type Batch, cell } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import * as ethernet from '../wire/ethernet.js';
import { HEADER_BYTES } from '../wire/vxlan.js';
import { checkGpe, GBP_APPLIED, GBP_FLAG, GBP_ID, GPE_INVALID } from '../wire/vxlan-extensions.js';
import {
  EVENT_GBP_APPLIED,
  EVENT_GBP_RECEIVED,
  LAST_POLICY,
  LAST_POLICY_AT,
  LAST_REFUSED,
  LAST_REFUSED_AT,
} from './counters.js';
import { ALLOW_FDB, ALLOW_KNOWN, type Device, GATEWAY, GBP, GPE } from './device.js';
import { gatewayRole } from './gateway.js';
import * as reasons from './reasons.js';

const { PEER0, PEER1, PEER2, PEER3 } = batch;
const { SOURCE, TYPE } = ethernet;
const ETHERNET_BYTES = ethernet.HEADER_BYTES;

/**
 * Looks at the datagram of `length` octets at `payload`, from the peer of entry `i`.
 * @returns a reason to drop it, or -1
 */
export function scrutinise(
  slab: Slab,
  rx: Batch,
  i: number,
  device: Device,
  payload: number,
  length: number,
  now: number,
): number {
  const { features } = device.settings;
  const word = slab.view.getInt32(payload);
  if ((features & GPE) !== 0) {
    const verdict = checkGpe(word);
    if (verdict !== 0) return verdict === GPE_INVALID ? reasons.RX_GPE_INVALID : reasons.RX_GPE_PROTOCOL;
  }
  if ((features & (ALLOW_KNOWN | ALLOW_FDB)) !== 0 && !isAllowed(slab, rx, i, device, payload, length)) {
    rememberPeer(rx, i, device, now);
    return reasons.RX_PEER_REFUSED;
  }
  if (
    (features & GATEWAY) !== 0 &&
    isForGateway(slab, device, payload + HEADER_BYTES, length - HEADER_BYTES)
  ) {
    return reasons.RX_GATEWAY_FOREIGN;
  }
  if ((features & GBP) !== 0 && (word & GBP_FLAG) !== 0) {
    const { counters } = device;
    counters[EVENT_GBP_RECEIVED]++;
    if ((word & GBP_APPLIED) !== 0) counters[EVENT_GBP_APPLIED]++;
    counters[LAST_POLICY] = word & GBP_ID;
    counters[LAST_POLICY_AT] = now + 1;
  }
  return -1;
}

/** ARP or ND for or from the anycast gateway, which each VTEP has for itself. */
function isForGateway({ bytes, view }: Slab, { settings }: Device, frame: number, length: number): boolean {
  // Too short to have a type: dropped for that, a step later.
  if (length < ETHERNET_BYTES) return false;
  return gatewayRole(bytes, settings, frame, length, view.getUint16(frame + TYPE)) !== 0;
}

function isAllowed(
  slab: Slab,
  rx: Batch,
  i: number,
  device: Device,
  payload: number,
  length: number,
): boolean {
  const w = rx.words;
  const c = rx.capacity;
  const a0 = w[cell(PEER0, c, i)];
  const a1 = w[cell(PEER1, c, i)];
  const a2 = w[cell(PEER2, c, i)];
  const a3 = w[cell(PEER3, c, i)];
  const { fdb, lists, remotes } = device.tables;
  if ((device.settings.features & ALLOW_KNOWN) !== 0) {
    const peer = remotes.find(a0, a1, a2, a3, 0, -1, 0);
    return peer >= 0 && remotes.isKnown(peer);
  }
  // Too short to have a source: dropped for that, a step later.
  if (length < HEADER_BYTES + ETHERNET_BYTES) return true;
  const source = payload + HEADER_BYTES + SOURCE;
  const { view } = slab;
  const entry = fdb.find(view.getInt32(source), view.getUint16(source + 4), device.settings.vni);
  if (entry < 0) return false;
  const word = fdb.remotes(entry);
  const count = lists.countOf(word);
  for (let k = 0; k < count; k++) {
    if (remotes.isAt(lists.nth(word, k), a0, a1, a2, a3)) return true;
  }
  return false;
}

function rememberPeer(rx: Batch, i: number, device: Device, now: number): void {
  const { counters } = device;
  for (let word = 0; word < 4; word++) {
    counters[LAST_REFUSED + word] = rx.words[cell(PEER0 + word, rx.capacity, i)];
  }
  counters[LAST_REFUSED_AT] = now + 1;
}
