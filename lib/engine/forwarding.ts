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
} from '../table/fdb.js';
import type { RemoteLists } from '../table/remote-list.js';
import type { RemoteTable } from '../table/remote.js';
import type { Mac } from '../wire/text.js';
import type { ForwardingDatabase } from './api.js';
import type { TableContext } from './context.js';
import type { EntryRemotes } from './entry-remotes.js';
import { meetsFilter } from './fdb-description.js';
import { ageOut, FIXED, removeDynamic, removeLearned } from './fdb-expiry.js';
import { FdbStore, type RemoteKey } from './fdb-store.js';
import type { Gateway, NexthopUser } from './nexthops.js';
import type { FdbDelete, FdbEntry, FdbFlush, FdbRequest, LinkConfig } from './types.js';
import { isGroupMac, isZeroMac, macWords } from './words.js';

/** State bits as `bridge fdb` sends them: what it calls permanent is NOARP too, which `nostatic` and `nodynamic` see. */
const STATES = {
  permanent: STATE_NOARP | STATE_PERMANENT,
  static: STATE_NOARP | STATE_REACHABLE,
  dynamic: STATE_REACHABLE,
} as const;
/** Of the entry that `remote` or `group` makes. */
const DEFAULT_STATE = STATE_PERMANENT | STATE_REACHABLE;
const ZERO: Mac = { high: 0, low: 0 };

export class Forwarding implements ForwardingDatabase, NexthopUser {
  readonly #store: FdbStore;
  readonly #table: FdbTable;
  readonly #context: TableContext;

  constructor(table: FdbTable, remotes: RemoteTable, lists: RemoteLists, context: TableContext) {
    this.#table = table;
    this.#context = context;
    this.#store = new FdbStore(table, remotes, lists, context);
  }

  /** Remotes of this VTEP, which the MDB shares. */
  get remotes(): EntryRemotes {
    return this.#store.remotes;
  }

