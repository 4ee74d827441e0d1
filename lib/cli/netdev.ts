/**
 * What the system knows of a VTEP's interface beyond what the daemon tells: read from /sys/class/net, which shows
 * the namespace it was mounted in, so it is believed only when index and MAC are the VTEP's.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { LinkState } from '../engine/types.js';

/** Interface flags by bit (linux/if.h), in the order `ip` prints them; UP and LOWER_UP come last. */
const FLAGS: readonly (readonly [number, string])[] = [
  [0x8, 'LOOPBACK'],
  [0x2, 'BROADCAST'],
  [0x10, 'POINTOPOINT'],
  [0x1000, 'MULTICAST'],
  [0x80, 'NOARP'],
  [0x200, 'ALLMULTI'],
  [0x100, 'PROMISC'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
];
const UP = 1;

export interface Netdev {
  flags: string[];
  operstate: string;
  linkmode: string;
  txqlen: number;
  /** The bridge or VRF it belongs to. */
  master?: string;
  /** Queues, where the system tells. */
  queues?: { tx: number; rx: number };
}

function read(name: string, file: string): string {
  return readFileSync(`/sys/class/net/${name}/${file}`, 'utf8').trim();
}

/** Carrier; reading it fails while the interface is down. */
function hasCarrier(name: string): boolean {
  try {
    return read(name, 'carrier') === '1';
  } catch {
    return false;
  }
}

function masterOf(name: string): string | undefined {
  try {
    return basename(readlinkSync(`/sys/class/net/${name}/master`));
  } catch {
    return undefined;
  }
}

function flagsOf(name: string): string[] {
  const bits = Number(read(name, 'flags'));
  const flags = FLAGS.filter(([bit]) => (bits & bit) !== 0).map(([, flag]) => flag);
  if ((bits & UP) === 0) return flags;
  return hasCarrier(name) ? [...flags, 'UP', 'LOWER_UP'] : ['NO-CARRIER', ...flags, 'UP'];
}

/** What the daemon's word alone allows to say. */
export function presumed(link: LinkState): Netdev {
  const flags = ['BROADCAST', 'MULTICAST', ...(link.up ? ['UP', 'LOWER_UP'] : [])];
  return { flags, operstate: link.up ? 'UNKNOWN' : 'DOWN', linkmode: 'DEFAULT', txqlen: 1000 };
}

function isOurs(link: LinkState): boolean {
  return Number(read(link.name, 'ifindex')) === link.ifindex && read(link.name, 'address') === link.address;
}

/** The interface of a VTEP as the system shows it, or as the daemon implies it. */
export function netdevOf(link: LinkState): Netdev {
  const { name } = link;
  try {
    if (!isOurs(link)) return presumed(link);
    const queues = readdirSync(`/sys/class/net/${name}/queues`);
    const count = (direction: string): number => queues.filter((queue) => queue.startsWith(direction)).length;
    return {
      flags: flagsOf(name),
      operstate: read(name, 'operstate').toUpperCase(),
      linkmode: read(name, 'link_mode') === '1' ? 'DORMANT' : 'DEFAULT',
      txqlen: Number(read(name, 'tx_queue_len')),
      master: masterOf(name),
      queues: { tx: count('tx'), rx: count('rx') },
    };
  } catch {
    return presumed(link);
  }
}
