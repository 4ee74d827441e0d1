import t from 'tap';
import {
  COUNTERS,
  EVENT_FLOODED,
  REASON0,
  RX_BYTES,
  RX_PACKETS,
  TX_BYTES,
  TX_PACKETS,
} from '../../lib/dataplane/counters.js';
import * as reasons from '../../lib/dataplane/reasons.js';
import { statistics, unclaimedReasons } from '../../lib/engine/statistics.js';

function block(values: Record<number, number>): Float64Array {
  const counters = new Float64Array(COUNTERS);
  for (const [index, value] of Object.entries(values)) counters[Number(index)] = value;
  return counters;
}

t.test('workers are added up, reasons raise the standard counters', async (t) => {
  const result = statistics(
    [
      block({ [RX_PACKETS]: 1, [RX_BYTES]: 100, [TX_PACKETS]: 2, [TX_BYTES]: 200, [EVENT_FLOODED]: 3 }),
      block({
        [RX_PACKETS]: 10,
        [EVENT_FLOODED]: 4,
        [REASON0 + reasons.RX_ECN]: 5,
        [REASON0 + reasons.RX_INNER_IP_TRUNCATED]: 6,
        [REASON0 + reasons.RX_LOCAL_MAC]: 7,
        [REASON0 + reasons.TX_NO_ROUTE]: 8,
        [REASON0 + reasons.TX_NO_TARGET]: 9,
        [REASON0 + reasons.RX_TAP_FULL]: 1,
      }),
    ],
    { learned: 2 },
  );
  t.match(result, {
    rxPackets: 11,
    rxBytes: 100,
    txPackets: 2,
    txBytes: 200,
    rxErrors: 11,
    rxFrameErrors: 5,
    rxLengthErrors: 6,
    rxDropped: 1,
    txErrors: 8,
    txCarrierErrors: 8,
    txDropped: 9,
    txAbortedErrors: 0,
    collisions: 0,
    reasons: { ecn: 5, local_mac: 7, no_i_flag: 0 },
    events: { learned: 2, flooded: 7, proxied: 0 },
  });
  t.equal(Object.keys(result.reasons).length, reasons.REASONS.length);
});

t.test('of what belongs to no device, what happened', async (t) => {
  const blocks = [
    block({ [REASON0 + reasons.RX_NO_I_FLAG]: 1 }),
    block({ [REASON0 + reasons.RX_NO_I_FLAG]: 2 }),
  ];
  t.same(unclaimedReasons(blocks), { no_i_flag: 3 });
  t.same(unclaimedReasons([]), {});
});
