/** Network namespaces by name, path and inode. */
import { closeSync, openSync, statSync } from 'node:fs';
import { VtepError } from '../errors.js';
import { namespaceError } from './names.js';
import type { Shim } from './shim.js';

/** The namespace of this thread, which may have left that of its process. */
const OWN = '/proc/thread-self/ns/net';
/** NAME_MAX and PATH_MAX of linux/limits.h. */
const NAME_MAX = 255;
const PATH_MAX = 4_095;

/**
 * The path of a network namespace.
 * @param netns a name as `ip netns add` made it, a path such as /proc/1234/ns/net, or nothing: the caller's own
 */
export function netnsPath(netns?: string): string {
  if (netns === undefined || netns === '') return '/proc/self/ns/net';
  return netns.includes('/') ? netns : `/run/netns/${netns}`;
}

/** What stands in a sentence that says which texts isNetns() takes. */
export const NETNS_FORM =
  'a name of `ip netns list`, or an absolute path such as /proc/1/ns/net, not of /proc/self';

/**
 * Whether a text names a namespace to any process alike: a name, or an absolute path. What is relative, or /proc/self,
 * would mean another thing to the daemon than to whoever wrote it.
 */
export function isNetns(text: string): boolean {
  if (text.includes('\0')) return false;
  if (text.startsWith('/')) return text.length <= PATH_MAX && !/^\/proc\/(thread-)?self(\/|$)/.test(text);
  return text !== '' && text !== '.' && text !== '..' && !text.includes('/') && text.length <= NAME_MAX;
}

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
    const id = idOf(path);
    if (id === idOf(OWN)) return void closeSync(fd);
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

function idOf(path: string): string {
  const { dev, ino } = statSync(path);
  return `${dev}:${ino}`;
}
