import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { held } from '../support/lab/scenario/held.js';

await onEach(t, 'hold', held, [
  ['uvtep', 'kernel'],
  ['uvtep', 'uvtep'],
]);
