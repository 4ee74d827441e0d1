/**
 * `bridge fdb flush` with every filter the kernel has, whatever the iproute2 here: versions before 6.7 ignore those they do
 * not know and flush everything. The same request is made by hand (RTM_DELNEIGH with NLM_F_BULK, vxlan_fdb_delete_bulk).
 */
import { load } from '../../lib/native/load.js';
import { ask } from '../../lib/native/netlink/request.js';
import {
  be16,
  buildMessage,
  NLM_F_ACK,
  NLM_F_REQUEST,
  u32,
  viewOf,
  type AttributeValue,
} from '../../lib/native/netlink/message.js';
import {
  AF_BRIDGE,
  NTF_EXT_LEARNED,
  NTF_ROUTER,
  NTF_SELF,
  NUD_NOARP,
  NUD_PERMANENT,
  RTM_DELNEIGH,
} from '../../lib/native/netlink/neighbour.js';
import { addressOctets } from '../support/packets.js';

const NLM_F_BULK = 0x200;
const NDMSG_SIZE = 12;
const NDA = { dst: 1, port: 6, vni: 7, srcVni: 11, nhid: 13, stateMask: 16, flagsMask: 17 };

/** Word -> bits of the state that are looked at, and what they must be. */
const STATES: Readonly<Record<string, readonly [mask: number, value: number]>> = {
  permanent: [NUD_PERMANENT, NUD_PERMANENT],
  nopermanent: [NUD_PERMANENT, 0],
  static: [NUD_NOARP | NUD_PERMANENT, NUD_NOARP],
  nostatic: [NUD_NOARP, 0],
  dynamic: [NUD_NOARP | NUD_PERMANENT, 0],
  nodynamic: [NUD_NOARP, NUD_NOARP],
};
const FLAGS: Readonly<Record<string, readonly [mask: number, value: number]>> = {
  router: [NTF_ROUTER, NTF_ROUTER],
  norouter: [NTF_ROUTER, 0],
  extern_learn: [NTF_EXT_LEARNED, NTF_EXT_LEARNED],
  noextern_learn: [NTF_EXT_LEARNED, 0],
};
const VALUES: Readonly<Record<string, (value: string) => AttributeValue>> = {
  dst: (value) => [NDA.dst, Uint8Array.from(addressOctets(value))],
  port: (value) => [NDA.port, be16(Number(value))],
  vni: (value) => [NDA.vni, u32(Number(value))],
  src_vni: (value) => [NDA.srcVni, u32(Number(value))],
  nhid: (value) => [NDA.nhid, u32(Number(value))],
};

/** True when old versions of `bridge` would not understand a filter among these words. */
export const needsBulk = (filters: readonly string[]): boolean =>
  filters.some((word) => word in VALUES || word === 'router' || word === 'norouter') &&
  filters.every((word, i) => isKnown(word) || isKnown(filters[i - 1] ?? ''));

const isKnown = (word: string): boolean => word in VALUES || word in FLAGS || word in STATES;

/**
 * Flushes entries of an interface of a namespace.
 * @returns 0 or -errno
 */
export function bulkFlush(netns: string, ifindex: number, filters: readonly string[]): number {
  const head = new Uint8Array(NDMSG_SIZE);
  const view = viewOf(head);
  const attributes: AttributeValue[] = [];
  let [state, stateMask, flags, flagsMask] = [0, 0, NTF_SELF, 0];
  for (let i = 0; i < filters.length; i++) {
    const word = filters[i]!;
    const [mask, value] = STATES[word] ?? FLAGS[word] ?? [0, 0];
    if (word in STATES) [stateMask, state] = [stateMask | mask, state | value];
    else if (word in FLAGS) [flagsMask, flags] = [flagsMask | mask, flags | value];
    else attributes.push(VALUES[word]!(filters[++i]!));
  }
  view.setUint8(0, AF_BRIDGE);
  view.setInt32(4, ifindex, true);
  view.setUint16(8, state, true);
  view.setUint8(10, flags);
  if (stateMask !== 0) attributes.push([NDA.stateMask, Uint8Array.of(stateMask & 255, stateMask >> 8)]);
  if (flagsMask !== 0) attributes.push([NDA.flagsMask, Uint8Array.of(flagsMask)]);
  const request = buildMessage(RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_BULK, head, attributes);
  return ask(load(), request, `/run/netns/${netns}`).result;
}
