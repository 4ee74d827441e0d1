/**
 * The registry of leases in etcd v3, with flanneld's keys and values: `<prefix>/config`, and `<prefix>/subnets/` with one key
 * a host.
 *
 * @example
 * const registry = new EtcdRegistry({ endpoints: ['https://10.0.0.1:2379'], tls: { ca: '/etc/etcd/ca.pem' } });
 * const config = await registry.config();
 * const lease = await registry.acquire({ publicIp: '10.99.0.11', publicIpv6: undefined, backendType: 'vxlan', ipv4, ipv6: undefined });
 * registry.watch(listener);
 */
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VtepError } from '../../errors.js';
import { parseNetworkConfig } from '../config.js';
import { Problems } from '../problems.js';
import type { Hints, Registry, RegistryListener, RegistryStatus } from '../registry.js';
import type { Lease, LeaseAttributes, NetworkConfig } from '../types.js';
import type { PreviousSubnets } from './acquisition.js';
import { Backoff } from '../backoff.js';
import { EtcdClient, type EtcdClientOptions, type KeyValue, type Listing } from './client.js';
import { readEntries, readLease } from './entries.js';
import { EtcdError } from './error.js';
import { follow, type Change, type FollowOptions } from './follow.js';
import { OwnLease, type OwnLeaseOptions } from './own-lease.js';

export interface EtcdRegistryOptions extends EtcdClientOptions, OwnLeaseOptions, Partial<FollowOptions> {
  /** Of all keys; default /coreos.com/network. */
  prefix?: string;
  /** Take a configuration without "Backend" as vxlan. */
  assumeVxlan?: boolean;
}

const DEFAULT_PREFIX = '/coreos.com/network';

/** What stands under a key; `lease` is undefined where it cannot be read. */
interface Known {
  stored: KeyValue;
  lease: Lease | undefined;
}

export class EtcdRegistry implements Registry {
  readonly #client: EtcdClient;
  readonly #options: EtcdRegistryOptions;
  readonly #random: () => number;
  readonly #configKey: string;
  readonly #prefix: string;
  readonly #own: OwnLease;
  readonly #closing = new AbortController();
  readonly #problems = new Problems((key, reason) => this.#tellProblem(key, reason));
  readonly #ownProblems = new Problems((key, reason) => this.#tellProblem(key, reason));
  /** Told once there is somebody to tell. */
  #untold: [key: string, reason: string][] = [];
  #listener: RegistryListener | undefined;
  #following: Promise<void> | undefined;
  /** All keys below the prefix, without it, our own as well. */
  #known = new Map<string, Known>();
  /** Those of them that were told to the listener. */
  readonly #told = new Set<string>();
  #config: NetworkConfig | undefined;
  #revision: number | undefined;
  #endStream: ((why: Error) => void) | undefined;
  #error: string | undefined;

