/**
 * MDB entries as `bridge mdb` prints them, one line and one JSON object a remote:
 *
 *   dev vtep0 port vtep0 grp 239.1.1.1 src 10.0.0.1 permanent blocked dst 192.0.2.2 dst_port 5000 vni 9 via eth0
 *   … grp 239.1.1.1 permanent filter_mode exclude source_list 10.0.0.1/0.00 proto static  dst 192.0.2.2     (-d)
 *
 * Entries have no timers; -s shows those that bridge would, at 0.00.
 */
import type { Named } from '../../control/client.js';
import type { MdbEntry, MdbRemote } from '../../engine/types.js';
import { protocolName } from '../values.js';

/** What of an entry is shown with each of its remotes. */
export type MdbKeyed = Omit<MdbEntry, 'remotes'>;

export interface MdbView {
  /** -d: filter mode, source list, protocol. */
  details: boolean;
  /** -s. */
  timers?: boolean;
}

const TIMER = '0.00';

const when = (value: unknown, text: string): string[] => (value === undefined ? [] : [text]);

function detailWords({ filterMode, sources, protocol }: MdbRemote): string[] {
  const list = sources.map((source) => `${source}/${TIMER}`).join(',');
  return [
    `filter_mode ${filterMode}`,
    ...(sources.length === 0 ? [] : [`source_list ${list}`]),
    `proto ${protocolName(protocol)} `,
  ];
}

/** One remote of an entry. */
export function mdbLine(entry: MdbKeyed, remote: Named<MdbRemote>, dev: string, view: MdbView): string {
  return [
    `dev ${dev} port ${dev} grp ${entry.group}`,
    ...when(entry.source, `src ${entry.source}`),
    'permanent',
    ...(view.details ? detailWords(remote) : []),
    ...(remote.blocked ? ['blocked'] : []),
    `dst ${remote.dst}`,
    ...when(remote.port, `dst_port ${remote.port}`),
    ...when(remote.vni, `vni ${remote.vni}`),
    ...when(entry.srcVni, `src_vni ${entry.srcVni}`),
    ...when(remote.via, `via ${remote.via}`),
    ...(view.details ? when(remote.name, `name ${remote.name}`) : []),
    ...(view.timers ? [TIMER.padStart(7)] : []),
  ].join(' ');
}

function detailJson({ filterMode, sources, protocol }: MdbRemote): Record<string, unknown> {
  const list = sources.map((address) => ({ address, timer: TIMER }));
  return {
    filter_mode: filterMode,
    source_list: sources.length === 0 ? undefined : list,
    protocol: protocolName(protocol),
  };
}

/** One remote of an entry with the keys of `bridge -j mdb`. */
export function mdbJson(
  entry: MdbKeyed,
  remote: Named<MdbRemote>,
  dev: string,
  view: MdbView,
  index?: number,
): Record<string, unknown> {
  return {
    index,
    dev,
    port: dev,
    grp: entry.group,
    src: entry.source,
    state: 'permanent',
    ...(view.details ? detailJson(remote) : {}),
    flags: remote.blocked ? ['blocked'] : [],
    dst: remote.dst,
    dst_name: remote.name,
    dst_port: remote.port,
    vni: remote.vni,
    src_vni: entry.srcVni,
    via: remote.via,
    timer: view.timers ? TIMER.padStart(7) : undefined,
  };
}
