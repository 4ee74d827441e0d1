/**
 * The nexthop groups that one VTEP's FDB entries refer to, as the data plane reads them: a list of bounds and remotes, of
 * which the flow hash chooses one (dataplane/nexthop.ts). Entries of one group share its list.
 *
 *   bound 0 | remote 0 | bound 1 | remote 1 …     a flow goes to the first whose bound its 31-bit hash does not exceed
 */
import type { FdbTable } from '../table/fdb.js';
import { CHOICE } from '../table/remote-list.js';
import type { EntryRemotes } from './entry-remotes.js';
import type { Gateway } from './nexthops.js';

interface Known {
  /** Remotes word of the entries: CHOICE and the list's id. */
  word: number;
  indexes: number[];
  entries: Set<number>;
}

export class FdbGroups {
  readonly #fdb: FdbTable;
  readonly #remotes: EntryRemotes;
  readonly #groups = new Map<number, Known>();
  readonly #ofEntry = new Map<number, number>();

  constructor(fdb: FdbTable, remotes: EntryRemotes) {
    this.#fdb = fdb;
    this.#remotes = remotes;
  }

  /** The group that an entry refers to; undefined for one with remotes of its own. */
  of(entry: number): number | undefined {
    return this.#ofEntry.get(entry);
  }

  /** True when an entry refers to the group. */
  has(id: number): boolean {
    return this.#groups.has(id);
  }

  /** Entries that refer to a group. */
  entriesOf(id: number): number[] {
    return [...(this.#groups.get(id)?.entries ?? [])];
  }

  /** Remotes word for an entry to come; `attach` or `abandon` must follow. */
  wordFor(id: number, gateways: readonly Gateway[]): number {
    let known = this.#groups.get(id);
    if (known === undefined) {
      known = { ...this.#make(gateways), entries: new Set() };
      this.#groups.set(id, known);
    }
    return known.word;
  }

  attach(entry: number, id: number): void {
    this.#groups.get(id)!.entries.add(entry);
    this.#ofEntry.set(entry, id);
  }

  /** The entry refers to the group no more, and no reader can see that it did. */
  detach(entry: number): void {
    const id = this.#ofEntry.get(entry)!;
    this.#ofEntry.delete(entry);
    this.#groups.get(id)!.entries.delete(entry);
    this.abandon(id);
  }

  /** Lets go of a group that no entry refers to. */
  abandon(id: number): void {
    const known = this.#groups.get(id);
    if (known === undefined || known.entries.size > 0) return;
    this.#groups.delete(id);
    this.#free(known);
  }

  /** The group has other members: one store for each entry. */
  change(id: number, gateways: readonly Gateway[]): void {
    const known = this.#groups.get(id);
    if (known === undefined) return;
    const old = { ...known };
    Object.assign(known, this.#make(gateways));
    for (const entry of known.entries) this.#fdb.setRemotes(entry, known.word);
    this.#free(old);
  }

  /** Bounds share 2^31 by weight, rounded as the kernel does (nh_hthr_group_rebalance). */
  #make(gateways: readonly Gateway[]): Omit<Known, 'entries'> {
    const total = gateways.reduce((sum, { weight }) => sum + weight, 0);
    const indexes = gateways.map(({ address }) =>
      this.#remotes.intern({ address, port: 0, vni: -1, ifindex: 0 }),
    );
    let sum = 0;
    const list = gateways.flatMap(({ weight }, i) => {
      sum += weight;
      return [Math.round((2 ** 31 * sum) / total) - 1, indexes[i]];
    });
    return { word: CHOICE | this.#remotes.lists.create(list), indexes };
  }

  #free({ word, indexes }: Omit<Known, 'entries'>): void {
    this.#remotes.lists.free(word & ~CHOICE);
    for (const index of indexes) this.#remotes.release(index);
  }
}
