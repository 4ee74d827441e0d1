import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { chained } from '../support/lab/scenario/chained.js';

await onEach(t, 'two chained VTEPs', chained, [
  ['uvtep', 'uvtep', 'kernel'],
  ['kernel', 'uvtep', 'kernel'],
  ['kernel', 'kernel', 'kernel'],
]);
