/**
 * The program that runs in the background: `main.js [NETNS]`. People type `vtep daemon`; the command line starts this
 * (start.ts), because it can be told to enter a namespace by itself.
 */
import { pino } from 'pino';
import { VtepError } from '../errors.js';
import { runDaemon } from './daemon.js';

// What ps, top and the owner of a port in use show.
process.title = 'vtep-daemon';

try {
  await runDaemon({ netns: process.argv[2] });
  process.exit(0);
} catch (error) {
  // One line that start.ts finds and turns back into the error it was.
  const { code, errno, word } = error instanceof VtepError ? error : ({} as Partial<VtepError>);
  const log = pino(pino.destination({ fd: 2, sync: true }));
  log.fatal({ code, errno, word, stack: (error as Error).stack }, (error as Error).message);
  process.exit(1);
}
