/** What `bridge mdb` of iproute2 6.5 and later asks of a vxlan device, for where an older one is installed. */
import { addressBytes } from '../../lib/control/address.js';
import type { MdbRequest } from '../../lib/engine/types.js';
import {
  attributes,
  type AttributeValue,
  buildMessage,
  NLM_F_ACK,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  u32,
  viewOf,
} from '../../lib/native/netlink/message.js';
import { RTM_DELMDB, RTM_NEWMDB } from '../../lib/native/netlink/multicast.js';

const NLM_F_BULK = 0x200;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const NESTED = 0x8000;
const MDBA_SET_ENTRY = 1;
const MDBA_SET_ENTRY_ATTRS = 2;
const SOURCE = 1;
const SRC_LIST = 2;
const GROUP_MODE = 3;
const RTPROT = 4;
const DST = 5;
const DST_PORT = 6;
const VNI = 7;
const IFINDEX = 8;
const MESSAGES = { add: RTM_NEWMDB, replace: RTM_NEWMDB, delete: RTM_DELMDB, flush: RTM_DELMDB };
const FLAGS = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  delete: 0,
  flush: NLM_F_BULK,
};

/** Words of `bridge mdb`, but for the verb and the interface. */
export type MdbFields = Partial<Omit<MdbRequest, 'verb'>>;
export type MdbVerb = keyof typeof MESSAGES;

const bytes = (address: string | undefined): Uint8Array | undefined =>
  address === undefined ? undefined : addressBytes(address);
const byte = (value: number | undefined): Uint8Array | undefined =>
  value === undefined ? undefined : Uint8Array.of(value);
const u16 = (value: number | undefined): Uint8Array | undefined =>
  value === undefined ? undefined : Uint8Array.of(value & 0xff, value >>> 8);

/**
 * The request `bridge mdb VERB …` sends.
 * @param via index of the interface that `fields.via` names
 */
export function mdbRequest(verb: MdbVerb, fields: MdbFields, ifindex: number, via: number): Uint8Array {
  const head = new Uint8Array(8);
  head[0] = 7;
  viewOf(head).setUint32(4, ifindex, true);
  const entry = new Uint8Array(28);
  const group = bytes(fields.group ?? '0.0.0.0')!;
  viewOf(entry).setUint32(0, ifindex, true);
  entry[4] = 1;
  entry.set(group, 8);
  // The filter of a flush has no address at all.
  if (verb !== 'flush') viewOf(entry).setUint16(24, group.length === 4 ? 0x0800 : 0x86dd);
  const list = (fields.sources ?? []).map((source): AttributeValue => [
    1 | NESTED,
    attributes([[1, bytes(source)]]),
  ]);
  const mode = fields.filterMode === undefined ? undefined : Number(fields.filterMode === 'include');
  const more = attributes([
    [SOURCE, bytes(fields.source)],
    [SRC_LIST | NESTED, list.length === 0 ? undefined : attributes(list)],
    [GROUP_MODE, byte(mode)],
    [RTPROT, byte(fields.protocol)],
    [DST, bytes(fields.dst)],
    [DST_PORT, u16(fields.port)],
    [VNI, u32(fields.vni)],
    [IFINDEX, fields.via === undefined ? undefined : u32(via)],
  ]);
  return buildMessage(MESSAGES[verb], NLM_F_REQUEST | NLM_F_ACK | FLAGS[verb], head, [
    [MDBA_SET_ENTRY, entry],
    [MDBA_SET_ENTRY_ATTRS | NESTED, more.length === 0 ? undefined : more],
  ]);
}
