/**
 * The verbs of `bridge mdb` on one VTEP, with the kernel's verdicts (vxlan_mdb_add, vxlan_mdb_del, vxlan_mdb_del_bulk):
 * an entry is a group, with or without a source, and has one remote for each destination address. A source listed with
 * a (*, G) remote makes an (S, G) entry of its own, which comes, changes and goes with the list.
 */
import { VtepError } from '../errors.js';
import type { MulticastDatabase } from './api.js';
import type { TableContext } from './context.js';
import type { EntryRemotes } from './entry-remotes.js';
import { checkFilter, checkScope, keyAddresses, type MdbAddresses, PROTOCOL_STATIC } from './mdb-checks.js';
import {
  type GroupEntry,
  type Member,
  MdbStore,
  memberOf,
  type MemberSettings,
  sameAddress,
} from './mdb-store.js';
import type { MdbDelete, MdbEntry, MdbFlush, MdbKey, MdbRequest } from './types.js';
import type { MdbTable } from '../table/mdb.js';
import { formatAddress } from '../wire/text.js';
import { addressWords, isAny } from './words.js';

export class Multicast implements MulticastDatabase {
  readonly #store: MdbStore;
  readonly #context: TableContext;

  constructor(table: MdbTable, remotes: EntryRemotes, context: TableContext) {
    this.#store = new MdbStore(table, remotes, context);
    this.#context = context;
  }

  set(request: MdbRequest): void {
    const addresses = keyAddresses(request);
    checkScope(addresses, request.group);
    const sources = checkFilter(request, addresses);
    const isSg = !isAny(addresses.source);
    const settings: MemberSettings = {
      key: this.#store.remotes.parse(request),
      filterMode: request.filterMode ?? (isSg ? 'include' : 'exclude'),
      protocol: request.protocol ?? PROTOCOL_STATIC,
      blocked: false,
    };
    const vni = request.srcVni ?? this.#context.vni;
    if (request.verb === 'add') this.#refuseKnown(addresses, vni, settings, sources);
    this.#put(addresses, vni, settings, sources);
  }

  delete(request: MdbDelete): void {
    const addresses = keyAddresses(request);
    checkScope(addresses, request.group);
    const entry = this.#store.find(addresses, request.srcVni ?? this.#context.vni);
    if (entry === undefined) throw missing('Did not find MDB entry', request.group);
    const member = memberOf(entry, addressWords(request.dst, 'dst'));
    if (member === undefined) throw missing('Did not find MDB remote entry', request.dst);
    this.#drop(entry, member);
  }

  flush(filter: MdbFlush): number {
    const matches = this.#matcher(filter);
    let flushed = 0;
    for (const entry of this.#store.entries()) {
      if (filter.srcVni !== undefined && filter.srcVni !== entry.vni) continue;
      for (const member of [...entry.members]) {
        // An (S, G) remote goes with the (*, G) remote that lists it, if that came first.
        if (!entry.members.includes(member) || !matches(member)) continue;
        this.#drop(entry, member);
        flushed++;
      }
    }
    return flushed;
  }

  get(key: MdbKey): MdbEntry | undefined {
    const entry = this.#store.find(keyAddresses(key), key.srcVni ?? this.#context.vni);
    return entry && this.#store.describe(entry);
  }

  list(): MdbEntry[] {
    return this.#store.entries().map((entry) => this.#store.describe(entry));
  }

  /** `add` changes nothing that is there: neither the remote nor, for a source of its list, an (S, G) remote. */
  #refuseKnown(addresses: MdbAddresses, vni: number, { key }: MemberSettings, sources: Int32Array[]): void {
    const keys = [addresses, ...sources.map((source) => ({ group: addresses.group, source }))];
    for (const known of keys) {
      const entry = this.#store.find(known, vni);
      if (entry === undefined || memberOf(entry, key.address) === undefined) continue;
      const dst = formatAddress(key.address);
      throw new VtepError(
        'ERR_VTEP_EXISTS',
        `Replace not specified and MDB remote entry already exists: ${dst} is a remote of ${describeKey(known)}; use replace`,
        { errno: 'EEXIST', word: dst },
      );
    }
    sources.forEach((source, i) => {
      if (!sources.slice(0, i).some((other) => sameAddress(other, source))) return;
      const word = formatAddress(source);
      throw new VtepError('ERR_VTEP_EXISTS', `Source entry already exists: ${word} is listed twice`, {
        errno: 'EEXIST',
        word,
      });
    });
  }

  /** Adds or replaces a remote and then makes its (S, G) entries those of the list; the kernel tells of it last. */
  #put(addresses: MdbAddresses, vni: number, settings: MemberSettings, sources: Int32Array[]): void {
    const entry = this.#store.reserve(addresses, vni);
    const member = this.#store.put(entry, settings);
    const gone = member.sources.filter((old) => !sources.some((source) => sameAddress(source, old)));
    for (const source of sources) {
      if (!member.sources.some((known) => sameAddress(known, source))) member.sources.unshift(source);
      this.#put(
        { group: entry.group, source },
        vni,
        { ...settings, filterMode: 'include', blocked: settings.filterMode === 'exclude' },
        [],
      );
    }
    member.sources = member.sources.filter((source) => !gone.includes(source));
    for (const source of gone) this.#dropSource(entry, source, member);
    this.#store.tell('new', entry, member);
  }

  /** Told first, then its (S, G) entries go. */
  #drop(entry: GroupEntry, member: Member): void {
    this.#store.tell('del', entry, member);
    this.#store.drop(entry, member);
    for (const source of member.sources) this.#dropSource(entry, source, member);
  }

  /** The (S, G) remote that a listed source made, unless somebody removed it by hand. */
  #dropSource({ group, vni }: GroupEntry, source: Int32Array, { key }: Member): void {
    const entry = this.#store.find({ group, source }, vni);
    const member = entry && memberOf(entry, key.address);
    if (entry !== undefined && member !== undefined) this.#drop(entry, member);
  }

  /** Zero stands for "any" in a filter, as in the kernel. */
  #matcher(filter: MdbFlush): (member: Member) => boolean {
    const { port, vni } = this.#context;
    const address = filter.dst === undefined ? undefined : addressWords(filter.dst, 'dst');
    return ({ key, protocol }) =>
      (address === undefined || sameAddress(key.address, address)) &&
      (!filter.vni || (key.vni < 0 ? vni : key.vni) === filter.vni) &&
      (!filter.port || (key.port || port) === filter.port) &&
      (!filter.protocol || protocol === filter.protocol);
  }
}

function describeKey({ group, source }: MdbAddresses): string {
  return `(${isAny(source) ? '*' : formatAddress(source)}, ${formatAddress(group)})`;
}

function missing(message: string, word: string): VtepError {
  return new VtepError('ERR_VTEP_NO_ENTRY', message, { errno: 'ENOENT', word });
}
