/**
 * The registry of a Kubernetes cluster: leases are annotations of nodes, subnets their podCIDRs. Nothing expires: a host
 * goes when its Node goes.
 *
 * What flanneld does once at start is kept true here: when the own node's annotations are changed or its Node is made anew,
 * they are written again; when people set an overwrite, peers are told. A change of one family alone is a change.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { VtepError } from '../../errors.js';
import { Problems } from '../problems.js';
import type { Hints, Registry, RegistryListener, RegistryStatus } from '../registry.js';
import type { Lease, LeaseAttributes, NetworkConfig } from '../types.js';
import { kubeAccess, type AccessOptions } from './access.js';
import { annotationNames, type AnnotationNames } from './annotations.js';
import { Backoff } from '../backoff.js';
import { ApiError, KubeClient, type ClientOptions } from './client.js';
import { NET_CONFIG_PATH, readNetConfig, type ParseConfig } from './net-config.js';
import { nodeName } from './node-name.js';
import { followNodes } from './node-watch.js';
import { readNode } from './node-lease.js';
import type { Node } from './objects.js';
import { OwnNode } from './own-node.js';

export interface KubeRegistryOptions extends AccessOptions, ClientOptions {
  /** Reads the text of net-conf.json. */
  parse: ParseConfig;
  /** `--net-config-path`; default /etc/kube-flannel/net-conf.json. */
  netConfigPath?: string;
  /** `--kube-annotation-prefix` */
  annotationPrefix?: string;
  /** Whether the node is marked as having a network, as flanneld does; default true. */
  setNodeNetworkUnavailable?: boolean;
  /** Pauses between attempts; default 100 ms to 5 s. */
  pause?: { first: number; longest: number };
  now?: () => number;
  random?: () => number;
  /** Told why `open` waits, each time it has tried. */
  onWaiting?: (reason: string) => void;
}

interface Parts {
  client: KubeClient;
  name: string;
  names: AnnotationNames;
}

export class KubeRegistry implements Registry {
  readonly #client: KubeClient;
  readonly #names: AnnotationNames;
  readonly #options: KubeRegistryOptions;
  readonly #closing = new AbortController();
  readonly #own: OwnNode;
  /** Of other nodes, by name. */
  readonly #leases = new Map<string, Lease>();
  readonly #problems = new Problems((key, reason) => this.#tell(key, reason));
  /** Problems from before somebody listened. */
  #untold: [key: string, reason: string][] = [];
  #listener: RegistryListener | undefined;
  #config: NetworkConfig | undefined;
  #following: Promise<void> | undefined;
  #lastContact: number | undefined;
  #revision: string | undefined;
  #error: string | undefined;

