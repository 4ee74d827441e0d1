import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { vlanAwareMissing, type Pair } from '../support/lab/pairs.js';
import { twoVlans } from '../support/lab/scenario/two-vlans.js';

const PAIRS: readonly Pair[] = [
  ['uvtep', 'kernel'],
  ['kernel', 'uvtep'],
  ['kernel', 'kernel'],
];

await onEach(
  t,
  'two VLANs, two VNIs, a bridge a VLAN',
  (lab, witness) => twoVlans(lab, witness, 'bridge a VLAN'),
  PAIRS,
);
const why = vlanAwareMissing();
const name = 'two VLANs, two VNIs, a VLAN-aware bridge';
if (why) t.pass(name, { skip: why });
else await onEach(t, name, (lab, witness) => twoVlans(lab, witness, 'vlan-aware'), PAIRS);
