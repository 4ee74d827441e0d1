/**
 * The counters of one device in one worker: a Float64Array (exact to 2^53) on shared memory, written by that
 * worker alone and added up by control.
 *
 *   | standard counters | events | one for every reason | what was met last |
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
  'gbpReceived',
  'gbpApplied',
  'gbpUnlearned',
  'learnLimited',
  'bypassed',
  'mssClamped',
  'multicast',
  'held',
  'released',
  'neighRefused',
  'neighInvalid',
  'gatewayReplies',
  'gatewayUnlearned',
] as const;
export const EVENT_PROXIED = 4;
export const EVENT_FLOODED = 5;
export const EVENT_ROUTED = 6;
export const EVENT_SHORT_CIRCUITED = 7;
export const EVENT_L2_MISS = 8;
export const EVENT_L3_MISS = 9;
export const EVENT_RING_FULL = 10;
export const EVENT_ICMP_REPLIES = 11;
export const EVENT_GBP_RECEIVED = 12;
export const EVENT_GBP_APPLIED = 13;
export const EVENT_GBP_UNLEARNED = 14;
export const EVENT_LEARN_LIMITED = 15;
export const EVENT_BYPASSED = 16;
export const EVENT_MSS_CLAMPED = 17;
export const EVENT_MULTICAST = 18;
export const EVENT_HELD = 19;
export const EVENT_RELEASED = 20;
export const EVENT_NEIGH_REFUSED = 21;
export const EVENT_NEIGH_INVALID = 22;
export const EVENT_GATEWAY_REPLIES = 23;
export const EVENT_GATEWAY_UNLEARNED = 24;

/** Index of the counter of reason 0. */
export const REASON0 = EVENT_PROXIED + EVENTS.length;

/**
 * What was met last, to be shown and not added up: the address of a peer that was refused (four words), and a
 * received group policy id, each with its tick plus one (0: never).
 */
export const LAST_REFUSED = REASON0 + REASONS.length;
export const LAST_REFUSED_AT = LAST_REFUSED + 4;
export const LAST_POLICY = LAST_REFUSED_AT + 1;
export const LAST_POLICY_AT = LAST_POLICY + 1;

/** Length of a device's counters. */
export const COUNTERS = LAST_POLICY_AT + 1;
