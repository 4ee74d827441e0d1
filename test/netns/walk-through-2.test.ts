import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { bulkBothWays } from '../support/lab/scenario/bulk-transfer.js';
import { remoteRoutes } from '../support/lab/scenario/remote-routes.js';

await onEach(t, 'walk-through-2', async (lab, witness) => {
  await remoteRoutes(lab, witness);
  await bulkBothWays(lab, witness);
});
