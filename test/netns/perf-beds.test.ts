/** Every subject of the suite is laid out, pings, and leaves nothing behind. */
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ADAPTERS, type Layout } from '../../perf/suite/adapter.js';
import { openBed, openBeds } from '../../perf/suite/bed.js';
import { SUBJECTS } from '../../perf/suite/figure.js';
import { BRIDGED, DEFAULT_LAYOUT, NO_TUNNEL, OVER_IPV6, PLAIN, ROUTED } from '../../perf/suite/layouts.js';
import { groupMac, numbered, setEntries } from '../../perf/scale/live/entries.js';
import { laySpread, pointSpread } from '../../perf/scale/live/spread.js';
import { labMissing } from '../support/lab/pairs.js';

const nowhere = labMissing();
/** Namespaces and directories of this process. */
const left = (): string[] =>
  ['/run/netns', tmpdir()]
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)))
    .filter((path) => path.includes(`/vt${process.pid}-`));

const LAYOUTS: Record<string, Layout> = {
  'default veth': DEFAULT_LAYOUT,
  'no tunnel segmentation': NO_TUNNEL,
  'plain NIC': PLAIN,
  'bridged guests': BRIDGED,
  'routed guests': ROUTED,
  'IPv6 underlay': OVER_IPV6,
};

for (const [called, layout] of Object.entries(LAYOUTS))
  for (const subject of layout === DEFAULT_LAYOUT ? SUBJECTS : (['uvtep', 'kernel'] as const)) {
    const why = nowhere || ADAPTERS[subject].missing(layout);
    t.test(`${subject}, ${called}`, why ? { skip: why } : {}, async (t) => {
      const bed = await openBed(subject, layout);
      try {
        const result = await bed.to.ping(bed.from.address, { count: 2, interval: 10_000 });
        t.equal(result.received, 2, 'the way back too');
        const transfer = await bed.from.streamTo(bed.to, { megabytes: 1, mode: 'check' });
        t.ok(transfer.ok, `a megabyte arrives as it was sent: ${transfer.error}`);
      } finally {
        await bed.lab.close();
      }
      t.same(left(), [], 'nothing is left');
    });
  }

for (const kind of ['uvtep', 'kernel'] as const) {
  const why = nowhere || ADAPTERS[kind].missing(DEFAULT_LAYOUT);
  t.test(`flows to many MACs, ${kind}`, why ? { skip: why } : {}, async (t) => {
    const bed = await openBed(kind, DEFAULT_LAYOUT);
    try {
      const [a, b] = bed.lab.hosts;
      await laySpread(bed);
      await setEntries(a!, 100, (n) => ({ mac: groupMac(n), dst: b!.address }));
      await pointSpread(bed, 20, 100);
      const options = { count: 200, flows: 20, addresses: 20 };
      const result = await bed.from.datagramsTo(bed.to, options, numbered('10.31', 0));
      t.equal(result.delivered, 200);
      const asked = (await a!.fdb()).filter(({ mac }) => mac.startsWith('03:'));
      t.equal(asked.length, 100);
    } finally {
      await bed.lab.close();
    }
  });
}

t.test('what cannot be had is missing with its reason', nowhere ? { skip: nowhere } : {}, async (t) => {
  const beds = await openBeds(['veth', 'ovs'], OVER_IPV6);
  t.same(beds.beds, []);
  t.match(beds.missing, { veth: /underlay/, ovs: /install|between hosts/ });
});
