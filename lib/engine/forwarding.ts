/**
 * The verbs of `bridge fdb` on one VTEP, with the kernel's verdicts, odd ones included (vxlan_fdb_add,
 * vxlan_fdb_update, __vxlan_fdb_delete, vxlan_fdb_delete_bulk): an FdbTable holds the entries, this class decides.
 */
import { VtepError } from '../errors.js';
import {
  type FdbTable,
  FLAG_EXT_LEARNED,
  FLAG_LEARNED,
  FLAG_ROUTER,
  STATE_NOARP,
  STATE_PERMANENT,
  STATE_REACHABLE,
  STATE_STALE,
} from '../table/fdb.js';
import type { RemoteLists } from '../table/remote-list.js';
import type { RemoteTable } from '../table/remote.js';
import type { Mac } from '../wire/text.js';
import type { ForwardingDatabase } from './api.js';
import type { TableContext } from './context.js';
import { EntryRemotes } from './entry-remotes.js';
import { describeEntry, meetsFilter } from './fdb-description.js';
import type { FdbDelete, FdbEntry, FdbFlush, FdbRequest } from './types.js';
import { isGroupMac, isZeroMac, macWords } from './words.js';

const STATES = {
  permanent: STATE_PERMANENT,
  static: STATE_NOARP | STATE_REACHABLE,
  dynamic: STATE_REACHABLE,
} as const;

export class Forwarding implements ForwardingDatabase {
  readonly #table: FdbTable;
  readonly #remotes: EntryRemotes;
  readonly #context: TableContext;

  constructor(table: FdbTable, remotes: RemoteTable, lists: RemoteLists, context: TableContext) {
    this.#table = table;
    this.#context = context;
    this.#remotes = new EntryRemotes(table, remotes, lists, context);
  }

  set(request: FdbRequest): void {
    const mac = macWords(request.mac, 'address');
    const vni = request.srcVni ?? this.#context.vni;
    const remote = this.#remotes.parse(request);
    const state = STATES[request.state ?? 'permanent'];
    const flags = (request.router ? FLAG_ROUTER : 0) | (request.externLearn ? FLAG_EXT_LEARNED : 0);
    const group = isGroupMac(mac) || isZeroMac(mac);
    if (request.verb === 'replace' && group) {
      throw new VtepError('ERR_VTEP_UNSUPPORTED', 'Cannot replace non-unicast fdb entries', {
        errno: 'EOPNOTSUPP',
        word: request.mac,
      });
    }
    const entry = this.#table.find(mac.high, mac.low, vni);
    if (entry < 0) {
      this.#insert(mac, vni, remote, state, flags);
    } else if (request.verb === 'add') {
      throw new VtepError('ERR_VTEP_EXISTS', `File exists: ${request.mac} has an entry; use replace`, {
        errno: 'EEXIST',
        word: request.mac,
      });
    } else {
      this.#update(entry, request, group, remote, state, flags);
    }
    this.#context.routersChanged();
  }

  delete(request: FdbDelete): void {
    const mac = macWords(request.mac, 'address');
    const entry = this.#table.find(mac.high, mac.low, request.srcVni ?? this.#context.vni);
    if (entry < 0) throw noEntry(request.mac, 'No such file or directory');
    const dst = request.dst;
    if (dst === undefined || this.#remotes.isAnyAddress(dst)) {
      this.#destroy(entry);
    } else {
      // A remote that is not there is no error, as in the kernel.
      const key = this.#remotes.parse({ ...request, dst });
      this.#dropRemotes(entry, (index) => this.#remotes.equals(index, key));
    }
    this.#context.routersChanged();
  }

