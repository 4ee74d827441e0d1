/**
 * The daemon's place in the file system: at most one daemon a namespace, and no moment in which a stranger may connect.
 *
 *   listen on  /run/vtep/.<pid>           mode 0700 directory, then mode 0600
 *   link to    /run/vtep/<inode>.sock     atomic: fails when another daemon was first
 *   unlink     /run/vtep/.<pid>
 *
 * A socket that nobody listens on is what a daemon killed by SIGKILL left. It is renamed before it is removed, so that
 * of two daemons that start at once only one removes it.
 */
import { chmodSync, linkSync, lstatSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { VtepError } from '../errors.js';
import { Client } from './client.js';
import type { DaemonPaths } from './socket-path.js';

/** Two daemons that start at once settle in a turn or two. */
const ATTEMPTS = 20;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'EIO';

/**
 * Makes the directory, for our eyes only. Its parent must exist.
 * @throws {VtepError} ERR_VTEP_PERMISSION or ERR_VTEP_SYSTEM
 */
export function makeRunDirectory(directory: string): void {
  try {
    makeDirectory(directory);
    chmodSync(directory, 0o700);
  } catch (cause) {
    const errno = codeOf(cause);
    const isRefused = errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS';
    const remedy = isRefused ? '; run as root, or name another directory in VTEP_RUN_DIR' : '';
    const code = isRefused ? 'ERR_VTEP_PERMISSION' : 'ERR_VTEP_SYSTEM';
    throw new VtepError(code, `cannot make ${directory}: ${errno}${remedy}`, {
      errno,
      word: directory,
      cause,
    });
  }
  refuseForeign(directory);
}

/** Not with `recursive`: Node goes round for ever where a file system answers ENOENT to every mkdir, as /proc does. */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Who owns the directory could put a socket of their own in the place of the daemon's. */
function refuseForeign(directory: string): void {
  const found = lstatSync(directory);
  if (found.isDirectory() && found.uid === process.getuid?.()) return;
  const message = `${directory} is not a directory of ours (owner ${found.uid}); remove it or name another in VTEP_RUN_DIR`;
  throw new VtepError('ERR_VTEP_PERMISSION', message, { errno: 'EPERM', word: directory });
}

/** Where a daemon listens until it is known to be the only one. */
export function privateSocket({ directory }: DaemonPaths): string {
  return join(directory, `.${process.pid}`);
}

/** True when somebody listens on a socket, whether or not they answer. */
export function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(path);
    const done = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => done(true));
    // A full backlog (EAGAIN) is a listener too.
    socket.once('error', (error) => done(!['ENOENT', 'ECONNREFUSED'].includes(codeOf(error))));
  });
}

async function alreadyRunning(path: string): Promise<VtepError> {
  const client = new Client(path);
  const pid = await client.daemon().then(
    (info) => ` as pid ${info.pid}`,
    () => '',
  );
  client.close();
  return new VtepError('ERR_VTEP_DAEMON', `vtep daemon already running${pid} (${path})`, { errno: 'EEXIST' });
}

/** Removes a socket nobody listens on; gives back one that was taken by mistake. */
async function removeStale(path: string): Promise<void> {
  const aside = `${path.slice(0, -'.sock'.length)}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (await isListening(aside)) linkSync(aside, path);
  rmSync(aside, { force: true });
}

/**
 * Gives the listening socket its public name. The process listens on `privateSocket` already.
 * @returns the function that takes the name away again, unless another daemon has it by then
 * @throws {VtepError} ERR_VTEP_DAEMON when another daemon serves the namespace
 */
export async function publish(paths: DaemonPaths): Promise<() => void> {
  const own = privateSocket(paths);
  chmodSync(own, 0o600);
  const { ino } = statSync(own);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      linkSync(own, paths.socket);
      rmSync(own, { force: true });
      return () => withdraw(paths.socket, ino);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (await isListening(paths.socket)) throw await alreadyRunning(paths.socket);
    await removeStale(paths.socket);
  }
  throw new VtepError('ERR_VTEP_DAEMON', `cannot take ${paths.socket}: other daemons keep coming`, {
    errno: 'EBUSY',
  });
}

function withdraw(path: string, ino: number): void {
  try {
    if (statSync(path).ino === ino) rmSync(path, { force: true });
  } catch {
    // Removed already, by hand or with its directory.
  }
}
