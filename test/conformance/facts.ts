/** How the facts of a case are read from a device: verdicts of commands, options, entries, counters. */
import type { Answer, Bed } from './bed.js';
import { fact, type Fact } from './case.js';

type Json = Record<string, unknown>;

/** What a refusal is about, in the words of both. Ours exits 1 for wrong words and 2 for a refusal; ip and bridge mix them. */
const GISTS: readonly (readonly [RegExp, string])[] = [
  [/\bexists\b|VNI in use/i, 'exists'],
  [/cannot find (bridge |vxlan )?device|no such device/i, 'no device'],
  [/no such (file|process)|not found|does not exist/i, 'absent'],
  [/already in use/i, 'in use'],
  [/no space/i, 'full'],
  [/resource busy/i, 'busy'],
];

export function gist({ exit, err }: Answer): string {
  if (exit === 0) return 'ok';
  return `refused: ${GISTS.find(([pattern]) => pattern.test(err))?.[1] ?? 'invalid'}`;
}

/** The verdict on a command. */
export async function verdict(bed: Bed, words: string): Promise<Fact> {
  return fact(gist(await bed.say(words)));
}

/** Options `ip` has of kernels and features that ours does not show; compared as soon as ours has them. */
const LEFT_OUT = ['metadata', 'mcroute'];
const isRemcsum = (key: string): boolean => key.startsWith('remcsum');
/** Flags `ip` prints only where they are set. */
const FLAGS = {
  external: false,
  vnifilter: false,
  learning: false,
  proxy: false,
  rsc: false,
  l2miss: false,
  l3miss: false,
};

/** linkinfo.info_data, mtu and address of a device by key; undefined without it. */
export async function linkOf(bed: Bed, name: string): Promise<Json | undefined> {
  const [link] = await bed.json<Json>(`link show ${name}`, '-d');
  if (link === undefined) return undefined;
  const info = ((link['linkinfo'] as Json)?.['info_data'] as Json) ?? {};
  const kept = Object.entries(info).filter(([key]) => !LEFT_OUT.includes(key) && !isRemcsum(key));
  const flags = (link['flags'] as string[]).includes('UP') ? { up: true } : {};
  return { ...FLAGS, ...Object.fromEntries(kept), ...bed.more(name), mtu: link['mtu'], ...flags };
}

/** What a device has besides the options of one made with `id 1 dstport 4789` alone. */
const PLAIN: Json = {
  ...FLAGS,
  id: 1,
  port: 4789,
  learning: true,
  port_range: { low: 0, high: 0 },
  ttl: 0,
  tos: undefined,
  df: 'unset',
  ageing: 300,
  udp_csum: true,
  udp_zero_csum6_tx: false,
  udp_zero_csum6_rx: false,
  localbypass: true,
  reserved_bits: '0xf7ffffff000000ff',
  mtu: 1500,
};

const text = (value: unknown): string =>
  (typeof value === 'object' ? JSON.stringify(value) : String(value)).replaceAll('"', '');

/** Keys in order, those of a plain device left out of what is shown. */
export function linkFacts(link: Json | undefined): Fact[] {
  if (link === undefined) return [fact('no device')];
  const entries = Object.entries(link).sort(([a], [b]) => (a < b ? -1 : 1));
  const told = entries.filter(([key, value]) => JSON.stringify(PLAIN[key]) !== JSON.stringify(value));
  return [
    fact(
      told.map(([key, value]) => `${key} ${text(value)}`).join(', ') || 'as plain',
      JSON.stringify(entries),
    ),
  ];
}

const ENTRY_KEYS = ['mac', 'nhid', 'dst', 'port', 'vni', 'src_vni', 'viaIf', 'flags', 'state'];

/** Entries of a device's FDB in order, ages aside. */
export async function entriesOf(bed: Bed, words: string): Promise<string[]> {
  const rows = await bed.json<Json>(words);
  const shown = rows.map((row) =>
    ENTRY_KEYS.filter((key) => row[key] !== undefined && row[key] !== '')
      .map((key) =>
        key === 'flags'
          ? (row[key] as string[]).filter((flag) => flag !== 'self').join(' ')
          : key === 'mac' || key === 'state'
            ? text(row[key])
            : `${key} ${text(row[key])}`,
      )
      .filter((word) => word !== '')
      .join(' '),
  );
  return shown.sort();
}

export async function entryFacts(bed: Bed, dev = 'vx0'): Promise<Fact[]> {
  const entries = await bed.settle(() => entriesOf(bed, `fdb show dev ${dev}`), 0);
  return entries.length === 0 ? [fact('no entries')] : entries.map((entry) => fact(entry));
}

const COUNTERS: Record<string, readonly string[]> = {
  rx: ['packets', 'bytes', 'errors', 'dropped', 'length_errors', 'frame_errors'],
  tx: ['packets', 'bytes', 'errors', 'dropped', 'carrier_errors', 'collisions', 'aborted_errors'],
};

/** Counters of a device that are not zero. */
export async function countersOf(bed: Bed, name = 'vx0'): Promise<string> {
  const [link] = await bed.json<Json>(`link show ${name}`, '-s', '-s');
  const stats = (link?.['stats64'] ?? {}) as Record<string, Record<string, number>>;
  const side = (key: string): string => {
    const met = COUNTERS[key]!.filter((name) => (stats[key]?.[name] ?? 0) > 0);
    return met.length === 0 ? '' : `${key} ${met.map((name) => `${name} ${stats[key]![name]}`).join(' ')}`;
  };
  return [side('rx'), side('tx')].filter((part) => part !== '').join(', ') || 'nothing counted';
}

export async function counterFact(bed: Bed, name = 'vx0'): Promise<Fact> {
  return fact(await bed.settle(() => countersOf(bed, name), 0));
}
