/** Every family inside every family: TCP in both directions between ours and the kernel's device. */
import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { bulkTransfer } from '../support/lab/scenario/bulk-transfer.js';

for (const innerV6 of [false, true])
  for (const v6 of [false, true])
    await onEach(
      t,
      `${innerV6 ? 6 : 4}-in-${v6 ? 6 : 4}`,
      (lab, witness) => bulkTransfer(lab, witness, { v6, innerV6, megabytes: 4 }),
      [['uvtep', 'kernel']],
    );
