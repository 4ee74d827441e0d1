/** FDB entries in the words of the API (types.ts). */
import {
  type FdbTable,
  FLAG_EXT_LEARNED,
  FLAG_LEARNED,
  FLAG_ROUTER,
  STATE_NOARP,
  STATE_PERMANENT,
  STATE_STALE,
} from '../table/fdb.js';
import { formatMac } from '../wire/text.js';
import { secondsSince } from './clock.js';
import type { TableContext } from './context.js';
import type { FdbEntry, FdbFlush, FdbStateName } from './types.js';

/** All of an entry but its remotes. */
export function describeEntry(
  table: FdbTable,
  entry: number,
  context: TableContext,
): Omit<FdbEntry, 'remotes'> {
  const flags = table.flags(entry);
  const vni = table.vni(entry);
  const now = context.clock.now();
  return {
    mac: formatMac(table.macHigh(entry), table.macLow(entry)),
    ...(vni === context.vni ? {} : { srcVni: vni }),
    state: stateName(table.state(entry)),
    router: (flags & FLAG_ROUTER) !== 0,
    externLearn: (flags & FLAG_EXT_LEARNED) !== 0,
    learned: (flags & FLAG_LEARNED) !== 0,
    used: secondsSince(table.used(entry), now),
    updated: secondsSince(table.updated(entry), now),
  };
}

/**
 * Whether an entry meets the entry part of a flush filter; filters are ANDed. `static` and `dynamic` stand for the
 * bits that iproute2 makes of the words, so that of permanent entries `nostatic` and `nodynamic` see NOARP alone
 * (measured on the kernel device).
 */
export function meetsFilter(table: FdbTable, entry: number, filter: FdbFlush): boolean {
  const state = table.state(entry);
  const flags = table.flags(entry);
  const isPermanent = (state & STATE_PERMANENT) !== 0;
  const isNoarp = (state & STATE_NOARP) !== 0;
  const wanted = (want: boolean | undefined, is: boolean) => want === undefined || want === is;
  return (
    (filter.srcVni === undefined || filter.srcVni === table.vni(entry)) &&
    wanted(filter.permanent, isPermanent) &&
    wanted(filter.static, filter.static === true ? isNoarp && !isPermanent : isNoarp) &&
    wanted(filter.dynamic, filter.dynamic === true ? !isNoarp && !isPermanent : !isNoarp) &&
    wanted(filter.externLearn, (flags & FLAG_EXT_LEARNED) !== 0) &&
    wanted(filter.router, (flags & FLAG_ROUTER) !== 0)
  );
}

function stateName(state: number): FdbStateName {
  if ((state & STATE_PERMANENT) !== 0) return 'permanent';
  if ((state & STATE_NOARP) !== 0) return 'static';
  return (state & STATE_STALE) !== 0 ? 'stale' : 'reachable';
}
