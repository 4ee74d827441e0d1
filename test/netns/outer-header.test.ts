import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import type { Kind } from '../support/lab/dialect.js';
import { outerHeader, outerHeader6 } from '../support/lab/scenario/outer-header.js';

const PAIRS: Kind[][] = [
  ['uvtep', 'kernel'],
  ['kernel', 'kernel'],
];
await onEach(t, 'outer header', outerHeader, PAIRS);
await onEach(t, 'outer header over IPv6', outerHeader6, PAIRS);
