import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { bulkBothWays } from '../support/lab/scenario/bulk-transfer.js';
import { missesAnswered } from '../support/lab/scenario/misses-answered.js';

await onEach(t, 'walk-through-1', async (lab, witness) => {
  await missesAnswered(lab, witness);
  await bulkBothWays(lab, witness);
});
