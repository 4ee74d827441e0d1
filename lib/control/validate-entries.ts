/** What the tables may be told: entries of the FDB, neighbours and routes, in canonical text. */
import type {
  FdbDelete,
  FdbFlush,
  FdbRequest,
  MdbDelete,
  MdbFlush,
  MdbKey,
  MdbRequest,
  NeighbourRequest,
  RouteRequest,
  VniRequest,
} from '../engine/types.js';
import { canonicalPrefix, familyOf, isGroupMac, isMulticast, type PrefixFault } from './address.js';
import type { NeighbourFlush } from './client.js';
import { argument, checkAddress, checkMac, checkName } from './validate.js';

const PREFIX_FAULTS: Record<PrefixFault, string> = {
  'no prefix': 'expected a prefix such as 10.20.2.0/24',
  'bad length': 'the length is 0 to 32 for IPv4, 0 to 128 for IPv6',
  'host bits': 'bits are set behind the prefix length',
};

/**
 * Canonical text of a prefix.
 * @throws {VtepError} ERR_VTEP_ARGUMENT
 */
export function checkPrefix(text: string): string {
  const result = canonicalPrefix(text);
  if ('prefix' in result) return result.prefix;
  throw argument(text, `dst is "${text}"; ${PREFIX_FAULTS[result.fault]}`);
}

/** An FDB entry or filter with its texts made canonical. */
export function completeFdb<T extends FdbRequest | FdbDelete>(request: T): T {
  const out: T = { ...request, mac: checkMac(request.mac, 'mac') };
  if (out.dst !== undefined) out.dst = checkAddress(out.dst, 'dst');
  if (out.via !== undefined) checkName(out.via, 'via');
  return out;
}

export function completeFdbFlush(filter: FdbFlush): FdbFlush {
  return filter.dst === undefined ? filter : { ...filter, dst: checkAddress(filter.dst, 'dst') };
}

const VNI_MAX = 0xffffff;

/** A VNI of a query string. */
export function checkSrcVni(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (Number(text) > VNI_MAX)
    throw argument(text, `src_vni is ${text}; expected a VNI, 0 to ${VNI_MAX}`, 'ERANGE');
  return Number(text);
}

/** An MDB entry, its key or a part of it with texts made canonical. */
export function completeMdb<T extends MdbRequest | MdbDelete | MdbKey>(request: T): T {
  const out: T & Partial<MdbRequest> = { ...request, group: checkAddress(request.group, 'group') };
  if (out.source !== undefined) out.source = checkAddress(out.source, 'source');
  if (out.dst !== undefined) out.dst = checkAddress(out.dst, 'dst');
  if (out.via !== undefined) checkName(out.via, 'via');
  if (out.sources !== undefined) out.sources = out.sources.map((source) => checkAddress(source, 'sources'));
  return out;
}

export function completeMdbFlush(filter: MdbFlush): MdbFlush {
  return filter.dst === undefined ? filter : { ...filter, dst: checkAddress(filter.dst, 'dst') };
}

/** VNIs with their destination's text made canonical; what they say together is the engine's part. */
export function completeVnis(request: VniRequest): VniRequest {
  const out: VniRequest = { ...request };
  if (out.remote !== undefined) out.remote = checkAddress(out.remote, 'remote');
  if (out.group !== undefined) out.group = checkAddress(out.group, 'group');
  return out;
}

/** A neighbour has a unicast MAC and a unicast address. */
export function completeNeighbour(request: NeighbourRequest): NeighbourRequest {
  const dst = checkAddress(request.dst, 'dst');
  if (isMulticast(dst))
    throw argument(request.dst, `dst ${dst} is a multicast address; expected a unicast one`);
  const lladdr = checkMac(request.lladdr, 'lladdr');
  if (isGroupMac(lladdr))
    throw argument(request.lladdr, `lladdr ${lladdr} is a group MAC; expected a unicast one`);
  return { ...request, dst, lladdr };
}

export function completeNeighbourFlush(filter: NeighbourFlush): NeighbourFlush {
  return filter.dst === undefined ? filter : { ...filter, dst: checkAddress(filter.dst, 'dst') };
}

/** A route's next hop is of the family of its prefix; `default via` an IPv6 address is ::/0. */
export function completeRoute(request: RouteRequest): RouteRequest {
  const via = request.via === undefined ? undefined : checkAddress(request.via, 'via');
  const isDefault6 = request.dst === 'default' && via !== undefined && familyOf(via) === 6;
  const dst = isDefault6 ? '::/0' : checkPrefix(request.dst);
  if (via === undefined) return { ...request, dst };
  if (familyOf(via) !== familyOf(dst.slice(0, dst.indexOf('/')))) {
    throw argument(request.via, `via ${via} and dst ${dst} must be of the same address family`);
  }
  return { ...request, dst, via };
}
