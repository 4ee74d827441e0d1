/**
 * The part of etcd's v3 API that a registry of leases needs, over its JSON gateway. There keys and values are base64, 64-bit
 * integers texts, and fields absent where they are zero. IDs of leases stay texts (they fill 64 bits); revisions are numbers.
 */
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { VtepError } from '../../errors.js';
import { connectionFailure, EtcdError, isStaleToken, refusal, strangeAnswer } from './error.js';
import { parseObject, Transport, type Headers, type Json, type TransportOptions } from './transport.js';

export interface EtcdClientOptions extends TransportOptions {
  username?: string;
  password?: string;
}

export interface KeyValue {
  key: string;
  value: string;
  /** ID of its lease; '0': it has none. */
  lease: string;
  /** Revisions at which the key was made, and written last. */
  created: number;
  modified: number;
}

export interface Listing {
  entries: KeyValue[];
  /** The moment of which this is the state. */
  revision: number;
}

export interface Outcome {
  succeeded: boolean;
  revision: number;
}

export interface WatchEvent {
  key: string;
  /** Undefined: the key was deleted. */
  entry: KeyValue | undefined;
  revision: number;
}

export interface WatchAnswer {
  revision: number;
  events: WatchEvent[];
  /** Whom the stream comes from. */
  endpoint: string;
}

/** Keys a range request gives at a time: an answer of etcd's gateway may have 4 MB. */
const PAGE = 5000;

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: unknown): string => Buffer.from(String(text ?? ''), 'base64').toString();
const number = (value: unknown): number => Number(value ?? 0);
const revisionOf = (answer: Json): number => number((answer.header as Json | undefined)?.revision);

function readEntry(kv: Json): KeyValue {
  return {
    key: decode(kv.key),
    value: decode(kv.value),
    lease: String(kv.lease ?? '0'),
    created: number(kv.create_revision),
    modified: number(kv.mod_revision),
  };
}

/** The first key after all that begin with `prefix`, as base64. */
function endOf(prefix: string): string {
  const bytes = Buffer.from(prefix);
  bytes[bytes.length - 1]! += 1;
  return bytes.toString('base64');
}

/** Every method rejects with an EtcdError that names the endpoint. */
export class EtcdClient {
  readonly transport: Transport;
  readonly #credentials: { name: string; password: string } | undefined;
  #token: Promise<string> | undefined;

