/**
 * Errors for people: one code a failure, a message with the value, the limit and the remedy. `errno` is the
 * kernel's verdict for the same mistake, so that the command line can answer as iproute2 does.
 * Nothing in wire, memory, table or dataplane throws for a packet: a bad packet is a counter.
 */

export interface VtepErrorOptions {
  /** Name of the errno the kernel device would answer, such as 'EEXIST'. */
  errno?: string;
  /** The offending word, for one-line messages. */
  word?: string;
  cause?: unknown;
}

/** Codes of all errors, each with the HTTP status the daemon answers with. */
export const ERROR_STATUS = {
  /** A value is malformed, out of range or contradicts another. */
  ERR_VTEP_ARGUMENT: 400,
  /** The system refused for lack of a privilege. */
  ERR_VTEP_PERMISSION: 403,
  ERR_VTEP_NO_DEVICE: 404,
  ERR_VTEP_NO_ENTRY: 404,
  ERR_VTEP_NAME_IN_USE: 409,
  ERR_VTEP_VNI_IN_USE: 409,
  ERR_VTEP_PORT_IN_USE: 409,
  ERR_VTEP_EXISTS: 409,
  /** An option cannot be changed on an existing device. */
  ERR_VTEP_FIXED: 409,
  /** A table's limit (maxaddress) is reached. */
  ERR_VTEP_LIMIT: 409,
  /** A DNS name has no address that could be used. */
  ERR_VTEP_NAME: 422,
  /** The request is understood and the kernel device does not do it either. */
  ERR_VTEP_UNSUPPORTED: 422,
  /** /dev/net/tun is missing. */
  ERR_VTEP_NO_TUN: 503,
  /** The native shim is missing or of another version. */
  ERR_VTEP_SHIM: 503,
  /** The daemon cannot be reached or started. */
  ERR_VTEP_DAEMON: 503,
  /** A system call failed in a way that has no code of its own. */
  ERR_VTEP_SYSTEM: 500,
} as const;

export type VtepErrorCode = keyof typeof ERROR_STATUS;

/**
 * The one error class of the API.
 *
 * @example
 * throw new VtepError('ERR_VTEP_VNI_IN_USE', 'VNI 42 is in use by vtep0 on port 4789; choose another id or dstport', { errno: 'EEXIST', word: '42' });
 */
export class VtepError extends Error {
  readonly code: VtepErrorCode;
  readonly errno: string | undefined;
  readonly word: string | undefined;

  constructor(code: VtepErrorCode, message: string, options: VtepErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VtepError';
    this.code = code;
    this.errno = options.errno;
    this.word = options.word;
  }
}

/** True when the error says that nobody listens on a daemon's socket; one that is there and fails is another matter. */
export function isNoDaemon(error: unknown): boolean {
  const isAway = error instanceof VtepError && error.code === 'ERR_VTEP_DAEMON';
  return isAway && (error.errno === 'ENOENT' || error.errno === 'ECONNREFUSED');
}