  flush(filter: FdbFlush): number {
    const byRemote = filter.vni !== undefined || filter.port !== undefined || filter.dst !== undefined;
    const remoteMatches = this.#remotes.matcher(filter);
    let flushed = 0;
    for (const entry of this.#table.entries()) {
      if (!meetsFilter(this.#table, entry, filter)) continue;
      if (!byRemote) {
        this.#destroy(entry);
        flushed++;
      } else if (this.#dropRemotes(entry, remoteMatches)) {
        flushed++;
      }
    }
    this.#context.routersChanged();
    return flushed;
  }

  get(mac: string, srcVni?: number): FdbEntry | undefined {
    const words = macWords(mac, 'address');
    const entry = this.#table.find(words.high, words.low, srcVni ?? this.#context.vni);
    return entry < 0 ? undefined : this.#describe(entry);
  }

  list(): FdbEntry[] {
    return Array.from(this.#table.entries(), (entry) => this.#describe(entry));
  }

  // --- what the device itself does --------------------------------------------------------------------

  /** Adds the default destination as a permanent all-zeros entry, or to the one there is. */
  addDefault(dst: string, ifindex: number): void {
    const remote = this.#remotes.parse({ dst });
    remote.ifindex = ifindex;
    const entry = this.#table.find(0, 0, this.#context.vni);
    if (entry < 0) this.#insert({ high: 0, low: 0 }, this.#context.vni, remote, STATE_PERMANENT, 0);
    else this.#append(entry, remote);
  }

  /** Takes a former default destination out of the all-zeros entry; those added by hand stay. */
  removeDefault(dst: string, ifindex: number): void {
    const entry = this.#table.find(0, 0, this.#context.vni);
    if (entry < 0) return;
    const key = this.#remotes.parse({ dst });
    key.ifindex = ifindex;
    this.#dropRemotes(entry, (index) => this.#remotes.equals(index, key));
  }

  /**
   * A worker saw a MAC behind an address (vxlan_snoop). The FDB may have changed since: looked at afresh.
   * @returns what came of it
   */
  learn(mac: Mac, address: Int32Array, ifindex: number): 'learned' | 'moved' | 'kept' {
    const { vni, clock } = this.#context;
    const table = this.#table;
    const entry = table.find(mac.high, mac.low, vni);
    if (entry < 0) {
      const remote = { address, port: 0, vni: -1, ifindex };
      try {
        this.#insert(mac, vni, remote, STATE_REACHABLE, FLAG_LEARNED);
      } catch (error) {
        // Over maxaddress: not learned, the frame was delivered all the same.
        if (error instanceof VtepError && error.code === 'ERR_VTEP_LIMIT') return 'kept';
        throw error;
      }
      return 'learned';
    }
    if ((table.state(entry) & (STATE_PERMANENT | STATE_NOARP)) !== 0) return 'kept';
    table.touchUpdated(entry, clock.now());
    if (!this.#remotes.moveFirst(entry, address, ifindex)) return 'kept';
    this.#tell('new', entry, this.#table.firstRemote(entry, this.#remotes.lists));
    return 'moved';
  }

  /**
   * Removes what aged out (vxlan_cleanup): entries neither permanent, static nor learned by a control plane, not
   * heard of for `ageing` ticks.
   * @returns how many went, and the ticks until the next entry may
   */
  age(ageing: number): { aged: number; next: number } {
    const now = this.#context.clock.now();
    const table = this.#table;
    let aged = 0;
    let next = ageing;
    for (const entry of table.entries()) {
      if ((table.state(entry) & (STATE_PERMANENT | STATE_NOARP)) !== 0) continue;
      if ((table.flags(entry) & FLAG_EXT_LEARNED) !== 0) continue;
      const left = ageing - ((now - table.updated(entry)) | 0);
      if (left > 0) {
        next = Math.min(next, left);
        continue;
      }
      table.setState(entry, STATE_STALE);
      this.#destroy(entry);
      aged++;
    }
    return { aged, next };
  }

  /** The interface went down (vxlan_stop): learned and dynamic entries go. */
  flushDynamic(): void {
    for (const entry of this.#table.entries()) {
      if ((this.#table.state(entry) & (STATE_PERMANENT | STATE_NOARP)) === 0) this.#destroy(entry);
    }
  }

  /** True when the MAC's entry is marked `router`. */
  isRouter(high: number, low: number): boolean {
    const entry = this.#table.find(high, low, this.#context.vni);
    return entry >= 0 && (this.#table.flags(entry) & FLAG_ROUTER) !== 0;
  }

  // --- entries ----------------------------------------------------------------------------------------

  #insert(mac: Mac, vni: number, remote: RemoteKey, state: number, flags: number): void {
    const index = this.#remotes.intern(remote);
    const entry = this.#table.insert(mac.high, mac.low, vni, index, state, flags, this.#context.clock.now());
    if (entry < 0) {
      this.#remotes.release(index);
      throw new VtepError(
        'ERR_VTEP_LIMIT',
        `No space left on device: maxaddress ${this.#table.limit} is reached; remove entries or make the device anew with a greater maxaddress`,
        { errno: 'ENOSPC' },
      );
    }
    this.#tell('new', entry, index);
  }

  /** append and replace on an entry that exists. */
  #update(
    entry: number,
    request: FdbRequest,
    group: boolean,
    remote: RemoteKey,
    state: number,
    flags: number,
  ): void {
    const table = this.#table;
    const now = this.#context.clock.now();
    const byUser = (table.flags(entry) & (FLAG_LEARNED | FLAG_EXT_LEARNED)) === 0;
    if (request.externLearn !== true || !byUser) {
      table.setState(entry, state);
      table.setFlags(entry, flags);
    }
    table.touchUpdated(entry, now);
    if (request.use === true) table.touchUsed(entry, now);
    if (request.verb === 'append' && group) {
      this.#append(entry, remote);
    } else if (request.verb === 'replace') {
      this.#remotes.replaceFirst(entry, remote);
      this.#tell('new', entry, table.firstRemote(entry, this.#remotes.lists));
    } else {
      // append on a unicast MAC adds no remote and says so to nobody, but state and flags have changed.
      this.#tell('new', entry, table.firstRemote(entry, this.#remotes.lists));
    }
  }

  #append(entry: number, remote: RemoteKey): void {
    const index = this.#remotes.append(entry, remote);
    if (index >= 0) this.#tell('new', entry, index);
  }

  #destroy(entry: number): void {
    for (const index of this.#remotes.of(entry)) this.#tell('del', entry, index);
    this.#remotes.destroy(entry);
  }

  /** Drops the remotes that match; the entry dies with its last. True when any went. */
  #dropRemotes(entry: number, matches: (index: number) => boolean): boolean {
    const all = this.#remotes.of(entry);
    const gone = all.filter(matches);
    if (gone.length === 0) return false;
    if (gone.length === all.length) {
      this.#destroy(entry);
      return true;
    }
    for (const index of gone) this.#tell('del', entry, index);
    this.#remotes.keep(
      entry,
      all.filter((index) => !gone.includes(index)),
    );
    return true;
  }

  #describe(entry: number): FdbEntry {
    return {
      ...describeEntry(this.#table, entry, this.#context),
      remotes: this.#remotes.of(entry).map((index) => this.#remotes.describe(index)),
    };
  }

  /** One message a remote, as vxlan_fdb_notify. */
  #tell(action: 'new' | 'del', entry: number, index: number): void {
    const remote = this.#remotes.describe(index);
    this.#context.emit({
      type: 'fdb',
      action,
      dev: this.#context.dev,
      entry: describeEntry(this.#table, entry, this.#context),
      remote,
    });
  }
}

/** A remote before it is interned: address words, port (0 = the device's), VNI (-1 = the device's), ifindex (0 = any). */
export interface RemoteKey {
  address: Int32Array;
  port: number;
  vni: number;
  ifindex: number;
}

function noEntry(word: string, text: string): VtepError {
  return new VtepError('ERR_VTEP_NO_ENTRY', `${text}: ${word} has no entry`, { errno: 'ENOENT', word });
}
