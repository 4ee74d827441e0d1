/** Schemas of what the API answers: documentation only (answers are written by JSON.stringify as they are). */
import Type from 'typebox';
import { Link } from './link-schemas.js';

const entry = { used: Type.Number(), updated: Type.Number() };
const flags = { router: Type.Boolean(), externLearn: Type.Boolean() };
const origin = Type.Union([Type.Literal('own'), Type.Literal('kernel')]);

export const ErrorAnswer = Type.Object({
  code: Type.String({ examples: ['ERR_VTEP_ARGUMENT'] }),
  message: Type.String(),
  errno: Type.Optional(Type.String()),
  word: Type.Optional(Type.String({ description: 'the offending word' })),
});

export const LinkAnswer = Type.Object({
  ...Link.properties,
  remoteName: Type.Optional(Type.String({ description: 'the DNS name that remote is the address of' })),
  ifindex: Type.Integer(),
  up: Type.Boolean(),
  bridged: Type.Boolean({ description: 'the interface is a port of a bridge' }),
  away: Type.Boolean({ description: 'the interface was moved to another network namespace' }),
  persistent: Type.Boolean(),
  missing: Type.Array(Type.String(), { description: 'what the system refused and the VTEP works without' }),
});

export const StatisticsAnswer = Type.Record(
  Type.String(),
  Type.Union([Type.Integer(), Type.Record(Type.String(), Type.Union([Type.Integer(), Type.String()]))]),
);

const Remote = Type.Object({
  dst: Type.String(),
  name: Type.Optional(Type.String({ description: 'the DNS name that dst is the address of' })),
  port: Type.Optional(Type.Integer()),
  vni: Type.Optional(Type.Integer()),
  via: Type.Optional(Type.String()),
});

const RemoteStatisticsAnswer = Type.Object({
  rxPackets: Type.Integer(),
  rxBytes: Type.Integer(),
  txPackets: Type.Integer(),
  txBytes: Type.Integer(),
  learnLimited: Type.Integer({ description: 'MACs not learned because of learnLimit' }),
  heard: Type.Optional(Type.Integer({ description: 'seconds since the last datagram from it' })),
  sent: Type.Optional(Type.Integer({ description: 'seconds since the last datagram to it' })),
  reasons: Type.Record(Type.String(), Type.Integer(), { description: 'frames that ended so, by reason' }),
});

export const RemotesAnswer = Type.Object({
  remotes: Type.Array(
    Type.Object({
      dst: Type.String(),
      port: Type.Optional(Type.Integer()),
      vni: Type.Optional(Type.Integer()),
      known: Type.Boolean({ description: 'an entry leads there' }),
      statistics: Type.Optional(RemoteStatisticsAnswer),
    }),
  ),
  others: Type.Optional(RemoteStatisticsAnswer),
});

export const FdbAnswer = Type.Object({
  mac: Type.String(),
  srcVni: Type.Optional(Type.Integer()),
  remotes: Type.Array(Remote),
  nhid: Type.Optional(Type.Integer()),
  state: Type.String({ examples: ['permanent', 'static', 'reachable', 'stale'] }),
  learned: Type.Boolean(),
  ...flags,
  ...entry,
});

export const NexthopAnswer = Type.Object({
  id: Type.Integer(),
  via: Type.Optional(Type.String()),
  group: Type.Optional(
    Type.Array(Type.Object({ id: Type.Integer(), weight: Type.Optional(Type.Integer()) })),
  ),
  protocol: Type.Integer(),
});

export const MdbAnswer = Type.Object({
  group: Type.String(),
  source: Type.Optional(Type.String()),
  srcVni: Type.Optional(Type.Integer()),
  remotes: Type.Array(
    Type.Object({
      ...Remote.properties,
      filterMode: Type.String({ examples: ['include', 'exclude'] }),
      sources: Type.Array(Type.String()),
      protocol: Type.Integer(),
      blocked: Type.Boolean(),
    }),
  ),
});

export const VniAnswer = Type.Object({
  vni: Type.Integer(),
  vlan: Type.Integer({ description: 'the VLAN of its frames on the interface, 0 for those without a tag' }),
  remote: Type.Optional(Type.String()),
  remoteName: Type.Optional(Type.String({ description: 'the DNS name that remote is the address of' })),
  group: Type.Optional(Type.String()),
  statistics: Type.Record(Type.String(), Type.Integer()),
});

export const NeighbourAnswer = Type.Object({
  dst: Type.String(),
  lladdr: Type.Optional(Type.String()),
  state: Type.String(),
  origin: Type.Union([...origin.anyOf, Type.Literal('snooped')]),
  ...flags,
  ...entry,
});

export const RouteAnswer = Type.Object({
  dst: Type.String(),
  via: Type.Optional(Type.String()),
  onlink: Type.Boolean(),
  origin,
});

export const BulkAnswer = Type.Object({ set: Type.Integer() });

export const BulkDeleteAnswer = Type.Object({ deleted: Type.Integer() });

export const FlushAnswer = Type.Object({ flushed: Type.Integer() });

export const DaemonAnswer = Type.Object({
  pid: Type.Integer(),
  version: Type.String(),
  netns: Type.String({ description: 'inode of the network namespace' }),
  started: Type.String({ format: 'date-time' }),
  memory: Type.Integer({ description: 'resident set, bytes' }),
  workers: Type.Integer(),
  busyPoll: Type.Integer({ description: 'microseconds a worker polls at most before it sleeps' }),
});

export const Nothing = Type.Null({ description: 'no content' });

/**
 * The `response` of a route's schema: what it answers, and how it fails. Untyped, because TypeScript checks answers
 * against lib/engine/types.ts already.
 */
export function answers(status: number, schema: Type.TSchema): unknown {
  return { [status]: schema, '4xx': ErrorAnswer };
}
