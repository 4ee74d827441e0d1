/**
 * Where the peers of a VTEP with `learn-port` are answered: the outer source port that each address was heard from last.
 * Remotes without a port of their own are sent to there (table/remote.ts): those of learned entries have one, so this
 * is for entries that name an address alone, the default destination among them.
 *
 * Remembered only while a remote has the address, so that invented sources fill nothing.
 */
import type { RemoteTable } from '../table/remote.js';

interface Peer {
  /** 0 = the device's. */
  port: number;
  /** References of entries to its remotes, by index; those with a port of their own included. */
  readonly references: Map<number, number>;
}

export class HeardPorts {
  readonly #remotes: RemoteTable;
  /** By the four words of the address. */
  readonly #peers = new Map<string, Peer>();

  constructor(remotes: RemoteTable) {
    this.#remotes = remotes;
  }

  /** An entry refers to a remote. */
  added(index: number): void {
    const key = this.#keyOf(index);
    const peer = this.#peers.get(key) ?? { port: 0, references: new Map() };
    this.#peers.set(key, peer);
    peer.references.set(index, (peer.references.get(index) ?? 0) + 1);
    this.#answer(index, peer.port);
  }

  /** An entry is about to let go of a remote. */
  removed(index: number): void {
    const key = this.#keyOf(index);
    const peer = this.#peers.get(key);
    const left = (peer?.references.get(index) ?? 0) - 1;
    if (peer === undefined || left < 0) return;
    if (left > 0) peer.references.set(index, left);
    else peer.references.delete(index);
    if (peer.references.size === 0) this.#peers.delete(key);
  }

  /** A peer sent from a port. @param address four words @param port 0 = the device's */
  heard(address: Int32Array, port: number): void {
    const peer = this.#peers.get(address.join());
    if (peer === undefined || peer.port === port) return;
    peer.port = port;
    for (const index of peer.references.keys()) this.#answer(index, port);
  }

  #answer(index: number, port: number): void {
    const remotes = this.#remotes;
    if (remotes.port(index) === 0 && remotes.heardPort(index) !== port) remotes.setHeardPort(index, port);
  }

  #keyOf(index: number): string {
    const r = this.#remotes;
    return [r.address0(index), r.address1(index), r.address2(index), r.address3(index)].join();
  }
}
