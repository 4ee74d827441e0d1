/** What the daemon's parts say, and to whom: pino, or anything that looks like it. */
import type { Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
