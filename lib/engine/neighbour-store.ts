/**
 * The neighbours of one VTEP and who may change them. Each address has one entry that counts; those behind it come to light
 * when it goes:
 *
 *   own        given to the VTEP                            before all others
 *   kernel     mirrored from the host's table               before a snooped one while the host relies on it (NUD_CONNECTED)
 *   snooped    seen by the data plane                       forgotten, not hidden, where another takes its place
 */
import { VtepError } from '../errors.js';
import {
  NTF_EXT_LEARNED,
  NTF_ROUTER,
  NUD_CONNECTED,
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
  ORIGIN_SNOOPED,
} from '../table/neighbour.js';
import { formatAddress, formatMac, type Mac } from '../wire/text.js';
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

type Given = Omit<NeighbourRequest, 'verb'>;

export class NeighbourStore {
  readonly table: NeighbourTable;
  readonly #context: TableContext;
  /** Mirrored entries that another one stands in front of, by address. */
  readonly #hidden = new Map<string, Given>();
  #snooped = 0;
  /** Called when `snooped` has another value. */
  snoopedChanged = (): void => {};

  constructor(table: NeighbourTable, context: TableContext) {
    this.table = table;
    this.#context = context;
  }

  /** How many entries the data plane taught. */
  get snooped(): number {
    return this.#snooped;
  }

  get now(): number {
    return this.#context.clock.now();
  }

  /** Entry of an address, of one of the given origins if any are given; -1 when there is none. */
  find(dst: string, origins?: number): number {
    const words = addressWords(dst, 'neighbour');
    const entry = this.table.find(words[0], words[1], words[2], words[3]);
    if (entry < 0 || origins === undefined) return entry;
    return (this.table.flags(entry) & origins) !== 0 ? entry : -1;
  }

  /** Gives an address an own entry, in front of a mirrored one. */
  give(request: Given): void {
    const mirrored = this.#mirrored(this.find(request.dst));
    this.#put(request, ORIGIN_OWN);
    if (mirrored !== undefined) this.#hidden.set(mirrored.dst, mirrored);
  }

  /** What the host's table says of an address. */
  mirror(request: Given): void {
    const front = this.find(request.dst, ORIGIN_OWN | ORIGIN_SNOOPED);
    if (front >= 0 && this.#staysBefore(front, STATES[request.state ?? 'permanent'])) {
      this.#hidden.set(formatAddress(this.address(front)), request);
    } else {
      this.#hidden.delete(formatAddress(addressWords(request.dst, 'neighbour')));
      this.#put(request, ORIGIN_KERNEL);
    }
  }

  /** The host's table says nothing any more. */
  unmirror(dst: string): void {
    this.#hidden.delete(formatAddress(addressWords(dst, 'neighbour')));
    const entry = this.find(dst, ORIGIN_KERNEL);
    if (entry >= 0) this.#drop(entry);
  }

  /** Addresses of which the host's table has told, those behind another entry among them. */
  mirrored(): string[] {
    const shown = this.table.entries();
    const kernel = Array.from(shown, (entry) => this.#mirrored(entry)?.dst).filter(
      (dst) => dst !== undefined,
    );
    return [...kernel, ...this.#hidden.keys()];
  }

  /**
   * What the data plane saw; the caller knows that nothing goes before it.
   * @returns false when the table is full
   */
  snoop(words: Int32Array, mac: Mac, state: number, flags: number): boolean {
    const mirrored = this.#mirrored(this.table.find(words[0], words[1], words[2], words[3]));
    const entry = this.#set(words, mac, state, flags | ORIGIN_SNOOPED);
    if (entry < 0) return false;
    if (mirrored !== undefined) this.#hidden.set(mirrored.dst, mirrored);
    return true;
  }

  /** Takes an entry that is not mirrored away. What it hid comes to light. */
  remove(entry: number): void {
    const { dst } = this.describe(entry);
    const hidden = this.#hidden.get(dst);
    this.#hidden.delete(dst);
    this.#drop(entry);
    if (hidden !== undefined) this.#put(hidden, ORIGIN_KERNEL);
  }

  describe(entry: number): NeighbourEntry {
    const { table, now } = this;
    const flags = table.flags(entry);
    return {
      dst: formatAddress(this.address(entry)),
      lladdr: formatMac(table.macHigh(entry), table.macLow(entry)),
      state: NAMES.get(table.state(entry)) ?? 'stale',
      router: (flags & NTF_ROUTER) !== 0,
      externLearn: (flags & NTF_EXT_LEARNED) !== 0,
      origin: originOf(flags),
      used: secondsSince(table.used(entry), now),
      updated: secondsSince(table.updated(entry), now),
    };
  }

  address(entry: number): Int32Array {
    const { table } = this;
    return Int32Array.of(
      table.address0(entry),
      table.address1(entry),
      table.address2(entry),
      table.address3(entry),
    );
  }

  #staysBefore(front: number, state: number): boolean {
    return (this.table.flags(front) & ORIGIN_OWN) !== 0 || (state & NUD_CONNECTED) === 0;
  }

  /** An entry, if it is a mirrored one, as the mirror gave it. */
  #mirrored(entry: number): Given | undefined {
    if (entry < 0 || (this.table.flags(entry) & ORIGIN_KERNEL) === 0) return undefined;
    const { dst, lladdr, state, router, externLearn } = this.describe(entry);
    return { dst, lladdr: lladdr!, state, router, externLearn };
  }

  #put(request: Given, origin: number): void {
    const mac = macWords(request.lladdr, 'lladdr');
    const flags = origin | (request.router ? NTF_ROUTER : 0) | (request.externLearn ? NTF_EXT_LEARNED : 0);
    const words = addressWords(request.dst, 'neighbour');
    if (this.#set(words, mac, STATES[request.state ?? 'permanent'], flags) >= 0) return;
    throw new VtepError(
      'ERR_VTEP_LIMIT',
      `No space left on device: the neighbour table is full at ${this.table.limit} entries`,
      { errno: 'ENOSPC' },
    );
  }

  #set(words: Int32Array, mac: Mac, state: number, flags: number): number {
    const before = this.table.find(words[0], words[1], words[2], words[3]);
    const was = before < 0 ? 0 : this.table.flags(before) & ORIGIN_SNOOPED;
    const entry = this.table.set(
      words[0],
      words[1],
      words[2],
      words[3],
      mac.high,
      mac.low,
      state,
      flags,
      this.now,
    );
    if (entry < 0) return entry;
    this.#count(((flags & ORIGIN_SNOOPED) - was) / ORIGIN_SNOOPED);
    this.#tell('new', this.describe(entry));
    return entry;
  }

  #drop(entry: number): void {
    const described = this.describe(entry);
    const was = this.table.flags(entry) & ORIGIN_SNOOPED;
    this.table.remove(entry);
    this.#count(-was / ORIGIN_SNOOPED);
    this.#tell('del', described);
  }

  #count(change: number): void {
    this.#snooped += change;
    if (change !== 0) this.snoopedChanged();
  }

  #tell(action: 'new' | 'del', entry: NeighbourEntry): void {
    this.#context.emit({ type: 'neigh', action, dev: this.#context.dev, entry });
    this.#context.routersChanged();
  }
}

function originOf(flags: number): NeighbourEntry['origin'] {
  if ((flags & ORIGIN_OWN) !== 0) return 'own';
  return (flags & ORIGIN_SNOOPED) !== 0 ? 'snooped' : 'kernel';
}
