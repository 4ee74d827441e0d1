/**
 * A VTEP's hold on the underlay while it is up: the listening socket of its port, a pool of egress sockets, and its
 * multicast group (kernel: vxlan_sock_add, vxlan_multicast_join).
 */
import type { Egress } from '../dataplane/device.js';
import { hasChecksum, reception, sendsFromListener, sourcePorts } from './settings.js';
import type { System } from './system.js';
import type { LinkConfig } from './types.js';
import type { EgressKey, Listener, ListenerKey, Underlay } from './underlay.js';
import { addressWords, isGroup } from './words.js';

/** The group a VTEP is a member of. */
interface Membership {
  group: Int32Array;
  ifindex: number;
}

/** The pool of a VTEP that is down. */
const NO_EGRESS: Egress = { ports: new Int32Array(), plain: new Int32Array(), df: new Int32Array() };

export class Attachment {
  readonly #underlay: Underlay;
  readonly #system: System;
  readonly #family: 4 | 6;
  #listener: Listener | undefined;
  #listenerKey: ListenerKey | undefined;
  #egressKey: EgressKey | undefined;
  #egress = NO_EGRESS;
  #membership: Membership | undefined;

  constructor(underlay: Underlay, system: System, family: 4 | 6) {
    this.#underlay = underlay;
    this.#system = system;
    this.#family = family;
  }

  get egress(): Egress {
    return this.#egress;
  }

  /** Opens what the options ask for, or throws and holds nothing. */
  open(config: LinkConfig): Listener {
    const key = {
      family: this.#family,
      port: config.dstport,
      reception: reception(config),
      address: config.localbind ? config.local : undefined,
    };
    this.#listener = this.#underlay.listen(key);
    this.#listenerKey = key;
    try {
      this.renew(config)();
      this.join(config);
    } catch (error) {
      this.close();
      throw error;
    }
    return this.#listener;
  }

  /**
   * Takes the pool that changed options ask for. The old one must be let go of, by calling what is returned, once the
   * workers have been told of the new one.
   */
  renew(config: LinkConfig): () => void {
    if (sendsFromListener(config)) {
      // Its source ports cannot change.
      const fds = Int32Array.of(this.#listener!.fds[0]);
      this.#egress = { ports: Int32Array.of(config.dstport), plain: fds, df: fds };
      return () => {};
    }
    const key: EgressKey = {
      family: this.#family,
      ports: sourcePorts(config),
      checksum: hasChecksum(config, this.#family),
      df: config.df !== 'unset',
    };
    const old = this.#egressKey;
    if (old !== undefined && JSON.stringify(old) === JSON.stringify(key)) return () => {};
    this.#egress = this.#underlay.egress(key);
    this.#egressKey = key;
    return () => {
      if (old !== undefined) this.#underlay.releaseEgress(old);
    };
  }

  /**
   * Joins the group of a multicast default destination, then leaves the one before. Throws when it cannot be joined,
   * and then nothing has changed.
   */
  join(config: LinkConfig): void {
    const before = this.#membership;
    const membership = this.#wanted(config);
    if (membership !== undefined) this.#underlay.join(this.#listener!, membership.group, membership.ifindex);
    this.#membership = membership;
    if (before !== undefined) this.#underlay.leave(this.#listener!, before.group, before.ifindex);
  }

  /** The listener, while open. */
  get listener(): Listener | undefined {
    return this.#listener;
  }

  close(): void {
    const membership = this.#membership;
    if (membership !== undefined) this.#underlay.leave(this.#listener!, membership.group, membership.ifindex);
    this.#membership = undefined;
    if (this.#egressKey !== undefined) this.#underlay.releaseEgress(this.#egressKey);
    if (this.#listenerKey !== undefined) this.#underlay.unlisten(this.#listenerKey);
    this.#egressKey = undefined;
    this.#listenerKey = undefined;
    this.#listener = undefined;
    this.#egress = NO_EGRESS;
  }

  #wanted(config: LinkConfig): Membership | undefined {
    const text = config.group ?? config.remote;
    if (text === undefined || this.#listener === undefined) return undefined;
    const group = addressWords(text, 'group');
    if (!isGroup(group)) return undefined;
    return { group, ifindex: config.dev === undefined ? 0 : this.#system.indexOf(config.dev) };
  }
}
