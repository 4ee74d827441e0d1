/**
 * The verbs of `ip neigh` on a VTEP's own neighbour table, which the proxy and the short-circuit read. Entries are
 * given to the VTEP ('own'), mirrored from the host's table for the interface ('kernel'), or seen by the data plane
 * ('snooped'); which of them counts: neighbour-store.ts.
 */
import { VtepError } from '../errors.js';
import { type NeighbourTable, ORIGIN_OWN, ORIGIN_SNOOPED } from '../table/neighbour.js';
import type { NeighbourTableApi } from './api.js';
import type { TableContext } from './context.js';
import { NeighbourStore } from './neighbour-store.js';
import { Snooping } from './snooping.js';
import type { NeighbourEntry, NeighbourRequest, NeighbourStateName } from './types.js';

const LASTING: readonly NeighbourStateName[] = ['permanent', 'noarp'];
/** Entries that verbs may change; mirrored ones are the host's. */
const OURS = ORIGIN_OWN | ORIGIN_SNOOPED;

export class Neighbours implements NeighbourTableApi {
  readonly snooping: Snooping;
  readonly #store: NeighbourStore;

  /** @param snoopLimit greatest number of snooped entries, 0 = off */
  constructor(table: NeighbourTable, context: TableContext, snoopLimit = 0) {
    this.#store = new NeighbourStore(table, context);
    this.snooping = new Snooping(this.#store, snoopLimit, () => context.neighboursFull());
  }

  /** As with the FDB, an entry that was snooped gives way to one that is added. */
  set(request: NeighbourRequest): void {
    if (request.verb === 'add' && this.#store.find(request.dst, ORIGIN_OWN) >= 0) {
      throw new VtepError('ERR_VTEP_EXISTS', `File exists: ${request.dst} has an entry; use replace`, {
        errno: 'EEXIST',
        word: request.dst,
      });
    }
    if (request.verb === 'change' && this.#store.find(request.dst, OURS) < 0) throw absent(request.dst);
    this.#store.give(request);
  }

  delete(dst: string): void {
    const entry = this.#store.find(dst, OURS);
    if (entry < 0) throw absent(dst);
    this.#store.remove(entry);
  }

  flush(filter: { dst?: string; state?: string }): number {
    let flushed = 0;
    for (const entry of this.#store.table.entries()) {
      const described = this.#store.describe(entry);
      if (described.origin === 'kernel') continue;
      if (filter.dst !== undefined && filter.dst !== described.dst) continue;
      // As `ip neigh flush`: what is permanent or noarp goes only when its state is named.
      const wanted = filter.state ?? (LASTING.includes(described.state) ? undefined : described.state);
      if (wanted !== described.state) continue;
      this.#store.remove(entry);
      flushed++;
    }
    return flushed;
  }

  get(dst: string): NeighbourEntry | undefined {
    const entry = this.#store.find(dst);
    return entry < 0 ? undefined : this.#store.describe(entry);
  }

  list(): NeighbourEntry[] {
    return Array.from(this.#store.table.entries(), (entry) => this.#store.describe(entry));
  }

  mirror(entry: Omit<NeighbourEntry, 'origin' | 'used' | 'updated'>): void {
    if (entry.lladdr === undefined) return this.unmirror(entry.dst);
    this.#store.mirror({ ...entry, lladdr: entry.lladdr });
  }

  unmirror(dst: string): void {
    this.#store.unmirror(dst);
  }

  mirrored(): string[] {
    return this.#store.mirrored();
  }

  /** Addresses of every neighbour with its MAC, until `visit` returns true. */
  some(visit: (address: Int32Array, macHigh: number, macLow: number) => boolean): boolean {
    const { table } = this.#store;
    for (const entry of table.entries()) {
      if (visit(this.#store.address(entry), table.macHigh(entry), table.macLow(entry))) return true;
    }
    return false;
  }
}

function absent(dst: string): VtepError {
  return new VtepError(
    'ERR_VTEP_NO_ENTRY',
    `No such file or directory: ${dst} has no entry of this VTEP's own`,
    {
      errno: 'ENOENT',
      word: dst,
    },
  );
}
