/**
 * What turns peers into entries: one route, one neighbour and one FDB entry a family, or, where nothing is installed ahead,
 * answers to misses. Both look the same to the daemon.
 */
import type { Peer } from './types.js';

/** Whether each entry of one family of a peer is in place; undefined: not wanted (DirectRouting, or another mode). */
export interface EntryState {
  fdb: boolean | undefined;
  neighbour: boolean | undefined;
  route: boolean | undefined;
}

export interface PeerState {
  key: string;
  ipv4: EntryState | undefined;
  ipv6: EntryState | undefined;
  /** Why something is not in place, if it was refused. */
  error: string | undefined;
}

export interface Programmer {
  /**
   * Makes what is in place that of `peers`, all of them: entries of vanished peers and old MACs go, foreign entries stay, what
   * is right already is not touched. At start, after every list made anew, and every minute.
   */
  reconcile(peers: readonly Peer[]): Promise<void>;
  /** Sets changed peers and removes `gone` ones, as far as they differ from what is in place. */
  apply(peers: readonly Peer[], gone: readonly string[]): Promise<void>;
  /** Looks at the tables. */
  state(): Promise<PeerState[]>;
  /** What became of misses, by name; absent where entries are installed ahead. */
  misses?(): Record<string, number>;
  /** Stops acting; what is installed stays. */
  close(): Promise<void>;
}
