/**
 * The slow half of source learning, for both ways a frame reaches a device: from the underlay (decap.ts) and from
 * another VTEP of this host (local-bypass.ts). What is to be learned goes to control; until it has acted the worker
 * remembers it by itself.
 */
import type { RecordRing } from '../memory/ring.js';
import type { RemoteTable } from '../table/remote.js';
import { EVENT_GATEWAY_UNLEARNED, EVENT_LEARN_LIMITED } from './counters.js';
import { type Device, FULL, GATEWAY, LEARN_LIMIT } from './device.js';
import { isGatewayMac } from './gateway.js';
import type { PendingLearns } from './pending.js';
import { post } from './post.js';
import { LEARN, ROAM } from './records.js';
import { chargeLimit } from './remote-accounts.js';

/**
 * A MAC was seen behind an address that its FDB entry, if it has one, does not name first.
 * @param kind LEARN: it has no entry. MOVE: it has one that may be changed. ROAM: only its port is another
 * @param ifindex where a datagram from a link-local address arrived, else 0
 * @param port outer source port of a device with LEARN_PORT, else 0
 */
export function learn(
  ring: RecordRing,
  pending: PendingLearns,
  device: Device,
  kind: number,
  high: number,
  low: number,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  ifindex: number,
  now: number,
  port = 0,
): void {
  const { features, vni } = device.settings;
  if (kind === LEARN && (features & FULL) !== 0) return;
  if ((features & GATEWAY) !== 0 && isGatewayMac(device.settings, high, low)) {
    device.counters[EVENT_GATEWAY_UNLEARNED]++;
    return;
  }
  if (kind !== ROAM && (features & LEARN_LIMIT) !== 0 && isFull(device.tables.remotes, a0, a1, a2, a3)) {
    device.counters[EVENT_LEARN_LIMITED]++;
    chargeLimit(device, a0, a1, a2, a3, now);
    return;
  }
  if (pending.remember(high, low, vni, device.index, a0, a1, a2, a3, now, port)) {
    post(ring, device, kind, high, low, a0, a1, a2, a3, ifindex, port);
  }
}

/** Control has found the peer at its learn limit (engine/peer-census.ts). */
function isFull(remotes: RemoteTable, a0: number, a1: number, a2: number, a3: number): boolean {
  const index = remotes.find(a0, a1, a2, a3, 0, -1, 0);
  return index >= 0 && remotes.isFull(index);
}
