/** What `vni add` asks for, VNI by VNI, checked against what there is; throws and nothing has changed. */
import { VtepError } from '../errors.js';
import type { LinkConfig, VniRequest } from './types.js';
import { addressWords, familyOf, isAny, isGroup } from './words.js';

const MAX_VNI = 0xff_ffff;
/** 4095 is reserved (IEEE 802.1Q). */
const MAX_VLAN = 4_094;

type Range = readonly [first: number, last: number];

/** What a VNI is to be. */
export interface Plan {
  vni: number;
  vlan: number;
  remote?: string;
  group?: string;
}

/**
 * @param known VNIs the VTEP has, with the VLAN of each
 * @param config the VTEP's
 */
export function planVnis(
  request: VniRequest,
  known: ReadonlyMap<number, { readonly vlan: number }>,
  config: Pick<LinkConfig, 'name' | 'dev'>,
  family: 4 | 6,
): Plan[] {
  const vnis = vnisOf(request.vnis);
  const vlans = request.vlans === undefined ? undefined : numbers(request.vlans, 'vlan', 0, MAX_VLAN);
  if (vlans !== undefined && vlans.length !== vnis.length) {
    throw argument(
      `vlan names ${vlans.length} VLANs for ${vnis.length} VNIs: expected as many`,
      String(vlans.length),
    );
  }
  const own = destination(request, config, family);
  const plans = vnis.map((vni, i) => ({
    vni,
    vlan: vlans?.[i] ?? known.get(vni)?.vlan ?? ownVlan(vni),
    ...own,
  }));
  refuseSharedVlans(plans, known, config.name);
  return plans;
}

/** All VNIs of a list of ranges. */
export function vnisOf(ranges: readonly Range[]): number[] {
  return numbers(ranges, 'vni', 1, MAX_VNI);
}

function numbers(ranges: readonly Range[], what: string, least: number, most: number): number[] {
  const all = new Set<number>();
  let count = 0;
  for (const [first, last] of ranges) {
    const text = first === last ? String(first) : `${first}-${last}`;
    if (first < least || last > most || first > last) {
      throw argument(`${what} ${text}: expected ${least} to ${most}, the lesser number first`, text);
    }
    count += last - first + 1;
    // Every VNI has a VLAN of its own, so there cannot be more; a range of millions would be long in the making.
    if (count > MAX_VLAN + 1) {
      throw argument(
        `${what} ${text}: these are more than ${MAX_VLAN + 1}, and each VNI of a device has a VLAN of its own`,
        text,
      );
    }
    for (let n = first; n <= last; n++) all.add(n);
  }
  if (all.size < count) {
    throw argument(`${what}: a number is in the list twice; give each once`, what);
  }
  return [...all];
}

function ownVlan(vni: number): number {
  if (vni <= MAX_VLAN) return vni;
  throw argument(
    `vni ${vni} has no VLAN of its number, which is the default: give vlan, 1 to ${MAX_VLAN}, or 0 for frames without a tag`,
    String(vni),
  );
}

/** A VLAN belongs to one VNI. */
function refuseSharedVlans(
  plans: readonly Plan[],
  known: ReadonlyMap<number, { readonly vlan: number }>,
  name: string,
): void {
  const after = new Map<number, number>();
  for (const [vni, { vlan }] of known) after.set(vni, vlan);
  for (const { vni, vlan } of plans) after.set(vni, vlan);
  const owners = new Map<number, number>();
  for (const [vni, vlan] of after) {
    const other = owners.get(vlan);
    owners.set(vlan, vni);
    if (other === undefined) continue;
    throw new VtepError(
      'ERR_VTEP_EXISTS',
      `File exists: vlan ${vlan} of ${name} would be that of vni ${other} and of vni ${vni}; give another vlan`,
      { errno: 'EEXIST', word: String(vlan) },
    );
  }
}

/** The VNIs' own default destination; an any-address, or none, means the device's. */
function destination(
  { remote, group }: Pick<VniRequest, 'remote' | 'group'>,
  config: Pick<LinkConfig, 'dev'>,
  family: 4 | 6,
): Pick<Plan, 'remote' | 'group'> {
  const text = remote ?? group;
  if (text === undefined) return {};
  if (remote !== undefined && group !== undefined) {
    throw argument(
      `remote ${remote} and group ${group} exclude each other: both are the default destination`,
      group,
    );
  }
  const words = addressWords(text, remote === undefined ? 'group' : 'remote');
  if (isAny(words)) return {};
  if (familyOf(words) !== family) {
    throw argument(`${text}: expected IPv${family}, as the device's underlay is`, text, 'EAFNOSUPPORT');
  }
  if (isGroup(words) !== (group !== undefined)) {
    throw argument(
      group === undefined
        ? `remote ${text} is a multicast address; write group ${text}`
        : `group ${text} is not a multicast address; write remote ${text}`,
      text,
    );
  }
  if (group !== undefined && config.dev === undefined) {
    throw argument(`Local interface required for multicast remote group: make the device with dev`, text);
  }
  return remote === undefined ? { group } : { remote };
}

function argument(message: string, word: string, errno = 'EINVAL'): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno, word });
}
