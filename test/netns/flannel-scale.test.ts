/** A thousand hosts: exactly one entry of each kind for each, at once, and nothing for a renewal. */
import t from 'tap';
import { flannelMissing } from '../support/flannel/flannel-lab.js';
import { measureThousand, PEERS } from '../support/flannel/thousand.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';

const why = labMissing() || missingFor(['uvtep']) || (await flannelMissing());

/** Seconds. The bench flannel/thousand has the bar, 2 s, on a machine that does nothing else; here others' leftovers count. */
const LIMIT = 6;

t.test('a thousand peers', why ? { skip: why, timeout: 60_000 } : { timeout: 60_000 }, async (t) => {
  const { started, changed, entries, stormWrites, idle, written } = await measureThousand(2);
  t.same(entries, [PEERS, PEERS, PEERS], 'one route, one neighbour, one FDB entry each');
  t.comment(
    `started ${started.toFixed(2)} s, changed ${changed.toFixed(2)} s (${written.toFixed(2)} s to write), idle ${(idle * 100).toFixed(1)} %`,
  );
  t.ok(started <= LIMIT, `all are programmed ${started.toFixed(2)} s after the start`);
  t.ok(changed <= LIMIT, `a thousand changes are followed in ${changed.toFixed(2)} s`);
  t.equal(stormWrites, 0, 'a thousand identical PUTs change no table');
  t.ok(idle <= 0.01, `${(idle * 100).toFixed(1)} % of a CPU when nothing happens`);
});
