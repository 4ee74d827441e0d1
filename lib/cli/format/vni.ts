/**
 * VNIs as `bridge vni` prints them, neighbours with the same destination as a range unless there are counters; the VLAN,
 * which `bridge vlan tunnelshow` tells of the kernel's device, stands behind:
 *
 *   dev               vni              group/remote
 *   vtep0              100-199         192.0.2.1  vlan 10-109
 *                      300                        vlan 0
 */
import type { NamedVniEntry } from '../../control/client.js';
import type { VniEntry, VniStatistics } from '../../engine/types.js';

const DEV_WIDTH = 19;
const VNI_WIDTH = 15;

export const VNI_HEAD = `${'dev'.padEnd(18)}${'vni'.padEnd(17)}group/remote   vlan`;

/** An entry, its counters where they are known. */
type Shown = Omit<VniEntry, 'statistics'> & Partial<NamedVniEntry>;

/** Entries that are shown as one. */
interface Run {
  first: Shown;
  last: Shown;
}

const destination = (entry: Shown): string => entry.group ?? entry.remote ?? '';

/** Both numbers go on by one, or the frames of both have no tag, which two cannot. */
const follows = (before: Shown, entry: Shown): boolean =>
  entry.vni === before.vni + 1 &&
  entry.vlan === before.vlan + 1 &&
  before.vlan !== 0 &&
  destination(before) === destination(entry) &&
  before.remoteName === entry.remoteName;

function runsOf(entries: readonly Shown[], isWithCounters: boolean): Run[] {
  const runs: Run[] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run !== undefined && !isWithCounters && follows(run.last, entry)) run.last = entry;
    else runs.push({ first: entry, last: entry });
  }
  return runs;
}

const range = (first: number, last: number): string => (first === last ? `${first}` : `${first}-${last}`);

function counterLines(s: VniStatistics): string[] {
  const indent = ' '.repeat(DEV_WIDTH);
  return [
    `${indent}RX: bytes ${s.rxBytes} pkts ${s.rxPackets} drops ${s.rxDropped} errors ${s.rxErrors} `,
    `${indent}TX: bytes ${s.txBytes} pkts ${s.txPackets} drops ${s.txDropped} errors ${s.txErrors} `,
  ];
}

/** Lines of one device. */
export function vniLines(
  dev: string,
  entries: readonly Shown[],
  isWithCounters = false,
  isWithNames = false,
): string[] {
  return runsOf(entries, isWithCounters).flatMap(({ first, last }, i) => [
    [
      (i === 0 ? dev : '').padEnd(DEV_WIDTH - 1),
      range(first.vni, last.vni).padEnd(VNI_WIDTH - 1),
      destination(first).padEnd(15),
      `vlan ${range(first.vlan, last.vlan)}`,
      ...(isWithNames && first.remoteName !== undefined ? [`remote-name ${first.remoteName}`] : []),
    ].join(' '),
    ...(isWithCounters && first.statistics ? counterLines(first.statistics) : []),
  ]);
}

function countersJson(s: VniStatistics): Record<string, number> {
  return {
    rx_bytes: s.rxBytes,
    rx_pkts: s.rxPackets,
    rx_drops: s.rxDropped,
    rx_errors: s.rxErrors,
    tx_bytes: s.txBytes,
    tx_pkts: s.txPackets,
    tx_drops: s.txDropped,
    tx_errors: s.txErrors,
  };
}

/** One device with the keys of `bridge -j vni`, and `vlan`. */
export function vniJson(
  dev: string,
  entries: readonly Shown[],
  isWithCounters = false,
): Record<string, unknown> {
  const vnis = runsOf(entries, isWithCounters).map(({ first, last }) => ({
    vni: first.vni,
    vniEnd: last === first ? undefined : last.vni,
    group: first.group,
    remote: first.remote,
    remote_name: first.remoteName,
    vlan: first.vlan,
    vlanEnd: last === first ? undefined : last.vlan,
    stats: isWithCounters && first.statistics ? countersJson(first.statistics) : undefined,
  }));
  return { ifname: dev, vnis };
}
