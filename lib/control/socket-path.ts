/**
 * Where the daemon of a network namespace is found: one daemon per namespace, so its files are named after
 * the namespace's inode, which is the same whatever name or path led to it.
 *
 *   /run/vtep/                 mode 0700
 *   /run/vtep/4026531840.sock  the HTTP API, mode 0600
 *   /run/vtep/4026531840.log   what a daemon started in the background writes
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { VtepError } from '../errors.js';
import { isNetns, NETNS_FORM, netnsPath } from '../netns.js';

/** A unix socket's path must fit sockaddr_un: 107 bytes and the terminating zero. */
const PATH_MAX = 107;

export interface DaemonPaths {
  /** Inode of the namespace, decimal. */
  netns: string;
  directory: string;
  socket: string;
  log: string;
}

export { isNetns, NETNS_FORM, netnsPath };

/**
 * Inode of a network namespace, decimal, as `stat -L -c %i` shows it.
 * @throws {VtepError} ERR_VTEP_ARGUMENT when there is no such namespace
 */
export function netnsInode(netns?: string): string {
  const path = netnsPath(netns);
  try {
    return String(statSync(path).ino);
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    const message = `Cannot open network namespace "${netns ?? path}": ${errno} (${path}); see \`ip netns list\``;
    throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno, word: netns, cause });
  }
}

/** The directory of sockets and logs: $VTEP_RUN_DIR, or /run/vtep. */
export function runDirectory(): string {
  return process.env['VTEP_RUN_DIR'] || '/run/vtep';
}

/**
 * The files of the daemon that serves a namespace, whether it runs or not.
 * @throws {VtepError} ERR_VTEP_ARGUMENT: no such namespace, or the directory's name is too long for a socket
 */
export function daemonPaths(netns?: string): DaemonPaths {
  const inode = netnsInode(netns);
  const directory = runDirectory();
  const socket = join(directory, `${inode}.sock`);
  if (Buffer.byteLength(socket) > PATH_MAX) {
    const message = `${socket} is longer than the ${PATH_MAX} bytes a socket's path may have; shorten VTEP_RUN_DIR`;
    throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'ENAMETOOLONG', word: directory });
  }
  return { netns: inode, directory, socket, log: join(directory, `${inode}.log`) };
}

/** Path of the daemon's socket; see daemonPaths. */
export function socketPath(netns?: string): string {
  return daemonPaths(netns).socket;
}
