/** What the engine is told of neighbours, and what it tells (types.ts). */

export type NeighbourStateName =
  'permanent' | 'noarp' | 'reachable' | 'stale' | 'delay' | 'probe' | 'incomplete' | 'failed';

export interface NeighbourEntry {
  /** IPv4 or IPv6 address. */
  dst: string;
  lladdr?: string;
  state: NeighbourStateName;
  router: boolean;
  externLearn: boolean;
  /** 'own' = given to this VTEP; 'kernel' = mirrored from the host's table for the interface; 'snooped' = seen in passing. */
  origin: 'own' | 'kernel' | 'snooped';
  used: number;
  updated: number;
}

export interface NeighbourRequest {
  verb: 'add' | 'replace' | 'change';
  dst: string;
  lladdr: string;
  state?: NeighbourStateName;
  router?: boolean;
  externLearn?: boolean;
}
