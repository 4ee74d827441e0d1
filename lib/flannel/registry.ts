/** Where the leases are, whatever holds them: etcd, or the nodes of a Kubernetes cluster. */
import type { Lease, LeaseAttributes, NetworkConfig, VtepData } from './types.js';

/** Hears of the leases, one call at a time, in the registry's order. */
export interface RegistryListener {
  /** All leases but the own, oldest first, as of one moment: at first, and after every list made anew. What is absent has gone. */
  snapshot(leases: readonly Lease[]): void;
  /** Changes since; `gone` are keys, and go before `leases` come: one in both is new. What came together arrives together. */
  changed(leases: readonly Lease[], gone: readonly string[]): void;
  /** The own lease was acquired, published, renewed or, after it was lost, is another one. */
  own(lease: Lease): void;
  /** Something to tell people once: which key, and what is wrong with it. Never fatal. */
  problem(key: string, reason: string): void;
}

export interface RegistryStatus {
  /** For people: 'etcd http://127.0.0.1:2379', 'Kubernetes https://10.0.0.1'. */
  name: string;
  /** Milliseconds since 1970 of the last answer; undefined: none yet. */
  lastContact: number | undefined;
  /** Revision or resourceVersion that the watch has come to. */
  revision: string | undefined;
  /** Why it cannot be reached now; undefined: it can. */
  error: string | undefined;
}

/** What a registry says of a host that begins. */
export interface Hints {
  /** Where the host is to be reached: as the flags say it, they choose its underlay. */
  publicIp: string | undefined;
  publicIpv6: string | undefined;
  /** Of an earlier run: a device that has to be made again gets the MAC that peers have. */
  ipv4: VtepData | undefined;
  ipv6: VtepData | undefined;
}

/**
 * A registry of leases. It retries what may succeed later by itself, forever, with a growing pause: a registry that is away
 * for an hour is no reason to end. Methods reject only for what a person has to change.
 */
export interface Registry {
  /**
   * The network's configuration.
   * @throws {VtepError} ERR_VTEP_ARGUMENT when there is none, or it cannot be used: what, where, and the remedy
   */
  config(): Promise<NetworkConfig>;
  /**
   * What is known of this host before it tells anything.
   * @param publicIp where peers reach this host, asked for where the registry knows hosts by it
   */
  hints(publicIp: () => string | undefined): Promise<Hints>;
  /**
   * Takes a subnet for this host, the same as before where that is possible, and keeps it from then on: renewal, and
   * another one when it is lost for good (`own` tells).
   * @param attributes what peers are told
   * @param previous subnets of an earlier run (subnet.env), wanted again if nobody has them
   * @throws {VtepError} ERR_VTEP_LIMIT when no subnet is left
   */
  acquire(attributes: LeaseAttributes, previous?: { subnet?: string; subnet6?: string }): Promise<Lease>;
  /** Tells peers of a changed address or MAC; retried until it holds. */
  publish(attributes: LeaseAttributes): Promise<void>;
  /** Begins to tell `listener`; once. `acquire` may be called before or after. */
  watch(listener: RegistryListener): void;
  /** Addresses of this host have changed: a stream that was opened from another may be dead in silence, and is opened anew. */
  reconnect?(): void;
  status(): RegistryStatus;
  /** Ends watch and renewal. The lease stays: a restart takes it up again. */
  close(): Promise<void>;
}
