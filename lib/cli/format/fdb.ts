/**
 * FDB entries as `bridge fdb` prints them, one line and one JSON object a remote:
 *
 *   e6:4b:f9:ce:d7:7b dev vtep0 dst 192.168.100.3 port 5000 vni 9 via eth0 used 12/3 self router permanent
 *
 * An entry that refers to a nexthop group has one line, with `nhid 101` in the place of its remotes.
 * `dev` stands only where the command did not name it. A learned entry's state is empty, as is a dynamic one's.
 */
import type { Named } from '../../control/client.js';
import type { FdbEntry, FdbRemote } from '../../engine/types.js';

/** What of an entry is shown with each of its remotes. */
export type FdbKey = Omit<FdbEntry, 'remotes'>;

const STATES = { permanent: 'permanent', static: 'static', stale: 'stale', reachable: '' } as const;

const flagsOf = (entry: FdbKey): string[] => [
  'self',
  ...(entry.router ? ['router'] : []),
  ...(entry.externLearn ? ['extern_learn'] : []),
];

/**
 * One remote of an entry.
 * @param dev shown when given
 * @param ages whether to show seconds since last use and update
 * @param details whether to show the DNS name that `dst` is the address of
 */
export function fdbLine(
  entry: FdbKey,
  remote: Named<FdbRemote> | undefined,
  dev?: string,
  ages = false,
  details = false,
): string {
  const words = [
    entry.mac,
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(remote === undefined ? [] : [`dst ${remote.dst}`]),
    ...(remote?.port === undefined ? [] : [`port ${remote.port}`]),
    ...(remote?.vni === undefined ? [] : [`vni ${remote.vni}`]),
    ...(entry.srcVni === undefined ? [] : [`src_vni ${entry.srcVni}`]),
    ...(remote?.via === undefined ? [] : [`via ${remote.via}`]),
    ...(entry.nhid === undefined ? [] : [`nhid ${entry.nhid}`]),
    ...(ages ? [`used ${Math.trunc(entry.used)}/${Math.trunc(entry.updated)}`] : []),
    ...flagsOf(entry),
    STATES[entry.state],
    ...(details && remote?.name !== undefined ? [`name ${remote.name}`] : []),
  ];
  return words.join(' ');
}

/** One remote of an entry with the keys of `bridge -j fdb`. */
export function fdbJson(
  entry: FdbKey,
  remote: Named<FdbRemote> | undefined,
  dev?: string,
  ages = false,
): Record<string, unknown> {
  return {
    mac: entry.mac,
    ifname: dev,
    dst: remote?.dst,
    dst_name: remote?.name,
    port: remote?.port,
    vni: remote?.vni,
    src_vni: entry.srcVni,
    viaIf: remote?.via,
    nhid: entry.nhid,
    used: ages ? Math.trunc(entry.used) : undefined,
    updated: ages ? Math.trunc(entry.updated) : undefined,
    flags: flagsOf(entry),
    state: STATES[entry.state],
  };
}
