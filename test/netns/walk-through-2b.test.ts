import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { bulkBothWays } from '../support/lab/scenario/bulk-transfer.js';
import { shortCircuit } from '../support/lab/scenario/short-circuit.js';

await onEach(t, 'walk-through-2b', async (lab, witness) => {
  await shortCircuit(lab, witness);
  await bulkBothWays(lab, witness);
});
