/** As on most NICs of small hosts: the underlay segments UDP but nothing encapsulated. */
import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { bulkTransfer } from '../support/lab/scenario/bulk-transfer.js';

await onEach(t, 'bulk transfer, no tunnel segmentation', bulkTransfer, undefined, {
  segmentation: 'no-tunnel',
});
