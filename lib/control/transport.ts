/**
 * One JSON request over the daemon's unix socket, and one stream of JSON lines. Only node:http: the command
 * line waits for this file to load before it does anything.
 */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { ERROR_STATUS, VtepError, type VtepErrorCode } from '../errors.js';

/** An error as it travels: the fields of a VtepError. */
export interface ErrorBody {
  code: VtepErrorCode;
  message: string;
  errno?: string;
  word?: string;
}

export interface Transport {
  /** Sends a request and gives the decoded answer; undefined for 202 and 204. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Opens a stream of JSON lines; resolves once the daemon answered 200. */
  open(path: string): Promise<IncomingMessage>;
  close(): void;
}

/**
 * Milliseconds a daemon may be silent for. Every call is a matter of milliseconds, a table of a million entries one of a
 * second; only a daemon that was stopped (SIGSTOP), or a machine that stands still, takes this long.
 */
const LONGEST_SILENCE = 30_000;

/** What a failed connection means to the one who typed the command. */
function connectionError(cause: NodeJS.ErrnoException, socketPath: string): VtepError {
  const errno = cause.code ?? 'EIO';
  if (errno === 'EACCES' || errno === 'EPERM') {
    const message = `cannot open ${socketPath}: ${errno}; run as root, as the daemon does`;
    return new VtepError('ERR_VTEP_PERMISSION', message, { errno, cause });
  }
  if (errno === 'ETIMEDOUT') {
    const message = `the vtep daemon on ${socketPath} does not answer: ETIMEDOUT; is it stopped (SIGSTOP)? What was asked for may still be done`;
    return new VtepError('ERR_VTEP_DAEMON', message, { errno, cause });
  }
  const why =
    errno === 'ENOENT' || errno === 'ECONNREFUSED' ? 'no vtep daemon answers' : 'the vtep daemon broke off';
  const message = `${why} on ${socketPath}: ${errno}; \`vtep link add\` or \`vtep daemon\` starts one`;
  return new VtepError('ERR_VTEP_DAEMON', message, { errno, cause });
}

function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message } = value as Record<string, unknown>;
  return typeof code === 'string' && code in ERROR_STATUS && typeof message === 'string';
}

/** Turns an error answer back into the VtepError that was thrown in the daemon. */
export function errorFrom(status: number, text: string): VtepError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (isErrorBody(body))
    return new VtepError(body.code, body.message, { errno: body.errno, word: body.word });
  return new VtepError(
    'ERR_VTEP_DAEMON',
    `the daemon answered ${status}: ${text.slice(0, 200) || 'nothing'}`,
  );
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
}

/**
 * A transport over one unix socket. Connections are kept for the next request and do not keep the process alive.
 * @param longestSilence milliseconds after which a call is given up with ERR_VTEP_DAEMON (ETIMEDOUT); a stream may be silent
 *   for ever once it is open
 */
export function openTransport(socketPath: string, longestSilence = LONGEST_SILENCE): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });

  function send(method: string, path: string, payload: string | undefined, streaming: boolean) {
    return new Promise<IncomingMessage>((resolve, reject) => {
      const headers: Record<string, string | number> = { host: 'vtep', accept: 'application/json' };
      if (payload !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = Buffer.byteLength(payload);
      }
      // A stream has a connection of its own, which closes with it.
      const own = streaming ? { agent: false as const } : { agent };
      const request = httpRequest({ socketPath, method, path, headers, ...own }, (response) => {
        if (streaming) request.setTimeout(0);
        resolve(response);
      });
      request.setTimeout(longestSilence, () => {
        request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
      });
      request.on('error', (cause) => reject(connectionError(cause, socketPath)));
      request.end(payload);
    });
  }

  return {
    async call(method, path, body) {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const response = await send(method, path, payload, false);
      const status = response.statusCode ?? 0;
      let text: string;
      try {
        text = await textOf(response);
      } catch (cause) {
        throw connectionError(cause as NodeJS.ErrnoException, socketPath);
      }
      if (status >= 400) throw errorFrom(status, text);
      return text === '' ? undefined : JSON.parse(text);
    },
    async open(path) {
      const response = await send('GET', path, undefined, true);
      const status = response.statusCode ?? 0;
      if (status >= 400) throw errorFrom(status, await textOf(response));
      return response;
    },
    close: () => agent.destroy(),
  };
}
