/** What one run of the suite leaves behind: perf/results/<date>-<host>.json. */
import type { Figure } from './figure.js';
import type { Machine } from './machine.js';

export interface Results {
  /** Of this shape; raised when a reader of the old one would misread it. */
  version: 2;
  /** ISO 8601, when the run began. */
  date: string;
  /** 'full', 'quick', or the names that were asked for. */
  suite: string;
  machine: Machine;
  /** Of everything that was compared, as each tells its own: uvtep, its commit, kernel, node, iproute2, ovs, vde. */
  versions: Record<string, string>;
  /** Share of the machine used by others before the run, and stolen by the hypervisor during it, 0 to 1. */
  busyBefore: number;
  stolen: number;
  seconds: number;
  figures: Figure[];
  /** Whole parts of the suite that could not run here, and why. */
  skipped: { name: string; why: string }[];
}
