/** Words of `vtep mdb`: those of `bridge mdb` for a vxlan device. */
import * as value from '../values.js';
import { dev, flag, refuse, takes, type Form } from './word.js';

const port = takes('port', 'port', value.ifname, 'the VTEP itself, as bridge wants it; may be left out');
const key = [
  takes('grp', 'group', value.group0, 'a multicast group; 0.0.0.0 or :: means every other one'),
  takes('src', 'source', value.unicast, 'the (S, G) entry of a source'),
];
const srcVni = takes('src_vni', 'srcVni', value.vni, "VNI of the key, when not the device's");
const state = [
  flag('permanent', 'state', 'permanent', 'as every entry is'),
  ...refuse('permanent', 'temp'),
  ...refuse('no vid', 'vid'),
];
const entry = [
  dev,
  port,
  ...key,
  ...state,
  takes('filter_mode', 'filterMode', value.filterMode, '(*, G): include the listed sources, or exclude them'),
  takes('source_list', 'sources', value.addresses, 'sources, separated by commas'),
  takes('proto', 'protocol', value.protocol, 'who gave it: static when not given'),
  takes('dst', 'dst', value.addressOrName, 'a VTEP that wants the group'),
  takes('dst_port', 'dstPort', value.port, "UDP port of that VTEP, when not the device's"),
  takes('vni', 'vni', value.vni, "VNI to send with, when not the device's"),
  srcVni,
  takes('via', 'via', value.ifname, 'underlay interface to send from'),
];

export const forms: readonly Form[] = [
  ...['add', 'replace', 'delete'].map((verb) => ({
    verbs: [verb],
    needs: ['dev', 'group', 'dst'],
    words: entry,
  })),
  { verbs: ['show', 'lst', 'list'], words: [dev, ...refuse('no vid', 'vid')] },
  { verbs: ['get'], needs: ['dev', 'group'], words: [dev, ...key, srcVni, ...refuse('no vid', 'vid')] },
  {
    verbs: ['flush'],
    needs: ['dev'],
    words: [
      dev,
      port,
      srcVni,
      takes('proto', 'protocol', value.protocol),
      takes('dst', 'dst', value.address),
      takes('dst_port', 'dstPort', value.port),
      takes('vni', 'vni', value.vni),
      flag('permanent', 'state', 'permanent'),
      ...refuse('permanent', 'nopermanent'),
      ...refuse('no vid', 'vid'),
    ],
  },
];
