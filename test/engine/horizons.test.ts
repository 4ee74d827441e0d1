import t from 'tap';
import { hear, isHeard } from '../../lib/dataplane/split-horizon.js';
import { Horizons } from '../../lib/engine/horizons.js';

t.test('a table a group, which a worker that is told of it shares', async (t) => {
  const horizons = new Horizons();
  const table = horizons.of(1);
  t.equal(horizons.of(1), table);
  t.equal(horizons.of(0).length, 0, 'none, none');
  const posted = structuredClone(table);
  hear(posted, 0x02000000, 1, 7);
  t.ok(isHeard(table, 0x02000000, 1, 7));
  t.notOk(isHeard(horizons.of(2), 0x02000000, 1, 7), 'another group has heard nothing');
});
