/**
 * The daemon of one network namespace: engine, mirror, notifier and API put together, from start to stop.
 *
 *   enter namespace -> engine -> notifier, mirror -> API listens -> socket gets its name -> … -> stop
 *
 * SIGTERM, SIGINT, SIGHUP and DELETE /v1/daemon stop it: devices it created go, the socket goes, exit status 0. An error
 * nobody caught ends it with status 1. After SIGKILL the kernel removes the devices and the next daemon the socket.
 */
import { rmSync } from 'node:fs';
import type { Logger } from 'pino';
import type { EngineApi } from '../engine/api.js';
import { VtepError } from '../errors.js';
import { load } from '../native/load.js';
import { enterNamespace } from '../native/namespace.js';
import type { Shim } from '../native/shim.js';
import type { Api, HostCounters } from './api/context.js';
import { buildServer } from './api/server.js';
import { packageVersion } from '../version.js';
import type { DaemonInfo } from './client.js';
import { openLog } from './log.js';
import { Mirror } from './mirror.js';
import { Notifier } from './notify.js';
import { Names } from './names/names.js';
import { makeRunDirectory, privateSocket, publish } from './run-files.js';
import { daemonPaths, type DaemonPaths } from './socket-path.js';
import { tuning } from './tuning.js';

/** Milliseconds an orderly stop may take before the process just ends. */
const STOP_LIMIT = 5_000;
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface EngineParts {
  shim: Shim;
  workers: number;
  busyPoll: number;
  /** To be called when the engine cannot go on. */
  died: (error: Error) => void;
}

/** An engine, and if it has them the counters that belong to no device. */
export type DaemonEngine = EngineApi & Partial<HostCounters>;

export interface DaemonOptions {
  /** Name or path of the network namespace to serve; default the caller's. The calling thread moves into it. */
  netns?: string;
  /** Data-plane threads, 1 to 64. Default $VTEP_WORKERS, or 1. */
  workers?: number;
  /** Microseconds a worker polls at most before it sleeps, 0 to 1,000,000. Default $VTEP_BUSY_POLL, or 0. */
  busyPoll?: number;
  /** pino's: trace, debug, info, warn, error, fatal, silent. Default $VTEP_LOG_LEVEL, or info. */
  logLevel?: string;
  /** Makes the engine; default the native one. */
  engine?: (parts: EngineParts) => DaemonEngine | Promise<DaemonEngine>;
}

async function defaultEngine({ shim, workers, busyPoll, died }: EngineParts): Promise<DaemonEngine> {
  const { openNativeEngine } = await import('../engine/native-engine.js');
  return openNativeEngine(shim, { workers, busyPoll, failed: died });
}

/** Without fastify's own news, which speak of the socket's private name. */
function quieter(log: Logger): Logger {
  return log.level === 'info' ? log.child({}, { level: 'warn' }) : log;
}

/** What is running, in the order it was started; stopped in reverse. */
class Running {
  readonly #log: Logger;
  readonly #closers: [string, () => unknown][] = [];
  #stopping: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  started(name: string, close: () => unknown): void {
    this.#closers.push([name, close]);
  }

  /** Stops everything once, whoever asks; an error in one part does not keep the others from stopping. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    for (const [name, close] of this.#closers.toReversed()) {
      try {
        await close();
      } catch (err) {
        this.#log.error({ err }, `cannot stop ${name}`);
      }
    }
  }
}

/** Refuses what comes while the engine is being closed: the API goes last, so that clients hear of the stop. */
function refuseWhileStopping(api: Api, running: Running): void {
  api.addHook('onRequest', async () => {
    if (running.isStopping)
      throw new VtepError('ERR_VTEP_DAEMON', 'the daemon is stopping', { errno: 'ESHUTDOWN' });
  });
}

interface Parts {
  options: DaemonOptions;
  shim: Shim;
  paths: DaemonPaths;
  log: Logger;
  running: Running;
  stop: () => void;
  died: (error: Error) => void;
}

async function start({ options, shim, paths, log, running, stop, died }: Parts): Promise<void> {
  const { workers, busyPoll } = tuning(options);
  const started = new Date().toISOString();
  const version = packageVersion();
  const info = (): DaemonInfo => {
    const memory = process.memoryUsage.rss();
    return { pid: process.pid, version, netns: paths.netns, started, memory, workers, busyPoll };
  };
  const engine = await (options.engine ?? defaultEngine)({ shim, workers, busyPoll, died });
  const names = new Names({ engine, log });
  const api = await buildServer({ engine, info, stop, names, host: engine }, quieter(log), (server) =>
    refuseWhileStopping(server, running),
  );
  // Stopped from the last to the first: the engine while the API still answers, so that "stopping" can be told.
  let withdraw = (): void => {};
  running.started('API', async () => {
    withdraw();
    await api.close();
  });
  const notifier = new Notifier({ shim, engine, log });
  running.started('notifier', () => notifier.close());
  running.started('engine', () => engine.close());
  const mirror = new Mirror({ shim, engine, log });
  running.started('mirror', () => mirror.close());
  running.started('names', () => names.close());
  const own = privateSocket(paths);
  rmSync(own, { force: true }); // Of a daemon with our pid that was killed while it started.
  await api.listen({ path: own });
  withdraw = await publish(paths);
  process.once('exit', withdraw);
  log.info({ socket: paths.socket, version, workers }, 'vtep daemon serves');
}

/**
 * Runs the daemon until it is told to stop.
 * @throws {VtepError} ERR_VTEP_DAEMON when one is running already; ERR_VTEP_PERMISSION, ERR_VTEP_SHIM and others when
 *   it cannot start
 */
export async function runDaemon(options: DaemonOptions = {}): Promise<void> {
  const shim = load();
  if (options.netns !== undefined) enterNamespace(shim, options.netns);
  const paths = daemonPaths();
  makeRunDirectory(paths.directory);
  const log = openLog(options.logLevel);
  const running = new Running(log);

  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      setTimeout(() => abandon(log), STOP_LIMIT).unref();
      running.stop().then(resolve, reject);
    };
    const died = (error: Error): void => fatal(log, error);
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
    process.on('uncaughtException', died);
    process.on('unhandledRejection', died);
    start({ options, shim, paths, log, running, stop, died }).catch((error: unknown) => {
      running.stop().then(() => reject(error), reject);
    });
  });
  log.info('vtep daemon stopped');
}

/** Files are removed by the exit handler, devices by the kernel. */
function fatal(log: Logger, err: unknown): never {
  log.fatal({ err }, (err as Error | undefined)?.message ?? String(err));
  process.exit(1);
}

function abandon(log: Logger): never {
  log.fatal(`not stopped within ${STOP_LIMIT} ms; giving up`);
  process.exit(1);
}
