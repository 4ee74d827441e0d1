/**
 * Neighbours as `ip neigh` prints them: `10.20.1.3 dev vtep0 lladdr e6:4b:f9:ce:d7:7b router PERMANENT `.
 * With -s, `used a/b` are the seconds since last use and update; with -d, who gave the entry.
 */
import type { NeighbourEntry } from '../../engine/types.js';

export interface NeighbourView {
  /** Shown when given. */
  dev?: string;
  ages?: boolean;
  details?: boolean;
}

/** One neighbour. */
export function neighLine(entry: NeighbourEntry, view: NeighbourView = {}): string {
  const words = [
    entry.dst,
    ...(view.dev === undefined ? [] : [`dev ${view.dev}`]),
    ...(entry.lladdr === undefined ? [] : [`lladdr ${entry.lladdr}`]),
    ...(entry.router ? ['router'] : []),
    ...(entry.externLearn ? ['extern_learn'] : []),
    ...(view.ages ? [`used ${Math.trunc(entry.used)}/${Math.trunc(entry.updated)}`] : []),
    entry.state.toUpperCase(),
    ...(view.details ? [`origin ${entry.origin}`] : []),
  ];
  return `${words.join(' ')} `;
}

/** One neighbour with the keys of `ip -j neigh`, where a flag is a key without a value. */
export function neighJson(entry: NeighbourEntry, view: NeighbourView = {}): Record<string, unknown> {
  return {
    dst: entry.dst,
    dev: view.dev,
    lladdr: entry.lladdr,
    router: entry.router ? null : undefined,
    extern_learn: entry.externLearn ? null : undefined,
    used: view.ages ? Math.trunc(entry.used) : undefined,
    updated: view.ages ? Math.trunc(entry.updated) : undefined,
    state: [entry.state.toUpperCase()],
    origin: view.details ? entry.origin : undefined,
  };
}
