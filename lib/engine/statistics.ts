/** From the counters of the data plane to what `-s` and the metrics show. */
import {
  EVENT_PROXIED,
  EVENTS,
  LAST_POLICY,
  LAST_POLICY_AT,
  LAST_REFUSED,
  LAST_REFUSED_AT,
  REASON0,
  RX_BYTES,
  RX_PACKETS,
  TX_BYTES,
  TX_PACKETS,
} from '../dataplane/counters.js';
import { REASONS } from '../dataplane/reasons.js';
import { formatAddress } from '../wire/text.js';
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
  const last = lastMet(blocks);
  if (last !== undefined) result.last = last;
  return result;
}

/** What was met last, by whichever worker met it last. */
function lastMet(blocks: readonly Float64Array[]): LinkStatistics['last'] {
  const latest = (at: number): Float64Array | undefined =>
    blocks
      .filter((block) => block[at] !== 0)
      .reduce<Float64Array | undefined>((a, b) => (a === undefined || b[at] >= a[at] ? b : a), undefined);
  const refused = latest(LAST_REFUSED_AT);
  const policy = latest(LAST_POLICY_AT);
  if (refused === undefined && policy === undefined) return undefined;
  return {
    ...(refused && { refused: formatAddress(refused.subarray(LAST_REFUSED, LAST_REFUSED + 4)) }),
    ...(policy && { policy: policy[LAST_POLICY] }),
  };
}

/** Drops that belong to no device, by reason. */
export function unclaimedReasons(blocks: readonly Float64Array[]): Record<string, number> {
  const entries = REASONS.map((reason, i): [string, number] => [
    reason.name,
    blocks.reduce((total, block) => total + block[REASON0 + i], 0),
  ]);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}
