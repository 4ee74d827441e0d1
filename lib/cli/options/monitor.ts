/** Words of `vtep monitor`: those of `ip monitor` and `bridge monitor`. */
import { dev, flag, type Form, type Word } from './word.js';

const kind = (word: string, help: string): Word => flag(word, word, true, help);
export const forms: readonly Form[] = [
  {
    verbs: [''],
    words: [
      kind('all', 'everything, each line labelled'),
      kind('link', 'VTEPs made, changed, removed'),
      kind('fdb', 'FDB entries, learned ones too'),
      kind('mdb', 'multicast entries'),
      kind('neigh', 'neighbour entries'),
      kind('nexthop', 'nexthops and their groups'),
      kind('route', 'routes'),
      kind('vni', 'VNIs of VTEPs that have many'),
      kind('miss', 'L3 miss: an address without a MAC; L2 miss: a MAC without a VTEP'),
      kind('label', 'label each line'),
      dev,
    ],
  },
];
