import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { broadcastOnce } from '../support/lab/scenario/broadcast-once.js';

// Datagrams that the interface would segment are seen as one on it: 'plain' has them counted one by one.
await onEach(
  t,
  'broadcasts arrive once',
  broadcastOnce,
  [
    ['uvtep', 'uvtep', 'kernel'],
    ['kernel', 'uvtep', 'uvtep'],
    ['kernel', 'kernel', 'kernel'],
  ],
  { segmentation: 'plain' },
);
