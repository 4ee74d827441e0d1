/** From the counters of the data plane to what `-s` and the metrics show. */
import {
  EVENT_PROXIED,
  EVENTS,
  REASON0,
  RX_BYTES,
  RX_PACKETS,
  TX_BYTES,
  TX_PACKETS,
} from '../dataplane/counters.js';
import { REASONS } from '../dataplane/reasons.js';
import type { LinkStatistics } from './types.js';

/**
 * Adds up the counter blocks of all workers.
 * @param control what control itself counted: learned, moved, aged …
 */
export function statistics(blocks: readonly Float64Array[], control: Record<string, number>): LinkStatistics {
  const sum = (index: number) => blocks.reduce((total, block) => total + block[index], 0);
  const result: LinkStatistics = {
    rxPackets: sum(RX_PACKETS),
    rxBytes: sum(RX_BYTES),
    rxErrors: 0,
    rxDropped: 0,
    rxLengthErrors: 0,
    rxFrameErrors: 0,
    txPackets: sum(TX_PACKETS),
    txBytes: sum(TX_BYTES),
    txErrors: 0,
    txDropped: 0,
    txCarrierErrors: 0,
    txAbortedErrors: 0,
    collisions: 0,
    reasons: {},
    events: { ...control },
  };
  for (const [i, reason] of REASONS.entries()) {
    const count = sum(REASON0 + i);
    result.reasons[reason.name] = count;
    for (const counter of reason.counts) result[counter] += count;
  }
  for (const [i, name] of EVENTS.entries()) result.events[name] = sum(EVENT_PROXIED + i);
  return result;
}

/** Drops that belong to no device, by reason. */
export function unclaimedReasons(blocks: readonly Float64Array[]): Record<string, number> {
  const entries = REASONS.map((reason, i): [string, number] => [
    reason.name,
    blocks.reduce((total, block) => total + block[REASON0 + i], 0),
  ]);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}
