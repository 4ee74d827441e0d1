import t from 'tap';
import * as counters from '../../lib/dataplane/counters.js';
import { REASONS } from '../../lib/dataplane/reasons.js';

t.test('standard counters, events, reasons: one after the other', async (t) => {
  const {
    RX_PACKETS,
    RX_BYTES,
    TX_PACKETS,
    TX_BYTES,
    EVENT_PROXIED,
    EVENTS,
    REASON0,
    COUNTERS,
    LAST_REFUSED,
    LAST_POLICY_AT,
  } = counters;
  t.same([RX_PACKETS, RX_BYTES, TX_PACKETS, TX_BYTES], [0, 1, 2, 3]);
  t.equal(EVENT_PROXIED, 4);
  t.equal(REASON0, EVENT_PROXIED + EVENTS.length);
  t.equal(LAST_REFUSED, REASON0 + REASONS.length);
  t.equal(COUNTERS, LAST_POLICY_AT + 1);
});

t.test('each event index stands for its name', async (t) => {
  const indexes = Object.entries(counters).filter(([name]) => name.startsWith('EVENT_'));
  t.equal(indexes.length, counters.EVENTS.length);
  for (const [constant, index] of indexes) {
    const name = constant
      .slice(6)
      .toLowerCase()
      .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    t.equal(counters.EVENTS[Number(index) - counters.EVENT_PROXIED], name, constant);
  }
});
