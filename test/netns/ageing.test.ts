import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { ageing } from '../support/lab/scenario/learning-switch.js';

// Waits up to 13 s: ours alone here, the kernel's beside it in a file of its own.
await onEach(t, 'ageing', ageing, [['uvtep', 'kernel']]);
