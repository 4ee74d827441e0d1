/**
 * Who the peers of a VTEP are, for `allow known` and `learn-limit`: of each outer address, in how many FDB entries it
 * stands that somebody gave (a user, a control plane), and in how many that the data plane learned.
 *
 * Workers ask by flags on the remote table's record {address, no port, no VNI, no interface}: KNOWN while a given entry
 * names the peer, FULL while no more may be learned behind it. That record is kept while the census counts anything,
 * whatever port and VNI the entries themselves have. An entry without such options costs nothing here.
 */
import { REMOTE_FULL, REMOTE_KNOWN, type RemoteTable } from '../table/remote.js';

type Address = readonly [number, number, number, number];

/** What an entry says of peers: its remotes' addresses, and whether it was learned. */
export interface Standing {
  readonly learned: boolean;
  readonly peers: readonly Address[];
}

interface Count {
  given: number;
  learned: number;
}

export class PeerCensus {
  readonly #remotes: RemoteTable;
  /** By index of the peer's record. */
  readonly #counts = new Map<number, Count>();
  #enabled = false;
  #limit = 0;

  constructor(remotes: RemoteTable) {
    this.#remotes = remotes;
  }

  get isEnabled(): boolean {
    return this.#enabled;
  }

  /** Counts anew: what all entries say, by the options as they are now. @param limit MACs a peer, 0 = no limit */
  take(limit: number, all: Iterable<Standing>): void {
    this.drop();
    this.#enabled = true;
    this.#limit = limit;
    for (const standing of all) this.add(standing);
  }

  /** Counts no more. */
  drop(): void {
    this.#enabled = false;
    for (const index of [...this.#counts.keys()]) this.#forget(index);
  }

  add({ learned, peers }: Standing): void {
    for (const [a0, a1, a2, a3] of peers) {
      const known = this.#remotes.find(a0, a1, a2, a3, 0, -1, 0);
      const has = this.#counts.has(known);
      const index = has ? known : this.#remotes.intern(a0, a1, a2, a3, 0, -1, 0);
      // The table of remotes is at its bound: the peer stays unknown.
      if (index < 0) continue;
      const count = this.#counts.get(index) ?? { given: 0, learned: 0 };
      count[learned ? 'learned' : 'given']++;
      this.#counts.set(index, count);
      this.#mark(index, count);
    }
  }

  remove({ learned, peers }: Standing): void {
    for (const [a0, a1, a2, a3] of peers) {
      const index = this.#remotes.find(a0, a1, a2, a3, 0, -1, 0);
      const count = this.#counts.get(index);
      if (count === undefined) continue;
      count[learned ? 'learned' : 'given']--;
      if (count.given + count.learned === 0) this.#forget(index);
      else this.#mark(index, count);
    }
  }

  /** True when no more MACs may be learned behind a peer. */
  isFull([a0, a1, a2, a3]: ArrayLike<number> & Iterable<number>): boolean {
    if (this.#limit === 0) return false;
    const index = this.#remotes.find(a0!, a1!, a2!, a3!, 0, -1, 0);
    return index >= 0 && this.#remotes.isFull(index);
  }

  #mark(index: number, { given, learned }: Count): void {
    this.#remotes.mark(index, REMOTE_KNOWN, given > 0);
    this.#remotes.mark(index, REMOTE_FULL, this.#limit > 0 && learned >= this.#limit);
  }

  #forget(index: number): void {
    this.#counts.delete(index);
    this.#mark(index, { given: 0, learned: 0 });
    this.#remotes.release(index);
  }
}
