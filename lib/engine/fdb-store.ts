/**
 * Entries of one VTEP's FDB: made, changed and removed as the kernel does it, each change told once a remote
 * (vxlan_fdb_create, vxlan_fdb_update_existing, vxlan_fdb_destroy, vxlan_fdb_notify). The verbs are in forwarding.ts.
 */
import { VtepError } from '../errors.js';
import { type FdbTable, FLAG_EXT_LEARNED, FLAG_LEARNED } from '../table/fdb.js';
import type { RemoteLists } from '../table/remote-list.js';
import type { RemoteTable } from '../table/remote.js';
import type { Mac } from '../wire/text.js';
import type { TableContext } from './context.js';
import { EntryRemotes } from './entry-remotes.js';
import { describeEntry } from './fdb-description.js';
import { FdbGroups } from './fdb-groups.js';
import { PeerCensus, type Standing } from './peer-census.js';
import type { FdbEntry } from './types.js';

/** A remote before it is interned: address words, port (0 = the device's), VNI (-1 = the device's), ifindex (0 = any). */
export interface RemoteKey {
  address: Int32Array;
  port: number;
  vni: number;
  ifindex: number;
}

/** What becomes of an entry that exists. */
export interface Update {
  /** 'append': a remote more; 'replace': another first one; 'keep': the remotes stay. */
  remotes: 'append' | 'replace' | 'keep';
  /** NTF_USE: the entry counts as heard of now. */
  use: boolean;
}

export class FdbStore {
  readonly table: FdbTable;
  readonly remotes: EntryRemotes;
  readonly census: PeerCensus;
  readonly groups: FdbGroups;
  readonly #context: TableContext;

  constructor(table: FdbTable, remotes: RemoteTable, lists: RemoteLists, context: TableContext) {
    this.table = table;
    this.#context = context;
    this.remotes = new EntryRemotes(table, remotes, lists, context);
    this.groups = new FdbGroups(table, this.remotes);
    this.census = new PeerCensus(remotes);
  }

  /** What every entry says of peers. */
  *standings(): Generator<Standing> {
    for (const entry of this.table.entries()) yield this.#standing(entry);
  }

