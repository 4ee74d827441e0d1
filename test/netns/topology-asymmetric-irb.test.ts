import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { asymmetricIrb } from '../support/lab/scenario/asymmetric-irb.js';

await onEach(t, 'asymmetric IRB', asymmetricIrb, [
  ['uvtep', 'kernel'],
  ['kernel', 'uvtep'],
  ['kernel', 'kernel'],
]);
