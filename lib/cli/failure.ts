/**
 * How a command fails: one line on stderr and an exit code, never a stack trace.
 *
 *   1  the words are wrong, the device is unknown, no daemon answers: nothing was asked or nothing can be
 *   2  the request was understood and refused ("RTNETLINK answers: …", as `ip` says it for the kernel)
 *
 * iproute2 exits 255 for some wrong words and `bridge` for refusals too; here one number means one thing.
 */
import { VtepError } from '../errors.js';

/** A failed command: `message` is the whole line, without the newline. */
export class CommandFailure extends Error {
  readonly exit: number;

  constructor(message: string, exit = 1, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandFailure';
    this.exit = exit;
  }
}

/** A wrong word: `Error: …`, exit 1. */
export const wrong = (message: string): CommandFailure => new CommandFailure(`Error: ${message}`);

/** The sentence of `ip` and `bridge` for an interface that is none of theirs. */
export const noDevice = (name: string): CommandFailure => new CommandFailure(`Cannot find device "${name}"`);

/** strerror(3) of the verdicts a VXLAN device gives. */
const SENTENCES: Readonly<Record<string, string>> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  ENODEV: 'No such device',
  EINVAL: 'Invalid argument',
  ENOSPC: 'No space left on device',
  ERANGE: 'Numerical result out of range',
  EOPNOTSUPP: 'Operation not supported',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ENETUNREACH: 'Network is unreachable',
};

function ofVtepError(error: VtepError, dev: string | undefined): CommandFailure {
  if (error.code === 'ERR_VTEP_NO_DEVICE') {
    const line = `Cannot find device "${error.word ?? dev ?? ''}"`;
    // More than the sentence is said only where the device is looked for elsewhere.
    return new CommandFailure(error.message.startsWith(`${line} in `) ? error.message : line, 1, error);
  }
  const sentence = error.errno === undefined ? undefined : SENTENCES[error.errno];
  const system = sentence !== undefined && error.code !== 'ERR_VTEP_DAEMON';
  const line = system ? systemLine(sentence, error.message) : `Error: ${error.message}`;
  // A name without an address is a wrong word, as it is to `ip`, which takes no names at all.
  const isNotAsked = error.code === 'ERR_VTEP_DAEMON' || error.code === 'ERR_VTEP_NAME';
  return new CommandFailure(oneLine(line), isNotAsked ? 1 : 2, error);
}

/** The verdict once, in the words scripts look for, then ours. */
const systemLine = (sentence: string, message: string): string =>
  `RTNETLINK answers: ${message.startsWith(sentence) ? message : `${sentence}: ${message}`}`;

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();

/**
 * Any thrown value as the line and exit code it deserves.
 * @param dev the device the command was about, for errors that do not name it
 */
export function failureOf(error: unknown, dev?: string): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof VtepError) return ofVtepError(error, dev);
  const message = error instanceof Error ? error.message : String(error);
  return new CommandFailure(oneLine(`Error: ${message}`), 2, error);
}
