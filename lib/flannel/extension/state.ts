/**
 * What one run of the hook leaves for the next: each is a process of its own. A file beside the daemon's socket, written whole
 * and renamed, under a lock that ends with the process that holds it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { VtepError } from '../../errors.js';

/** A host that flanneld has told of. */
export interface KnownPeer {
  /** Canonical, as all texts here. */
  subnet: string;
  publicIp: string;
  mac: string;
  /** The run of flanneld that told of it last. */
  generation: number;
  /** Its entries are not known to be in place. */
  pending?: true;
}

/** What `post` is told of this host. */
export interface Own {
  network: string;
  subnet: string;
  publicIp: string;
}

export interface ExtensionState {
  version: 1;
  vni: number;
  port: number;
  /** Of the underlay, octets; absent: the interface's. */
  mtu?: number;
  /** Name or address; absent: the default route's. */
  iface?: string;
  /** Seconds from the first `add` of a run to the sweep; 0: never. */
  settle: number;
  /** Of the VTEP: what peers have been told. */
  mac: string;
  /** Index of the interface that the peers' entries were made on. */
  ifindex?: number;
  /** Absent before `post`. */
  own?: Own;
  /** Runs of flanneld, counted by `pre`. */
  generation: number;
  /** Milliseconds, of the first and the last `add` of this run; absent before. */
  firstAdd?: number;
  lastAdd?: number;
  /** The run after whose first adds the table was swept. */
  swept: number;
  /** The state was lost: `post` finds the peers in the tables. */
  lost?: true;
  peers: KnownPeer[];
}

/** Milliseconds a run waits for the one before. */
const PATIENCE = 60_000;
const LOOK = 20;

export class StateFile {
  readonly #path: string;

  /** @param path of the file */
  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined when there is none, or none that can be read: what is known is then found in the tables. */
  read(): ExtensionState | undefined {
    try {
      const state = JSON.parse(readFileSync(this.#path, 'utf8')) as ExtensionState;
      return state.version === 1 && Array.isArray(state.peers) ? state : undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws {VtepError} ERR_VTEP_SYSTEM */
  write(state: ExtensionState): void {
    const half = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(half, `${JSON.stringify(state)}\n`, { mode: 0o600 });
      renameSync(half, this.#path);
    } catch (cause) {
      rmSync(half, { force: true });
      const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO';
      throw new VtepError('ERR_VTEP_SYSTEM', `cannot write ${this.#path}: ${errno}`, {
        errno,
        word: this.#path,
        cause,
      });
    }
  }

  /**
   * Runs `act` while no other process of this network namespace does.
   * @throws {VtepError} ERR_VTEP_DAEMON: another one does not end
   */
  async locked<T>(act: () => Promise<T>, patience = PATIENCE): Promise<T> {
    const lock = await this.#lock(patience);
    try {
      return await act();
    } finally {
      await new Promise((closed) => lock.close(closed));
    }
  }

  /** A socket of the abstract namespace: one may be bound to a name, and it goes with its process. */
  async #lock(patience: number): Promise<Server> {
    for (let waited = 0; ; waited += LOOK) {
      const server = createServer((socket) => socket.destroy());
      const taken = await new Promise<NodeJS.ErrnoException | undefined>((settled) => {
        server.once('error', settled);
        server.listen(`\0${this.#path}`, () => settled(undefined));
      });
      if (taken === undefined) return server;
      if (taken.code !== 'EADDRINUSE' || waited >= patience)
        throw new VtepError('ERR_VTEP_DAEMON', `another flannel-ext holds ${this.#path}: ${taken.code}`, {
          errno: 'EBUSY',
          cause: taken,
        });
      await sleep(LOOK);
    }
  }
}
