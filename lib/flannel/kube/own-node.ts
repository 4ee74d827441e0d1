/** The node we are: its subnet, and that its annotations say of us what is true. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { VtepError } from '../../errors.js';
import type { Hints } from '../registry.js';
import { contains, parseSubnet } from '../subnet.js';
import { Turns } from '../turns.js';
import type { Lease, LeaseAttributes, NetworkConfig } from '../types.js';
import {
  annotationPatch,
  annotationsOf,
  availablePatch,
  overwritten,
  type AnnotationNames,
} from './annotations.js';
import type { Backoff } from '../backoff.js';
import type { KubeClient } from './client.js';
import { attributesOf, podCidrText, subnetsOf, type Subnets } from './node-lease.js';
import type { Node } from './objects.js';

export interface OwnNodeOptions {
  client: KubeClient;
  name: string;
  names: AnnotationNames;
  makeAvailable: boolean;
  backoff: Backoff;
  /** Milliseconds since 1970. */
  now(): number;
  signal: AbortSignal;
  onContact(): void;
  onError(error: unknown): void;
  onProblem(reason: string | undefined): void;
  /** The lease was acquired, published, or is another one. */
  onLease(lease: Lease): void;
}

/** Milliseconds between two times that somebody else's change is undone: two hosts of one name must not race. */
const UNDO_PAUSE = 5_000;

export class OwnNode {
  readonly name: string;
  readonly #options: OwnNodeOptions;
  readonly #backoff: Backoff;
  #config: NetworkConfig | undefined;
  #attributes: LeaseAttributes | undefined;
  #lease: Lease | undefined;
  /** Of writing to the node. */
  readonly #turns = new Turns();
  /** Pods may be scheduled on it, as far as its network goes: said once of each Node object. */
  #isAvailable = true;
  #uid: string | undefined;
  #undoing = false;
  #undone = 0;

  constructor(options: OwnNodeOptions) {
    this.name = options.name;
    this.#options = options;
    this.#backoff = options.backoff;
  }

  /** `node-public-ip`, `node-public-ipv6`, and the MACs of an earlier run. */
  async hints(config: NetworkConfig): Promise<Hints> {
    const { client, names, signal } = this.#options;
    const node = await this.#retry(() => client.node(this.name, signal));
    const notes = annotationsOf(node);
    const { ipv4, ipv6 } = attributesOf(node, names, config);
    return { publicIp: notes[names.nodePublicIp], publicIpv6: notes[names.nodePublicIpv6], ipv4, ipv6 };
  }

