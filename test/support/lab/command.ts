/** Runs a program to its end. Every command of the laboratory passes here, so it can be shown as typed. */
import { spawn } from 'node:child_process';

export interface Outcome {
  stdout: string;
  stderr: string;
  /** Exit status; 128 + n when signal n ended it. */
  code: number;
}

export interface RunOptions {
  /** A failing command rejects unless this is true. */
  allowFailure?: boolean;
  env?: Record<string, string>;
  /** Written to the program's standard input. */
  input?: string;
  /** Milliseconds until the program is killed; default 30,000. */
  timeout?: number;
}

/** A command that failed: the message shows it as it would be typed, and what it said. */
export class CommandError extends Error {
  readonly argv: readonly string[];
  readonly outcome: Outcome;

  constructor(argv: readonly string[], outcome: Outcome) {
    const said = (outcome.stderr || outcome.stdout).trim();
    super(`${shown(argv)}: exit ${outcome.code}${said === '' ? '' : `: ${said}`}`);
    this.name = 'CommandError';
    this.argv = argv;
    this.outcome = outcome;
  }
}

/** A command line as one would type it. */
export function shown(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ');
}

/**
 * Runs `argv` and collects what it writes.
 * @throws {CommandError} when it exits with another status than 0, unless allowFailure
 */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0]!, argv.slice(1), {
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeout ?? 30_000,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => {}); // a program that does not read its input may close it
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const code = status ?? 128 + (signal === 'SIGKILL' ? 9 : 15);
      const outcome = { stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), code };
      if (code !== 0 && !options.allowFailure) reject(new CommandError(argv, outcome));
      else resolve(outcome);
    });
  });
}
