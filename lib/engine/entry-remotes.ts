/**
 * The remotes of an FDB entry. One remote stands in the entry itself, several in an immutable list: whatever
 * changes, a reader sees either the old remotes or the new ones, because one word is stored (table/fdb.ts).
 */
import { VtepError } from '../errors.js';
import type { FdbTable } from '../table/fdb.js';
import { CHOICE, type RemoteLists } from '../table/remote-list.js';
import { REMOTE_LOCAL, type RemoteTable } from '../table/remote.js';
import { formatAddress } from '../wire/text.js';
import type { TableContext } from './context.js';
import type { RemoteKey } from './fdb-store.js';
import { HeardPorts } from './heard-ports.js';
import type { FdbFlush, FdbRemote } from './types.js';
import { addressWords, familyOf, isAny } from './words.js';

export class EntryRemotes {
  readonly lists: RemoteLists;
  readonly #fdb: FdbTable;
  readonly #remotes: RemoteTable;
  readonly #context: TableContext;
  /** With `learn-port`. */
  readonly #heard: HeardPorts | undefined;

  constructor(fdb: FdbTable, remotes: RemoteTable, lists: RemoteLists, context: TableContext) {
    this.#fdb = fdb;
    this.#remotes = remotes;
    this.lists = lists;
    this.#context = context;
    this.#heard = context.learnPort ? new HeardPorts(remotes) : undefined;
  }

