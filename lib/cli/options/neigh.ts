/** Words of `vtep neigh`: those of `ip neigh`. */
import * as value from '../values.js';
import { dev, flag, refuse, takes, type Form } from './word.js';

const neighSet = (verbs: string[]): Form => ({
  verbs,
  positional: 'dst',
  needs: ['dst', 'dev'],
  words: [
    takes('lladdr', 'lladdr', value.lladdr, 'its MAC'),
    takes('nud', 'state', value.nud, 'permanent when not given'),
    flag('router', 'router', true, 'ND: it is a router'),
    flag('extern_learn', 'externLearn', true, 'learned by a control plane'),
    dev,
    ...refuse('ip neigh', 'proxy use managed protocol'),
    takes('to', 'dst', value.address),
  ],
});

export const forms: readonly Form[] = [
  neighSet(['add']),
  neighSet(['change', 'chg']),
  neighSet(['replace']),
  neighSet(['delete']),
  {
    verbs: ['get'],
    positional: 'dst',
    needs: ['dst', 'dev'],
    words: [dev, ...refuse('ip neigh', 'proxy'), takes('to', 'dst', value.address)],
  },
  ...['show', 'flush'].map((verb) => ({
    verbs: verb === 'show' ? ['show', 'lst', 'list'] : [verb],
    positional: 'to',
    words: [
      dev,
      takes('nud', 'state', value.nudOrAll),
      ...refuse('ip neigh', 'proxy unused vrf nomaster'),
      takes('to', 'to', value.prefix),
    ],
  })),
];