  /** Waits until the node has a subnet, then says whose it is. */
  async acquire(attributes: LeaseAttributes, config: NetworkConfig): Promise<Lease> {
    const { client, makeAvailable, signal } = this.#options;
    this.#config = config;
    const node = await this.#retry(async () => {
      const found = await client.node(this.name, signal);
      const { subnet, subnet6 } = subnetsOf(found, config);
      if (subnet === undefined && subnet6 === undefined) throw new Error(this.#noSubnet(found));
      return found;
    });
    this.#lease = this.#leaseOf(node, attributes, config);
    this.#uid = node.metadata.uid;
    this.#isAvailable = !makeAvailable;
    await this.publish(attributes);
    return this.#lease;
  }

  /** Makes the annotations say `attributes`; tried until they do. */
  publish(attributes: LeaseAttributes): Promise<void> {
    this.#attributes = attributes;
    return this.#turns.take(async () => {
      await this.#write();
      if (this.#lease) this.#options.onLease(this.#lease);
    });
  }

  async #write(): Promise<void> {
    const { client, names, now, signal } = this.#options;
    await this.#retry(async () => {
      const node = await client.node(this.name, signal);
      const attributes = this.#attributes!;
      const patch = annotationPatch(overwritten(attributes, node, names), node, names);
      if (patch !== undefined) await client.patchStatus(this.name, patch, signal);
      if (this.#lease !== undefined)
        this.#lease = { ...this.#lease, attributes: overwritten(attributes, node, names) };
    });
    if (this.#isAvailable) return;
    await this.#retry(() => client.patchStatus(this.name, availablePatch(new Date(now())), signal));
    this.#isAvailable = true;
  }

  /** The watch has seen it. What we said is said again where somebody changed it. */
  seen(node: Node): void {
    const { makeAvailable, names, onLease, onProblem } = this.#options;
    if (this.#lease === undefined || this.#attributes === undefined || this.#config === undefined) return;
    try {
      const lease = this.#leaseOf(node, this.#attributes, this.#config);
      onProblem(undefined);
      if (!isDeepStrictEqual(lease, this.#lease)) onLease((this.#lease = lease));
    } catch (error) {
      onProblem((error as Error).message);
    }
    if (node.metadata.uid !== this.#uid) this.#isAvailable = !makeAvailable;
    this.#uid = node.metadata.uid;
    const patch = annotationPatch(overwritten(this.#attributes, node, names), node, names);
    if (patch !== undefined || !this.#isAvailable) this.#undo();
  }

  gone(): void {
    if (this.#lease !== undefined)
      this.#options.onProblem('the node is gone from the cluster; its subnet is kept');
  }

  #undo(): void {
    if (this.#undoing) return;
    this.#undoing = true;
    const { now, signal } = this.#options;
    const pause = Math.max(0, this.#undone + UNDO_PAUSE - now());
    const undo = async (): Promise<void> => {
      await sleep(pause, undefined, { signal });
      // What changes from here on asks for another turn.
      this.#undoing = false;
      this.#undone = now();
      await this.#write();
    };
    this.#turns.take(undo).catch(() => {});
  }

  /** @throws {VtepError} ERR_VTEP_ARGUMENT: no subnet, or one outside the network */
  #leaseOf(node: Node, attributes: LeaseAttributes, config: NetworkConfig): Lease {
    const subnets = subnetsOf(node, config);
    if (subnets.subnet === undefined && subnets.subnet6 === undefined)
      throw new VtepError('ERR_VTEP_ARGUMENT', this.#noSubnet(node), { errno: 'EINVAL', word: this.name });
    this.#checkInside(subnets, config);
    const told = overwritten(attributes, node, this.#options.names);
    return { key: this.name, ...subnets, attributes: told, expires: undefined };
  }

  #checkInside({ subnet, subnet6 }: Subnets, config: NetworkConfig): void {
    const pairs = [
      [subnet, config.ipv4?.network, 'Network'],
      [subnet6, config.ipv6?.network, 'IPv6Network'],
    ] as const;
    for (const [inner, outer, key] of pairs) {
      if (inner === undefined || outer === undefined || isInside(inner, outer)) continue;
      const message =
        `node ${this.name}: podCIDR ${inner} is outside of ${key} ${outer} of net-conf.json; ` +
        "expected what the controller manager's --cluster-cidr is";
      throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'ERANGE', word: inner });
    }
  }

  #noSubnet(node: Node): string {
    return (
      `node ${this.name} has no podCIDR of the network's families (${podCidrText(node)}); ` +
      'the controller manager gives one with --allocate-node-cidrs (kubeadm init --pod-network-cidr)'
    );
  }

  /** Goes on until `attempt` succeeds; @throws what closed us. */
  async #retry<T>(attempt: () => Promise<T>): Promise<T> {
    const { signal, onContact, onError, onProblem } = this.#options;
    for (let told = false; ;) {
      signal.throwIfAborted();
      try {
        const result = await attempt();
        this.#backoff.reset();
        onContact();
        if (told) onProblem(undefined);
        return result;
      } catch (error) {
        signal.throwIfAborted();
        onError(error);
        onProblem((error as Error).message);
        told = true;
      }
      await sleep(this.#backoff.next(), undefined, { signal }).catch(() => {});
    }
  }

  async settled(): Promise<void> {
    await this.#turns.end();
  }
}

const isInside = (inner: string, outer: string): boolean =>
  contains(parseSubnet(outer)!, parseSubnet(inner)!);
