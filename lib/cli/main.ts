#!/usr/bin/env node
/** The command `vtep`. */
import { run } from './run.js';

/** A reader that went away (`vtep fdb show | head -1`) is no error, and nobody is left to tell. */
function quietOnBrokenPipe(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
}
process.stdout.on('error', quietOnBrokenPipe);
process.stderr.on('error', quietOnBrokenPipe);

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
