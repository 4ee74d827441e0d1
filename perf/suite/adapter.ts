/**
 * What is measured, behind one interface: how it is laid out on a lab's two hosts, and why it cannot be had here. The
 * overlay of every subject looks the same to the benches: an address on each side, one reachable from the other.
 */
import type { Kind } from '../../test/support/lab/dialect.js';
import type { Guest } from '../../test/support/lab/guest.js';
import type { Lab, Segmentation } from '../../test/support/lab/lab.js';
import type { Subject } from './figure.js';
import { ovs } from './adapter-ovs.js';
import { vde } from './adapter-vde.js';
import { bareVeth, kernel, uvtep, uvtepSpin } from './adapter-vtep.js';

/**
 * Who talks: the hosts' own stacks with an address on the VTEP; guests behind a bridge; guests behind a router, as Flannel
 * lays them out; or the hosts' own stacks over an IPv6 underlay.
 */
export type Ends = 'hosts' | 'guests' | 'routed' | 'hosts6';

export interface Layout {
  segmentation: Segmentation;
  ends: Ends;
  /** More options of the VTEPs between hosts' own stacks, such as 'rsc'. */
  link?: string;
}

export interface Adapter {
  /** What the hosts of its lab are. */
  kind: Kind;
  /** Environment of its commands and daemons. */
  env?: Record<string, string>;
  /** Why it cannot be measured on this layout, and what would help; '' when it can. */
  missing(layout: Layout): string;
  /** Lays out the pair. What it starts ends with the lab's namespaces. */
  layOut(lab: Lab, layout: Layout): Promise<[Guest, Guest]>;
}

export const ADAPTERS: Record<Subject, Adapter> = {
  uvtep,
  'uvtep-spin': uvtepSpin,
  kernel,
  veth: bareVeth,
  ovs,
  vde,
};
