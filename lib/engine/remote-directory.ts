/** The remotes of one VTEP, each once: those that entries lead to, and those heard of, with what the workers counted. */
import { REASONS } from '../dataplane/reasons.js';
import {
  REMOTE_HEARD,
  REMOTE_LIMITED,
  REMOTE_REASON0,
  type RemoteCounters,
  REMOTE_RX_BYTES,
  REMOTE_RX_PACKETS,
  REMOTE_SENT,
  REMOTE_TX_BYTES,
  REMOTE_TX_PACKETS,
} from '../dataplane/remote-counters.js';
import type { RemoteTable } from '../table/remote.js';
import { formatAddress } from '../wire/text.js';
import { type Clock, secondsSince } from './clock.js';
import type { RemoteEntry, RemoteList, RemoteStatistics } from './types.js';
import { isAny } from './words.js';

/** What one remote is called in all workers. */
interface Key {
  readonly address: Int32Array;
  readonly port: number;
  readonly vni: number;
}

interface Found extends Key {
  readonly counters: Float64Array[];
}

/**
 * @param remotes those of the VTEP's entries
 * @param ownPort UDP port of the VTEP
 * @param counters one table a worker; none = nothing is counted
 */
export function listRemotes(
  remotes: RemoteTable,
  ownPort: number,
  counters: readonly RemoteCounters[],
  clock: Clock,
): RemoteList {
  const found = new Map<string, Found>();
  const others: Float64Array[] = [];
  const known = new Set<string>();
  for (const key of keysOf(remotes, ownPort)) {
    find(found, key);
    known.add(key.address.join());
  }
  for (const table of counters) {
    for (const { address, port, vni, counters: row } of table.rows()) {
      if (address === undefined) others.push(row);
      else find(found, { address, port, vni }).counters.push(row);
    }
  }
  const isCounted = counters.length > 0;
  const now = clock.now();
  return {
    remotes: [...found.values()].sort(byKey).map((remote) => ({
      ...nameOf(remote),
      known: known.has(remote.address.join()),
      ...(isCounted ? { statistics: statisticsOf(remote.counters, now) } : {}),
    })),
    ...(isCounted ? { others: statisticsOf(others, now) } : {}),
  };
}

/** Where entries lead to: not to this host itself (0.0.0.0), and whatever the interface. */
function* keysOf(remotes: RemoteTable, ownPort: number): Generator<Key> {
  for (let index = remotes.next(-1); index >= 0; index = remotes.next(index)) {
    const address = Int32Array.of(
      remotes.address0(index),
      remotes.address1(index),
      remotes.address2(index),
      remotes.address3(index),
    );
    if (isAny(address)) continue;
    const port = remotes.sendPort(index);
    yield { address, port: port === ownPort ? 0 : port, vni: remotes.vni(index) };
  }
}

function find(found: Map<string, Found>, key: Key): Found {
  const name = `${key.address.join()},${key.port},${key.vni}`;
  const known = found.get(name);
  if (known !== undefined) return known;
  const made = { ...key, counters: [] };
  found.set(name, made);
  return made;
}

function byKey(a: Key, b: Key): number {
  for (let i = 0; i < 4; i++) {
    if (a.address[i] !== b.address[i]) return (a.address[i] >>> 0) - (b.address[i] >>> 0);
  }
  return a.port - b.port || a.vni - b.vni;
}

function nameOf({ address, port, vni }: Key): Pick<RemoteEntry, 'dst' | 'port' | 'vni'> {
  return { dst: formatAddress(address), ...(port === 0 ? {} : { port }), ...(vni < 0 ? {} : { vni }) };
}

function statisticsOf(rows: readonly Float64Array[], now: number): RemoteStatistics {
  const sum = (counter: number): number => rows.reduce((total, row) => total + row[counter], 0);
  /** Seconds since the latest of them. */
  const since = (stamp: number): number | undefined => {
    const ages = rows.filter((row) => row[stamp] !== 0).map((row) => secondsSince(row[stamp] - 1, now));
    return ages.length === 0 ? undefined : Math.min(...ages);
  };
  const heard = since(REMOTE_HEARD);
  const sent = since(REMOTE_SENT);
  const reasons = REASONS.map((reason, i): [string, number] => [reason.name, sum(REMOTE_REASON0 + i)]);
  return {
    rxPackets: sum(REMOTE_RX_PACKETS),
    rxBytes: sum(REMOTE_RX_BYTES),
    txPackets: sum(REMOTE_TX_PACKETS),
    txBytes: sum(REMOTE_TX_BYTES),
    learnLimited: sum(REMOTE_LIMITED),
    ...(heard === undefined ? {} : { heard }),
    ...(sent === undefined ? {} : { sent }),
    reasons: Object.fromEntries(reasons.filter(([, count]) => count > 0)),
  };
}
