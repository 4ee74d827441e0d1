/**
 * The UDP side of an engine: listening sockets shared by all VNIs of a port, and pools of egress sockets.
 *
 *   listener   one per (family, port, receive flags, bound address), opened when its first VTEP goes up, closed with the last
 *              (kernel: vxlan_sock_add, vxlan_sock_release). With several workers, one socket each on a shared port
 *   egress     a UDP socket has one source port, so a pool of bound sockets stands for the flow hash; they never
 *              receive. One pool per (family, source ports, checksum); a DF twin of each only where a VTEP asks for it.
 *              None for a VTEP whose one source port is the listener's: the listener sends
 */
import { type Egress, RECEIVES_ZERO_CSUM6 } from '../dataplane/device.js';
import { VtepError } from '../errors.js';
import type { Retired, Retirement } from './retirement.js';
import type { System } from './system.js';

/** Sockets of a pool: enough ports for ECMP and RSS to spread, few enough that small flows still share a send. */
const POOL = 16;
/** Ports tried for one socket before the pool goes without. */
const ATTEMPTS = 16;

export interface ListenerKey {
  family: 4 | 6;
  port: number;
  /** RECEIVES_* (dataplane/device.ts): a datagram's receiver shares them with its socket (VXLAN_F_RCV_FLAGS). */
  reception: number;
  /** Address the socket is bound to, default any. */
  address?: string;
}

export interface EgressKey {
  family: 4 | 6;
  ports: readonly [number, number];
  checksum: boolean;
  df: boolean;
}

/** A listening socket a worker. */
export interface Listener {
  readonly key: ListenerKey;
  readonly fds: readonly number[];
  /** Members of each multicast group: "group words, interface" to how many VTEPs. */
  readonly groups: Map<string, number>;
}

interface Shared<T> {
  value: T;
  users: number;
}

export class Underlay {
  readonly #system: System;
  readonly #workers: number;
  readonly #retirement: Retirement;
  /** Sockets of listeners that were given back and may not be closed yet. */
  readonly #closing = new Map<string, readonly Retired[]>();
  readonly #listeners = new Map<string, Shared<Listener>>();
  readonly #pools = new Map<string, Shared<Egress>>();

  constructor(system: System, workers: number, retirement: Retirement) {
    this.#system = system;
    this.#workers = workers;
    this.#retirement = retirement;
  }

