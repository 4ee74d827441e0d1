/**
 * The five requests to the API server, over node:https. URLs, queries and content types are those of flanneld, so that what
 * was granted to it is enough.
 *
 *   GET   /api/v1/nodes?limit=500&resourceVersion=0
 *   GET   /api/v1/nodes?allowWatchBookmarks=true&resourceVersion=N&watch=true
 *   GET   /api/v1/nodes/NAME
 *   PATCH /api/v1/nodes/NAME/status
 *   GET   /api/v1/namespaces/NAMESPACE/pods/NAME
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { packageVersion } from '../../version.js';
import type { Access } from './access.js';
import type { Node, NodeList, Status, WatchEvent } from './objects.js';

const PAGE = 500;

export interface ClientOptions {
  /** Milliseconds until a silent server is given up; default 30,000. */
  timeout?: number;
  /** The same for a watch: bookmarks come about once a minute. Default 300,000. */
  watchTimeout?: number;
}

/** A request that failed. */
export class ApiError extends Error {
  /** HTTP status, or that of a watch's ERROR; 0: no answer. */
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ApiError';
    this.status = status;
  }
}

interface Sending {
  method?: string;
  body?: string;
  timeout?: number;
  signal?: AbortSignal;
}

export class KubeClient {
  /** For people. */
  readonly server: string;
  readonly #access: Access;
  readonly #agent: HttpAgent;
  readonly #send: typeof httpRequest;
  readonly #timeout: number;
  readonly #watchTimeout: number;

  constructor(access: Access, { timeout = 30_000, watchTimeout = 300_000 }: ClientOptions = {}) {
    const { url, ca, cert, key, insecure, serverName } = access;
    const isTls = url.protocol === 'https:';
    this.server = url.href.replace(/\/$/, '');
    this.#access = access;
    this.#send = isTls ? (httpsRequest as typeof httpRequest) : httpRequest;
    const tls = { ca, cert, key, rejectUnauthorized: !insecure, servername: serverName };
    this.#agent = isTls ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true });
    this.#timeout = timeout;
    this.#watchTimeout = watchTimeout;
  }

  async node(name: string, signal?: AbortSignal): Promise<Node> {
    return (await this.#call(nodePath(name), { signal })) as Node;
  }

  /** Name of the node that a pod runs on. */
  async nodeOfPod(namespace: string, name: string, signal?: AbortSignal): Promise<string | undefined> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const pod = (await this.#call(path, { signal })) as { spec?: { nodeName?: string } };
    return pod.spec?.nodeName;
  }

  /** Merges `body`, JSON, into a node's annotations or status. */
  async patchStatus(name: string, body: string, signal?: AbortSignal): Promise<void> {
    await this.#call(`${nodePath(name)}/status`, { method: 'PATCH', body, signal });
  }

  /**
   * All nodes.
   * @param since '0': as any server remembers them; another revision: not older than that (asked without a limit, which
   *   would bypass the server's cache); undefined: as they are in its store
   */
  async nodes(
    since: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ nodes: Node[]; resourceVersion: string }> {
    const nodes: Node[] = [];
    let query = since === undefined || since === '0' ? `limit=${PAGE}` : '';
    if (since !== undefined) query += `${query && '&'}resourceVersion=${since}`;
    for (;;) {
      const { metadata, items } = (await this.#call(`/api/v1/nodes?${query}`, { signal })) as NodeList;
      nodes.push(...(items ?? []));
      if (!metadata.continue) return { nodes, resourceVersion: metadata.resourceVersion };
      query = `continue=${encodeURIComponent(metadata.continue)}&limit=${PAGE}`;
    }
  }

  /**
   * Hears of changes after a revision, those that came together in one call. Resolves when the server ends the stream.
   * @throws {ApiError} 410: the revision is too old; else why it broke
   */
  async watch(
    since: string,
    onEvents: (events: Exclude<WatchEvent, { type: 'ERROR' }>[]) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const path = `/api/v1/nodes?allowWatchBookmarks=true&resourceVersion=${since}&watch=true`;
    const response = await this.#open(path, { signal, timeout: this.#watchTimeout });
    let rest = '';
    for await (const chunk of this.#chunks(response, path)) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      const events = lines.filter((line) => line !== '').map((line) => this.#event(line, path));
      const error = events.findIndex(({ type }) => type === 'ERROR');
      const good = error < 0 ? events : events.slice(0, error);
      if (good.length > 0) onEvents(good as Exclude<WatchEvent, { type: 'ERROR' }>[]);
      if (error >= 0) {
        const { code = 0, message } = events[error]!.object as Status;
        throw new ApiError(code, `${this.server}${path}: ${message ?? `error ${code}`}`);
      }
    }
  }

  #event(line: string, path: string): WatchEvent {
    try {
      return JSON.parse(line) as WatchEvent;
    } catch (cause) {
      throw new ApiError(0, `${this.server}${path}: the server sent no JSON: ${line.slice(0, 100)}`, cause);
    }
  }

  async #call(path: string, sending: Sending): Promise<unknown> {
    const response = await this.#open(path, { timeout: this.#timeout, ...sending });
    let text = '';
    for await (const chunk of this.#chunks(response, path)) text += chunk;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new ApiError(0, `${this.server}${path}: the server sent no JSON: ${text.slice(0, 100)}`, cause);
    }
  }

  async *#chunks(response: IncomingMessage, path: string): AsyncGenerator<string> {
    response.setEncoding('utf8');
    try {
      for await (const chunk of response) yield chunk as string;
    } catch (cause) {
      throw this.#broken(path, cause as Error);
    }
  }

  #broken(path: string, cause: NodeJS.ErrnoException): ApiError {
    return new ApiError(0, `${this.server}${path}: ${cause.code ?? cause.message}`, cause);
  }

  /** Sends a request; resolves with its answer's head when that is no refusal. */
  async #open(path: string, { method = 'GET', body, timeout, signal }: Sending): Promise<IncomingMessage> {
    const { url, token } = this.#access;
    const bearer = token();
    const headers: Record<string, string | number> = {
      accept: 'application/json',
      'user-agent': `vtep/${packageVersion()}`,
    };
    if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`;
    if (body !== undefined) {
      headers['content-type'] = 'application/strategic-merge-patch+json';
      headers['content-length'] = Buffer.byteLength(body);
    }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const at = {
        protocol: url.protocol,
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path: url.pathname.replace(/\/$/, '') + path,
      };
      let answered: IncomingMessage | undefined;
      const heard = (response: IncomingMessage): void => resolve((answered = response));
      const request = this.#send({ ...at, method, headers, agent: this.#agent, timeout, signal }, heard);
      request.on('timeout', () =>
        (answered ?? request).destroy(new Error(`silent for ${(timeout ?? 0) / 1000} s`)),
      );
      request.on('error', (cause) => reject(this.#broken(path, cause)));
      request.end(body);
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    let text = '';
    for await (const chunk of this.#chunks(response, path)) text += chunk;
    throw new ApiError(status, `${method} ${this.server}${path}: ${status} ${reasonOf(text, response)}`);
  }

  close(): void {
    this.#agent.destroy();
  }
}

const nodePath = (name: string): string => `/api/v1/nodes/${encodeURIComponent(name)}`;

/** What a Status says, else what HTTP says. */
function reasonOf(text: string, response: IncomingMessage): string {
  try {
    const { message } = JSON.parse(text) as Status;
    if (typeof message === 'string') return message;
  } catch {
    // A proxy's page.
  }
  return response.statusMessage ?? '';
}
