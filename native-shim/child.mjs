/** Child processes of the project's scripts: exit codes come back, signals go down. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command to its end on our own terminal and returns its exit code, 128 + n after signal n.
 * A signal sent to us is passed on; the child decides what to do about it, and we wait for it.
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  const forward = (signal) => child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return await exitCode(child);
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

/** Exit code of a child once it has ended; 127 when it could not be started. */
export function exitCode(child) {
  return new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** Runs npm with the npm that runs us, if one does. */
export function npm(root, args, options = {}) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js')
    ? run(process.execPath, [cli, ...args], { cwd: root, ...options })
    : run('npm', args, { cwd: root, ...options });
}