  /** Reads a remote as the API gives it. What equals the device's own becomes "the device's". */
  parse(remote: FdbRemote & { srcVni?: number }): RemoteKey {
    const { port, family, interfaces, vnifilter } = this.#context;
    const vni = (vnifilter ? remote.srcVni : undefined) ?? this.#context.vni;
    const address = addressWords(remote.dst, 'dst');
    if (familyOf(address) !== family) {
      throw new VtepError(
        'ERR_VTEP_ARGUMENT',
        `Address family not supported by protocol: dst "${remote.dst}" is not an IPv${family} address, as this VTEP's underlay is`,
        { errno: 'EAFNOSUPPORT', word: remote.dst },
      );
    }
    const ifindex = remote.via === undefined ? 0 : interfaces.indexOf(remote.via);
    if (remote.via !== undefined && ifindex === 0) {
      throw new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${remote.via}"`, {
        errno: 'ENODEV',
        word: remote.via,
      });
    }
    return {
      address,
      port: remote.port === undefined || remote.port === port ? 0 : remote.port,
      vni: remote.vni === undefined || remote.vni === vni ? -1 : remote.vni,
      ifindex,
    };
  }

  isAnyAddress(dst: string): boolean {
    return isAny(addressWords(dst, 'dst'));
  }

  intern(key: RemoteKey): number {
    const [a0, a1, a2, a3] = key.address;
    const index = this.#remotes.intern(a0, a1, a2, a3, key.port, key.vni, key.ifindex);
    if (index < 0) return index;
    this.#locate(index);
    this.#heard?.added(index);
    if (this.#remotes.references(index) === 1) this.#context.remoteAdded(index);
    return index;
  }

  /** Decides for every remote anew whether it is this host. */
  relocate(): void {
    for (let index = this.#remotes.next(-1); index >= 0; index = this.#remotes.next(index))
      this.#locate(index);
  }

  /** A peer sent from a UDP port, which with `learn-port` is where it is answered; port 0 is nobody's. */
  heard(address: Int32Array, port: number): void {
    if (port !== 0) this.#heard?.heard(address, port === this.#context.port ? 0 : port);
  }

  release(index: number): void {
    this.#heard?.removed(index);
    this.#remotes.release(index);
  }

  /** Remote indexes of an entry, in order; none of one that refers to a nexthop group. */
  of(entry: number): number[] {
    const word = this.#fdb.remotes(entry);
    if (word >= 0) return word < CHOICE ? [word] : [];
    return Array.from({ length: this.lists.length(~word) }, (_, i) => this.lists.at(~word, i));
  }

  /** Adds a remote at the end; returns its index, -1 when the entry has just that remote or a nexthop group. */
  append(entry: number, key: RemoteKey): number {
    const all = this.of(entry);
    if (all.length === 0 || all.some((index) => this.equals(index, key))) return -1;
    const index = this.intern(key);
    this.#store(entry, [...all, index]);
    return index;
  }

  /** Rewrites the first remote; returns the new one's index, -1 when the entry has just that remote or a nexthop group. */
  replaceFirst(entry: number, key: RemoteKey): number {
    const all = this.of(entry);
    if (all.length === 0 || all.some((index) => this.equals(index, key))) return -1;
    const index = this.intern(key);
    this.#store(entry, [index, ...all.slice(1)]);
    this.release(all[0]);
    return index;
  }

  /**
   * Rewrites the address of the first remote, its port (unless one was learned), VNI and (unless link-local) interface
   * kept, as a MAC that moved does. Returns the new remote's index, -1 when nothing changes.
   */
  moveFirst(entry: number, address: Int32Array, ifindex: number, port: number | undefined): number {
    const r = this.#remotes;
    const first = this.#fdb.firstRemote(entry, this.lists);
    const isThere = this.isAt(first, address);
    if (isThere && (port === undefined || port === r.port(first))) return -1;
    return this.replaceFirst(entry, {
      address,
      port: port ?? r.port(first),
      vni: r.vni(first),
      ifindex: ifindex === 0 ? r.ifindex(first) : ifindex,
    });
  }

  /** Keeps only `indexes`, a part of what the entry has; the others are released. */
  keep(entry: number, indexes: readonly number[]): void {
    const kept = new Set(indexes);
    const gone = this.of(entry).filter((index) => !kept.has(index));
    this.#store(entry, indexes);
    for (const index of gone) this.release(index);
  }

  /** Removes an entry with all it refers to: first out of readers' sight, then what it held. */
  destroy(entry: number): void {
    const all = this.of(entry);
    const word = this.#fdb.remotes(entry);
    this.#fdb.remove(entry);
    if (word < 0) this.lists.free(~word);
    for (const index of all) this.release(index);
  }

  /** Whether a remote has this address. */
  isAt(index: number, address: Int32Array): boolean {
    return this.#remotes.isAt(index, address[0], address[1], address[2], address[3]);
  }

  /** As equals, for who takes a remote from what is shown: by the port that it is sent to, too. */
  isMeant(index: number, key: RemoteKey): boolean {
    const { port } = this.#context;
    if ((this.#remotes.sendPort(index) || port) === (key.port || port)) {
      return this.equals(index, { ...key, port: this.#remotes.port(index) });
    }
    return this.equals(index, key);
  }

  equals(index: number, key: RemoteKey): boolean {
    const r = this.#remotes;
    return (
      this.isAt(index, key.address) &&
      r.port(index) === key.port &&
      r.vni(index) === key.vni &&
      r.ifindex(index) === key.ifindex
    );
  }

  /** Whether a remote of an entry meets the remote part of a flush filter. What it has not of its own is the device's. */
  matcher(filter: FdbFlush): (index: number, entry: number) => boolean {
    const r = this.#remotes;
    const { port, vnifilter, vni } = this.#context;
    const words = filter.dst === undefined ? undefined : addressWords(filter.dst, 'dst');
    const vniOf = (index: number, entry: number): number =>
      r.vni(index) >= 0 ? r.vni(index) : vnifilter ? this.#fdb.vni(entry) : vni;
    return (index, entry) =>
      (filter.port === undefined || (r.sendPort(index) || port) === filter.port) &&
      (filter.vni === undefined || vniOf(index, entry) === filter.vni) &&
      (words === undefined || this.address(index).every((word, i) => word === words[i]));
  }

  describe(index: number): FdbRemote {
    const r = this.#remotes;
    const port = r.sendPort(index);
    return {
      dst: formatAddress(this.address(index)),
      ...(port === 0 || port === this.#context.port ? {} : { port }),
      ...(r.vni(index) < 0 ? {} : { vni: r.vni(index) }),
      ...(r.ifindex(index) === 0 ? {} : { via: this.#context.interfaces.nameOf(r.ifindex(index)) }),
    };
  }

  /** The four words of a remote's address. */
  address(index: number): [number, number, number, number] {
    const r = this.#remotes;
    return [r.address0(index), r.address1(index), r.address2(index), r.address3(index)];
  }

  #locate(index: number): void {
    const isLocal = this.#context.isLocal(this.address(index), this.#remotes.ifindex(index));
    this.#remotes.mark(index, REMOTE_LOCAL, isLocal);
  }

  #store(entry: number, indexes: readonly number[]): void {
    const before = this.#fdb.remotes(entry);
    this.#fdb.setRemotes(entry, indexes.length === 1 ? indexes[0] : ~this.lists.create(indexes));
    if (before < 0) this.lists.free(~before);
  }
}
