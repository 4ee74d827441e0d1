/** Words of `vtep route`: those of `ip route` for what a VTEP's own table holds. */
import * as value from '../values.js';
import { dev, flag, refuse, takes, type Form } from './word.js';

/** What the host's table knows of a route and ours does not. */
const ROUTING =
  'tos dsfield metric priority preference table vrf proto protocol scope src mtu advmss realms nexthop nhid weight encap ' +
  'expires pref hoplimit window rtt rttvar cwnd initcwnd initrwnd ssthresh features quickack congctl rto_min ' +
  'ttl-propagate fastopen_no_cookie cache cloned type from iif mark uid fibmatch ipproto sport dport ' +
  'unicast local broadcast multicast throw unreachable prohibit blackhole nat pervasive';

const nextHop = [
  takes('via', 'via', value.address, 'next hop, an address of the overlay'),
  takes('dev|oif', 'dev', value.ifname),
  flag('onlink', 'onlink', true, 'the next hop is on the overlay whatever the addresses say'),
];
const routeForm = (verb: string, needs: string[]): Form => ({
  verbs: [verb],
  positional: 'dst',
  needs,
  words: [...nextHop, ...refuse('ip route', ROUTING), takes('to', 'dst', value.prefix)],
});
const routeSelect = (verbs: string[]): Form => ({
  verbs,
  positional: 'exact',
  words: [
    dev,
    takes('via', 'via', value.address),
    takes('root', 'root', value.prefix),
    takes('match', 'match', value.prefix),
    ...refuse('ip route', ROUTING),
    takes('exact|to', 'exact', value.prefix),
  ],
});

export const forms: readonly Form[] = [
  routeSelect(['show', 'lst', 'list']),
  {
    verbs: ['get'],
    positional: 'address',
    needs: ['address'],
    words: [
      takes('dev|oif', 'dev', value.ifname),
      ...refuse('ip route', ROUTING),
      takes('to', 'address', value.address),
    ],
  },
  routeForm('add', ['dst', 'dev']),
  { verbs: ['change', 'chg'], words: [], refused: 'ip route' },
  routeForm('replace', ['dst', 'dev']),
  ...['prepend', 'append', 'test'].map((verb) => ({
    verbs: [verb],
    words: [],
    refused: 'ip route' as const,
  })),
  routeForm('delete', ['dst']),
  routeSelect(['flush']),
  ...['save', 'restore', 'showdump'].map((verb) => ({
    verbs: [verb],
    words: [],
    refused: 'ip route' as const,
  })),
];
