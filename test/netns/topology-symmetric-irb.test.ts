import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { symmetricIrb } from '../support/lab/scenario/symmetric-irb.js';

await onEach(t, 'symmetric IRB', symmetricIrb, [
  ['uvtep', 'kernel'],
  ['kernel', 'uvtep'],
  ['kernel', 'kernel'],
]);