  /** Makes an entry; -1 when maxaddress is reached. */
  insert(mac: Mac, vni: number, remote: RemoteKey, state: number, flags: number): number {
    const index = this.remotes.intern(remote);
    const entry = this.table.insert(mac.high, mac.low, vni, index, state, flags, this.#context.clock.now());
    if (entry < 0) {
      this.remotes.release(index);
      return entry;
    }
    if (this.census.isEnabled) this.census.add(this.#standing(entry));
    this.tell('new', entry, index);
    return entry;
  }

  /** As insert, but a full table is an error: ENOSPC. */
  create(mac: Mac, vni: number, remote: RemoteKey, state: number, flags: number): void {
    if (this.insert(mac, vni, remote, state, flags) < 0) throw this.#full();
  }

  /** Makes an entry that refers to a nexthop group. */
  createGrouped(mac: Mac, vni: number, nhid: number, state: number, flags: number): void {
    const word = this.groups.wordFor(nhid, this.#context.gateways(nhid));
    const entry = this.table.insert(mac.high, mac.low, vni, word, state, flags, this.#context.clock.now());
    if (entry < 0) {
      this.groups.abandon(nhid);
      throw this.#full();
    }
    this.groups.attach(entry, nhid);
    this.tell('new', entry, -1);
  }

  #full(): VtepError {
    return new VtepError(
      'ERR_VTEP_LIMIT',
      `No space left on device: maxaddress ${this.table.limit} is reached; remove entries or make the device anew with a greater maxaddress`,
      { errno: 'ENOSPC' },
    );
  }

  /**
   * Changes an entry (vxlan_fdb_update_existing). What does not change is neither told nor stamped. An externally
   * learned update does not take over the state of an entry that a user gave.
   */
  update(entry: number, update: Update, remote: RemoteKey, state: number, flags: number): void {
    const { table, remotes } = this;
    let changed = false;
    const index = this.#counted(entry, () => {
      changed = this.#setState(entry, state, flags);
      if (update.remotes === 'append') return remotes.append(entry, remote);
      return update.remotes === 'replace' ? remotes.replaceFirst(entry, remote) : -1;
    });
    if (update.use) table.touchUpdated(entry, this.#context.clock.now());
    if (index >= 0 || changed) this.tell('new', entry, index >= 0 ? index : this.#first(entry));
  }

  /** As update, for an entry that refers to a nexthop group: it shall refer to `nhid`. */
  updateGrouped(entry: number, nhid: number, state: number, flags: number): void {
    const { table, groups } = this;
    const before = groups.of(entry);
    const word = before === nhid ? undefined : groups.wordFor(nhid, this.#context.gateways(nhid));
    const changed = this.#setState(entry, state, flags);
    if (word !== undefined) {
      table.setRemotes(entry, word);
      groups.detach(entry);
      groups.attach(entry, nhid);
    }
    if (word !== undefined || changed) this.tell('new', entry, -1);
  }

  /** The entries of a nexthop group that is no more go with it, and nobody is told, as by the kernel. */
  dropGroup(nhid: number): void {
    for (const entry of this.groups.entriesOf(nhid)) this.#remove(entry);
  }

  /** Gives an entry its state and flags. True when they are other ones. */
  #setState(entry: number, state: number, flags: number): boolean {
    const { table } = this;
    const byUser = (table.flags(entry) & (FLAG_LEARNED | FLAG_EXT_LEARNED)) === 0;
    if (((flags & FLAG_EXT_LEARNED) !== 0 && byUser) || this.#is(entry, state, flags)) return false;
    table.setState(entry, state);
    table.setFlags(entry, flags);
    table.touchUpdated(entry, this.#context.clock.now());
    return true;
  }

  /** First remote of an entry, -1 with a nexthop group. */
  #first(entry: number): number {
    return this.groups.of(entry) === undefined ? this.table.firstRemote(entry, this.remotes.lists) : -1;
  }

  /** Removes an entry: one message a remote. */
  destroy(entry: number): void {
    if (this.groups.of(entry) !== undefined) this.tell('del', entry, -1);
    for (const index of this.remotes.of(entry)) this.tell('del', entry, index);
    this.#remove(entry);
  }

  #remove(entry: number): void {
    this.#counted(entry, () => this.remotes.destroy(entry));
    if (this.groups.of(entry) !== undefined) this.groups.detach(entry);
    this.#context.removed();
  }

  /** Drops the remotes that match; the entry dies with its last. True when any went. */
  dropRemotes(entry: number, matches: (index: number) => boolean): boolean {
    const all = this.remotes.of(entry);
    const kept = all.filter((index) => !matches(index));
    if (kept.length === all.length) return false;
    if (kept.length === 0) {
      this.destroy(entry);
      return true;
    }
    const keeps = new Set(kept);
    for (const index of all) if (!keeps.has(index)) this.tell('del', entry, index);
    this.#counted(entry, () => this.remotes.keep(entry, kept));
    return true;
  }

  /** The entry's MAC moved (vxlan_snoop): its first remote has another address or port. -1 when nothing changes. */
  move(entry: number, address: Int32Array, ifindex: number, port: number | undefined): number {
    return this.#counted(entry, () => this.remotes.moveFirst(entry, address, ifindex, port));
  }

  describe(entry: number): FdbEntry {
    return {
      ...this.#describe(entry),
      remotes: this.remotes.of(entry).map((index) => this.remotes.describe(index)),
    };
  }

  /** One message about one remote, or with -1 about the entry's nexthop group, as vxlan_fdb_notify. */
  tell(action: 'new' | 'del', entry: number, index: number): void {
    this.#context.emit({
      type: 'fdb',
      action,
      dev: this.#context.dev,
      entry: this.#describe(entry),
      remote: index < 0 ? undefined : this.remotes.describe(index),
    });
  }

  /** Acts on an entry and keeps the census right; what stays is never forgotten in between. */
  #counted<T>(entry: number, act: () => T): T {
    const { census } = this;
    if (!census.isEnabled) return act();
    const before = this.#standing(entry);
    const result = act();
    if (this.table.has(entry)) census.add(this.#standing(entry));
    census.remove(before);
    return result;
  }

  #standing(entry: number): Standing {
    return {
      learned: (this.table.flags(entry) & FLAG_LEARNED) !== 0,
      peers: this.remotes.of(entry).map((index) => this.remotes.address(index)),
    };
  }

  #describe(entry: number): Omit<FdbEntry, 'remotes'> {
    const nhid = this.groups.of(entry);
    return { ...describeEntry(this.table, entry, this.#context), ...(nhid === undefined ? {} : { nhid }) };
  }

  #is(entry: number, state: number, flags: number): boolean {
    return this.table.state(entry) === state && this.table.flags(entry) === flags;
  }
}
