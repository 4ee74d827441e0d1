/** What control tells a worker: plain data, posted, and acted on between two bursts. */
import type { DeviceSettings, Egress } from '../dataplane/device.js';
import type { EpochShare } from '../memory/epoch.js';
import type { TableShare } from '../table/hash-table.js';
import type { RemoteListsShare } from '../table/remote-list.js';
import type { RouteShare } from '../table/route.js';

/** Buffers of the tables of one VTEP. */
export interface TableShares {
  fdb: TableShare;
  remotes: TableShare;
  lists: RemoteListsShare;
  mdb: TableShare;
  neighbours: TableShare;
  routes: RouteShare;
}

export type WorkerMessage =
  /** A VTEP to know from now on. */
  | {
      kind: 'device';
      index: number;
      settings: DeviceSettings;
      egress: Egress;
      tables: TableShares;
      counters: SharedArrayBuffer;
      remoteCounters?: SharedArrayBuffer;
      /** OFFLOAD_* bits of its TAP. */
      offloads: number;
    }
  | {
      kind: 'settings';
      index: number;
      settings: DeviceSettings;
      egress: Egress;
      /** With REMOTE_STATS (dataplane/remote-counters.ts). */
      remoteCounters?: SharedArrayBuffer;
    }
  /** A VNI of a VTEP that has many (dataplane/trunk.ts): a device that shares the tables of `of`. */
  | {
      kind: 'member';
      index: number;
      of: number;
      vni: number;
      vlan: number;
      counters: SharedArrayBuffer;
    }
  | { kind: 'forget'; index: number }
  /** A table has grown into new buffers. */
  | {
      [T in keyof TableShares]: { kind: 'share'; index: number; table: T; share: TableShares[T] };
    }[keyof TableShares]
  /** Begin or cease to receive from a VTEP's TAP queue. */
  | { kind: 'frames'; index: number; fd: number; on: boolean }
  /** Receive from a socket what is for this VTEP, too. */
  | { kind: 'listen'; fd: number; vni: number; index: number }
  /** No more; a socket without a VTEP is received from no more. */
  | { kind: 'unlisten'; fd: number; vni: number }
  /** Forget what was learned and not yet confirmed. */
  | { kind: 'unlearn' }
  | { kind: 'stop' };

/** What a worker is started with. */
export interface WorkerStart {
  /** Number of the worker: its reader number in `epochs`. */
  reader: number;
  epochs: EpochShare;
  ring: SharedArrayBuffer;
  ringCapacity: number;
  unclaimed: SharedArrayBuffer;
  /** The words below. */
  bell: SharedArrayBuffer;
  /** Descriptor that wakes the worker. */
  waker: number;
  clockStart: number;
  seed: number;
  /** Microseconds to poll at most before sleeping, 0 = only in bulk transfers. */
  busyPoll: number;
  /** Microseconds to sleep at most, -1 = until woken. */
  sleep: number;
}

/**
 * Words of `bell`: a count of posted messages, whether the doorbell has been rung, whether the process exits; whether the
 * worker is to be woken for the frames that it holds, and a count of changes of the tables that they may wait for.
 */
export const BELL_POSTED = 0;
export const BELL_RUNG = 1;
export const BELL_EXIT = 2;
export const BELL_HOLDS = 3;
export const BELL_CHANGES = 4;
export const BELL_WORDS = 5;
