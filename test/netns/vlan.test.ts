import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { tagMissing } from '../support/lab/pairs.js';
import { taggedTcp } from '../support/lab/scenario/vlan.js';

const why = tagMissing();
if (why) t.pass(why, { skip: why });
else await onEach(t, 'tagged TCP', taggedTcp);
