/**
 * What `bridge mdb` may be told about a vxlan device, checked in the kernel's order and words (vxlan_mdb_config_init,
 * vxlan_mdb_config_attrs_init).
 */
import { VtepError } from '../errors.js';
import type { MdbKey, MdbRequest } from './types.js';
import { addressWords, familyOf, isAny, isGroup } from './words.js';

/** RTPROT_STATIC: what lies below belongs to the kernel itself. */
export const PROTOCOL_STATIC = 4;

/** Addresses of an MDB entry's key. `source` is four zero words for a (*, G) entry. */
export interface MdbAddresses {
  group: Int32Array;
  source: Int32Array;
}

export function refuse(message: string, word: string | undefined, errno = 'EINVAL'): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno, word });
}

/** A source is a unicast address of the group's family. */
export function sourceWords(text: string, group: Int32Array): Int32Array {
  const words = addressWords(text, 'source');
  const family = familyOf(group);
  if (familyOf(words) !== family) {
    throw refuse(
      `IPv${family} invalid source address length: source "${text}" is not an IPv${family} address`,
      text,
    );
  }
  if (isGroup(words)) throw refuse(`IPv${family} multicast source address is not allowed: "${text}"`, text);
  return words;
}

/** Reads the key of an entry. A source of all zeros is none. */
export function keyAddresses(key: MdbKey): MdbAddresses {
  const group = addressWords(key.group, 'group');
  const source = key.source === undefined ? new Int32Array(4) : sourceWords(key.source, group);
  if (!isGroup(group) && !isAny(group)) {
    throw refuse(
      `Group address is not multicast: "${key.group}"; expected a multicast address, or 0.0.0.0 or :: for all others`,
      key.group,
    );
  }
  if (isAny(group) && key.source !== undefined) {
    throw refuse('Source cannot be specified for the all-zeros entry', key.source);
  }
  return { group, source: isAny(source) ? new Int32Array(4) : source };
}

/** No entry is for who is on the link itself: such frames go to all (rtnl_validate_mdb_entry). */
export function checkScope({ group }: MdbAddresses, text: string): void {
  const [first, second, third, last] = group as unknown as [number, number, number, number];
  if (familyOf(group) === 4 && last >>> 8 === 0xe00000) {
    throw refuse(
      `IPv4 entry group address is local multicast: "${text}"; frames to 224.0.0.0/24 go to all`,
      text,
    );
  }
  if (first >>> 16 === 0xff02 && (first & 0xffff) === 0 && (second | third) === 0 && last === 1)
    throw refuse(`IPv6 entry group address is link-local all nodes: "${text}"`, text);
}

/** Filter mode and source list belong to (*, G) entries. Returns the sources, each once in the list it came in. */
export function checkFilter(request: MdbRequest, { group, source }: MdbAddresses): Int32Array[] {
  const isStarG = !isAny(group) && isAny(source);
  const { filterMode, sources = [] } = request;
  if (filterMode !== undefined && !isStarG) {
    throw refuse('Filter mode can only be set for (*, G) entries', filterMode);
  }
  if (sources.length > 0 && !isStarG) {
    throw refuse('Source list can only be set for (*, G) entries', sources[0]);
  }
  if (sources.length > 0 && filterMode === undefined) {
    throw refuse('Source list cannot be set without filter mode: say include or exclude', sources[0]);
  }
  const words = sources.map((text) => sourceWords(text, group));
  if (isStarG && filterMode === 'include' && words.length === 0) {
    throw refuse('Cannot add (*, G) INCLUDE with an empty source list', request.group);
  }
  const { protocol = PROTOCOL_STATIC } = request;
  if (protocol < PROTOCOL_STATIC || protocol > 255) {
    throw refuse(
      `Numerical result out of range: proto ${protocol}; expected ${PROTOCOL_STATIC} (static) to 255`,
      String(protocol),
      'ERANGE',
    );
  }
  return words;
}
