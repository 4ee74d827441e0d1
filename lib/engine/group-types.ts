/** The part of types.ts that is about groups: nexthop groups and multicast groups. */
import type { FdbRemote } from './types.js';

/** A gateway of a group, by the id of its nexthop. */
export interface NexthopMember {
  id: number;
  /** Share of the flows, 1 (default) to 256. */
  weight?: number;
}

export interface NexthopEntry {
  id: number;
  /** A gateway … */
  via?: string;
  /** … or a group. */
  group?: NexthopMember[];
  /** Who gave it, as rt_protos numbers them; 0 = nobody says. */
  protocol: number;
}

/** `ip nexthop add|replace … fdb`. */
export interface NexthopRequest {
  verb: 'add' | 'replace';
  /** 1 to 4,294,967,295; absent or 0 = the next unused. */
  id?: number;
  via?: string;
  group?: NexthopMember[];
  protocol?: number;
}

export type MdbFilterMode = 'include' | 'exclude';

/** One destination of an MDB entry. There is one for each `dst`. */
export interface MdbRemote extends FdbRemote {
  /** exclude: every source but those listed; include: those listed alone. */
  filterMode: MdbFilterMode;
  /** Each has an (S, G) entry of its own: blocked where excluded. */
  sources: string[];
  /** Who gave it, as rt_protos numbers them; 4 = static. */
  protocol: number;
  /** True in the entry of a source that the (*, G) entry excludes: nothing is sent to this destination. */
  blocked: boolean;
}

export interface MdbEntry {
  /** Group address; 0.0.0.0 and :: stand for every group that has no entry. */
  group: string;
  /** (S, G); absent in a (*, G) entry. */
  source?: string;
  /** Key VNI where it differs from the device's. */
  srcVni?: number;
  /** Newest first, as the kernel dumps them. */
  remotes: MdbRemote[];
}

/** What names an MDB entry. */
export type MdbKey = Pick<MdbEntry, 'group' | 'source' | 'srcVni'>;

/** `bridge mdb add|replace`. */
export interface MdbRequest extends MdbKey, FdbRemote {
  verb: 'add' | 'replace';
  /** Of a (*, G) entry; default exclude. */
  filterMode?: MdbFilterMode;
  /** Of a (*, G) entry, with a filterMode. */
  sources?: string[];
  /** 4 (static, default) to 255. */
  protocol?: number;
}

/** `bridge mdb del`: one destination; the entry goes with its last. */
export interface MdbDelete extends MdbKey {
  dst: string;
}

/** `bridge mdb flush`: destinations that match every given filter. */
export interface MdbFlush {
  srcVni?: number;
  protocol?: number;
  dst?: string;
  port?: number;
  vni?: number;
}
