/**
 * A host's part in a Flannel network, from the registry to the tables:
 *
 *   config -> underlay -> device (its MAC) -> lease -> address, subnet.env -> peers -> programmer
 *
 * From then on four things are watched: the registry (peers, the own lease), the data-plane daemon (a device that went or
 * got another MAC, a daemon that ended), the host's interfaces and addresses, and the clock: every minute the tables are
 * compared with what they should be. Whatever fails is tried again; what is installed stays, also when this ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, MonitorEvent } from '../control/client.js';
import type { Log } from '../control/log.js';
import { VtepError } from '../errors.js';
import {
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_LINK,
} from '../native/netlink/groups.js';
import { listen, type ListenShim } from '../native/netlink/listen.js';
import { Devices } from './devices.js';
import { DaemonFollower } from './follow.js';
import type { Host } from './host.js';
import type { FlannelOptions } from './options.js';
import { PeerTable, type PeerChanges } from './peers.js';
import type { Programmer } from './programmer.js';
import { programmerFor } from './programmers.js';
import type { Registry, RegistryListener } from './registry.js';
import { Sooner } from './sooner.js';
import { isoTime, peerStatus, type FlannelStatus } from './status.js';
import { firstHost } from './subnet.js';
import { readSubnetEnv, writeSubnetEnv } from './subnet-env.js';
import type { Lease, NetworkConfig } from './types.js';

/** Milliseconds between two comparisons of the tables with what they should be. */
const RECONCILE_EVERY = 60_000;
/** Milliseconds that what happens together may take to arrive. */
const SETTLE = 50;
/** Milliseconds between two looks for a configuration. */
const CONFIG_EVERY = 1_000;
/** Milliseconds after which what failed is tried again. */
const RETRY = 1_000;

export interface ServiceParts {
  options: FlannelOptions;
  registry: Registry;
  client: Client;
  host: Host;
  shim: ListenShim;
  log: Log;
  /** Makes sure that the data-plane daemon runs. */
  ensureDaemon: () => Promise<unknown>;
  version: string;
}

/** What there is once the lease is held. */
interface Membership {
  peers: PeerTable;
  programmer: Programmer;
}

