import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { neighbourSnooping } from '../support/lab/scenario/neighbour-snooping.js';

await onEach(t, 'neighbours are asked for once', neighbourSnooping, [['uvtep', 'uvtep', 'uvtep']]);
