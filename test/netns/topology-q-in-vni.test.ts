import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { tagMissing } from '../support/lab/pairs.js';
import { qInVni } from '../support/lab/scenario/q-in-vni.js';

const why = tagMissing();
if (why) t.pass(why, { skip: why });
else
  await onEach(t, 'Q-in-VNI', qInVni, [
    ['uvtep', 'uvtep'],
    ['uvtep', 'kernel'],
    ['kernel', 'kernel'],
  ]);
