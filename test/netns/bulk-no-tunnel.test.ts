/** As most NICs are: the underlay segments UDP but nothing encapsulated, or (plain) not even UDP. */
import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { bulkTransfer } from '../support/lab/scenario/bulk-transfer.js';

await onEach(t, 'bulk transfer, no tunnel segmentation', bulkTransfer, undefined, {
  segmentation: 'no-tunnel',
});
await onEach(
  t,
  'bulk transfer, plain NIC',
  bulkTransfer,
  [
    ['uvtep', 'uvtep'],
    ['uvtep', 'kernel'],
    ['kernel', 'uvtep'],
  ],
  {
    segmentation: 'plain',
  },
);
