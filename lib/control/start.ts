/** Starts the daemon in the background when none runs, as the first `vtep link add` does. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ERROR_STATUS, VtepError, type VtepErrorCode } from '../errors.js';
import { Client, type DaemonInfo } from './client.js';
import { isListening, makeRunDirectory } from './run-files.js';
import { daemonPaths, netnsPath, type DaemonPaths } from './socket-path.js';

/** Milliseconds a daemon may take until it answers. */
const PATIENCE = 5_000;
const POLL = 15;
/** Bytes after which the log of earlier daemons is put aside as .log.1. */
const LOG_LIMIT = 1024 * 1024;

export interface EnsureOptions {
  /** Name or path of a network namespace; default the caller's. */
  netns?: string;
  /** Arguments of node that run the daemon; default the one of this package. */
  program?: readonly string[];
}

/** The daemon's answer; undefined when none listens or the one that does is about to stop. */
async function answer(client: Client): Promise<DaemonInfo | undefined> {
  try {
    return await client.daemon();
  } catch (error) {
    if (error instanceof VtepError && error.code === 'ERR_VTEP_DAEMON') return undefined;
    throw error;
  }
}

/** Opens the log for appending; returns its descriptor and how long it is already. */
function openLogFile(path: string): { fd: number; length: number } {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a', 0o600);
  return { fd, length: size > LOG_LIMIT ? 0 : size };
}

function launch(options: EnsureOptions, fd: number): ChildProcess {
  const program = options.program ?? [fileURLToPath(new URL('./main.js', import.meta.url))];
  const netns = options.netns === undefined ? [] : [netnsPath(options.netns)];
  // The daemon grows tables, not garbage: a small young generation keeps it small.
  return spawn(process.execPath, ['--max-semi-space-size=1', ...program, ...netns], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', fd, fd],
  });
}

interface LogLine {
  code?: string;
  errno?: string;
  word?: string;
  msg?: string;
}

/** What the daemon said last, as the error it meant. */
export function lastWords(text: string, path: string): VtepError {
  const last = text.trim().split('\n').at(-1) ?? '';
  let line: LogLine;
  try {
    line = JSON.parse(last) as LogLine;
  } catch {
    line = { msg: last };
  }
  const { code = '', errno, word, msg } = line;
  const known = Object.hasOwn(ERROR_STATUS, code) ? (code as VtepErrorCode) : 'ERR_VTEP_DAEMON';
  const message = msg ? msg : 'it said nothing';
  return new VtepError(
    known,
    known === code ? message : `the vtep daemon did not start: ${message}; see ${path}`,
    {
      errno,
      word,
    },
  );
}

async function waitFor(client: Client, child: ChildProcess): Promise<DaemonInfo | undefined> {
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(POLL)) {
    // In this order: one that ended because another was first leaves a daemon that answers.
    const hasEnded = ended;
    const info = await answer(client);
    if (info || hasEnded) return info;
  }
  return undefined;
}

/** A daemon that is stopping still holds devices and ports: the next one waits for it. */
async function untilGone(path: string): Promise<void> {
  for (const end = Date.now() + PATIENCE; Date.now() < end && (await isListening(path));) await sleep(POLL);
}

async function startDaemon(options: EnsureOptions, paths: DaemonPaths, client: Client): Promise<DaemonInfo> {
  makeRunDirectory(paths.directory);
  await untilGone(paths.socket);
  const { fd, length } = openLogFile(paths.log);
  const child = launch(options, fd);
  closeSync(fd);
  child.unref();
  const info = await waitFor(client, child);
  // Another was first: ours must not come late and take the place of one that was stopped meanwhile.
  if (info && info.pid !== child.pid) child.kill();
  if (info) return info;
  throw lastWords(readFileSync(paths.log).subarray(length).toString(), paths.log);
}

/**
 * Makes sure that the daemon of a namespace runs and answers.
 * @returns what it says of itself
 * @throws {VtepError} why it cannot start, as the daemon put it; ERR_VTEP_PERMISSION when we may not even ask
 * @example await ensureDaemon({ netns: 'blue' });
 */
export async function ensureDaemon(options: EnsureOptions = {}): Promise<DaemonInfo> {
  const paths = daemonPaths(options.netns);
  const client = new Client(paths.socket);
  try {
    return (await answer(client)) ?? (await startDaemon(options, paths, client));
  } finally {
    client.close();
  }
}
