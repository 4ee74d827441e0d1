/**
 * Where a destination that has a name stands in the engine, and how it is given another address: as the kernel's
 * changelink does it, the new destination is there before the old one goes.
 */
import type { VtepApi } from '../../engine/api.js';
import type { FdbEntry, FdbRemote, LinkState, MdbKey } from '../../engine/types.js';
import { isGroupMac } from '../address.js';
import { completeChange } from '../validate.js';

const ZERO_MAC = '00:00:00:00:00:00';

export interface Place {
  /** Equal for equal places of one VTEP; names it in the log. */
  readonly key: string;
  /** It has one destination, so that another takes its place. */
  readonly single: boolean;
  /** Whether `address` is a destination there. */
  has(address: string): boolean;
  /**
   * Gives it `to` for `from`, or throws and has changed nothing.
   * @param stays `from` is left where it is, because not the name alone put it there
   */
  move(from: string, to: string, stays: boolean): void;
}

/** `remote` of the VTEP itself. */
export function linkPlace(vtep: VtepApi): Place {
  return {
    key: 'remote',
    single: true,
    has: (address) => vtep.state().remote === address,
    move: (_from, to) => vtep.set(completeChange({ remote: to }, vtep.state())),
  };
}

/** What tells the destinations of one VTEP's FDB apart, but for the address. */
type FdbPlaceKey = Pick<FdbEntry, 'mac' | 'srcVni'> & Omit<FdbRemote, 'dst'>;

const shownKey = ({ mac, srcVni, port, vni, via }: FdbPlaceKey): string =>
  ['fdb', mac, srcVni ?? '', port ?? '', vni ?? '', via ?? ''].join(' ');

/** As the engine shows it: what is the device's own is left out. */
function asShown<T extends FdbPlaceKey>(given: T, { id, vnifilter, dstport }: LinkState): FdbPlaceKey {
  const own = (vnifilter ? given.srcVni : undefined) ?? id;
  return {
    mac: given.mac,
    srcVni: given.srcVni === id ? undefined : given.srcVni,
    port: given.port === dstport ? undefined : given.port,
    vni: given.vni === own ? undefined : given.vni,
    via: given.via,
  };
}

/** The key of a destination as the engine shows it. */
export const fdbKey = ({ mac, srcVni }: Pick<FdbEntry, 'mac' | 'srcVni'>, remote: FdbRemote): string =>
  shownKey({ ...remote, mac, srcVni });

/** A destination of an FDB entry. What is learned is no longer what was given. */
export function fdbPlace(vtep: VtepApi, given: FdbPlaceKey): Place {
  const at = asShown(given, vtep.state());
  const key = shownKey(at);
  const single = at.mac !== ZERO_MAC && !isGroupMac(at.mac);
  const entry = (): FdbEntry | undefined => vtep.fdb.get(at.mac, at.srcVni);
  return {
    key,
    single,
    has(address) {
      const now = entry();
      if (now === undefined || now.learned) return false;
      return now.remotes.some((remote) => remote.dst === address && fdbKey(now, remote) === key);
    },
    move(from, to, stays) {
      const { state, router, externLearn } = entry()!;
      const kept = state === 'reachable' || state === 'stale' ? ('dynamic' as const) : state;
      const verb = single ? 'replace' : 'append';
      vtep.fdb.set({ verb, ...at, dst: to, state: kept, router, externLearn });
      if (!single && !stays) vtep.fdb.delete({ ...at, dst: from });
    },
  };
}

export const mdbKey = ({ group, source, srcVni }: MdbKey): string =>
  ['mdb', group, source ?? '', srcVni ?? ''].join(' ');

/** A destination of an MDB entry. */
export function mdbPlace(vtep: VtepApi, { group, source, srcVni }: MdbKey): Place {
  const own = vtep.state().id;
  const at = { group, source, srcVni: srcVni === own ? undefined : srcVni };
  const remoteAt = (address: string) => vtep.mdb.get(at)?.remotes.find(({ dst }) => dst === address);
  return {
    key: mdbKey(at),
    single: false,
    has: (address) => remoteAt(address) !== undefined,
    move(from, to, stays) {
      if (remoteAt(to) === undefined) {
        const { blocked: _blocked, filterMode, sources, ...remote } = remoteAt(from)!;
        const filter = source === undefined ? { filterMode, sources } : {};
        vtep.mdb.set({ verb: 'add', ...at, ...remote, ...filter, dst: to });
      }
      if (!stays) vtep.mdb.delete({ ...at, dst: from });
    },
  };
}

export const vniKey = (vni: number): string => `vni ${vni}`;

/** `remote` of one VNI of many. */
export function vniPlace(vtep: VtepApi, vni: number): Place {
  return {
    key: vniKey(vni),
    single: true,
    has: (address) => vtep.vnis?.get(vni)?.remote === address,
    move: (_from, to) => vtep.vnis!.add({ vnis: [[vni, vni]], remote: to }),
  };
}
