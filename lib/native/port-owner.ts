/**
 * Who holds a UDP port: a process, found as ss(8) finds it (socket inode in /proc/net/udp, then the descriptor that
 * leads to it), or a kernel vxlan device, whose socket belongs to no process and is in no such list.
 *
 *   /proc/net/udp    sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ...
 *                   123: 00000000:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 84511 ...
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { listLinks, type NetlinkShim } from './netlink/request.js';

const LOCAL_ADDRESS = 1;
const INODE = 9;

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1);
  } catch {
    return []; // No IPv6, no /proc/net/udp6.
  }
}

/** Inodes of the sockets bound to a port in one of the two lists; exported for tests. */
export function inodesOf(lines: readonly string[], port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const columns = lines.map((line) => line.trim().split(/\s+/));
  const bound = columns.filter((column) => column[LOCAL_ADDRESS]?.endsWith(suffix));
  return bound.map((column) => column[INODE] ?? '0').filter((inode) => inode !== '0');
}

function holds(pid: string, targets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return targets.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false; // Closed meanwhile.
      }
    });
  } catch {
    return false; // Gone meanwhile, or not ours to see.
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a process';
  }
}

function processHolding(inodes: readonly string[]): string | undefined {
  const targets = new Set(inodes.map((inode) => `socket:[${inode}]`));
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((candidate) => holds(candidate, targets));
  return pid && `${commandOf(pid)} (pid ${pid})`;
}

function deviceHolding(shim: NetlinkShim, port: number, netns?: string): string | undefined {
  const device = listLinks(shim, netns).find((link) => link.vxlanPort === port && link.up);
  return device && `the kernel vxlan device ${device.name}`;
}

/**
 * The owner of a UDP port in words that follow "held by".
 * @param netns path of a namespace, default this thread's; of another only kernel devices are found, since its list of
 *   sockets can be read from within alone
 * @returns undefined when it cannot be known: a process of another user, or gone meanwhile
 * @example portOwner(shim, 4789) // 'openvpn (pid 812)' or 'the kernel vxlan device vxlan0'
 */
export function portOwner(shim: NetlinkShim, port: number, netns?: string): string | undefined {
  if (netns !== undefined) return deviceHolding(shim, port, netns);
  const lists = ['/proc/thread-self/net/udp', '/proc/thread-self/net/udp6'];
  const inodes = lists.flatMap((path) => inodesOf(linesOf(path), port));
  const owner = inodes.length > 0 ? processHolding(inodes) : undefined;
  return owner ?? deviceHolding(shim, port);
}
