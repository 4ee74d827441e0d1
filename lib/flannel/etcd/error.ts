/** What went wrong between us and etcd, and whether it may go better later, or at another endpoint. */
import { VtepError, type VtepErrorCode } from '../../errors.js';

export interface EtcdErrorOptions {
  /** Status of gRPC, where etcd answered. */
  grpc?: number;
  /** Only a person can change it: credentials, certificates, another program at that address. */
  isFinal?: boolean;
  /** Another member of the cluster may do better. */
  tryNext?: boolean;
  code?: VtepErrorCode;
  errno?: string;
  cause?: unknown;
}

export class EtcdError extends VtepError {
  readonly grpc: number | undefined;
  readonly isFinal: boolean;
  readonly tryNext: boolean;

  constructor(message: string, options: EtcdErrorOptions = {}) {
    super(options.code ?? 'ERR_VTEP_SYSTEM', message, options);
    this.grpc = options.grpc;
    this.isFinal = options.isFinal ?? false;
    this.tryNext = options.tryNext ?? false;
  }
}

/** What all endpoints said, when none was of use; final only when it is everywhere. */
export function noneOf(failures: readonly EtcdError[]): EtcdError {
  if (failures.length === 1) return failures[0]!;
  const message = failures.map((failure) => failure.message).join('; ');
  const isFinal = failures.every((failure) => failure.isFinal);
  return new EtcdError(message, { isFinal, tryNext: true, code: failures[0]!.code, cause: failures[0] });
}

/** Codes of OpenSSL's verdicts on a certificate, by what they begin with. */
const UNTRUSTED = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH)/;
const TLS_FAULT = /^(?:EPROTO|ERR_SSL|ERR_TLS)/;
/** Before any answer: etcd went away, or this is what it does to TLS where it has none, and to its lack where it has some. */
const HUNG_UP = /socket hang up|before secure TLS|^read ECONNRESET/;
/** The other end asks for a certificate, or does not like ours. */
const ALERT = /ALERT_(?:BAD_CERTIFICATE|CERTIFICATE|UNKNOWN_CA|HANDSHAKE)|alert (?:bad|unknown|certificate)/i;

/** A connection that was not made, or broke. */
export function connectionFailure(endpoint: string, cause: NodeJS.ErrnoException): EtcdError {
  const errno = cause.code ?? 'EIO';
  const say = (what: string, isFinal: boolean): EtcdError =>
    new EtcdError(`etcd ${endpoint}: ${what}`, { isFinal, tryNext: true, errno, cause });
  if (UNTRUSTED.test(errno))
    return say(`its certificate is not trusted: ${cause.message}; give its CA with --etcd-cafile`, true);
  if (ALERT.test(`${errno} ${cause.message}`)) {
    const remedy = 'give one that its CA signed with --etcd-certfile and --etcd-keyfile';
    return say(`it refuses our client certificate (${errno}); ${remedy}`, true);
  }
  if (TLS_FAULT.test(errno)) return say(`no TLS: ${cause.message}; is it http://?`, true);
  if (errno === 'ECONNRESET' && HUNG_UP.test(cause.message)) {
    const other = endpoint.startsWith('https:') ? 'http' : 'https';
    return say(`it hangs up (${errno}); if it goes on: is it ${other}://?`, false);
  }
  return say(errno === 'ETIMEDOUT' ? cause.message : errno, false);
}

const UNAVAILABLE = new Set([1, 2, 4, 8, 10, 13, 14]);
const PERMISSION = { isFinal: true, code: 'ERR_VTEP_PERMISSION' } as const;

/** An error that etcd answered with: `code` is gRPC's. */
export function refusal(endpoint: string, message: string, grpc: number): EtcdError {
  const say = (what: string, options: EtcdErrorOptions): EtcdError =>
    new EtcdError(`etcd ${endpoint}: ${what}`, { grpc, ...options });
  if (message.includes('user name is empty')) {
    const remedy = 'give --etcd-username and --etcd-password (a certificate does not name the user here)';
    return say(`it asks for a user; ${remedy}`, PERMISSION);
  }
  if (message.includes('authentication failed'))
    return say('the user or the password is wrong; see --etcd-username and --etcd-password', PERMISSION);
  if (message.includes('permission denied'))
    return say("permission denied; grant the user's role read and write on the prefix", PERMISSION);
  return say(message, { tryNext: UNAVAILABLE.has(grpc) });
}

/** An answer that is not etcd's: no gateway, another program, a proxy in front. */
export function strangeAnswer(endpoint: string, status: number, text: string): EtcdError {
  const said = `HTTP ${status} ${JSON.stringify(text.trim().slice(0, 100))}`;
  const isFinal = status < 500 && status !== 408 && status !== 429;
  const remedy = 'etcd 3.4 or later with its JSON gateway is needed, and https:// where it wants TLS';
  return new EtcdError(`etcd ${endpoint}: it answers ${said}; ${remedy}`, { isFinal, tryNext: true });
}

/** True when the token has been forgotten: it expired, etcd was restarted, or users were changed. */
export function isStaleToken(error: unknown): boolean {
  if (!(error instanceof EtcdError)) return false;
  return (
    error.grpc === 16 ||
    /invalid auth token|revision of auth store is old|asks for a user/.test(error.message)
  );
}