  set(request: FdbRequest): void {
    const mac = macWords(request.mac, 'address');
    const vni = request.srcVni ?? this.#context.vni;
    const remote = this.#remoteOf(request);
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
      if (typeof remote === 'number') this.#store.createGrouped(mac, vni, remote, state, flags);
      else this.#store.create(mac, vni, remote, state, flags);
    } else if (request.verb === 'add' && !this.#yields(entry)) {
      throw new VtepError('ERR_VTEP_EXISTS', `File exists: ${request.mac} has an entry; use replace`, {
        errno: 'EEXIST',
        word: request.mac,
      });
    } else if (typeof remote === 'number') {
      this.#setGroup(entry, request, remote, state, flags);
    } else {
      // append on a unicast MAC adds no remote and is no error, but state and flags change.
      const verb = request.verb === 'add' ? 'replace' : request.verb;
      const remotes = verb === 'append' && !group ? 'keep' : verb;
      this.#store.update(entry, { remotes, use: request.use === true }, remote, state, flags);
    }
    this.#context.routersChanged();
  }

  /** The destination of a request: a remote, or the id of a nexthop group. */
  #remoteOf(request: FdbRequest): RemoteKey | number {
    const { nhid, dst, port, vni, via } = request;
    if (nhid === undefined) {
      if (dst !== undefined) return this.#store.remotes.parse({ ...request, dst });
      throw new VtepError('ERR_VTEP_ARGUMENT', `${request.mac} needs a destination: "dst" or "nhid"`, {
        errno: 'EINVAL',
        word: request.mac,
      });
    }
    if ((dst ?? port ?? vni ?? via) === undefined) return nhid;
    throw new VtepError('ERR_VTEP_ARGUMENT', 'DST, VNI, ifindex and port are mutually exclusive with NH_ID', {
      errno: 'EINVAL',
      word: String(nhid),
    });
  }

  #setGroup(entry: number, { verb, mac }: FdbRequest, nhid: number, state: number, flags: number): void {
    const refuse = (message: string): VtepError =>
      new VtepError('ERR_VTEP_UNSUPPORTED', message, { errno: 'EOPNOTSUPP', word: mac });
    if (this.#store.groups.of(entry) === undefined) {
      throw refuse('Cannot replace an existing non nexthop fdb with a nexthop');
    }
    if (verb === 'append') throw refuse('Cannot append to a nexthop fdb');
    this.#store.updateGrouped(entry, nhid, state, flags);
  }

  delete(request: FdbDelete): void {
    const mac = macWords(request.mac, 'address');
    const entry = this.#table.find(mac.high, mac.low, request.srcVni ?? this.#context.vni);
    if (entry < 0) {
      throw new VtepError('ERR_VTEP_NO_ENTRY', `No such file or directory: ${request.mac} has no entry`, {
        errno: 'ENOENT',
        word: request.mac,
      });
    }
    const { remotes } = this.#store;
    const { dst } = request;
    if (dst === undefined || remotes.isAnyAddress(dst)) {
      this.#store.destroy(entry);
    } else {
      // A remote that is not there is no error, as in the kernel.
      const key = remotes.parse({ ...request, dst });
      this.#store.dropRemotes(entry, (index) => remotes.isMeant(index, key));
    }
    this.#context.unlearn();
    this.#context.routersChanged();
  }

  flush(filter: FdbFlush): number {
    const byRemote = filter.vni !== undefined || filter.port !== undefined || filter.dst !== undefined;
    const remoteMatches = this.#store.remotes.matcher(filter);
    let flushed = 0;
    for (const entry of this.#table.entries()) {
      if (!meetsFilter(this.#table, entry, filter)) continue;
      if (filter.nhid !== undefined && filter.nhid !== this.#store.groups.of(entry)) continue;
      if (!byRemote) {
        this.#store.destroy(entry);
        flushed++;
      } else if (this.#store.dropRemotes(entry, (index) => remoteMatches(index, entry))) {
        flushed++;
      }
    }
    if (flushed > 0) this.#context.unlearn();
    this.#context.routersChanged();
    return flushed;
  }

  get(mac: string, srcVni?: number): FdbEntry | undefined {
    const words = macWords(mac, 'address');
    const entry = this.#table.find(words.high, words.low, srcVni ?? this.#context.vni);
    return entry < 0 ? undefined : this.#store.describe(entry);
  }

  list(): FdbEntry[] {
    return Array.from(this.#table.entries(), (entry) => this.#store.describe(entry));
  }

  // --- nexthop groups ---------------------------------------------------------------------------------

  get family(): 4 | 6 {
    return this.#context.family;
  }

  usesNexthop(id: number): boolean {
    return this.#store.groups.has(id);
  }

  nexthopChanged(id: number, gateways: readonly Gateway[]): void {
    if (gateways.length > 0) this.#store.groups.change(id, gateways);
    else this.#store.dropGroup(id);
  }

  // --- what the device itself does --------------------------------------------------------------------

  /** Adds the default destination as a permanent all-zeros entry, or to the one there is, which becomes permanent. */
  addDefault(dst: string, ifindex: number, vni = this.#context.vni): void {
    const remote = { ...this.#store.remotes.parse({ dst }), ifindex };
    const entry = this.#table.find(0, 0, vni);
    if (entry < 0) this.#store.create(ZERO, vni, remote, DEFAULT_STATE, 0);
    else this.#store.update(entry, { remotes: 'append', use: false }, remote, DEFAULT_STATE, 0);
  }

  /** Takes a former default destination out of the all-zeros entry; those added by hand stay. */
  removeDefault(dst: string, ifindex: number, vni = this.#context.vni): void {
    const entry = this.#table.find(0, 0, vni);
    if (entry < 0) return;
    const { remotes } = this.#store;
    const key = { ...remotes.parse({ dst }), ifindex };
    this.#store.dropRemotes(entry, (index) => remotes.equals(index, key));
  }

  /**
   * A worker saw a MAC behind an address (vxlan_snoop). The FDB may have changed since: looked at afresh.
   * @param from outer source port, of a VTEP that learns it
   * @returns what came of it; 'full' = unknown, and maxaddress is reached
   */
  learn(
    mac: Mac,
    vni: number,
    address: Int32Array,
    ifindex: number,
    from = 0,
  ): 'learned' | 'moved' | 'kept' | 'full' {
    const { clock, learnPort } = this.#context;
    const table = this.#table;
    const { remotes, census } = this.#store;
    const entry = table.find(mac.high, mac.low, vni);
    if (entry < 0) {
      if (census.isFull(address)) return 'kept';
      // A port that is learned stands there even if it is the device's: 0 is where the address was heard from last.
      const remote = { address, port: from, vni: -1, ifindex };
      if (this.#store.insert(mac, vni, remote, STATE_REACHABLE, FLAG_LEARNED) < 0) return 'full';
      remotes.heard(address, from);
      return 'learned';
    }
    if (this.#store.groups.of(entry) !== undefined) return 'kept';
    const isThere = remotes.isAt(table.firstRemote(entry, remotes.lists), address);
    if (isThere) remotes.heard(address, from);
    if ((table.state(entry) & FIXED) !== 0) return 'kept';
    table.touchUpdated(entry, clock.now());
    if (!isThere && census.isFull(address)) return 'kept';
    const index = this.#store.move(entry, address, ifindex, learnPort ? from : undefined);
    if (index < 0) return 'kept';
    remotes.heard(address, from);
    this.#store.tell('new', entry, index);
    return 'moved';
  }

  /** Removes what aged out: ageOut() of fdb-expiry.ts. */
  age(ageing: number): { aged: number; next: number } {
    return ageOut(this.#store, ageing, this.#context.clock.now());
  }

  /** A MAC is no peer's: what was learned of it goes, of whatever VNI. */
  forget(mac: string): void {
    removeLearned(this.#store, macWords(mac, 'address'));
    this.#context.unlearn();
  }

  /** The interface went down (vxlan_stop): learned and dynamic entries go. */
  flushDynamic(): void {
    removeDynamic(this.#store);
  }

  /** Counts peers, or ceases to, as the options ask (peer-census.ts). */
  census({ allow, learnLimit }: Pick<LinkConfig, 'allow' | 'learnLimit'>): void {
    const { census } = this.#store;
    if (allow === 'known' || learnLimit > 0) census.take(learnLimit, this.#store.standings());
    else census.drop();
  }

  /** Addresses of this host have changed: which remotes are local is decided anew. */
  relocate(): void {
    this.#store.remotes.relocate();
  }

  /**
   * What was learned gives way to what somebody adds. The kernel answers EEXIST, so that whether an `add` works depends
   * on who sent a frame before: the complaint of everybody who programs a learning device.
   */
  #yields(entry: number): boolean {
    return (this.#table.flags(entry) & FLAG_LEARNED) !== 0;
  }

  /** What tells whether a MAC's entry is marked `router`: of many VNIs, in any of them, as their neighbours are one table. */
  routers(): (high: number, low: number) => boolean {
    const table = this.#table;
    const isRouter = (entry: number): boolean => (table.flags(entry) & FLAG_ROUTER) !== 0;
    if (!this.#context.vnifilter) {
      return (high, low) => {
        const entry = table.find(high, low, this.#context.vni);
        return entry >= 0 && isRouter(entry);
      };
    }
    const key = (high: number, low: number): number => (high >>> 0) * 0x10000 + low;
    const found = new Set<number>();
    for (const entry of table.entries()) {
      if (isRouter(entry)) found.add(key(table.macHigh(entry), table.macLow(entry)));
    }
    return (high, low) => found.has(key(high, low));
  }
}
