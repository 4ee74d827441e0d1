/** Words of `vtep daemon`. */
import * as value from '../values.js';
import { takes, type Form } from './word.js';

export const forms: readonly Form[] = [
  {
    verbs: ['run'],
    words: [
      takes(
        'workers',
        'workers',
        value.workers,
        'threads, each with a TAP queue of its own; also $VTEP_WORKERS',
      ),
      takes(
        'busy_poll',
        'busyPoll',
        value.microseconds,
        'look so long before sleeping; also $VTEP_BUSY_POLL',
      ),
    ],
  },
  { verbs: ['status'], words: [] },
  { verbs: ['stop'], words: [] },
];
