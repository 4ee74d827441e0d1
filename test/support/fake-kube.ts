/**
 * A Kubernetes API server as far as nodes go: list with pages and revisions, watch with bookmarks and 410, PATCH of annotations
 * and conditions, a pod. It records every request and can be told to refuse, to break off, to forget old revisions.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Node } from '../../lib/flannel/kube/objects.js';

export interface KubeRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

interface FakeNode extends Node {
  status?: { conditions?: { type: string }[] };
}

interface Change {
  revision: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: FakeNode;
}

interface Refusal {
  method: string;
  url: RegExp;
  status: number;
  message: string;
  times: number;
}

export class FakeKube {
  readonly requests: KubeRequest[] = [];
  /** Node of each pod, by `namespace/name`. */
  readonly pods = new Map<string, string>();
  /** Nodes a page, where a list asks for a limit. */
  page = 500;
  readonly #nodes = new Map<string, FakeNode>();
  readonly #changes: Change[] = [];
  readonly #watches = new Set<ServerResponse>();
  readonly #refusals: Refusal[] = [];
  readonly #server: Server;
  readonly #scheme: string;
  #revision = 1000;
  /** Watches from before are answered 410. */
  #oldest = 0;

  private constructor(tls: ServerOptions | undefined) {
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#serve(request, response);
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
    this.#scheme = tls === undefined ? 'http' : 'https';
  }

  static async start(tls?: ServerOptions, port = 0, host = '127.0.0.1'): Promise<FakeKube> {
    const kube = new FakeKube(tls);
    await new Promise<void>((listening) => kube.#server.listen(port, host, listening));
    return kube;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Adds or changes a node. */
  set(
    name: string,
    spec: Node['spec'],
    annotations: Record<string, string> = {},
    creationTimestamp = '2026-09-24T00:00:00Z',
  ): void {
    const before = this.#nodes.get(name);
    const uid = before?.metadata.uid ?? `uid-${this.#revision}`;
    const metadata = { name, uid, creationTimestamp, annotations };
    this.#record(before === undefined ? 'ADDED' : 'MODIFIED', { ...before, metadata, spec });
  }

  /** Changes annotations as a person would. */
  annotate(name: string, annotations: Record<string, string | null>): void {
    this.#merge(name, { metadata: { annotations } });
  }

  /** What a kubelet does every few minutes: another revision, nothing else. */
  heartbeat(name: string): void {
    this.#record('MODIFIED', this.#nodes.get(name)!);
  }

  remove(name: string): void {
    this.#record('DELETED', this.#nodes.get(name)!);
  }

  node(name: string): FakeNode | undefined {
    return this.#nodes.get(name);
  }

  get revision(): string {
    return String(this.#revision);
  }

  /** Several changes whose events leave in one write. */
  together(change: () => void): void {
    for (const watch of this.#watches) watch.cork();
    change();
    for (const watch of this.#watches) watch.uncork();
  }

  bookmark(): void {
    this.#revision++;
    this.#send({ type: 'BOOKMARK', object: { kind: 'Node', metadata: { resourceVersion: this.revision } } });
  }

  /** Forgets what was before now, and says so to who watches. */
  compact(): void {
    this.#oldest = ++this.#revision;
    this.#send({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' },
    });
    this.endWatches();
  }

  /** As the server does after half an hour or so. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
    this.#watches.clear();
  }

  /** As a cable that is pulled. */
  breakWatches(): void {
    for (const watch of this.#watches) watch.destroy();
    this.#watches.clear();
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Refuses the next `times` requests that match. */
  refuse(method: string, url: RegExp, status: number, message: string, times = 1): void {
    this.#refusals.push({ method, url, status, message, times });
  }

  /** Requests as `METHOD /url`, revisions as they are; watches and lists too. */
  lines(method?: string): string[] {
    return this.requests
      .filter((request) => method === undefined || request.method === method)
      .map(({ method, url }) => `${method} ${url}`);
  }

  bodies(): string[] {
    return this.requests.filter(({ method }) => method === 'PATCH').map(({ body }) => body);
  }

  #record(type: Change['type'], node: FakeNode): void {
    const resourceVersion = String(++this.#revision);
    const object = { ...node, metadata: { ...node.metadata, resourceVersion } };
    if (type === 'DELETED') this.#nodes.delete(node.metadata.name);
    else this.#nodes.set(node.metadata.name, object);
    this.#changes.push({ revision: this.#revision, type, object });
    this.#send({ type, object });
  }

  #send(event: unknown): void {
    for (const watch of this.#watches) watch.write(`${JSON.stringify(event)}\n`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', url = '', headers } = request;
    this.requests.push({ method, url, headers, body });
    const refusal = this.#refusals.find(
      (each) => each.method === method && each.url.test(url) && each.times > 0,
    );
    if (refusal !== undefined) {
      refusal.times--;
      return this.#status(response, refusal.status, refusal.message);
    }
    const { pathname, searchParams } = new URL(url, 'http://kube');
    const pod = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(pathname);
    if (pod) return this.#pod(response, `${pod[1]}/${pod[2]}`);
    if (pathname === '/api/v1/nodes' && searchParams.get('watch') === 'true')
      return this.#watch(response, searchParams);
    if (pathname === '/api/v1/nodes') return this.#list(response, searchParams);
    const [, name = '', status] = /^\/api\/v1\/nodes\/([^/]+)(\/status)?$/.exec(pathname) ?? [];
    const node = this.#nodes.get(name);
    if (node === undefined) return this.#status(response, 404, `nodes "${name}" not found`);
    if (method === 'PATCH' && status) this.#merge(name, JSON.parse(body) as object);
    this.#answer(response, 200, this.#nodes.get(name));
  }

  #pod(response: ServerResponse, key: string): void {
    const nodeName = this.pods.get(key);
    if (nodeName === undefined) return this.#status(response, 404, `pods "${key.split('/')[1]}" not found`);
    this.#answer(response, 200, { kind: 'Pod', spec: { nodeName } });
  }

  #list(response: ServerResponse, query: URLSearchParams): void {
    const since = Number(query.get('resourceVersion') ?? 0);
    if (since > this.#revision) return this.#status(response, 504, 'Too large resource version');
    if (since !== 0 && since < this.#oldest) return this.#status(response, 410, 'too old resource version');
    const all = [...this.#nodes.values()];
    const from = Number(query.get('continue') ?? 0);
    const to = query.has('limit') ? from + Math.min(Number(query.get('limit')), this.page) : all.length;
    const more = to < all.length ? { continue: String(to) } : {};
    this.#answer(response, 200, {
      kind: 'NodeList',
      metadata: { resourceVersion: this.revision, ...more },
      items: all.slice(from, to),
    });
  }

  #watch(response: ServerResponse, query: URLSearchParams): void {
    const since = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (since < this.#oldest) {
      const object = {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: `too old resource version: ${since}`,
      };
      return void response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    }
    for (const { revision, type, object } of this.#changes)
      if (revision > since) response.write(`${JSON.stringify({ type, object })}\n`);
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  }

  /** A strategic merge patch as far as nodes' annotations and conditions go. */
  #merge(
    name: string,
    patch: { metadata?: { annotations?: Record<string, string | null> }; status?: FakeNode['status'] },
  ): void {
    const node = this.#nodes.get(name)!;
    const annotations: Record<string, string | null> = {
      ...node.metadata.annotations,
      ...patch.metadata?.annotations,
    };
    for (const [key, text] of Object.entries(annotations)) if (text === null) delete annotations[key];
    const given = patch.status?.conditions ?? [];
    const kept = (node.status?.conditions ?? []).filter(
      ({ type }) => !given.some((each) => each.type === type),
    );
    this.#record('MODIFIED', {
      ...node,
      metadata: { ...node.metadata, annotations: annotations as Record<string, string> },
      status: { conditions: [...kept, ...given] },
    });
  }

  #status(response: ServerResponse, code: number, message: string): void {
    this.#answer(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code });
  }

  #answer(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }
}
