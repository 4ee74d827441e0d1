/**
 * Requests to etcd's JSON gateway: POST with JSON, over HTTP or TLS, to the first endpoint that is of use. Plain node:http(s):
 * fetch would cut a watch that is idle for five minutes.
 */
import { readFileSync } from 'node:fs';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { VtepError } from '../../errors.js';
import { connectionFailure, EtcdError, noneOf, refusal, strangeAnswer } from './error.js';

export interface TlsFiles {
  /** Paths of PEM files. Without `ca` the system's authorities are trusted. */
  ca?: string;
  cert?: string;
  key?: string;
}

export interface TransportOptions {
  /** URLs; default http://127.0.0.1:2379. */
  endpoints?: readonly string[];
  tls?: TlsFiles;
  /** Milliseconds until a request counts as lost; default 5,000. */
  timeout?: number;
}

const DEFAULT_ENDPOINT = 'http://127.0.0.1:2379';
const DEFAULT_TIMEOUT = 5000;
/** Milliseconds of silence after which the kernel asks whether the other end of a stream is still there. */
const PROBE_AFTER = 10_000;

export type Json = Record<string, unknown>;
export type Headers = Record<string, string>;

export interface OpenStream {
  response: IncomingMessage;
  endpoint: string;
}

export class Transport {
  readonly endpoints: readonly string[];
  /** Milliseconds since 1970 of the last answer. */
  lastContact: number | undefined;
  readonly #timeout: number;
  readonly #tls: SecureContextOptions;
  readonly #agents: { 'http:': HttpAgent; 'https:': HttpsAgent };
  readonly #closing = new AbortController();
  /** The endpoint that was of use last. */
  #current = 0;

  /** @throws {VtepError} ERR_VTEP_ARGUMENT for an endpoint that is no URL, and for a file that cannot be read */
  constructor(options: TransportOptions = {}) {
    const endpoints = options.endpoints?.length ? options.endpoints : [DEFAULT_ENDPOINT];
    this.endpoints = endpoints.map(checkEndpoint);
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT;
    this.#tls = readTls(options.tls ?? {});
    this.#agents = {
      'http:': new HttpAgent({ keepAlive: true }),
      'https:': new HttpsAgent({ keepAlive: true, ...this.#tls }),
    };
  }

  /** The endpoint that is asked first. */
  get current(): string {
    return this.endpoints[this.#current]!;
  }

  /** Asks and gives the decoded answer. @param only this endpoint and no other */
  call(path: string, body: Json, headers: Headers, only?: string): Promise<Json> {
    const ask = (endpoint: string) => this.#ask(endpoint, path, JSON.stringify(body), headers);
    return only === undefined ? this.#first(ask) : ask(only);
  }

  /** Opens a stream on a connection of its own; resolves with its headers. */
  open(path: string, body: Json, headers: Headers): Promise<OpenStream> {
    return this.#first(async (endpoint) => {
      const response = await this.#send(endpoint, path, JSON.stringify(body), headers, false);
      response.socket.setKeepAlive(true, PROBE_AFTER);
      if (response.statusCode === 200) return { response, endpoint };
      throw failureOf(endpoint, response.statusCode ?? 0, await this.#read(endpoint, response));
    });
  }

  /** Breaks off what is on its way. */
  close(): void {
    this.#closing.abort();
    this.#agents['http:'].destroy();
    this.#agents['https:'].destroy();
  }

  /** Tries the endpoints in turn, the last good one first. */
  async #first<T>(attempt: (endpoint: string) => Promise<T>): Promise<T> {
    const failures: EtcdError[] = [];
    const start = this.#current;
    for (const [step] of this.endpoints.entries()) {
      const index = (start + step) % this.endpoints.length;
      try {
        const result = await attempt(this.endpoints[index]!);
        this.#current = index;
        return result;
      } catch (error) {
        if (!(error instanceof EtcdError) || !error.tryNext) throw error;
        failures.push(error);
      }
    }
    throw noneOf(failures);
  }