  /** @throws {VtepError} ERR_VTEP_ARGUMENT for options that cannot be */
  constructor({ username, password, ...options }: EtcdClientOptions = {}) {
    if ((username === undefined) !== (password === undefined)) {
      const [has, lacks] = username === undefined ? ['password', 'username'] : ['username', 'password'];
      const message = `--etcd-${has} needs --etcd-${lacks}`;
      throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: `--etcd-${has}` });
    }
    this.#credentials = username === undefined ? undefined : { name: username, password: password! };
    this.transport = new Transport(options);
  }

  close(): void {
    this.transport.close();
  }

  async get(key: string): Promise<KeyValue | undefined> {
    const { kvs } = await this.#call('/v3/kv/range', { key: encode(key) });
    const [entry] = (kvs ?? []) as Json[];
    return entry && readEntry(entry);
  }

  /** All keys that begin with `prefix`, as of one revision. */
  async list(prefix: string): Promise<Listing> {
    const entries: KeyValue[] = [];
    const range = { range_end: endOf(prefix), limit: String(PAGE) };
    for (let key = encode(prefix), revision = 0; ;) {
      const at = revision === 0 ? {} : { revision: String(revision) };
      const answer = await this.#call('/v3/kv/range', { key, ...range, ...at });
      if (revision === 0) revision = revisionOf(answer);
      for (const kv of (answer.kvs ?? []) as Json[]) entries.push(readEntry(kv));
      if (!answer.more) return { entries, revision };
      key = encode(`${entries.at(-1)!.key}\0`);
    }
  }

  /** Asks one endpoint whether it is of use: it answers a read that its cluster agrees on. */
  async probe(endpoint: string, key: string): Promise<void> {
    await this.#call('/v3/kv/range', { key: encode(key), count_only: true }, endpoint);
  }

  /** Writes a key that must not be there. */
  create(key: string, value: string, lease: string): Promise<Outcome> {
    const isAbsent = { key: encode(key), target: 'VERSION', version: '0' };
    return this.#transact(isAbsent, { request_put: { key: encode(key), value: encode(value), lease } });
  }

  /** Writes a key that must not have changed since revision `modified`. Lease '0': it has none, and gets none. */
  replace(key: string, value: string, lease: string, modified: number): Promise<Outcome> {
    const put = { key: encode(key), value: encode(value), ...(lease === '0' ? {} : { lease }) };
    return this.#transact(isUnchanged(key, modified), { request_put: put });
  }

  /** Deletes a key that must not have changed since revision `modified`. */
  remove(key: string, modified: number): Promise<Outcome> {
    return this.#transact(isUnchanged(key, modified), { request_delete_range: { key: encode(key) } });
  }

  async #transact(condition: Json, request: Json): Promise<Outcome> {
    const answer = await this.#call('/v3/kv/txn', { compare: [condition], success: [request] });
    return { succeeded: answer.succeeded === true, revision: revisionOf(answer) };
  }

  /** A new lease of so many seconds. @returns its ID and what it was granted for */
  async grant(seconds: number): Promise<{ lease: string; seconds: number }> {
    const answer = await this.#call('/v3/lease/grant', { TTL: String(seconds) });
    return { lease: String(answer.ID), seconds: number(answer.TTL) };
  }

  /** Begins the time of a lease anew. Seconds it has from now on; 0: it is gone. */
  async keepAlive(lease: string): Promise<number> {
    const answer = await this.#call('/v3/lease/keepalive', { ID: lease });
    if (answer.error) throw this.#streamFailure(answer.error as Json, this.transport.current);
    return number((answer.result as Json | undefined)?.TTL);
  }

  async revoke(lease: string): Promise<void> {
    await this.#call('/v3/lease/revoke', { ID: lease });
  }

  /**
   * Watches all keys that begin with `prefix`, from a revision on. Never resolves: rejects when the watch ended, whatever
   * the cause, and when `signal` asks for it.
   */
  async watch(
    prefix: string,
    revision: number,
    onAnswer: (answer: WatchAnswer) => void,
    signal: AbortSignal,
  ): Promise<never> {
    const create = {
      key: encode(prefix),
      range_end: endOf(prefix),
      start_revision: String(revision),
      progress_notify: true,
    };
    // A member that lost its leader ends the stream instead of being silent.
    const requireLeader = { 'grpc-metadata-hasleader': 'true' };
    const { response, endpoint } = await this.#authorized((token) =>
      this.transport.open('/v3/watch', { create_request: create }, { ...requireLeader, ...token }),
    );
    signal.addEventListener('abort', () => response.destroy(), { once: true });
    if (signal.aborted) response.destroy();
    return this.#listen(response, endpoint, onAnswer);
  }

  #listen(
    response: IncomingMessage,
    endpoint: string,
    onAnswer: (answer: WatchAnswer) => void,
  ): Promise<never> {
    return new Promise((_, reject) => {
      const end = (error: unknown): void => {
        reject(error);
        response.destroy();
      };
      const breaksOff = (cause: Error): void => end(connectionFailure(endpoint, cause));
      response.on('error', breaksOff);
      response.once('close', () => end(new EtcdError(`etcd ${endpoint}: it ended the watch`)));
      // Its last words, such as that it has no leader, may come without an end of line.
      const lines = createInterface({ input: response });
      lines.on('error', breaksOff); // Some versions of Node pass it on.
      lines.on('line', (line) => {
        try {
          onAnswer(this.#readAnswer(line, endpoint));
        } catch (error) {
          end(error);
        }
      });
    });
  }

  #readAnswer(line: string, endpoint: string): WatchAnswer {
    const { result, error } = (parseObject(line) ?? {}) as { result?: Json; error?: Json };
    if (!result) throw error ? this.#streamFailure(error, endpoint) : strangeAnswer(endpoint, 200, line);
    this.transport.lastContact = Date.now();
    if (result.canceled) throw this.#cancelled(result, endpoint);
    const events = ((result.events ?? []) as Json[]).map((event) => {
      const entry = readEntry(event.kv as Json);
      const isDeleted = event.type === 'DELETE';
      return { key: entry.key, entry: isDeleted ? undefined : entry, revision: entry.modified };
    });
    return { revision: revisionOf(result), events, endpoint };
  }

  /** Why etcd ended a watch: compaction, which says nothing but a revision, or `rpc error: code = … desc = …`. */
  #cancelled(result: Json, endpoint: string): EtcdError {
    const compacted = number(result.compact_revision);
    if (compacted > 0) return refusal(endpoint, `revision ${compacted} and all before are compacted`, 11);
    return this.#streamFailure({ message: result.cancel_reason }, endpoint);
  }

  #streamFailure(error: Json, endpoint: string): EtcdError {
    const message = String(error.message ?? 'it cancelled the watch');
    const failure = refusal(endpoint, message, number(error.grpc_code ?? error.code));
    if (isStaleToken(failure)) this.#token = undefined;
    return failure;
  }

  #call(path: string, body: Json, only?: string): Promise<Json> {
    return this.#authorized((token) => this.transport.call(path, body, token, only));
  }

  /** Does it with the token, and once more with a new one when etcd does not know it any longer. */
  async #authorized<T>(attempt: (token: Headers) => Promise<T>): Promise<T> {
    if (!this.#credentials) return attempt({});
    const token = this.#token ?? this.#authenticate();
    try {
      return await attempt(asHeader(await token));
    } catch (error) {
      if (!isStaleToken(error)) throw error;
      // Another request may have fetched a new one already.
      if (this.#token === token) this.#token = undefined;
      return attempt(asHeader(await (this.#token ?? this.#authenticate())));
    }
  }

  #authenticate(): Promise<string> {
    const asked = this.transport.call('/v3/auth/authenticate', { ...this.#credentials }, {}).then(
      (answer) => String(answer.token ?? ''),
      (error: unknown) => {
        // As etcd's own clients do: without authentication a user's name is as good as none.
        if (error instanceof EtcdError && error.message.includes('authentication is not enabled')) return '';
        if (this.#token === asked) this.#token = undefined;
        throw error;
      },
    );
    this.#token = asked;
    return asked;
  }
}

function isUnchanged(key: string, modified: number): Json {
  return { key: encode(key), target: 'MOD', mod_revision: String(modified) };
}

function asHeader(token: string): Headers {
  return token === '' ? {} : { authorization: token };
}
