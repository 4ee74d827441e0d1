import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { ageing } from '../support/lab/scenario/learning-switch.js';

await onEach(t, 'ageing', ageing, [['kernel', 'kernel']]);