  async #ask(endpoint: string, path: string, body: string, headers: Headers): Promise<Json> {
    const response = await this.#send(endpoint, path, body, headers, true);
    const text = await this.#read(endpoint, response);
    const answer = response.statusCode === 200 ? parseObject(text) : undefined;
    if (answer === undefined) throw failureOf(endpoint, response.statusCode ?? 0, text);
    this.lastContact = Date.now();
    return answer;
  }

  /** Resolves with the headers of the answer. */
  #send(
    endpoint: string,
    path: string,
    body: string,
    headers: Headers,
    pooled: boolean,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = this.#request(`${endpoint}${path}`, body, headers, pooled);
      const timer = setTimeout(() => request.destroy(this.#late()), this.#timeout);
      let isAnswered = false;
      request.once('response', (response) => {
        isAnswered = true;
        clearTimeout(timer);
        resolve(response);
      });
      request.on('error', (cause: NodeJS.ErrnoException) => {
        if (isAnswered) return; // The answer breaks off, and says so to its reader.
        clearTimeout(timer);
        // A kept connection that etcd closed meanwhile says nothing about etcd.
        const isStale = request.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
        if (isStale) this.#send(endpoint, path, body, headers, false).then(resolve, reject);
        else reject(connectionFailure(endpoint, cause));
      });
      request.end(body);
    });
  }

  #request(url: string, body: string, headers: Headers, pooled: boolean): ClientRequest {
    const isTls = url.startsWith('https:');
    const agent = pooled && (isTls ? this.#agents['https:'] : this.#agents['http:']);
    const length = Buffer.byteLength(body);
    const all = { 'content-type': 'application/json', 'content-length': length, ...headers };
    const options = { method: 'POST', headers: all, agent, signal: this.#closing.signal };
    return isTls ? httpsRequest(url, { ...this.#tls, ...options }) : httpRequest(url, options);
  }

  async #read(endpoint: string, response: IncomingMessage): Promise<string> {
    const timer = setTimeout(() => response.destroy(this.#late()), this.#timeout);
    response.setEncoding('utf8');
    let text = '';
    try {
      for await (const chunk of response) text += chunk as string;
    } catch (cause) {
      throw connectionFailure(endpoint, cause as NodeJS.ErrnoException);
    } finally {
      clearTimeout(timer);
    }
    return text;
  }

  #late(): NodeJS.ErrnoException {
    return Object.assign(new Error(`no answer within ${this.#timeout / 1000} s`), { code: 'ETIMEDOUT' });
  }
}

function failureOf(endpoint: string, status: number, text: string): EtcdError {
  const { message, code } = parseObject(text) ?? {};
  if (typeof message === 'string' && typeof code === 'number') return refusal(endpoint, message, code);
  return strangeAnswer(endpoint, status, text);
}

/** An object of JSON; undefined for anything else. */
export function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function wrong(message: string, word: string, cause?: unknown): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word, cause });
}

/** The URL without what nobody needs: a slash at its end. */
function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url && ['http:', 'https:'].includes(url.protocol) && url.pathname === '/' && url.search === '';
  if (isPlain && url.username === '') return url.origin;
  throw wrong(`"${text}" is no endpoint of etcd; expected http://host:port or https://host:port`, text);
}

function readTls(files: TlsFiles): SecureContextOptions {
  if ((files.cert === undefined) !== (files.key === undefined)) {
    const [has, lacks] = files.cert === undefined ? ['keyfile', 'certfile'] : ['certfile', 'keyfile'];
    throw wrong(`--etcd-${has} needs --etcd-${lacks}: a client certificate is both`, `--etcd-${has}`);
  }
  const contents: SecureContextOptions = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = files[name];
    if (path !== undefined) contents[name] = readPem(path);
  }
  return contents;
}

function readPem(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw wrong(`cannot read ${path}: ${code}; give a PEM file that can be read`, path, cause);
  }
  if (text.includes('-----BEGIN ')) return text;
  throw wrong(`${path} holds no PEM ("-----BEGIN …"); convert it with openssl`, path);
}
