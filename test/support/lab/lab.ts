/**
 * The laboratory: two hosts joined by a veth, or more joined by a wire of their own, each with a VTEP of ours or of the
 * kernel. Scenarios are written once and run on every pair of kinds.
 *
 *      host a  192.168.100.2/24  fd00:100::2/64 ----- eth0 = eth0 ----- host b  192.168.100.3/24  fd00:100::3/64
 *
 *      three or more: each eth0 is a port of a bridge in the namespace `wire`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forget, register, type Disposable } from './cleanup.js';
import type { Kind } from './dialect.js';
import { Host } from './host.js';
import { Namespace, sweepAbandoned, type Narrator } from './namespace.js';

export interface LabOptions {
  /** One host a kind, `a` first. */
  hosts: readonly Kind[];
  /** MTU of the underlay, default 1500. */
  mtu?: number;
  /**
   * What the underlay's interfaces segment: 'veth' everything (default); 'no-tunnel' nothing that is encapsulated, as most
   * NICs of small hosts; 'plain' not even UDP.
   */
  segmentation?: Segmentation;
  /**
   * Whether the underlay's interfaces coalesce what they receive, as NICs do; default as the kernel makes a veth: not. A veth
   * does it only where its peer has no TCP segmentation (veth_skb_is_eligible_for_gro), which then goes, too.
   */
  gro?: boolean;
  /** Environment of every command, and so of the daemons they start. */
  env?: Record<string, string>;
  /** Told each command and event as it happens. */
  narrate?: Narrator;
}

export type Segmentation = 'veth' | 'no-tunnel' | 'plain';

const NO_TUNNEL = { 'tx-udp_tnl-segmentation': 'off', 'tx-udp_tnl-csum-segmentation': 'off' } as const;
const NO_TCP = {
  'tx-tcp-segmentation': 'off',
  'tx-tcp-ecn-segmentation': 'off',
  'tx-tcp-mangleid-segmentation': 'off',
  'tx-tcp6-segmentation': 'off',
} as const;
const PLAIN = { ...NO_TUNNEL, 'tx-udp-segmentation': 'off' } as const;

let labs = 0;

/** A directory for daemon sockets, so that no test touches /run/vtep. */
class RunDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), `vt${process.pid}-`));

  constructor() {
    register(this);
  }

  async dispose(): Promise<void> {
    this.disposeNow();
  }

  disposeNow(): void {
    forget(this);
    rmSync(this.path, { recursive: true, force: true });
  }
}

export class Lab {
  readonly hosts: Host[] = [];
  /** VTEP_RUN_DIR of every command in this lab. */
  readonly runDirectory: string;
  readonly #directory = new RunDirectory();
  readonly #namespaces: Namespace[] = [];
  readonly #number = labs++;
  #wire: Namespace | undefined;

  private constructor() {
    this.runDirectory = this.#directory.path;
  }

  /** Lays out the hosts; on failure nothing is left. */
  static async open(options: LabOptions): Promise<Lab> {
    if (labs === 0) sweepAbandoned();
    const lab = new Lab();
    try {
      for (const [index, kind] of options.hosts.entries()) await lab.#addHost(kind, index, options);
      if (options.hosts.length === 2) await lab.#joinDirectly(options.mtu ?? 1500);
      else await lab.#joinByWire(options.mtu ?? 1500);
      for (const host of lab.hosts) await lab.#bringUp(host, options);
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  async #addHost(kind: Kind, index: number, { env, narrate }: LabOptions): Promise<void> {
    const letter = this.#letter(index);
    const namespace = await Namespace.create(letter, { ...env, VTEP_RUN_DIR: this.runDirectory }, narrate);
    this.#namespaces.push(namespace);
    const last = index + 2;
    const underlay = { address: `192.168.100.${last}`, address6: `fd00:100::${last}` };
    this.hosts.push(new Host(kind, namespace, letter, underlay, this.runDirectory, narrate));
  }

  /** a, b, c…; with a number before it from the second laboratory of a process on. */
  #letter(index: number): string {
    return `${this.#number === 0 ? '' : this.#number}${String.fromCharCode(97 + index)}`;
  }

  async #joinDirectly(mtu: number): Promise<void> {
    const [a, b] = this.hosts.map((host) => host.namespace.name);
    await this.hosts[0]!.namespace.ip(
      `link add eth0 mtu ${mtu} type veth peer name eth0 netns ${b} mtu ${mtu}`,
      {
        shownAs: `ip link add eth0 netns ${a} type veth peer name eth0 netns ${b}`,
      },
    );
  }

  /** The namespace of the bridge that three hosts or more are joined by. */
  get wire(): Namespace | undefined {
    return this.#wire;
  }

  async #joinByWire(mtu: number): Promise<void> {
    const wire = await Namespace.create(`${this.#number === 0 ? '' : this.#number}wire`);
    this.#namespaces.push(wire);
    this.#wire = wire;
    await wire.ip('link add br0 type bridge mcast_snooping 0');
    await wire.ip('link set br0 up');
    for (const [index, host] of this.hosts.entries()) {
      await wire.ip(
        `link add port${index} mtu ${mtu} type veth peer name eth0 netns ${host.namespace.name} mtu ${mtu}`,
      );
      await wire.ip(`link set port${index} master br0 up`);
    }
  }

  async #bringUp(host: Host, { segmentation = 'veth', gro = false }: LabOptions): Promise<void> {
    await host.namespace.ip(`addr add ${host.address}/24 dev eth0`);
    await host.namespace.ip(`addr add ${host.address6}/64 dev eth0 nodad`, { quiet: true });
    await host.namespace.ip('link set eth0 up');
    if (segmentation !== 'veth') await host.features('eth0', segmentation === 'plain' ? PLAIN : NO_TUNNEL);
    if (gro) await host.features('eth0', { ...NO_TCP, 'rx-gro': 'on' });
  }

  /** Ends daemons and guests, removes every namespace. */
  async close(): Promise<void> {
    const guests = this.hosts.flatMap((host) => host.guestNamespaces);
    for (const namespace of [...guests, ...this.#namespaces]) await namespace.close();
    await this.#directory.dispose();
  }
}

/** Runs `body` in a laboratory that is gone afterwards, whatever happened. */
export async function withLab<T>(options: LabOptions, body: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await Lab.open(options);
  try {
    return await body(lab);
  } finally {
    await lab.close();
  }
}
