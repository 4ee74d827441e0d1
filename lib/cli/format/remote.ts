/**
 * Remotes of a VTEP, one a line, with `-s` in the columns of `ip -s link` what each sent and was sent:
 *
 *   192.0.2.2 dev vtep0 port 5000 vni 9
 *   192.0.2.66 dev vtep0 unknown heard 3
 *       RX:  bytes packets errors refused limited
 *                0       0      0       7       0
 *       TX:  bytes packets errors
 *                0       0      0
 *       drop peer_refused 7: allow: the outer source is not a peer that may send this
 *
 * `unknown` is who was heard and stands in no entry; `heard` and `sent` are followed by the seconds since. Frames refused
 * by `allow` are `refused`, MACs not learned because of `learn-limit` are `limited`; other ends are `errors`, by direction.
 */
import { REASONS } from '../../dataplane/reasons.js';
import type { RemoteEntry, RemoteStatistics } from '../../engine/types.js';
import { blockLines, reasonLines, widths } from './statistics.js';

const REFUSED = 'peer_refused';
const DIRECTIONS = new Map(REASONS.map(({ name, direction }) => [name, direction]));

/** Whether anything happened. */
export const hasCounted = (s: RemoteStatistics): boolean =>
  s.rxPackets + s.txPackets + s.learnLimited > 0 || Object.keys(s.reasons).length > 0;

function errors(s: RemoteStatistics, direction: 'rx' | 'tx'): number {
  return Object.entries(s.reasons)
    .filter(([name]) => name !== REFUSED && DIRECTIONS.get(name) === direction)
    .reduce((total, [, count]) => total + count, 0);
}

function counterLines(s: RemoteStatistics): string[] {
  const rx = [s.rxBytes, s.rxPackets, errors(s, 'rx'), s.reasons[REFUSED] ?? 0, s.learnLimited];
  const tx = [s.txBytes, s.txPackets, errors(s, 'tx')];
  const blocks = [
    { title: 'RX:', heads: ['bytes', 'packets', 'errors', 'refused', 'limited'], values: rx },
    { title: 'TX:', heads: ['bytes', 'packets', 'errors'], values: tx },
  ];
  const columns = widths(blocks);
  return [...blocks.flatMap((block) => blockLines(block, columns)), ...reasonLines(s, false)];
}

const ages = ({ heard, sent }: RemoteStatistics): string[] => [
  ...(heard === undefined ? [] : [`heard ${heard}`]),
  ...(sent === undefined ? [] : [`sent ${sent}`]),
];

/**
 * Lines of one remote.
 * @param dev shown when given
 * @param level how often -s was given
 */
export function remoteLines(remote: RemoteEntry, isGroup: boolean, dev?: string, level = 0): string[] {
  const { dst, port, vni, known, statistics } = remote;
  const isCounted = level > 0 && statistics !== undefined;
  const words = [
    dst,
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(vni === undefined ? [] : [`vni ${vni}`]),
    ...(isGroup ? ['group'] : []),
    ...(known ? [] : ['unknown']),
    ...(isCounted ? ages(statistics) : []),
  ];
  return [words.join(' '), ...(isCounted ? counterLines(statistics) : [])];
}

/** Lines of all that have no line of their own. */
export function othersLines(statistics: RemoteStatistics, dev?: string): string[] {
  return [`others${dev === undefined ? '' : ` dev ${dev}`}`, ...counterLines(statistics)];
}

function counterJson(s: RemoteStatistics): Record<string, unknown> {
  return {
    heard: s.heard,
    sent: s.sent,
    stats64: {
      rx: {
        bytes: s.rxBytes,
        packets: s.rxPackets,
        errors: errors(s, 'rx'),
        refused: s.reasons[REFUSED] ?? 0,
        limited: s.learnLimited,
      },
      tx: { bytes: s.txBytes, packets: s.txPackets, errors: errors(s, 'tx') },
    },
    drops: s.reasons,
  };
}

/** One remote. */
export function remoteJson(
  remote: RemoteEntry,
  isGroup: boolean,
  dev?: string,
  level = 0,
): Record<string, unknown> {
  const { dst, port, vni, known, statistics } = remote;
  const flags = [...(isGroup ? ['group'] : []), ...(known ? [] : ['unknown'])];
  const counters = level > 0 && statistics !== undefined ? counterJson(statistics) : {};
  return { dst, ifname: dev, port, vni, flags, ...counters };
}

/** All that have no record of their own. */
export const othersJson = (statistics: RemoteStatistics, dev?: string): Record<string, unknown> => ({
  dst: 'others',
  ifname: dev,
  flags: [],
  ...counterJson(statistics),
});
