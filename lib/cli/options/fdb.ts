/** Words of `vtep fdb`: those of `bridge fdb` for a vxlan device. */
import * as value from '../values.js';
import { dev, either, flag, refuse, takes, type Form, type Word } from './word.js';

const fdbKey: Word = takes('to', 'mac', value.lladdr);
const remote = [
  takes('dst', 'dst', value.addressOrName, 'the VTEP behind which the MAC is; 0.0.0.0 or :: means here'),
  takes('port', 'port', value.port, "UDP port of that VTEP, when not the device's"),
  takes('vni', 'vni', value.vni, "VNI to send with, when not the device's"),
  takes('src_vni', 'srcVni', value.vni, "VNI of the key, when not the device's"),
  takes('via', 'via', value.ifname, 'underlay interface to send from'),
];
const nhid = takes('nhid', 'nhid', value.nexthopId, 'a nexthop group, in the place of dst, port and vni');
const notHere = [...refuse('bridge fdb', 'master br brport'), ...refuse('unmeant', 'vlan|vid sticky')];
const states = [
  flag('permanent|local', 'state', 'permanent', 'never ages (default)'),
  flag('static|temp', 'state', 'static', 'never ages; shown as static'),
  flag('dynamic', 'state', 'dynamic', 'ages as a learned one'),
];
const fdbSet = (verb: string): Form => ({
  verbs: [verb],
  positional: 'mac',
  needs: ['mac', 'dev'],
  words: [
    dev,
    ...remote,
    nhid,
    flag('self', 'self'),
    flag('router', 'router', true, 'rsc: frames to this MAC are routed; ND: it is a router'),
    ...states,
    flag('use', 'use', true, 'refresh its age only'),
    flag('extern_learn', 'externLearn', true, 'learned by a control plane: does not age'),
    ...notHere,
    fdbKey,
  ],
});

export const forms: readonly Form[] = [
  fdbSet('add'),
  fdbSet('append'),
  fdbSet('replace'),
  {
    verbs: ['delete'],
    positional: 'mac',
    needs: ['mac', 'dev'],
    words: [
      dev,
      ...remote,
      nhid,
      flag('self', 'self'),
      flag('router', 'router'),
      ...states,
      flag('use', 'use'),
      flag('extern_learn', 'externLearn'),
      ...notHere,
      fdbKey,
    ],
  },
  {
    verbs: ['get'],
    positional: 'mac',
    needs: ['mac', 'dev'],
    words: [
      dev,
      takes('vni|src_vni', 'srcVni', value.vni),
      flag('self', 'self'),
      flag('dynamic', 'dynamic'),
      ...notHere,
      fdbKey,
    ],
  },
  {
    verbs: ['show', 'lst', 'list'],
    words: [
      dev,
      takes('state', 'state', value.fdbState),
      flag('dynamic', 'dynamic'),
      flag('self', 'self'),
      ...notHere,
    ],
  },
  {
    verbs: ['flush'],
    needs: ['dev'],
    words: [
      dev,
      takes('dst', 'dst', value.address),
      takes('port', 'port', value.port),
      takes('vni', 'vni', value.vni),
      takes('src_vni', 'srcVni', value.vni),
      takes('nhid', 'nhid', value.nexthopId),
      flag('self', 'self'),
      ...either('permanent'),
      ...either('static'),
      ...either('dynamic'),
      ...either('extern_learn', undefined, 'externLearn'),
      ...either('router'),
      ...refuse('unmeant', 'offloaded nooffloaded added_by_user noadded_by_user sticky nosticky vlan|vid'),
      ...refuse('bridge fdb', 'master br brport'),
    ],
  },
];
