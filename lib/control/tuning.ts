/**
 * How the data plane runs, from the command line or the environment: the first `vtep link add` starts the daemon by
 * itself, and can hand on an environment but no words.
 */
import { VtepError } from '../errors.js';

export interface Tuning {
  /** Data-plane threads. */
  workers: number;
  /** Microseconds a worker polls at most before it sleeps. */
  busyPoll: number;
}

interface Limit {
  /** Word of `vtep daemon`, and environment variable. */
  word: string;
  variable: string;
  least: number;
  most: number;
  fallback: number;
}

/** As the words of `vtep daemon` (cli/options/daemon.ts). */
export const LIMITS: Readonly<Record<keyof Tuning, Limit>> = {
  workers: { word: 'workers', variable: 'VTEP_WORKERS', least: 1, most: 64, fallback: 1 },
  busyPoll: { word: 'busy_poll', variable: 'VTEP_BUSY_POLL', least: 0, most: 1_000_000, fallback: 0 },
};

/**
 * What was given, else what the environment says, else the defaults.
 * @throws {VtepError} ERR_VTEP_ARGUMENT for a value that is no whole number in its range
 * @example tuning({ busyPoll: 50 }) // { workers: 1, busyPoll: 50 }
 */
export function tuning(given: Partial<Tuning>, env: NodeJS.ProcessEnv = process.env): Tuning {
  return { workers: decide('workers', given, env), busyPoll: decide('busyPoll', given, env) };
}

function decide(name: keyof Tuning, given: Partial<Tuning>, env: NodeJS.ProcessEnv): number {
  const { word, variable, least, most, fallback } = LIMITS[name];
  const text = env[variable];
  const fromEnvironment = given[name] === undefined && text !== undefined && text !== '';
  const value = given[name] ?? (fromEnvironment ? (/^\d+$/.test(text) ? Number(text) : NaN) : fallback);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const where = fromEnvironment ? `${variable}="${text}"` : `${word} ${value}`;
  throw new VtepError('ERR_VTEP_ARGUMENT', `${where}: expected a whole number from ${least} to ${most}`, {
    errno: 'EINVAL',
    word: fromEnvironment ? text : String(value),
  });
}
