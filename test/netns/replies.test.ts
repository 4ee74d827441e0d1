import t from 'tap';
import type { Kind } from '../support/lab/dialect.js';
import { onEach } from '../support/lab/on-pairs.js';
import {
  clampedTcp,
  narrowingPath,
  neighborDiscovery,
  pathMtuReplies,
} from '../support/lab/scenario/replies.js';

const PAIRS: Kind[][] = [
  ['uvtep', 'kernel'],
  ['kernel', 'kernel'],
];
await onEach(t, 'path MTU replies', pathMtuReplies, PAIRS);
await onEach(t, 'path MTU replies over IPv6', (lab, witness) => pathMtuReplies(lab, witness, true), PAIRS);
await onEach(t, 'a path that narrows', narrowingPath, PAIRS);
await onEach(t, 'neighbor discovery', neighborDiscovery, PAIRS);
await onEach(t, 'clamped TCP', clampedTcp, [['uvtep', 'kernel']]);
