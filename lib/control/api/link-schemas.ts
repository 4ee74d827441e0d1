/** TypeBox schemas of a link's options (schemas.ts has what they are made of, and everything else). */
import Type from 'typebox';
import { MOST_GATEWAYS, MOST_SNOOPED } from '../../engine/neighbour-options.js';
import { Address, closed, Flag, inherit, InterfaceName, VNI } from './schemas.js';

/** Every option of a link with its range. Defaults and contradictions between fields: validate.ts. */
const linkOptions = {
  id: VNI,
  external: Flag,
  vnifilter: Flag,
  remote: Type.String({ description: 'a unicast IPv4 or IPv6 address, or a DNS name' }),
  group: Type.String({ description: 'a multicast IPv4 or IPv6 address' }),
  local: Type.String({ description: 'a unicast IPv4 or IPv6 address of this host' }),
  linkNetns: Type.String({
    description: 'a network namespace: a name of `ip netns list`, or an absolute path',
  }),
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
  missinterval: Type.Integer({
    minimum: 0,
    maximum: 86_400,
    description: 'seconds, 0 to 86400, 0 to tell every miss',
  }),
  missrate: Type.Integer({
    minimum: 0,
    maximum: 0xffffffff,
    description: 'a number of misses a second, 0 for no limit',
  }),
  hold: Type.Integer({
    minimum: 0,
    maximum: 1024,
    description: 'a number of frames, 0 to 1024, 0 to hold none',
  }),
  holdtime: Type.Integer({
    minimum: 100,
    maximum: 60_000,
    description: 'milliseconds, 100 to 60000',
  }),
  resolveInterval: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    description: 'seconds, 1 to 86400',
  }),
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
  learnPort: Flag,
  remoteStats: Flag,
  splitHorizon: Type.Integer({
    minimum: 0,
    maximum: 255,
    description: 'a split-horizon group, 1 to 255, or 0 for none',
  }),
  neighsnoop: Type.Integer({
    minimum: 0,
    maximum: MOST_SNOOPED,
    description: 'a number of neighbours, 1 to 1048576, or 0 to learn none',
  }),
  gateway: Type.Array(Address, {
    maxItems: MOST_GATEWAYS,
    description: 'a list of up to 64 unicast IPv4 or IPv6 addresses',
  }),
  gatewayMac: Type.String({ description: 'a unicast MAC such as 00:00:5e:00:01:01' }),
  mtu: Type.Integer({ minimum: 68, maximum: 65535, description: 'an MTU, 68 to 65535' }),
  address: Type.String({ description: 'a unicast MAC such as 02:00:00:00:00:01' }),
};

/** What a link has. */
export const Link = Type.Object({ name: InterfaceName, ...linkOptions });

export const NewLinkBody = Type.Object(
  {
    name: InterfaceName,
    ...Type.Partial(Type.Object(linkOptions)).properties,
    family: Type.Optional(
      Type.Union([Type.Literal(4), Type.Literal(6)], {
        description: '4 or 6, the IP version of the address that the name in remote is looked up for',
      }),
    ),
  },
  closed,
);

/** All of a link's options are understood, so that those which cannot change are refused by name. */
export const LinkChangeBody = Type.Partial(
  Type.Object({ name: InterfaceName, up: Flag, ...linkOptions }),
  closed,
);
