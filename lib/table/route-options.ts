/** What a route table is made with, and what its readers are given. */
import type { Epochs } from '../memory/epoch.js';
import type { Advise } from '../memory/shared-words.js';
import type { TableShare } from './hash-table.js';
import type { RouteTreeShare } from './route-tree.js';

/** Greatest number of routes of a table. */
export const MOST_ROUTES = 2 ** 24;

/** What a reader needs of a route table; plain data for postMessage. */
export interface RouteShare {
  readonly v4: RouteTreeShare;
  readonly v6: RouteTreeShare;
  readonly hops: TableShare;
}

export interface RouteOptions {
  /** Greatest number of routes; 0 (default) = 16,777,216. */
  limit?: number;
  /** 32-bit seed of the next hops' hash; default random. */
  seed?: number;
  /** The readers in other threads. Without it storage is reused at once: for a table of one thread. */
  epochs?: Epochs;
  /** New buffers: post them to every reader before returning. Must not touch the table. */
  onGrow?: (share: RouteShare) => void;
  /** Told of large buffers before they are touched, for huge pages. */
  advise?: Advise;
}
