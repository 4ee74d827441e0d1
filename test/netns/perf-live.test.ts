/** The traffic of the suite's large tables takes its way through them. */
import t from 'tap';
import { ADAPTERS } from '../../perf/suite/adapter.js';
import { openBed } from '../../perf/suite/bed.js';
import { SHORT_CIRCUIT } from '../../perf/suite/layouts.js';
import { neighbourTable, routeTable4, routeTable6 } from '../../perf/scale/live/short-circuit.js';
import { labMissing } from '../support/lab/pairs.js';

const why = labMissing() || ADAPTERS.uvtep.missing(SHORT_CIRCUIT);

for (const table of [neighbourTable, routeTable4, routeTable6]) {
  t.test(`flows by ${table.entries}`, why ? { skip: why } : {}, async (t) => {
    const bed = await openBed('uvtep', table.layout);
    try {
      const sender = bed.lab.hosts[0]!.daemon();
      await table.prepare(bed);
      await table.grow(bed, 0, 1);
      await table.grow(bed, 1, 600);
      for (const size of [1, 600]) {
        const before = await sender.statistics('vtep0');
        t.ok((await table.delivered(bed, 0.1, size)) > 0, `${size} entries`);
        const after = await sender.statistics('vtep0');
        const sent = after.txPackets - before.txPackets;
        const routed = (after.events.routed ?? 0) - (before.events.routed ?? 0);
        t.ok(routed > 100 && routed > 0.9 * sent, `${routed} of ${sent} were routed`);
      }
      sender.close();
    } finally {
      await bed.lab.close();
    }
  });
}
