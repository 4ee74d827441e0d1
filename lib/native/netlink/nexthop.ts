/**
 * Nexthop objects over rtnetlink (linux/nexthop.h), as the kernel announces those with the fdb flag (nh_fill_node):
 *
 *   nhmsg  0        1        2        3        4                 8
 *          +--------+--------+--------+--------+-----------------+
 *          | family | scope  | proto  | -      | flags           |  attributes
 *          +--------+--------+--------+--------+-----------------+
 *          family, scope and proto are 0 of a group
 *
 *   nexthop_grp, one a member of a group:  id 4 · weight - 1, low octet · high octet · 0 · 0
 */
import { buildMessage, NLM_F_ACK, NLM_F_REPLACE, NLM_F_REQUEST, u32, viewOf } from './message.js';
import { AF_INET, AF_INET6 } from './neighbour.js';

export const RTM_NEWNEXTHOP = 104;
export const RTM_DELNEXTHOP = 105;

const NHA_ID = 1;
const NHA_GROUP = 2;
const NHA_GROUP_TYPE = 3;
const NHA_GATEWAY = 6;
const NHA_FDB = 11;
const NHA_OP_FLAGS = 14;
/** Weights have 16 bits here (NHA_OP_FLAG_RESP_GRP_RESVD_0, since 6.12). */
const RESP_GRP_RESVD_0 = 0x8000_0000;
const HASH_THRESHOLD = new Uint8Array(2);

const RT_SCOPE_LINK = 253;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;

/** Flags of a message are those of the request that it tells of. */
const FLAGS = {
  add: NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
  replace: NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
  delete: NLM_F_REQUEST | NLM_F_ACK,
} as const;

export interface NexthopNotice {
  /** RTM_NEWNEXTHOP or RTM_DELNEXTHOP. */
  message: number;
  /** What was asked for. */
  cause: keyof typeof FLAGS;
  id: number;
  protocol: number;
  /** Four or 16 octets, in network order; all zeros are an address, too, which is not written. */
  gateway?: Uint8Array;
  group?: readonly { id: number; weight: number }[];
}

function members(group: NonNullable<NexthopNotice['group']>): Uint8Array {
  const bytes = new Uint8Array(8 * group.length);
  const view = viewOf(bytes);
  group.forEach(({ id, weight }, i) => {
    view.setUint32(8 * i, id, true);
    view.setUint16(8 * i + 4, weight - 1, true);
  });
  return bytes;
}

/** A message as the kernel sends it, octet for octet. */
export function nexthopNotice({ message, cause, id, protocol, gateway, group }: NexthopNotice): Uint8Array {
  const head = new Uint8Array(8);
  const common = [
    [NHA_ID, u32(id)],
    [NHA_FDB, new Uint8Array()],
  ] as const;
  if (group !== undefined) {
    return buildMessage(message, FLAGS[cause], head, [
      ...common,
      [NHA_GROUP_TYPE, HASH_THRESHOLD],
      [NHA_GROUP, members(group)],
      [NHA_OP_FLAGS, u32(RESP_GRP_RESVD_0)],
    ]);
  }
  head.set([gateway?.length === 16 ? AF_INET6 : AF_INET, RT_SCOPE_LINK, protocol]);
  const isAny = gateway?.every((octet) => octet === 0);
  return buildMessage(message, FLAGS[cause], head, [...common, [NHA_GATEWAY, isAny ? undefined : gateway]]);
}
