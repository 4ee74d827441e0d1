/**
 * TypeBox schemas of what the API takes, field by field. A field's `description` ends up in two places: the OpenAPI
 * document, and the error message ("id is 16777216; expected …"), so it reads as what was expected.
 */
import Type from 'typebox';

const closed = { additionalProperties: false };

export const VNI = Type.Integer({ minimum: 0, maximum: 0xffffff, description: 'a VNI, 0 to 16777215' });
export const Port = Type.Integer({ minimum: 1, maximum: 65535, description: 'a UDP port, 1 to 65535' });
export const Address = Type.String({
  description: 'an IPv4 or IPv6 address',
  examples: ['192.0.2.1', '2001:db8::1'],
});
export const Mac = Type.String({ description: 'a MAC such as 02:00:00:00:00:01' });
export const InterfaceName = Type.String({ description: 'an interface name, 1 to 15 bytes' });
const Flag = Type.Boolean({ description: 'true or false' });
const inherit = Type.Literal('inherit');

/** Every option of a link with its range. Defaults and contradictions between fields: validate.ts. */
const linkOptions = {
  id: VNI,
  external: Flag,
  vnifilter: Flag,
  remote: Type.String({ description: 'a unicast IPv4 or IPv6 address' }),
  group: Type.String({ description: 'a multicast IPv4 or IPv6 address' }),
  local: Type.String({ description: 'a unicast IPv4 or IPv6 address of this host' }),
  dev: InterfaceName,
  dstport: Type.Integer({ minimum: 0, maximum: 65535, description: 'a UDP port, 1 to 65535, or 0 for 8472' }),
  srcport: Type.Array(Type.Integer({ minimum: 0, maximum: 65535, description: 'a UDP port, 0 to 65535' }), {
    minItems: 2,
    maxItems: 2,
    description: '[MIN, MAX] UDP ports, MAX exclusive, or [0, 0] for 49152 to 65535',
  }),
  ttl: Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), inherit], {
    description: '1 to 255, 0 for the system\'s default, or "inherit"',
  }),
  tos: Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), inherit], {
    description: '0 to 255, or "inherit"',
  }),
  df: Type.Union([Type.Literal('unset'), Type.Literal('set'), inherit], {
    description: '"unset", "set" or "inherit"',
  }),
  flowlabel: Type.Integer({ minimum: 0, maximum: 0xfffff, description: 'a flow label, 0 to 1048575' }),
  learning: Flag,
  ageing: Type.Integer({ minimum: 0, maximum: 0xffffffff, description: 'seconds, 0 for 300' }),
  maxaddress: Type.Integer({
    minimum: 0,
    maximum: 0xffffffff,
    description: 'a number of entries, 0 for no limit',
  }),
  mssclamp: Type.Union(
    [Type.Literal('off'), Type.Literal('auto'), Type.Integer({ minimum: 88, maximum: 65_495 })],
    {
      description: 'a maximum segment size, 88 to 65495, "auto" or "off"',
    },
  ),
  proxy: Flag,
  rsc: Flag,
  l2miss: Flag,
  l3miss: Flag,
  udpcsum: Flag,
  udp6zerocsumtx: Flag,
  udp6zerocsumrx: Flag,
  gbp: Flag,
  gbpId: Type.Integer({
    minimum: 0,
    maximum: 0xffff,
    description: 'a group policy id, 1 to 65535, or 0 for none',
  }),
  gpe: Flag,
  reserved_bits: Type.String({
    description: 'a 64-bit mask of header bits that must be zero',
    examples: ['0xf7ffffff000000ff'],
  }),
  localbypass: Flag,
  localbind: Flag,
  allow: Type.Union([Type.Literal('any'), Type.Literal('known'), Type.Literal('fdb')], {
    description: '"any", "known" or "fdb"',
  }),
  learnLimit: Type.Integer({
    minimum: 0,
    maximum: 0xffffffff,
    description: 'a number of MACs, 0 for no limit',
  }),
  mtu: Type.Integer({ minimum: 68, maximum: 65535, description: 'an MTU, 68 to 65535' }),
  address: Type.String({ description: 'a unicast MAC such as 02:00:00:00:00:01' }),
};

export const NewLinkBody = Type.Object(
  { name: InterfaceName, ...Type.Partial(Type.Object(linkOptions)).properties },
  closed,
);

/** All of a link's options are understood, so that those which cannot change are refused by name. */
export const LinkChangeBody = Type.Partial(
  Type.Object({ name: InterfaceName, up: Flag, ...linkOptions }),
  closed,
);

const remote = { port: Type.Optional(Port), vni: Type.Optional(VNI), via: Type.Optional(InterfaceName) };
const srcVni = Type.Optional(VNI);
const optionalFlag = Type.Optional(Flag);
const dst = Type.String({ description: 'an IPv4 or IPv6 address' });

export const FdbRequestBody = Type.Object(
  {
    verb: Type.Union([Type.Literal('add'), Type.Literal('append'), Type.Literal('replace')], {
      description: '"add", "append" or "replace"',
    }),
    mac: Mac,
    dst,
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

/** A request is answered before the next is looked at: longer ones would keep everybody else waiting. */
export const FDB_BULK_MAX = 10_000;

export const FdbBulkBody = Type.Object(
  {
    entries: Type.Array(FdbRequestBody, {
      minItems: 1,
      maxItems: FDB_BULK_MAX,
      description: `1 to ${FDB_BULK_MAX} entries`,
    }),
  },
  closed,
);

export const FdbDeleteBody = Type.Object({ mac: Mac, srcVni, dst: Type.Optional(dst), ...remote }, closed);

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
  { vnis: vniRanges, vlans: Type.Optional(vniRanges), remote: Type.Optional(dst), group: Type.Optional(dst) },
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

export const NeighbourFlushBody = Type.Object(
  { dst: Type.Optional(dst), state: Type.Optional(NeighbourState) },
  closed,
);

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
export const RouteDeleteBody = Type.Object({ dst: Prefix }, closed);
export const RouteFlushBody = Type.Object({}, closed);

export const DevParams = Type.Object({ dev: Type.String({ description: 'the name of a VTEP' }) });
export const FdbParams = Type.Object({ ...DevParams.properties, mac: Mac });
export const NeighbourParams = Type.Object({ ...DevParams.properties, dst });
export const FdbQuery = Type.Object(
  { src_vni: Type.Optional(Type.String({ pattern: '^\\d{1,8}$', description: 'a VNI, 0 to 16777215' })) },
  closed,
);
export const LookupQuery = Type.Object({ address: Address }, closed);
export const MonitorQuery = Type.Object(
  {
    types: Type.Optional(
      Type.String({ description: 'a comma-separated list of link, fdb, neigh, route, vni, miss' }),
    ),
  },
  closed,
);
