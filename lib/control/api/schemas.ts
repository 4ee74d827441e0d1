/**
 * TypeBox schemas of what the API takes, field by field. A field's `description` ends up in two places: the OpenAPI
 * document, and the error message ("id is 16777216; expected …"), so it reads as what was expected.
 */
import Type from 'typebox';
import { bulkBody } from './bulk.js';

export const closed = { additionalProperties: false };

export const VNI = Type.Integer({ minimum: 0, maximum: 0xffffff, description: 'a VNI, 0 to 16777215' });
export const Port = Type.Integer({ minimum: 1, maximum: 65535, description: 'a UDP port, 1 to 65535' });
export const Address = Type.String({
  description: 'an IPv4 or IPv6 address',
  examples: ['192.0.2.1', '2001:db8::1'],
});
export const Mac = Type.String({ description: 'a MAC such as 02:00:00:00:00:01' });
export const InterfaceName = Type.String({ description: 'an interface name, 1 to 15 bytes' });
export const Flag = Type.Boolean({ description: 'true or false' });
export const inherit = Type.Literal('inherit');

const remote = { port: Type.Optional(Port), vni: Type.Optional(VNI), via: Type.Optional(InterfaceName) };
const srcVni = Type.Optional(VNI);
const optionalFlag = Type.Optional(Flag);
const dst = Type.String({ description: 'an IPv4 or IPv6 address' });
const dstOrName = Type.String({ description: 'an IPv4 or IPv6 address, or a DNS name' });

const NexthopId = Type.Integer({
  minimum: 1,
  maximum: 0xffffffff,
  description: 'a nexthop id, 1 to 4294967295',
});

export const FdbRequestBody = Type.Object(
  {
    verb: Type.Union([Type.Literal('add'), Type.Literal('append'), Type.Literal('replace')], {
      description: '"add", "append" or "replace"',
    }),
    mac: Mac,
    dst: Type.Optional(dstOrName),
    nhid: Type.Optional(NexthopId),
    ...remote,
    srcVni,
    state: Type.Optional(
      Type.Union([Type.Literal('permanent'), Type.Literal('static'), Type.Literal('dynamic')], {
        description: '"permanent", "static" or "dynamic"',
      }),
    ),
    router: optionalFlag,
    externLearn: optionalFlag,
    use: optionalFlag,
  },
  closed,
);

export const FdbBulkBody = bulkBody(FdbRequestBody);

export const FdbDeleteBody = Type.Object(
  { mac: Mac, srcVni, dst: Type.Optional(dstOrName), ...remote },
  closed,
);

export const FdbBulkDeleteBody = bulkBody(FdbDeleteBody);

export const FdbFlushBody = Type.Object(
  {
    permanent: optionalFlag,
    static: optionalFlag,
    dynamic: optionalFlag,
    externLearn: optionalFlag,
    router: optionalFlag,
    srcVni,
    vni: srcVni,
    port: Type.Optional(Port),
    dst: Type.Optional(dst),
    nhid: Type.Optional(NexthopId),
  },
  closed,
);

const vniRanges = Type.Array(
  Type.Array(Type.Integer({ minimum: 0, maximum: 0xffffff, description: 'a number, 0 to 16777215' }), {
    minItems: 2,
    maxItems: 2,
    description: '[first, last]',
  }),
  { minItems: 1, description: 'a list of [first, last]' },
);

export const VniRequestBody = Type.Object(
  {
    vnis: vniRanges,
    vlans: Type.Optional(vniRanges),
    remote: Type.Optional(dstOrName),
    group: Type.Optional(dst),
  },
  closed,
);
export const VniDeleteBody = Type.Object({ vnis: vniRanges }, closed);

const NUD_NAMES = [
  'permanent',
  'noarp',
  'reachable',
  'stale',
  'delay',
  'probe',
  'incomplete',
  'failed',
] as const;
const NeighbourState = Type.Union(
  NUD_NAMES.map((name) => Type.Literal(name)),
  { description: NUD_NAMES.join(', ') },
);

