/** Words of `vtep nexthop`: those of `ip nexthop` for nexthops with `fdb`. */
import * as value from '../values.js';
import { flag, refuse, takes, type Form } from './word.js';

const id = takes('id', 'id', value.nexthopId);
const others = refuse(
  'ip nexthop',
  'dev onlink encap blackhole type buckets idle_timer unbalanced_timer vrf master',
);

export const forms: readonly Form[] = [
  ...['add', 'replace'].map((verb) => ({
    verbs: [verb],
    words: [
      takes('id', 'id', value.nexthopId, 'the next unused when not given'),
      takes('via', 'via', value.address, 'a VTEP'),
      takes(
        'group',
        'group',
        value.nexthopGroup,
        'ids with weights, 1 to 256: flows are spread over their VTEPs',
      ),
      flag('fdb', 'fdb', true, 'as every nexthop here is; may be left out'),
      takes('protocol', 'protocol', value.anyProtocol, 'who gave it'),
      ...others,
    ],
  })),
  { verbs: ['delete'], needs: ['id'], words: [id] },
  { verbs: ['get'], needs: ['id'], words: [id] },
  {
    verbs: ['show', 'lst', 'list'],
    words: [
      id,
      flag('groups', 'groups'),
      flag('fdb', 'fdb'),
      takes('protocol', 'protocol', value.anyProtocol),
      ...others,
    ],
  },
  { verbs: ['flush'], words: [flag('fdb', 'fdb'), ...others] },
];
