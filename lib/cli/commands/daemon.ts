/** `vtep daemon [run|status|stop]`. The first `vtep link add` starts one in the background by itself. */
import type { DaemonInfo } from '../../control/client.js';
import { isNoDaemon } from '../../errors.js';
import { CommandFailure } from '../failure.js';
import type { Session } from '../session.js';

/**
 * The daemon in this process, until SIGTERM or SIGINT; with -n, the thread moves into that namespace first. All that
 * is heavy is loaded here and nowhere else.
 */
export async function run(session: Session, words: { workers?: number; busyPoll?: number }): Promise<void> {
  // What ps and the owner of a port in use show.
  process.title = 'vtep-daemon';
  const { runDaemon } = await import('../../control/daemon.js');
  await runDaemon({ netns: session.options.netns, ...words });
  // It has said its last word; nothing that is still open may keep the process.
  process.exit(0);
}

async function ask<T>(session: Session, what: (info: DaemonInfo) => Promise<T>): Promise<T> {
  const client = await session.client();
  try {
    return await what(await client.daemon());
  } catch (error) {
    if (!isNoDaemon(error)) throw error;
    throw new CommandFailure('no vtep daemon runs in this network namespace', 1, error);
  }
}

const MEBIBYTE = 1024 * 1024;

const statusLine = (info: DaemonInfo): string =>
  `pid ${info.pid} version ${info.version} netns ${info.netns} started ${info.started} ` +
  `memory ${(info.memory / MEBIBYTE).toFixed(1)}MiB workers ${info.workers} busy_poll ${info.busyPoll}`;

export async function status(session: Session): Promise<void> {
  await ask(session, async (info) => session.show([statusLine(info)], [info]));
}

/** Milliseconds an orderly stop may take, and between two looks. */
const STOP_LIMIT = 6_000;
const STOP_LOOK = 20;

/** Returns when the process is gone: what comes after finds neither its devices nor its socket. */
export async function stop(session: Session): Promise<void> {
  const pid = await ask(session, async (info) => {
    await (await session.client()).stopDaemon();
    return info.pid;
  });
  for (let waited = 0; isRunning(pid); waited += STOP_LOOK) {
    if (waited >= STOP_LIMIT) throw new CommandFailure(`the daemon, pid ${pid}, does not stop`, 1);
    await new Promise((resolve) => setTimeout(resolve, STOP_LOOK));
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
