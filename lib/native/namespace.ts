/** Network namespaces held open, by name or path. */
import { closeSync, openSync, statSync } from 'node:fs';
import { VtepError } from '../errors.js';
import { NETNS_FORM, netnsPath } from '../netns.js';
import { namespaceError } from './names.js';
import type { Shim } from './shim.js';

/** The namespace of this thread, which may have left that of its process. */
const OWN = '/proc/thread-self/ns/net';

/** A namespace that stays in being, and within reach by `path`, as long as `fd` is open. */
export interface OpenNamespace {
  /** Device and inode: equal for equal namespaces, whatever they are called. */
  id: string;
  fd: number;
  path: string;
}

/**
 * Opens a namespace, whose name may go or be given to another without harm from then on.
 * @returns undefined when it is the calling thread's own
 * @throws {VtepError} ERR_VTEP_ARGUMENT: there is none of that name; ERR_VTEP_PERMISSION: it may not be entered
 */
export function openNamespace(
  shim: Pick<Shim, 'netlinkOpen' | 'close'>,
  netns: string,
): OpenNamespace | undefined {
  const fd = openPath(netns);
  const path = `/proc/self/fd/${fd}`;
  try {
    const id = namespaceId(path);
    if (id === namespaceId()) return void closeSync(fd);
    const probe = shim.netlinkOpen([], path);
    if (probe < 0) throw entering(probe, netns);
    shim.close(probe);
    return { id, fd, path };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openPath(netns: string): number {
  const path = netnsPath(netns);
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    const message = `Cannot open network namespace "${netns}": ${errno} (${path}); see \`ip netns list\``;
    throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno, word: netns, cause });
  }
}

function entering(result: number, netns: string): VtepError {
  const error = namespaceError(result, netns);
  if (error.errno !== 'EINVAL') return error;
  return new VtepError('ERR_VTEP_ARGUMENT', `"${netns}" is no network namespace: expected ${NETNS_FORM}`, {
    errno: 'EINVAL',
    word: netns,
  });
}

/**
 * Device and inode: equal for equal namespaces, whatever they are called.
 * @param path default that of the calling thread's own
 */
export function namespaceId(path = OWN): string {
  const { dev, ino } = statSync(path);
  return `${dev}:${ino}`;
}

/**
 * Moves the calling thread into a namespace.
 * @param netns name or path
 * @throws {VtepError} ERR_VTEP_ARGUMENT: there is none of that name; ERR_VTEP_PERMISSION: it may not be entered
 */
export function enterNamespace(shim: Pick<Shim, 'setNamespace'>, netns: string): void {
  const path = netnsPath(netns);
  const result = shim.setNamespace(path);
  if (result < 0) throw namespaceError(result, path);
}