export class FlannelService {
  readonly #parts: ServiceParts;
  readonly #devices: Devices;
  readonly #started = new Date().toISOString();
  readonly #problems = new Map<string, string>();
  readonly #closers: (() => unknown)[] = [];
  readonly #closing = new AbortController();
  readonly #reconcileSoon = new Sooner(SETTLE, () => this.#reconcile());
  readonly #lookAtHostSoon = new Sooner(SETTLE, () => this.#lookAtHost());
  #config: NetworkConfig | undefined;
  #lease: Lease | undefined;
  #membership: Membership | undefined;
  /** What peers were told last. */
  #published = '';
  #lastFailure = '';

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    const { client, host, options: flags, log } = parts;
    this.#devices = new Devices({ client, host, flags, log });
  }

  /**
   * Joins the network. Resolves once the lease is held and peers are being programmed.
   * @throws {VtepError} what a person has to change: no interface, no subnet left, a foreign device
   */
  async start(): Promise<void> {
    const { registry, options, ensureDaemon } = this.#parts;
    const config = (this.#config = await this.#configured());
    const daemon = ensureDaemon();
    daemon.catch(() => {}); // Told when it is awaited.
    await this.#devices.open(config, (publicIp) => registry.hints(publicIp), daemon);
    const attributes = this.#devices.attributes();
    const { subnet, ipv6Subnet } = readSubnetEnv(options.subnetFile);
    const lease = await registry.acquire(attributes, { subnet, subnet6: ipv6Subnet });
    this.#published = JSON.stringify(attributes);
    await this.#configure(lease);
    const peers = new PeerTable(config, (key, reason) => this.#problem(key, reason));
    peers.own(lease);
    this.#membership = { peers, programmer: this.#openProgrammer(config) };
    registry.watch(this.#listener(this.#membership));
    await this.#watch();
  }

  /** Ends everything but the entries, the devices and the lease. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#reconcileSoon.close();
    this.#lookAtHostSoon.close();
    for (const close of this.#closers.toReversed()) await close();
    await this.#parts.registry.close();
  }

  /** Waits for a network to be configured, as flanneld does. @throws {VtepError} for one that cannot be used */
  async #configured(): Promise<NetworkConfig> {
    for (let isTold = false; ; isTold = true) {
      try {
        return await this.#parts.registry.config();
      } catch (error) {
        if (!(error instanceof VtepError) || error.errno !== 'ENOENT') throw error;
        if (!isTold) this.#parts.log.warn(`${error.message}; waiting for it`);
      }
      await sleep(CONFIG_EVERY, undefined, { signal: this.#closing.signal });
    }
  }

  #openProgrammer(config: NetworkConfig): Programmer {
    const { client, host, shim, options, log } = this.#parts;
    const family = (name: 'ipv4' | 'ipv6') => {
      const device = this.#devices.of(name);
      return device && { device, subnetLength: config[name]!.subnetLength };
    };
    const { directRouting } = config.backend;
    const families = { ipv4: family('ipv4'), ipv6: family('ipv6') };
    const programmer = programmerFor({
      mode: options.mode,
      ...{ client, host, shim, log, directRouting },
      ...families,
    });
    this.#closers.push(() => programmer.close());
    return programmer;
  }

  async #watch(): Promise<void> {
    const { client, ensureDaemon, shim, log } = this.#parts;
    const groups = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE];
    const changed = (): void => this.#lookAtHostSoon.soon();
    this.#closers.push(listen(shim, groups, { message: changed, lost: changed }));
    const heard = (event: MonitorEvent): void => this.#heard(event);
    const anew = (): void => this.#reconcileSoon.now();
    const follower = new DaemonFollower({ client, ensureDaemon, heard, anew, log });
    this.#closers.push(() => follower.close());
    await follower.start();
    const timer = setInterval(() => this.#reconcileSoon.now(), RECONCILE_EVERY);
    this.#closers.push(() => clearInterval(timer));
  }

  #listener({ peers, programmer }: Membership): RegistryListener {
    const applied = ({ peers: changed, gone }: PeerChanges): void => {
      if (changed.length + gone.length === 0) return;
      programmer.apply(changed, gone).catch((error: unknown) => this.#failed(error));
    };
    return {
      snapshot: (leases) => {
        peers.snapshot(leases);
        this.#reconcileSoon.now();
      },
      changed: (leases, gone) => applied(peers.changed(leases, gone)),
      own: (lease) => {
        applied(peers.own(lease));
        this.#takeLease(lease).catch((error: unknown) => this.#failed(error));
      },
      problem: (key, reason) => this.#problem(key, reason),
    };
  }

  async #takeLease(lease: Lease): Promise<void> {
    const { subnet, subnet6 } = this.#lease ?? {};
    if (subnet === lease.subnet && subnet6 === lease.subnet6) this.#lease = lease;
    else await this.#configure(lease);
  }

  /** Addresses of the devices, and subnet.env. */
  async #configure(lease: Lease): Promise<void> {
    this.#lease = lease;
    const { subnet, subnet6 } = lease;
    await this.#devices.configure(lease);
    writeSubnetEnv(this.#parts.options.subnetFile, {
      network: this.#config!.ipv4?.network,
      subnet: subnet && firstHost(subnet),
      ipv6Network: this.#config!.ipv6?.network,
      ipv6Subnet: subnet6 && firstHost(subnet6),
      mtu: this.#devices.mtu,
    });
    this.#parts.log.info({ subnet, subnet6 }, 'this host has its subnet');
  }

  /** Makes everything what it should be, and tells peers if that gave a device another MAC or address. */
  async #reconcile(): Promise<void> {
    const { peers, programmer } = this.#membership!;
    try {
      await programmer.reconcile(peers.all());
      await this.#publish();
      this.#lastFailure = '';
    } catch (error) {
      this.#failed(error);
    }
  }

  async #publish(): Promise<void> {
    const attributes = this.#devices.attributes();
    const text = JSON.stringify(attributes);
    if (text === this.#published) return;
    this.#parts.log.info({ attributes }, 'MAC or address of this host changed; telling the peers');
    await this.#parts.registry.publish(attributes);
    this.#published = text;
  }

  /** Told once; tried again soon. */
  #failed(error: unknown): void {
    const { message } = error as Error;
    if (message !== this.#lastFailure) this.#parts.log.error({ err: error }, message);
    this.#lastFailure = message;
    this.#reconcileSoon.in(RETRY);
  }

  #problem(key: string, reason: string): void {
    this.#problems.set(key, reason);
    this.#parts.log.warn({ key }, reason);
  }

  /** A device that went, or is otherwise than it was made: by its MAC, its address, its being up. */
  #heard(event: MonitorEvent): void {
    const isOurs = event.type === 'link' && this.#devices.has(event.dev);
    if (isOurs || event.type === 'lost') this.#reconcileSoon.soon();
  }

  async #lookAtHost(): Promise<void> {
    if (!this.#devices.followHost()) return;
    this.#parts.registry.reconnect?.();
    await this.#reconcile();
    if (this.#lease) await this.#configure(this.#lease).catch((error: unknown) => this.#failed(error));
  }

  async status(): Promise<FlannelStatus> {
    const { options, registry, version } = this.#parts;
    const { peers, programmer } = this.#membership ?? {};
    const states = new Map((await programmer?.state())?.map((state) => [state.key, state]));
    const { lastContact, ...contact } = registry.status();
    const lease = this.#lease;
    return {
      pid: process.pid,
      version,
      started: this.#started,
      mode: options.mode,
      network: this.#config?.ipv4?.network,
      ipv6Network: this.#config?.ipv6?.network,
      vni: this.#config?.backend.vni,
      port: this.#config?.backend.port,
      devices: this.#devices.status(),
      lease: lease && {
        key: lease.key,
        subnet: lease.subnet,
        subnet6: lease.subnet6,
        expires: isoTime(lease.expires),
      },
      registry: { ...contact, lastContact: isoTime(lastContact) },
      peers: (peers?.all() ?? []).map((peer) => peerStatus(peer, states.get(peer.key))),
      problems: [...this.#problems].map(([key, reason]) => ({ key, reason })),
      misses: programmer?.misses?.(),
    };
  }
}
