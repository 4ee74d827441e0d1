/** Words of `vtep flannel-ext`: written as flanneld's own, with dashes. */
import * as flannel from '../flannel-values.js';
import * as value from '../values.js';
import { takes, type Form } from './word.js';

const vni = takes('--vni', 'vni', flannel.flannelVni, 'default 1; also $VTEP_FLANNEL_VNI');

export const forms: readonly Form[] = [
  {
    verbs: ['pre'],
    words: [
      vni,
      takes('--port', 'port', flannel.flannelPort, 'UDP, default 8472; also $VTEP_FLANNEL_PORT'),
      takes('--iface', 'iface', flannel.iface, "default the default route's; also $VTEP_FLANNEL_IFACE"),
      takes('--mtu', 'mtu', value.mtu, 'of the underlay, the VTEP has 50 less; also $VTEP_FLANNEL_MTU'),
      takes('--settle', 'settle', flannel.settle, 'from the first add to the sweep; $VTEP_FLANNEL_SETTLE'),
    ],
  },
  ...['post', 'add', 'del', 'sweep'].map((verb) => ({ verbs: [verb], words: [vni] })),
];
