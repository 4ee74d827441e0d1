import t from 'tap';
import { neighJson, neighLine } from '../../../lib/cli/format/neigh.js';
import type { NeighbourEntry } from '../../../lib/engine/types.js';

const entry: NeighbourEntry = {
  dst: '10.20.1.5',
  lladdr: 'e6:4b:f9:ce:d7:7d',
  state: 'stale',
  router: true,
  externLearn: false,
  origin: 'kernel',
  used: 4.2,
  updated: 60,
};

t.test('lines as ip neigh printed them', async (t) => {
  t.equal(neighLine(entry, { dev: 'vx0' }), '10.20.1.5 dev vx0 lladdr e6:4b:f9:ce:d7:7d router STALE ');
  t.equal(
    neighLine({ ...entry, router: false, externLearn: true, state: 'noarp' }),
    '10.20.1.5 lladdr e6:4b:f9:ce:d7:7d extern_learn NOARP ',
  );
  t.equal(neighLine({ ...entry, lladdr: undefined, router: false, state: 'failed' }), '10.20.1.5 FAILED ');
  t.equal(
    neighLine({ ...entry, origin: 'snooped', state: 'reachable', router: false }, { details: true }),
    '10.20.1.5 lladdr e6:4b:f9:ce:d7:7d REACHABLE origin snooped ',
  );
  t.equal(
    neighLine(entry, { ages: true, details: true }),
    '10.20.1.5 lladdr e6:4b:f9:ce:d7:7d router used 4/60 STALE origin kernel ',
  );
});

t.test('JSON as ip -j neigh', async (t) => {
  t.equal(
    JSON.stringify(neighJson(entry, { dev: 'vx0' })),
    '{"dst":"10.20.1.5","dev":"vx0","lladdr":"e6:4b:f9:ce:d7:7d","router":null,"state":["STALE"]}',
  );
  t.match(neighJson(entry, { ages: true, details: true }), { used: 4, updated: 60, origin: 'kernel' });
});
