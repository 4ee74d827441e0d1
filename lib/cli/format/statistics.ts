/**
 * Counters as `ip -s link` and `ip -s -s link` print them, then what the kernel does not tell: why frames were
 * dropped, by name.
 *
 *       RX:  bytes packets errors dropped  missed   mcast
 *                0       0      0       0       0       0
 *       drop vni_not_found 3: no device has this VNI on this port, …
 */
import { REASONS } from '../../dataplane/reasons.js';
import type { LinkStatistics } from '../../engine/types.js';

/** Widths before the values need more: those of iproute2's headings. */
const WIDTHS = [10, 7, 6, 7, 7, 7, 10];

export interface Block {
  readonly title: string;
  readonly heads: readonly string[];
  /** '' where nothing stands: an `errors` block has no first column. */
  readonly values: readonly (number | '')[];
}

/** The kernel's vxlan counts no multicast and knows no FIFO: these are 0 there too. */
function blocks(s: LinkStatistics, errors: boolean): Block[] {
  const rx = { title: 'RX:', heads: ['bytes', 'packets', 'errors', 'dropped', 'missed', 'mcast', ''] };
  const tx = { title: 'TX:', heads: ['bytes', 'packets', 'errors', 'dropped', 'carrier', 'collsns', ''] };
  const rxErrors = { title: 'RX errors:', heads: ['', 'length', 'crc', 'frame', 'fifo', 'overrun'] };
  const txErrors = { title: 'TX errors:', heads: ['', 'aborted', 'fifo', 'window', 'heartbt', 'transns'] };
  const all: Block[] = [
    { ...rx, values: [s.rxBytes, s.rxPackets, s.rxErrors, s.rxDropped, 0, 0] },
    { ...rxErrors, values: ['', s.rxLengthErrors, 0, s.rxFrameErrors, 0, 0] },
    { ...tx, values: [s.txBytes, s.txPackets, s.txErrors, s.txDropped, s.txCarrierErrors, s.collisions] },
    { ...txErrors, values: ['', s.txAbortedErrors, 0, 0, 0, 0] },
  ];
  return all.filter((block) => errors || block.heads[0] !== '');
}

export const widths = (all: readonly Block[]): number[] =>
  WIDTHS.map((width, i) => Math.max(width, ...all.map((block) => String(block.values[i] ?? '').length)));

export function blockLines({ title, heads, values }: Block, columns: readonly number[]): string[] {
  const width = (i: number): number => (columns[i] ?? 0) - (i === 0 ? title.length : 0);
  const head = heads.map((text, i) => text.padStart(width(i))).join(' ');
  const row = values.map((value, i) => `${String(value).padStart(columns[i] ?? 0)} `).join('');
  return [`    ${title}${head}`, `    ${row}`];
}

/** Reasons that were met (all of them with -s -s), in the order of the data path. */
export function reasonLines(s: Pick<LinkStatistics, 'reasons'>, all: boolean): string[] {
  const known = new Map(REASONS.map((reason, i) => [reason.name, { i, sentence: reason.sentence }]));
  const order = (name: string): number => known.get(name)?.i ?? REASONS.length;
  const met = Object.entries(s.reasons).filter(([, count]) => all || count > 0);
  met.sort(([a], [b]) => order(a) - order(b));
  return met.map(([name, count]) => {
    const sentence = known.get(name)?.sentence;
    return `    drop ${name} ${count}${sentence === undefined ? '' : `: ${sentence}`}`;
  });
}

function eventLines(s: LinkStatistics, all: boolean): string[] {
  const met = Object.entries(s.events).filter(([, count]) => all || count > 0);
  return met.length === 0 ? [] : [`    events ${met.map(([name, count]) => `${name} ${count}`).join(' ')}`];
}

/** The last of its kind, where there was one. */
function lastLines({ last }: LinkStatistics): string[] {
  return [
    ...(last?.refused === undefined ? [] : [`    last peer refused ${last.refused}`]),
    ...(last?.policy === undefined ? [] : [`    last group policy id ${last.policy}`]),
  ];
}

/**
 * Lines under a VTEP.
 * @param level how often -s was given: 2 adds the error columns and the reasons never met
 */
export function statisticsLines(statistics: LinkStatistics, level: number): string[] {
  const all = blocks(statistics, level > 1);
  const columns = widths(all);
  const counters = all.flatMap((block) => blockLines(block, columns));
  const more = level > 1;
  return [
    ...counters,
    ...reasonLines(statistics, more),
    ...eventLines(statistics, more),
    ...lastLines(statistics),
  ];
}

/** "stats64" with the keys of `ip -j -s link`, and ours beside it. */
export function statisticsJson(s: LinkStatistics, level: number): Record<string, unknown> {
  const rx = { bytes: s.rxBytes, packets: s.rxPackets, errors: s.rxErrors, dropped: s.rxDropped };
  const tx = { bytes: s.txBytes, packets: s.txPackets, errors: s.txErrors, dropped: s.txDropped };
  const rxErrors = { length_errors: s.rxLengthErrors, crc_errors: 0, frame_errors: s.rxFrameErrors };
  const txErrors = {
    aborted_errors: s.txAbortedErrors,
    fifo_errors: 0,
    window_errors: 0,
    heartbeat_errors: 0,
  };
  const more = level > 1;
  return {
    stats64: {
      rx: {
        ...rx,
        over_errors: 0,
        multicast: 0,
        ...(more ? { ...rxErrors, fifo_errors: 0, missed_errors: 0 } : {}),
      },
      tx: { ...tx, carrier_errors: s.txCarrierErrors, collisions: s.collisions, ...(more ? txErrors : {}) },
    },
    drops: s.reasons,
    events: s.events,
    last_peer_refused: s.last?.refused,
    last_gbp_id: s.last?.policy,
  };
}
