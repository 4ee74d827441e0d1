/** The part of types.ts that is about the remotes of a device, each by itself. */

/** What went to a remote and came from it, with `remoteStats`. Packets and bytes as those of a device. */
export interface RemoteStatistics {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  /** MACs not learned because the peer was at its learn limit; their frames were handed up. */
  learnLimited: number;
  /** Seconds since the last datagram from it, refused ones included, and to it; absent = none yet. */
  heard?: number;
  sent?: number;
  /** Reason name (dataplane/reasons.ts) -> frames from it or to it that ended so; those met. */
  reasons: Record<string, number>;
}

/** A VTEP or a group that a device sends to or hears from. What comes from an address counts for it without port and VNI. */
export interface RemoteEntry {
  dst: string;
  /** Only where it differs from the device's. */
  port?: number;
  vni?: number;
  /** True when an entry of FDB or MDB names the address; false for who was only heard. */
  known: boolean;
  statistics?: RemoteStatistics;
}

/** All remotes of a device, by address. */
export interface RemoteList {
  remotes: RemoteEntry[];
  /** With `remoteStats`: what is counted for none of them, where there were too many. */
  others?: RemoteStatistics;
}