  /** The listener of a port, opened if need be; throws what System.openSocket throws. */
  listen(key: ListenerKey): Listener {
    return acquire(this.#listeners, JSON.stringify(key), () => {
      this.#refuseSecond(key);
      const fds = this.#openListeners(key, this.#reclaimed(socketName(key)));
      return { key, fds, groups: new Map() };
    });
  }

  /**
   * One socket a port: datagrams would reach either of two, as the system likes. With several workers, which share
   * ports, it would not refuse the second by itself. Sockets bound to different addresses have nothing in common.
   */
  #refuseSecond(key: ListenerKey): void {
    for (const { value } of this.#listeners.values()) {
      const { family, port, address } = value.key;
      if (family !== key.family || port !== key.port) continue;
      if (address !== undefined && key.address !== undefined && address !== key.address) continue;
      throw new VtepError(
        'ERR_VTEP_PORT_IN_USE',
        `Address already in use: UDP port ${port} has a VTEP with other receive options (gbp, gpe, udp6zerocsumrx, localbind); choose another dstport or the same options`,
        { errno: 'EADDRINUSE', word: String(port) },
      );
    }
  }

  /** Gives a listener back; closed with its last user. */
  unlisten(key: ListenerKey): void {
    const gone = release(this.#listeners, JSON.stringify(key));
    if (gone === undefined) return;
    this.#closing.set(
      socketName(key),
      gone.fds.map((fd) => this.#retirement.retire(fd)),
    );
  }

  /** Sockets of the same listener that wait for being closed: they hold the port, and serve as well as new ones. */
  #reclaimed(name: string): number[] {
    const closing = this.#closing.get(name) ?? [];
    this.#closing.delete(name);
    return closing.filter((retired) => this.#retirement.reclaim(retired)).map(({ fd }) => fd);
  }

  /** A socket a worker: those given, and new ones. All or none. */
  #openListeners(key: ListenerKey, given: readonly number[]): number[] {
    const fds = [...given];
    try {
      while (fds.length < this.#workers) fds.push(this.#openListener(key));
    } catch (error) {
      for (const fd of fds) this.#retirement.retire(fd);
      throw error;
    }
    return fds;
  }

  /**
   * Makes a listener a member of a group, for one VTEP more. One socket of it is enough: it is the interface that
   * joins, and a second member socket on the port would receive every datagram again.
   */
  join(listener: Listener, group: Int32Array, ifindex: number): void {
    const key = `${group.join()},${ifindex}`;
    const members = listener.groups.get(key) ?? 0;
    if (members === 0) this.#system.join(listener.fds[0], group, ifindex);
    listener.groups.set(key, members + 1);
  }

  /** Takes one VTEP's membership back; the group is left with the last (kernel: vxlan_group_used). */
  leave(listener: Listener, group: Int32Array, ifindex: number): void {
    const key = `${group.join()},${ifindex}`;
    const members = listener.groups.get(key) ?? 0;
    if (members > 1) {
      listener.groups.set(key, members - 1);
    } else if (listener.groups.delete(key)) {
      this.#system.leave(listener.fds[0], group, ifindex);
    }
  }

  /** A pool of egress sockets. */
  egress(key: EgressKey): Egress {
    return acquire(this.#pools, JSON.stringify(key), () => this.#openPool(key));
  }

  releaseEgress(key: EgressKey): void {
    const gone = release(this.#pools, JSON.stringify(key));
    if (gone === undefined) return;
    for (const fd of new Set([...gone.plain, ...gone.df])) this.#retirement.retire(fd);
  }

  #openListener(key: ListenerKey): number {
    return this.#system.openSocket({
      family: key.family,
      port: key.port,
      shared: this.#workers > 1,
      use: 'listen',
      address: key.address,
      checksum: (key.reception & RECEIVES_ZERO_CSUM6) === 0,
      // It may send, too (Attachment.renew).
      df: key.family === 6,
    });
  }

  /** All sockets of a pool, or none and the error. */
  #openPool(key: EgressKey): Egress {
    const opened: number[] = [];
    try {
      const plain = this.#openPlain(key, opened);
      const ports = plain.map(({ port }) => port);
      const fds = plain.map(({ fd }) => fd);
      const df = key.df ? ports.map((port) => this.#openEgress(key, port, true, opened)) : fds;
      return { ports: Int32Array.from(ports), plain: Int32Array.from(fds), df: Int32Array.from(df) };
    } catch (error) {
      for (const fd of opened) this.#system.close(fd);
      throw error;
    }
  }

  /** One socket in each part of the range; parts without a free port go without. */
  #openPlain(key: EgressKey, opened: number[]): { port: number; fd: number }[] {
    const [min, max] = key.ports;
    const size = Math.min(POOL, max - min);
    const width = (max - min) / size;
    const sockets = Array.from({ length: size }, (_, k) =>
      this.#openOneOf(key, Math.floor(min + k * width), Math.floor(min + (k + 1) * width), opened),
    ).filter((socket) => socket !== undefined);
    if (sockets.length > 0) return sockets;
    throw new VtepError(
      'ERR_VTEP_PORT_IN_USE',
      `no source port from ${min} to ${max - 1} is free; give another srcport range`,
      { errno: 'EADDRINUSE' },
    );
  }

  /** A socket on a port from `first` to `last` - 1, beginning at random so that ports cannot be guessed. */
  #openOneOf(
    key: EgressKey,
    first: number,
    last: number,
    opened: number[],
  ): { port: number; fd: number } | undefined {
    const span = last - first;
    const start = Math.floor(Math.random() * span);
    for (let i = 0; i < Math.min(span, ATTEMPTS); i++) {
      const port = first + ((start + i) % span);
      try {
        return { port, fd: this.#openEgress(key, port, false, opened) };
      } catch (error) {
        if (!(error instanceof VtepError && error.code === 'ERR_VTEP_PORT_IN_USE')) throw error;
      }
    }
    return undefined;
  }

  #openEgress(key: EgressKey, port: number, df: boolean, opened: number[]): number {
    const fd = this.#system.openSocket({
      family: key.family,
      port,
      // A DF twin has the same port: one flow keeps its port, whatever its packets ask for. So may another pool:
      // as in the kernel, any number of VTEPs may have one narrow range. None of these sockets receives.
      shared: true,
      use: 'egress',
      checksum: key.checksum,
      // Over IPv6 nothing is fragmented, whatever `df` says (kernel: ip6_fragment finds ignore_df unset).
      df: df || key.family === 6,
    });
    opened.push(fd);
    return fd;
  }
}

/** What makes two listeners' sockets the same: extensions of the header are none of the socket's affair. */
function socketName({ family, port, reception, address }: ListenerKey): string {
  return JSON.stringify({ family, port, zero: reception & RECEIVES_ZERO_CSUM6, address });
}

function acquire<T>(shared: Map<string, Shared<T>>, key: string, open: () => T): T {
  const known = shared.get(key);
  if (known !== undefined) {
    known.users++;
    return known.value;
  }
  const value = open();
  shared.set(key, { value, users: 1 });
  return value;
}

/** The value when its last user is gone. */
function release<T>(shared: Map<string, Shared<T>>, key: string): T | undefined {
  const known = shared.get(key);
  if (known === undefined || --known.users > 0) return undefined;
  shared.delete(key);
  return known.value;
}
