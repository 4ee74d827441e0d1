import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { sourcePorts } from '../support/lab/scenario/outer-header.js';

await onEach(t, 'source ports', sourcePorts, [
  ['uvtep', 'kernel'],
  ['kernel', 'kernel'],
]);
