import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { headEndReplication } from '../support/lab/scenario/learning-switch.js';

await onEach(t, 'head-end replication and learning', headEndReplication, [
  ['uvtep', 'uvtep', 'uvtep'],
  ['uvtep', 'kernel', 'uvtep'],
  ['kernel', 'uvtep', 'kernel'],
  ['kernel', 'kernel', 'kernel'],
]);