  private constructor(options: KubeRegistryOptions, { client, name, names }: Parts) {
    this.#options = options;
    this.#client = client;
    this.#names = names;
    this.#own = new OwnNode({
      client,
      name,
      names,
      makeAvailable: options.setNodeNetworkUnavailable ?? true,
      backoff: backoffOf(options),
      now: () => this.#now(),
      signal: this.#closing.signal,
      onContact: () => this.#contact(),
      onError: (error) => this.#failed(error),
      onProblem: (reason) => this.#problems.set(name, reason),
      onLease: (lease) => this.#listener?.own(lease),
    });
  }

  /**
   * Finds the API server and this host's node. A server that does not answer is waited for where a pod's name must be asked.
   * @throws {VtepError} ERR_VTEP_ARGUMENT: options, files or environment that a person has to change
   */
  static async open(options: KubeRegistryOptions): Promise<KubeRegistry> {
    const names = annotationNames(options.annotationPrefix);
    const client = new KubeClient(await kubeAccess(options), options);
    const backoff = backoffOf(options);
    try {
      for (;;) {
        try {
          const name = await nodeName(client, options.env ?? process.env);
          return new KubeRegistry(options, { client, name, names });
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          options.onWaiting?.(error.message);
          await sleep(backoff.next());
        }
      }
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async config(): Promise<NetworkConfig> {
    if (this.#config !== undefined) return this.#config;
    const path = this.#options.netConfigPath ?? NET_CONFIG_PATH;
    const { config, problems } = readNetConfig(path, this.#options.parse);
    this.#problems.set(path, problems.length === 0 ? undefined : problems.join('; '));
    return (this.#config = config);
  }

  /** What the own node tells at start: where it is to be reached, and the MACs it had. Retried until it is known. */
  async hints(): Promise<Hints> {
    return this.#own.hints(await this.config());
  }

  async acquire(attributes: LeaseAttributes): Promise<Lease> {
    return this.#own.acquire(attributes, await this.config());
  }

  publish(attributes: LeaseAttributes): Promise<void> {
    return this.#own.publish(attributes);
  }

  watch(listener: RegistryListener): void {
    if (this.#listener !== undefined) throw new Error('KubeRegistry.watch is called once');
    this.#listener = listener;
    for (const [key, reason] of this.#untold.splice(0)) listener.problem(key, reason);
    const backoff = backoffOf(this.#options);
    this.#following = this.config().then(
      (config) =>
        followNodes(
          this.#client,
          {
            all: (nodes) => this.#all(nodes, config),
            changed: (nodes, gone) => this.#changed(nodes, gone, config),
            contact: (revision) => this.#contact(revision),
            failed: (error) => this.#failed(error),
          },
          backoff,
          this.#closing.signal,
        ),
      // Who asks for the configuration is told; without one nothing can be followed.
      (error: unknown) => this.#failed(error),
    );
  }

  #all(nodes: readonly Node[], config: NetworkConfig): void {
    const gone = new Set(this.#leases.keys());
    for (const node of nodes) gone.delete(node.metadata.name);
    this.#forget(gone);
    for (const node of nodes) this.#read(node, config);
    if (!nodes.some((node) => node.metadata.name === this.#own.name)) this.#own.gone();
    const leases = [...nodes].sort(byAge).map((node) => this.#leases.get(node.metadata.name));
    this.#listener?.snapshot(leases.filter((lease) => lease !== undefined));
  }

  #changed(nodes: readonly Node[], gone: readonly string[], config: NetworkConfig): void {
    if (gone.includes(this.#own.name)) this.#own.gone();
    const lost = this.#forget(gone);
    const leases: Lease[] = [];
    for (const node of nodes) {
      const { name } = node.metadata;
      const before = this.#leases.get(name);
      this.#read(node, config);
      const now = this.#leases.get(name);
      if (now !== undefined && !isDeepStrictEqual(now, before)) leases.push(now);
      if (now === undefined && before !== undefined) lost.push(name);
    }
    if (leases.length > 0 || lost.length > 0) this.#listener?.changed(leases, lost);
  }

  /** Returns those that were known. */
  #forget(names: Iterable<string>): string[] {
    return [...names].filter((name) => {
      this.#problems.set(name, undefined);
      return this.#leases.delete(name);
    });
  }

  #read(node: Node, config: NetworkConfig): void {
    const { name } = node.metadata;
    if (name === this.#own.name) return this.#own.seen(node);
    const { lease, problem } = readNode(node, this.#names, config);
    if (lease === undefined) this.#leases.delete(name);
    else this.#leases.set(name, lease);
    this.#problems.set(name, problem);
  }

  #tell(key: string, reason: string): void {
    if (this.#listener === undefined) this.#untold.push([key, reason]);
    else this.#listener.problem(key, reason);
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }

  #contact(revision?: string): void {
    this.#lastContact = this.#now();
    this.#revision = revision ?? this.#revision;
    this.#error = undefined;
  }

  #failed(error: unknown): void {
    const { message } = error as Error;
    const isForbidden = error instanceof ApiError && error.status === 403;
    this.#error = isForbidden ? `${message}; its role must allow that: see deploy/` : message;
  }

  status(): RegistryStatus {
    return {
      name: `Kubernetes ${this.#client.server}`,
      lastContact: this.#lastContact,
      revision: this.#revision,
      error: this.#error,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(new VtepError('ERR_VTEP_DAEMON', 'the registry is closed', { errno: 'ECANCELED' }));
    await this.#following;
    await this.#own.settled();
    this.#client.close();
  }
}

/** All hosts see the same order: by when a node was made, then by name. */
function byAge({ metadata: a }: Node, { metadata: b }: Node): number {
  const [first, second] = [a, b].map(({ creationTimestamp = '', name }) => `${creationTimestamp} ${name}`);
  return first! < second! ? -1 : 1;
}

const backoffOf = ({ random = Math.random, pause }: KubeRegistryOptions): Backoff =>
  new Backoff(random, pause?.first, pause?.longest);