  /** @throws {VtepError} ERR_VTEP_ARGUMENT for options that cannot be */
  constructor(options: EtcdRegistryOptions = {}) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#client = new EtcdClient(options);
    const prefix = options.prefix ?? DEFAULT_PREFIX;
    this.#configKey = posix.join(prefix, 'config');
    this.#prefix = `${posix.join(prefix, 'subnets')}/`;
    const listener = {
      own: (lease: Lease) => this.#listener?.own(lease),
      claimed: () => this.#tellOfClaim(),
      problem: (key: string, reason: string) => this.#ownProblems.set(key, reason),
      failed: (error: unknown) => this.#note(error),
    };
    this.#own = new OwnLease(this.#client, this.#prefix, listener, options);
  }

  async config(): Promise<NetworkConfig> {
    const entry = await this.#patiently(() => this.#client.get(this.#configKey));
    if (!entry) throw this.#noConfig();
    const { assumeVxlan } = this.#options;
    const source = { source: this.#configKey, registry: 'etcd', assumeVxlan } as const;
    const { config, problems } = parseNetworkConfig(entry.value, source);
    this.#problems.set('config', problems.length === 0 ? undefined : problems.join('; '));
    this.#config = config;
    return config;
  }

  /** The own lease of an earlier run, by the address this host is reached at. */
  async hints(publicIp: () => string | undefined): Promise<Hints> {
    const own = publicIp();
    const { entries } = await this.#patiently(() => this.#client.list(this.#prefix));
    const found = readEntries(this.#prefix, entries).find(({ lease: { attributes } }) => {
      return own !== undefined && attributes.publicIp === own && attributes.backendType === 'vxlan';
    });
    const { ipv4, ipv6 } = found?.lease.attributes ?? {};
    return { publicIp: undefined, publicIpv6: undefined, ipv4, ipv6 };
  }

  async acquire(attributes: LeaseAttributes, previous?: PreviousSubnets): Promise<Lease> {
    const config = this.#config ?? (await this.config());
    checkAttributes(attributes, config);
    return this.#own.acquire(config, attributes, previous);
  }

  async publish(attributes: LeaseAttributes): Promise<void> {
    if (this.#config) checkAttributes(attributes, this.#config);
    await this.#own.publish(attributes);
  }

  watch(listener: RegistryListener): void {
    if (this.#listener) throw new Error('watch is called once');
    this.#listener = listener;
    for (const [key, reason] of this.#untold.splice(0)) listener.problem(key, reason);
    const follower = {
      listed: (listing: Listing) => this.#listed(listing),
      changed: (changes: ReadonlyMap<string, Change>) => this.#changed(changes),
      reached: (revision: number) => this.#reached(revision),
      failed: (error: unknown) => this.#failed(error),
    };
    const { probeAfter } = this.#options;
    const opened = (end: (why: Error) => void): void => void (this.#endStream = end);
    const options = { random: this.#random, probeAfter, opened };
    this.#following = follow(this.#client, this.#prefix, follower, this.#closing.signal, options);
  }

  reconnect(): void {
    this.#endStream?.(new Error('the addresses of this host changed'));
  }

  status(): RegistryStatus {
    const { endpoints, current, lastContact } = this.#client.transport;
    const others = endpoints.length > 1 ? ` (one of ${endpoints.length})` : '';
    const revision = this.#revision === undefined ? undefined : String(this.#revision);
    return { name: `etcd ${current}${others}`, lastContact, revision, error: this.#error };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#own.close();
    this.#client.close();
    await this.#following;
  }

  /** Tries again what may succeed later. */
  async #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.#random);
    for (;;) {
      try {
        const result = await attempt();
        this.#note(undefined);
        return result;
      } catch (error) {
        if (!(error instanceof EtcdError) || error.isFinal || this.#closing.signal.aborted) throw error;
        this.#note(error);
      }
      await sleep(backoff.next(), undefined, { signal: this.#closing.signal }).catch(() => {});
    }
  }

  #noConfig(): VtepError {
    const key = this.#configKey;
    const what = `etcd ${this.#client.transport.current}: there is no key ${key}, so there is no network`;
    const value = `{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}`;
    const remedy = `etcdctl put ${key} '${value}' makes one (with etcdctl's v3 API), and --etcd-prefix says where else it is`;
    return new VtepError('ERR_VTEP_ARGUMENT', `${what}; ${remedy}`, { errno: 'ENOENT', word: key });
  }

  #note(error: unknown): void {
    this.#error = error === undefined ? undefined : (error as Error).message;
  }

  #failed(error: unknown): void {
    this.#note(error);
    // What only a person can change is worth telling; what passes shows in the status.
    if (error instanceof EtcdError && error.isFinal) this.#problems.set(this.#prefix, error.message);
  }

  #reached(revision: number): void {
    this.#revision = revision;
    this.#note(undefined);
    this.#problems.set(this.#prefix, undefined);
  }

  #tellProblem(key: string, reason: string): void {
    if (this.#listener) this.#listener.problem(key, reason);
    else this.#untold.push([key, reason]);
  }

  #listed({ entries, revision }: Listing): void {
    const before = this.#known;
    this.#known = new Map();
    for (const stored of entries.sort((a, b) => a.created - b.created)) this.#remember(stored);
    for (const key of before.keys()) if (!this.#known.has(key)) this.#problems.set(key, undefined);
    const { key: own } = this.#own;
    if (own !== undefined) this.#own.seen(own, this.#known.get(own)?.stored, revision);
    this.#told.clear();
    const leases = [...this.#known]
      .filter(([key]) => !this.#own.owns(key))
      .flatMap(([, { lease }]) => lease ?? []);
    for (const { key } of leases) this.#told.add(key);
    this.#listener!.snapshot(leases);
  }

  #changed(changes: ReadonlyMap<string, Change>): void {
    const leases: Lease[] = [];
    const gone: string[] = [];
    for (const [path, { entry, revision }] of changes) {
      const key = path.slice(this.#prefix.length);
      const before = this.#known.get(key);
      const known = this.#update(key, entry);
      if (this.#own.owns(key)) {
        this.#own.seen(key, entry, revision);
        continue;
      }
      const isSame = before?.stored.value === entry?.value && before?.stored.created === entry?.created;
      if (isSame) continue;
      // One that went and came again is the youngest now, which decides between two that overlap.
      const isAnother = before?.stored.created !== entry?.created;
      if (this.#told.has(key) && (!known?.lease || isAnother)) {
        gone.push(key);
        this.#told.delete(key);
      }
      if (known?.lease) leases.push(known.lease);
    }
    for (const { key } of leases) this.#told.add(key);
    if (leases.length + gone.length > 0) this.#listener!.changed(leases, gone);
  }

  #update(key: string, entry: KeyValue | undefined): Known | undefined {
    if (entry) return this.#remember(entry);
    this.#known.delete(key);
    this.#problems.set(key, undefined);
    return undefined;
  }

  #remember(stored: KeyValue): Known {
    const key = stored.key.slice(this.#prefix.length);
    const read = readLease(key, stored.value);
    const fault = 'fault' in read ? read.fault : undefined;
    // What somebody did to our own key is told where it is put right.
    this.#problems.set(key, this.#own.owns(key) ? undefined : fault);
    const known = { stored, lease: 'fault' in read ? undefined : read };
    this.#known.set(key, known);
    return known;
  }

  /** A key became ours, or is not ours any longer: what the listener was told of it changes. */
  #tellOfClaim(): void {
    const gone = [...this.#told].filter((key) => this.#own.owns(key));
    const leases = [...this.#known.entries()].flatMap(([key, { lease }]) =>
      lease && !this.#told.has(key) && !this.#own.owns(key) ? [lease] : [],
    );
    for (const key of gone) this.#told.delete(key);
    for (const { key } of leases) this.#told.add(key);
    if (leases.length + gone.length > 0) this.#listener?.changed(leases, gone);
  }
}

/** A lease has what peers need of each family the network has. */
function checkAttributes(attributes: LeaseAttributes, { ipv6 }: NetworkConfig): void {
  const { publicIp, publicIpv6 } = attributes;
  const lacks = publicIp === undefined ? 4 : ipv6 !== undefined && publicIpv6 === undefined ? 6 : undefined;
  if (lacks === undefined) return;
  const [option, key] = lacks === 4 ? ['--public-ip', 'Network'] : ['--public-ipv6', 'IPv6Network'];
  const message = `the network has IPv${lacks} (${key}), and this host no public IPv${lacks} address; give one with ${option}`;
  throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EADDRNOTAVAIL', word: option });
}
