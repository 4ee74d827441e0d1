/**
 * The UDP side of an engine: listening sockets shared by all VNIs of a port, and pools of egress sockets.
 *
 *   listener   one per (family, port, receive flags), opened when its first VTEP goes up, closed with the last
 *              (kernel: vxlan_sock_add, vxlan_sock_release). With several workers, one socket each on a shared port
 *   egress     a UDP socket has one source port, so a pool of bound sockets stands for the flow hash; they never
 *              receive. One pool per (family, source ports, checksum); a DF twin of each only where a VTEP asks for it
 */
import type { Egress } from '../dataplane/device.js';
import { VtepError } from '../errors.js';
import type { System } from './system.js';

/** Sockets of a pool: enough ports for ECMP and RSS to spread, few enough that small flows still share a send. */
const POOL = 16;
/** Ports tried for one socket before the pool goes without. */
const ATTEMPTS = 16;

export interface ListenerKey {
  family: 4 | 6;
  port: number;
  zeroChecksum6Rx: boolean;
}

export interface EgressKey {
  family: 4 | 6;
  ports: readonly [number, number];
  checksum: boolean;
  df: boolean;
}

/** A listening socket a worker. */
export interface Listener {
  readonly fds: readonly number[];
  /** VNI and device number of the VTEPs that are up on it. */
  readonly devices: Map<number, number>;
}

interface Shared<T> {
  value: T;
  users: number;
}

export class Underlay {
  readonly #system: System;
  readonly #workers: number;
  readonly #retire: (fd: number) => void;
  readonly #listeners = new Map<string, Shared<Listener>>();
  readonly #pools = new Map<string, Shared<Egress>>();

  /** @param retire closes a socket once no worker can touch it any more */
  constructor(system: System, workers: number, retire: (fd: number) => void) {
    this.#system = system;
    this.#workers = workers;
    this.#retire = retire;
  }

  /** The listener of a port, opened if need be; throws what System.openSocket throws. */
  listen(key: ListenerKey): Listener {
    return acquire(this.#listeners, JSON.stringify(key), () => {
      const fds: number[] = [];
      try {
        for (let i = 0; i < this.#workers; i++) fds.push(this.#openListener(key));
      } catch (error) {
        for (const fd of fds) this.#system.close(fd);
        throw error;
      }
      return { fds, devices: new Map() };
    });
  }

  /** Gives a listener back; closed with its last user. Returns true then. */
  unlisten(key: ListenerKey): boolean {
    const gone = release(this.#listeners, JSON.stringify(key));
    for (const fd of gone?.fds ?? []) this.#retire(fd);
    return gone !== undefined;
  }

  /** A pool of egress sockets. */
  egress(key: EgressKey): Egress {
    return acquire(this.#pools, JSON.stringify(key), () => this.#openPool(key));
  }

  releaseEgress(key: EgressKey): void {
    const gone = release(this.#pools, JSON.stringify(key));
    if (gone === undefined) return;
    for (const fd of new Set([...gone.plain, ...gone.df])) this.#retire(fd);
  }

  #openListener(key: ListenerKey): number {
    return this.#system.openSocket({
      family: key.family,
      port: key.port,
      shared: this.#workers > 1,
      use: 'listen',
      checksum: !key.zeroChecksum6Rx,
      df: false,
    });
  }

  #openPool(key: EgressKey): Egress {
    const [min, max] = key.ports;
    const size = Math.min(POOL, max - min);
    const width = (max - min) / size;
    const ports: number[] = [];
    const plain: number[] = [];
    for (let k = 0; k < size; k++) {
      const first = Math.floor(min + k * width);
      const last = Math.floor(min + (k + 1) * width);
      const opened = this.#openOneOf(key, first, last);
      if (opened === undefined) continue;
      ports.push(opened.port);
      plain.push(opened.fd);
    }
    if (ports.length === 0) {
      throw new VtepError(
        'ERR_VTEP_PORT_IN_USE',
        `no source port from ${min} to ${max - 1} is free; give another srcport range`,
        { errno: 'EADDRINUSE' },
      );
    }
    const df = key.df ? ports.map((port) => this.#openEgress(key, port, true)) : plain;
    return { ports: Int32Array.from(ports), plain: Int32Array.from(plain), df: Int32Array.from(df) };
  }

  /** A socket on a port from `first` to `last` - 1, beginning at random so that ports cannot be guessed. */
  #openOneOf(key: EgressKey, first: number, last: number): { port: number; fd: number } | undefined {
    const span = last - first;
    const start = Math.floor(Math.random() * span);
    for (let i = 0; i < Math.min(span, ATTEMPTS); i++) {
      const port = first + ((start + i) % span);
      try {
        return { port, fd: this.#openEgress(key, port, false) };
      } catch (error) {
        if (!(error instanceof VtepError && error.code === 'ERR_VTEP_PORT_IN_USE')) throw error;
      }
    }
    return undefined;
  }

  #openEgress(key: EgressKey, port: number, df: boolean): number {
    return this.#system.openSocket({
      family: key.family,
      port,
      // The DF twin has the same port: one flow keeps its port, whatever its packets ask for.
      shared: key.df,
      use: 'egress',
      checksum: key.checksum,
      df,
    });
  }
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
