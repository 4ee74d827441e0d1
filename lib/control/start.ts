/** Starts the daemon in the background when none runs, as the first `vtep link add` does. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ERROR_STATUS, VtepError, type VtepErrorCode } from '../errors.js';
import { Client, type DaemonInfo } from './client.js';
import { isListening, makeRunDirectory } from './run-files.js';
import { daemonPaths, netnsPath, type DaemonPaths } from './socket-path.js';

/** Milliseconds a daemon may take until it answers: it starts in one where nothing else does, in six where a host boots. */
const PATIENCE = 20_000;
const POLL = 15;
/** Bytes after which the log of earlier daemons is put aside as .log.1. */
const LOG_LIMIT = 1024 * 1024;

export interface EnsureOptions {
  /** Name or path of a network namespace; default the caller's. */
  netns?: string;
  /** Arguments of node that run the daemon; default the one of this package. */
  program?: readonly string[];
}

/** The daemon's answer; undefined when none listens or the one that does is about to stop. One that hangs is an error. */
async function answer(client: Client): Promise<DaemonInfo | undefined> {
  try {
    return await client.daemon();
  } catch (error) {
    const isAway = error instanceof VtepError && error.code === 'ERR_VTEP_DAEMON';
    if (isAway && error.errno !== 'ETIMEDOUT') return undefined;
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

/**
 * The words that run the daemon.
 * @example daemonCommand({ netns: 'blue' }) // ['/usr/bin/node', …, '…/control/main.js', '/run/netns/blue']
 */
export function daemonCommand({ netns, program }: EnsureOptions = {}): string[] {
  const main = program ?? [fileURLToPath(new URL('./main.js', import.meta.url))];
  const path = netns === undefined ? [] : [netnsPath(netns)];
  // The daemon grows tables, not garbage: a small young generation keeps it small.
  return [process.execPath, '--max-semi-space-size=1', ...main, ...path];
}

function launch(options: EnsureOptions, fd: number): ChildProcess {
  const [node = process.execPath, ...words] = daemonCommand(options);
  return spawn(node, words, { detached: true, cwd: '/', stdio: ['ignore', fd, fd] });
}

interface LogLine {
  code?: string;
  errno?: string;
  word?: string;
  msg?: string;
}

function asLogLine(line: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The line that says why: our own, else what Node says above the stack of a crash, else the last of all. */
function tellingLine(text: string): LogLine {
  const lines = text.trim().split('\n');
  const own = lines.findLast((line) => asLogLine(line) !== undefined);
  const crash = lines.findLast((line) => /^\w*Error\b/.test(line));
  return asLogLine(own ?? '') ?? { msg: crash ?? lines.at(-1) };
}

/** What the daemon said last, as the error it meant. */
export function lastWords(text: string, path: string): VtepError {
  const { code = '', errno, word, msg } = tellingLine(text);
  const known = Object.hasOwn(ERROR_STATUS, code) ? (code as VtepErrorCode) : 'ERR_VTEP_DAEMON';
  const said = msg || 'it said nothing';
  const message = known === code ? said : `the vtep daemon did not start: ${said}; see ${path}`;
  return new VtepError(known, message, { errno, word });
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
