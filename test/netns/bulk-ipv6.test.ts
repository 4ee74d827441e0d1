/** IPv6 between the guests: neighbour discovery floods, TCP takes the IPv6 offloads. */
import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { bulkTransfer } from '../support/lab/scenario/bulk-transfer.js';

await onEach(t, 'bulk transfer over IPv6', (lab, witness) => bulkTransfer(lab, witness, { innerV6: true }));
