/**
 * The counters of one device in one worker: a Float64Array (exact to 2^53) on shared memory, written by that
 * worker alone and added up by control.
 *
 *   | standard counters | events | one for every reason |
 *
 * Packets and bytes count as the kernel device counts them: bytes from the inner network header on, a
 * super-frame once.
 */
import { REASONS } from './reasons.js';

export const RX_PACKETS = 0;
export const RX_BYTES = 1;
export const TX_PACKETS = 2;
export const TX_BYTES = 3;

/** Things that happened to frames that went on; the names `-s` and the metrics show. */
export const EVENTS = [
  'proxied',
  'flooded',
  'routed',
  'shortCircuited',
  'l2Miss',
  'l3Miss',
  'ringFull',
  'icmpReplies',
  'multicast',
] as const;
export const EVENT_PROXIED = 4;
export const EVENT_FLOODED = 5;
export const EVENT_ROUTED = 6;
export const EVENT_SHORT_CIRCUITED = 7;
export const EVENT_L2_MISS = 8;
export const EVENT_L3_MISS = 9;
export const EVENT_RING_FULL = 10;
export const EVENT_ICMP_REPLIES = 11;
export const EVENT_MULTICAST = 12;

/** Index of the counter of reason 0. */
export const REASON0 = 13;

/** Length of a device's counters. */
export const COUNTERS = REASON0 + REASONS.length;
