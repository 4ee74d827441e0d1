/** What the daemons say, and how: pino's JSON lines. */
import { pino, type DestinationStream, type Logger } from 'pino';

/** What parts of a daemon need of it; anything that looks like it will do. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/**
 * JSON lines on standard error, written at once: the last line before an end is the one that matters.
 * @param level pino's: trace, debug, info, warn, error, fatal, silent. Default $VTEP_LOG_LEVEL, or info
 */
export function openLog(level: string = process.env['VTEP_LOG_LEVEL'] ?? 'info'): Logger {
  const destination: DestinationStream = pino.destination({ fd: 2, sync: true });
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
