/** The plainest NIC: the underlay does not even segment UDP. */
import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { bulkTransfer } from '../support/lab/scenario/bulk-transfer.js';

await onEach(t, 'bulk transfer, plain NIC', bulkTransfer, undefined, { segmentation: 'plain' });
