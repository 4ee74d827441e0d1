/**
 * The verbs of `ip neigh` on a VTEP's own neighbour table, which the proxy and the short-circuit read. Entries are
 * given to the VTEP ('own') or mirrored from the host's table for the interface ('kernel'); an own entry is never
 * overridden by the mirror, and hides a mirrored one until it goes.
 */
import { VtepError } from '../errors.js';
import {
  NTF_EXT_LEARNED,
  NTF_ROUTER,
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  type NeighbourTable,
  ORIGIN_KERNEL,
  ORIGIN_OWN,
} from '../table/neighbour.js';
import { formatAddress, formatMac } from '../wire/text.js';
import type { NeighbourTableApi } from './api.js';
import { secondsSince } from './clock.js';
import type { TableContext } from './context.js';
import type { NeighbourEntry, NeighbourRequest, NeighbourStateName } from './types.js';
import { addressWords, macWords } from './words.js';

const STATES: Record<NeighbourStateName, number> = {
  permanent: NUD_PERMANENT,
  noarp: NUD_NOARP,
  reachable: NUD_REACHABLE,
  stale: NUD_STALE,
  delay: NUD_DELAY,
  probe: NUD_PROBE,
  incomplete: NUD_INCOMPLETE,
  failed: NUD_FAILED,
};
const NAMES = new Map(Object.entries(STATES).map(([name, bit]) => [bit, name as NeighbourStateName]));

const LASTING: readonly NeighbourStateName[] = ['permanent', 'noarp'];

export class Neighbours implements NeighbourTableApi {
  readonly #table: NeighbourTable;
  readonly #context: TableContext;
  /** Mirrored entries that an own one stands in front of, by address. */
  readonly #hidden = new Map<string, Omit<NeighbourRequest, 'verb'>>();

  constructor(table: NeighbourTable, context: TableContext) {
    this.#table = table;
    this.#context = context;
  }

  set(request: NeighbourRequest): void {
    const own = this.#find(request.dst, ORIGIN_OWN) >= 0;
    if (request.verb === 'add' && own) {
      throw new VtepError('ERR_VTEP_EXISTS', `File exists: ${request.dst} has an entry; use replace`, {
        errno: 'EEXIST',
        word: request.dst,
      });
    }
    if (request.verb === 'change' && !own) throw absent(request.dst);
    const mirrored = this.get(request.dst);
    this.#put(request, ORIGIN_OWN);
    if (mirrored?.lladdr !== undefined && mirrored.origin === 'kernel') {
      this.#hidden.set(mirrored.dst, { ...mirrored, lladdr: mirrored.lladdr });
    }
  }

  delete(dst: string): void {
    const entry = this.#find(dst, ORIGIN_OWN);
    if (entry < 0) throw absent(dst);
    this.#removeOwn(entry);
  }

  flush(filter: { dst?: string; state?: string }): number {
    let flushed = 0;
    for (const entry of this.#table.entries()) {
      const described = this.#describe(entry);
      if (described.origin !== 'own') continue;
      if (filter.dst !== undefined && filter.dst !== described.dst) continue;
      // As `ip neigh flush`: what is permanent or noarp goes only when its state is named.
      const wanted = filter.state ?? (LASTING.includes(described.state) ? undefined : described.state);
      if (wanted !== described.state) continue;
      this.#removeOwn(entry);
      flushed++;
    }
    return flushed;
  }

  get(dst: string): NeighbourEntry | undefined {
    const entry = this.#find(dst);
    return entry < 0 ? undefined : this.#describe(entry);
  }

  list(): NeighbourEntry[] {
    return Array.from(this.#table.entries(), (entry) => this.#describe(entry));
  }

  mirror(entry: Omit<NeighbourEntry, 'origin' | 'used' | 'updated'>): void {
    if (entry.lladdr === undefined) return this.unmirror(entry.dst);
    const mirrored = { ...entry, lladdr: entry.lladdr };
    const own = this.#find(entry.dst, ORIGIN_OWN);
    if (own >= 0) this.#hidden.set(this.#describe(own).dst, mirrored);
    else this.#put(mirrored, ORIGIN_KERNEL);
  }

  unmirror(dst: string): void {
    this.#hidden.delete(formatAddress(addressWords(dst, 'neighbour')));
    const entry = this.#find(dst, ORIGIN_KERNEL);
    if (entry >= 0) this.#remove(entry);
  }

  /** Addresses of every neighbour with its MAC, until `visit` returns true. */
  some(visit: (address: Int32Array, macHigh: number, macLow: number) => boolean): boolean {
    const table = this.#table;
    for (const entry of table.entries()) {
      if (visit(this.#address(entry), table.macHigh(entry), table.macLow(entry))) return true;
    }
    return false;
  }

  #put(request: Omit<NeighbourRequest, 'verb'>, origin: number): void {
    const words = addressWords(request.dst, 'neighbour');
    const mac = macWords(request.lladdr, 'lladdr');
    const flags = origin | (request.router ? NTF_ROUTER : 0) | (request.externLearn ? NTF_EXT_LEARNED : 0);
    const entry = this.#table.set(
      words[0],
      words[1],
      words[2],
      words[3],
      mac.high,
      mac.low,
      STATES[request.state ?? 'permanent'],
      flags,
      this.#context.clock.now(),
    );
    if (entry < 0) {
      throw new VtepError(
        'ERR_VTEP_LIMIT',
        `No space left on device: the neighbour table is full at ${this.#table.limit} entries`,
        {
          errno: 'ENOSPC',
        },
      );
    }
    this.#tell('new', entry);
  }

  /** What the own entry hid comes to light. */
  #removeOwn(entry: number): void {
    const { dst } = this.#describe(entry);
    const hidden = this.#hidden.get(dst);
    this.#hidden.delete(dst);
    this.#remove(entry);
    if (hidden !== undefined) this.#put(hidden, ORIGIN_KERNEL);
  }

  #remove(entry: number): void {
    const described = this.#describe(entry);
    this.#table.remove(entry);
    this.#context.emit({ type: 'neigh', action: 'del', dev: this.#context.dev, entry: described });
    this.#context.routersChanged();
  }

  #tell(action: 'new' | 'del', entry: number): void {
    this.#context.emit({ type: 'neigh', action, dev: this.#context.dev, entry: this.#describe(entry) });
    this.#context.routersChanged();
  }

  /** Entry of an address, of the given origin if one is given; -1 when there is none. */
  #find(dst: string, origin?: number): number {
    const words = addressWords(dst, 'neighbour');
    const entry = this.#table.find(words[0], words[1], words[2], words[3]);
    if (entry < 0 || origin === undefined) return entry;
    return (this.#table.flags(entry) & origin) !== 0 ? entry : -1;
  }

  #describe(entry: number): NeighbourEntry {
    const table = this.#table;
    const flags = table.flags(entry);
    const now = this.#context.clock.now();
    return {
      dst: formatAddress(this.#address(entry)),
      lladdr: formatMac(table.macHigh(entry), table.macLow(entry)),
      state: NAMES.get(table.state(entry)) ?? 'stale',
      router: (flags & NTF_ROUTER) !== 0,
      externLearn: (flags & NTF_EXT_LEARNED) !== 0,
      origin: (flags & ORIGIN_OWN) !== 0 ? 'own' : 'kernel',
      used: secondsSince(table.used(entry), now),
      updated: secondsSince(table.updated(entry), now),
    };
  }

  #address(entry: number): Int32Array {
    const table = this.#table;
    return Int32Array.of(
      table.address0(entry),
      table.address1(entry),
      table.address2(entry),
      table.address3(entry),
    );
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
