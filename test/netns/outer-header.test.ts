import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { outerHeader } from '../support/lab/scenario/outer-header.js';

await onEach(t, 'outer header', outerHeader, [
  ['uvtep', 'kernel'],
  ['kernel', 'kernel'],
]);
