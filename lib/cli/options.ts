/**
 * Every word `vtep` knows, once: parse.ts reads commands by this table, help.ts prints it, and messages about
 * wrong words quote it. The order is iproute2's, because there the first word that an abbreviation begins wins
 * (`link s` is `link set`, `l` after `type vxlan` is `local`). The words of an object load when it is used.
 */
import type { Form } from './options/word.js';
import type { Value } from './values.js';

export interface CommandObject {
  /** The first is what the files of its commands are called after. */
  readonly names: readonly string[];
  readonly says: string;
  /** The verb when none is given. */
  readonly verb: string;
  /** Flags may follow at once: options of ours stand before the object, or after another verb than that. */
  readonly takesFlags?: true;
  forms(): Promise<readonly Form[]>;
}

/** In the order in which abbreviations are tried. */
export const OBJECTS: readonly CommandObject[] = [
  {
    names: ['link'],
    says: 'the VTEPs and their interfaces',
    verb: 'show',
    forms: async () => (await import('./options/link.js')).forms,
  },
  {
    names: ['fdb'],
    says: 'which VTEP a MAC is behind',
    verb: 'show',
    forms: async () => (await import('./options/fdb.js')).forms,
  },
  {
    names: ['neigh', 'neighbor', 'neighbour'],
    says: 'which MAC an address of the overlay has',
    verb: 'show',
    forms: async () => (await import('./options/neigh.js')).forms,
  },
  {
    names: ['nexthop'],
    says: 'groups of VTEPs that flows are spread over',
    verb: 'show',
    forms: async () => (await import('./options/nexthop.js')).forms,
  },
  {
    names: ['route'],
    says: "the VTEP's own routes, used with rsc",
    verb: 'show',
    forms: async () => (await import('./options/route.js')).forms,
  },
  {
    names: ['remote'],
    says: 'the VTEPs that a VTEP sends to and hears from; -s counts',
    verb: 'show',
    forms: async () => (await import('./options/remote.js')).forms,
  },
  {
    names: ['vni'],
    says: 'the VNIs of a VTEP with vnifilter, and their VLANs',
    verb: 'show',
    forms: async () => (await import('./options/vni.js')).forms,
  },
  {
    names: ['monitor'],
    says: 'changes and misses as they happen',
    verb: '',
    forms: async () => (await import('./options/monitor.js')).forms,
  },
  {
    names: ['mdb'],
    says: 'which VTEPs want a multicast group',
    verb: 'show',
    forms: async () => (await import('./options/mdb.js')).forms,
  },
  {
    names: ['daemon'],
    says: 'the process that moves the frames',
    verb: 'run',
    forms: async () => (await import('./options/daemon.js')).forms,
  },
  {
    names: ['flannel'],
    says: "this host's part in a Flannel network",
    verb: 'run',
    takesFlags: true,
    forms: async () => (await import('./options/flannel.js')).forms,
  },
  {
    names: ['flannel-ext'],
    says: "commands for flanneld's extension backend",
    verb: 'help',
    forms: async () => (await import('./options/flannel-ext.js')).forms,
  },
];

/** Objects of `ip` and `bridge` that are not the VTEP's, and who does them. */
export const FOREIGN_OBJECTS: Readonly<Record<string, 'ip' | 'bridge'>> = {
  address: 'ip',
  addr: 'ip',
  rule: 'ip',
  maddress: 'ip',
  maddr: 'ip',
  netns: 'ip',
  tunnel: 'ip',
  tuntap: 'ip',
  vrf: 'ip',
  vlan: 'bridge',
};

/** Options: before the object, as in iproute2, or anywhere after it. One dash or two, cut short at will. */
export interface GlobalOption {
  readonly names: readonly string[];
  readonly key:
    | 'details'
    | 'statistics'
    | 'json'
    | 'pretty'
    | 'oneline'
    | 'family'
    | 'netns'
    | 'timestamp'
    | 'version'
    | 'help'
    | 'foreground';
  readonly sets?: unknown;
  readonly takes?: Value;
  readonly show: string;
  readonly help: string;
}
export const GLOBAL_OPTIONS: readonly GlobalOption[] = [
  { names: ['details'], key: 'details', show: '-d[etails]', help: 'all that is known' },
  {
    names: ['statistics', 'stats'],
    key: 'statistics',
    show: '-s[tatistics]',
    help: 'counters and ages; twice for more',
  },
  { names: ['json'], key: 'json', show: '-j[son]', help: 'JSON, with the keys of ip and bridge' },
  { names: ['pretty'], key: 'pretty', show: '-p[retty]', help: 'JSON over several lines' },
  { names: ['oneline'], key: 'oneline', show: '-o[neline]', help: 'one line a record' },
  { names: ['4'], key: 'family', sets: 4, show: '-4', help: 'IPv4 only' },
  { names: ['6'], key: 'family', sets: 6, show: '-6', help: 'IPv6 only' },
  { names: ['netns'], key: 'netns', show: '-n[etns] NAME', help: 'the VTEPs of another network namespace' },
  {
    names: ['timestamp'],
    key: 'timestamp',
    sets: 'long',
    show: '-t[imestamp]',
    help: 'monitor: a line with the time before each event',
  },
  {
    names: ['tshort'],
    key: 'timestamp',
    sets: 'short',
    show: '-ts[hort]',
    help: 'monitor: the time before each event, on its line',
  },
  { names: ['Version'], key: 'version', show: '-V[ersion]', help: 'the version' },
  { names: ['help'], key: 'help', show: '-h[elp]', help: 'this text' },
  {
    names: ['foreground'],
    key: 'foreground',
    show: '--foreground',
    help: 'daemon: stay in the foreground, as it always does',
  },
];
