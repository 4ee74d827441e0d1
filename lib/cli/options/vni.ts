/** Words of `vtep vni`: those of `bridge vni`, and `vlan`, which the kernel's bridge knows instead. */
import * as value from '../values.js';
import { dev, takes, type Form } from './word.js';

const vnis = takes('vni', 'vnis', value.vnis, 'VNIs: 100-199,300');

export const forms: readonly Form[] = [
  {
    verbs: ['add'],
    needs: ['vnis', 'dev'],
    words: [
      vnis,
      takes(
        'vlan|vid',
        'vlans',
        value.vlans,
        'the VLAN of each, in order; 0 = frames without a tag; default the number of the VNI',
      ),
      takes(
        'group',
        'group',
        value.group,
        "multicast default destination of these VNIs; needs the device's dev",
      ),
      takes(
        'remote',
        'remote',
        value.unicastOrName,
        "unicast default destination of these VNIs; default the device's",
      ),
      dev,
    ],
  },
  { verbs: ['delete'], needs: ['vnis', 'dev'], words: [vnis, dev] },
  { verbs: ['show', 'lst', 'list'], words: [dev] },
];
