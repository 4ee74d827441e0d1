/**
 * Entries of one VTEP's MDB: what control knows of them, and what of that the data plane reads (table/mdb.ts). Each
 * change is told once a remote (vxlan_mdb_remote_notify). The verbs are in mdb.ts.
 *
 *   (*, G)  exclude S1   remote A     ->  table: A
 *   (S1, G) include      A, blocked   ->  table: NOBODY
 */
import { type MdbTable, NOBODY } from '../table/mdb.js';
import { formatAddress } from '../wire/text.js';
import type { TableContext } from './context.js';
import type { EntryRemotes } from './entry-remotes.js';
import type { RemoteKey } from './fdb-store.js';
import type { MdbAddresses } from './mdb-checks.js';
import type { MdbEntry, MdbFilterMode, MdbRemote } from './types.js';
import { isAny } from './words.js';

/** One destination of an entry. */
export interface Member {
  key: RemoteKey;
  /** In RemoteTable, a reference held. */
  index: number;
  filterMode: MdbFilterMode;
  /** Newest first. */
  sources: Int32Array[];
  protocol: number;
  blocked: boolean;
}

/** What a destination is given anew. */
export type MemberSettings = Omit<Member, 'index' | 'sources'>;

export interface GroupEntry extends MdbAddresses {
  vni: number;
  /** Newest first. */
  members: Member[];
  /** In MdbTable; -1 before the first member. */
  entry: number;
}

export class MdbStore {
  readonly remotes: EntryRemotes;
  readonly #table: MdbTable;
  readonly #context: TableContext;
  /** Oldest first, as a Map keeps them. */
  readonly #entries = new Map<string, GroupEntry>();

  constructor(table: MdbTable, remotes: EntryRemotes, context: TableContext) {
    this.#table = table;
    this.remotes = remotes;
    this.#context = context;
  }

  find({ group, source }: MdbAddresses, vni: number): GroupEntry | undefined {
    return this.#entries.get(keyOf(group, source, vni));
  }

  /** Newest first. */
  entries(): GroupEntry[] {
    return [...this.#entries.values()].reverse();
  }

  /** Takes a place in the order; the data plane sees the entry with its first member. */
  reserve({ group, source }: MdbAddresses, vni: number): GroupEntry {
    const known = this.find({ group, source }, vni);
    if (known !== undefined) return known;
    const entry: GroupEntry = { group, source, vni, members: [], entry: -1 };
    this.#entries.set(keyOf(group, source, vni), entry);
    return entry;
  }

  /** Adds a member as the newest, or gives the one there is everything anew but its sources. Not told yet. */
  put(entry: GroupEntry, settings: MemberSettings): Member {
    const index = this.remotes.intern(settings.key);
    let member = memberOf(entry, settings.key.address);
    if (member === undefined) {
      member = { ...settings, index, sources: [] };
      entry.members.unshift(member);
      this.#publish(entry);
      return member;
    }
    const before = member.index;
    Object.assign(member, settings, { index });
    this.#publish(entry);
    this.remotes.release(before);
    return member;
  }

  /** Takes a member out, and the entry with its last. Told before. */
  drop(entry: GroupEntry, member: Member): void {
    entry.members.splice(entry.members.indexOf(member), 1);
    this.#publish(entry);
    this.remotes.release(member.index);
  }

  tell(action: 'new' | 'del', entry: GroupEntry, member: Member): void {
    const { remotes: _remotes, ...described } = this.describe(entry);
    this.#context.emit({
      type: 'mdb',
      action,
      dev: this.#context.dev,
      entry: described,
      remote: this.#describeMember(member),
    });
  }

  describe({ group, source, vni, members }: GroupEntry): MdbEntry {
    return {
      group: formatAddress(group),
      ...(isAny(source) ? {} : { source: formatAddress(source) }),
      ...(vni === this.#context.vni ? {} : { srcVni: vni }),
      remotes: members.map((member) => this.#describeMember(member)),
    };
  }

  #describeMember({ index, filterMode, sources, protocol, blocked }: Member): MdbRemote {
    return {
      ...this.remotes.describe(index),
      filterMode,
      sources: sources.map((source) => formatAddress(source)),
      protocol,
      blocked,
    };
  }

  /** Shows the data plane who wants the group: one store, or an entry that comes or goes. */
  #publish(entry: GroupEntry): void {
    const before = entry.entry < 0 ? NOBODY : this.#table.remotes(entry.entry);
    if (entry.members.length === 0) this.#withdraw(entry);
    else if (entry.entry < 0) this.#introduce(entry);
    else this.#table.setRemotes(entry.entry, this.#wanting(entry));
    if (before < 0) this.remotes.lists.free(~before);
  }

  #introduce(entry: GroupEntry): void {
    entry.entry = this.#table.insert(entry.group, entry.source, entry.vni, this.#wanting(entry));
    if (this.#table.count === 1) this.#context.multicastChanged();
  }

  #withdraw(entry: GroupEntry): void {
    this.#entries.delete(keyOf(entry.group, entry.source, entry.vni));
    if (entry.entry < 0) return;
    this.#table.remove(entry.entry);
    if (this.#table.count === 0) this.#context.multicastChanged();
  }

  /** Remotes word of the members that frames of the entry go to (vxlan_mdb_xmit). */
  #wanting({ group, source, members }: GroupEntry): number {
    const isStarG = !isAny(group) && isAny(source);
    const wanting = members.filter(
      (member) => !member.blocked && !(isStarG && member.filterMode === 'include'),
    );
    if (wanting.length === 0) return NOBODY;
    const indexes = wanting.map((member) => member.index);
    return indexes.length === 1 ? indexes[0] : ~this.remotes.lists.create(indexes);
  }
}

/** The member of an address: there is one a destination, whatever its port, VNI and interface. */
export function memberOf(entry: GroupEntry, address: Int32Array): Member | undefined {
  return entry.members.find((member) => sameAddress(member.key.address, address));
}

export function sameAddress(a: Int32Array, b: Int32Array): boolean {
  return a.every((word, i) => word === b[i]);
}

function keyOf(group: Int32Array, source: Int32Array, vni: number): string {
  return `${group.join()} ${source.join()} ${vni}`;
}