export const NeighbourRequestBody = Type.Object(
  {
    verb: Type.Union([Type.Literal('add'), Type.Literal('replace'), Type.Literal('change')], {
      description: '"add", "replace" or "change"',
    }),
    dst,
    lladdr: Mac,
    state: Type.Optional(NeighbourState),
    router: optionalFlag,
    externLearn: optionalFlag,
  },
  closed,
);

export const NeighbourBulkBody = bulkBody(NeighbourRequestBody);
export const NeighbourFlushBody = Type.Object(
  { dst: Type.Optional(dst), state: Type.Optional(NeighbourState) },
  closed,
);

const FilterMode = Type.Union([Type.Literal('include'), Type.Literal('exclude')], {
  description: '"include" or "exclude"',
});
const Protocol = Type.Integer({ minimum: 4, maximum: 255, description: 'a protocol, 4 (static) to 255' });
const mdbKey = { group: Address, source: Type.Optional(Address), srcVni };

export const MdbRequestBody = Type.Object(
  {
    verb: Type.Union([Type.Literal('add'), Type.Literal('replace')], { description: '"add" or "replace"' }),
    ...mdbKey,
    dst: dstOrName,
    ...remote,
    filterMode: Type.Optional(FilterMode),
    sources: Type.Optional(Type.Array(Address, { description: 'a list of source addresses' })),
    protocol: Type.Optional(Protocol),
  },
  closed,
);
export const MdbDeleteBody = Type.Object({ ...mdbKey, dst: dstOrName }, closed);
export const MdbFlushBody = Type.Object(
  {
    srcVni,
    protocol: Type.Optional(Protocol),
    dst: Type.Optional(dst),
    port: Type.Optional(Port),
    vni: Type.Optional(VNI),
  },
  closed,
);

export const NexthopRequestBody = Type.Object(
  {
    verb: Type.Union([Type.Literal('add'), Type.Literal('replace')], { description: '"add" or "replace"' }),
    id: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 0xffffffff,
        description: 'a nexthop id, or 0 for the next unused',
      }),
    ),
    via: Type.Optional(Address),
    group: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: NexthopId,
            weight: Type.Optional(
              Type.Integer({ minimum: 1, maximum: 256, description: 'a weight, 1 to 256' }),
            ),
          },
          closed,
        ),
        { minItems: 1, maxItems: 256, description: '1 to 256 members: { id, weight }' },
      ),
    ),
    protocol: Type.Optional(Type.Integer({ minimum: 0, maximum: 255, description: 'a protocol, 0 to 255' })),
  },
  closed,
);
export const NexthopParams = Type.Object({
  id: Type.String({ pattern: '^[0-9]{1,10}$', description: 'a nexthop id' }),
});

const Prefix = Type.String({ description: 'a prefix such as 10.20.2.0/24' });

export const RouteRequestBody = Type.Object(
  {
    verb: Type.Union([Type.Literal('add'), Type.Literal('replace')], { description: '"add" or "replace"' }),
    dst: Prefix,
    via: Type.Optional(Address),
    onlink: optionalFlag,
  },
  closed,
);
export const RouteBulkBody = bulkBody(RouteRequestBody);
export const RouteDeleteBody = Type.Object({ dst: Prefix }, closed);
export const RouteFlushBody = Type.Object({}, closed);

export const DevParams = Type.Object({ dev: Type.String({ description: 'the name of a VTEP' }) });
export const FdbParams = Type.Object({ ...DevParams.properties, mac: Mac });
export const NeighbourParams = Type.Object({ ...DevParams.properties, dst });
export const FdbQuery = Type.Object(
  { src_vni: Type.Optional(Type.String({ pattern: '^\\d{1,8}$', description: 'a VNI, 0 to 16777215' })) },
  closed,
);
export const MdbQuery = Type.Object(
  { group: Address, source: Type.Optional(Address), ...FdbQuery.properties },
  closed,
);
export const LookupQuery = Type.Object({ address: Address }, closed);
export const MonitorQuery = Type.Object(
  {
    types: Type.Optional(
      Type.String({
        description: 'a comma-separated list of link, fdb, mdb, neigh, nexthop, route, vni, miss',
      }),
    ),
  },
  closed,
);
