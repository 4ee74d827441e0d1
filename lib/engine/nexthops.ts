/**
 * Nexthop objects of the VTEPs' own (kernel: nexthop objects with the fdb flag): a gateway, or a group of gateways that
 * flows are spread over by weight. FDB entries refer to groups by `nhid`. Verdicts and words are the kernel's
 * (net/ipv4/nexthop.c), but for one: no replacement may mix address families, which the kernel lets pass and then drops.
 */
import { VtepError } from '../errors.js';
import { formatAddress } from '../wire/text.js';
import type { NexthopTableApi } from './api.js';
import type { NexthopEntry, NexthopMember, NexthopRequest, VtepEvent } from './types.js';
import { addressWords, familyOf } from './words.js';

export type NexthopEvent = Extract<VtepEvent, { type: 'nexthop' }>;

/** A gateway and its share of the flows. */
export interface Gateway {
  address: Int32Array;
  weight: number;
}

/** Who has FDB entries that refer to groups. */
export interface NexthopUser {
  readonly family: 4 | 6;
  /** True when an FDB entry refers to the group. */
  usesNexthop(id: number): boolean;
  /** A group has other members, or, with none, is no more. */
  nexthopChanged(id: number, gateways: readonly Gateway[]): void;
}

interface Single {
  id: number;
  protocol: number;
  address: Int32Array;
}

interface Group {
  id: number;
  protocol: number;
  members: NexthopMember[];
}

const isGroup = (object: Single | Group): object is Group => 'members' in object;

export class Nexthops implements NexthopTableApi {
  readonly #objects = new Map<number, Single | Group>();
  readonly #users: () => Iterable<NexthopUser>;
  readonly #emit: (event: NexthopEvent) => void;
  #lastId = 0;

  /**
   * @param users the VTEPs there are
   * @param emit tells every subscriber, in order
   */
  constructor(users: () => Iterable<NexthopUser>, emit: (event: NexthopEvent) => void) {
    this.#users = users;
    this.#emit = emit;
  }

  set(request: NexthopRequest): NexthopEntry {
    const id = request.id || this.#unusedId();
    const old = this.#objects.get(id);
    if (old !== undefined && request.verb === 'add') {
      throw new VtepError('ERR_VTEP_EXISTS', `File exists: nexthop ${id} is there; use replace`, {
        errno: 'EEXIST',
        word: String(id),
      });
    }
    const object = this.#read(id, request);
    if (old !== undefined) this.#checkReplacement(old, object);
    // Whose group a replaced group is nobody asks anew, in the kernel.
    if (old !== undefined && isGroup(object)) object.protocol = old.protocol;
    // Last in the order of groups, also where it replaces one.
    this.#objects.delete(id);
    this.#objects.set(id, object);
    if (old !== undefined) this.#changed(object);
    this.#announce('new', request.verb, object);
    return describe(object);
  }

  /** A nexthop leaves its groups, a group without members goes too, and FDB entries go with their group. */
  delete(id: number): void {
    const object = this.#known(id);
    this.#objects.delete(id);
    this.#tell(id, []);
    this.#announce('del', 'delete', object);
    // The group that was given last is told of first, as in the kernel.
    for (const group of this.#groups().reverse()) {
      const members = group.members.filter((member) => member.id !== id);
      if (members.length === group.members.length) continue;
      if (members.length === 0) {
        this.delete(group.id);
        continue;
      }
      group.members = members;
      this.#changed(group);
      this.#announce('new', 'delete', group);
    }
  }

  /** Groups go first, so that nothing is told of members that leave them; each by id. */
  flush(): number {
    const all = [...this.#objects.values()].sort((a, b) => a.id - b.id);
    for (const { id } of [...all.filter(isGroup), ...all]) if (this.#objects.has(id)) this.delete(id);
    return all.length;
  }

  get(id: number): NexthopEntry | undefined {
    const object = this.#objects.get(id);
    return object && describe(object);
  }

  /** By id. */
  list(): NexthopEntry[] {
    return [...this.#objects.values()].sort((a, b) => a.id - b.id).map(describe);
  }

  /** Gateways of a group that an FDB entry of an underlay may refer to. */
  gatewaysFor(id: number, family: 4 | 6): Gateway[] {
    const object = this.#objects.get(id);
    if (object === undefined) throw refuse(`Nexthop id does not exist: ${id}`, id);
    if (!isGroup(object)) throw refuse(`Nexthop is not a multipath group: ${id}`, id);
    const gateways = this.#gateways(object);
    if (familyOf(gateways[0].address) !== family) {
      throw refuse(
        `Nexthop group family not supported: group ${id} is not IPv${family}, as this VTEP's underlay is`,
        id,
        'EAFNOSUPPORT',
      );
    }
    return gateways;
  }

  #read(id: number, { via, group, protocol = 0 }: NexthopRequest): Single | Group {
    if (group === undefined) {
      if (via === undefined) throw refuse('Invalid address family: a nexthop needs "via" or "group"', id);
      return { id, protocol, address: addressWords(via, 'via') };
    }
    if (via !== undefined) throw refuse('a nexthop has either "via" or "group"', via);
    if (group.length === 0) throw refuse('a group needs at least one nexthop', id);
    const members = group.map((member, i) => {
      const object = this.#objects.get(member.id);
      if (object === undefined) throw refuse(`Invalid nexthop id: ${member.id}`, member.id);
      if (isGroup(object)) {
        throw refuse(`Hash-threshold group can not be a nexthop within a group: ${member.id}`, member.id);
      }
      if (group.findIndex((other) => other.id === member.id) !== i) {
        throw refuse(`Nexthop id can not be used twice in a group: ${member.id}`, member.id);
      }
      return { ...member };
    });
    const made: Group = { id, protocol, members };
    this.#refuseMixed(this.#gateways(made), id);
    return made;
  }

  #checkReplacement(old: Single | Group, object: Single | Group): void {
    const { id } = object;
    if (isGroup(old) && !isGroup(object)) {
      throw refuse('Can not replace a nexthop group with a nexthop.', id);
    }
    if (!isGroup(old) && isGroup(object)) {
      throw refuse('Can not replace a nexthop with a nexthop group.', id);
    }
    if (isGroup(object)) return this.#checkUsers(object);
    for (const group of this.#groups()) {
      if (!group.members.some((member) => member.id === id)) continue;
      const others = group.members.filter((member) => member.id !== id);
      const gateways = [
        { address: object.address, weight: 1 },
        ...this.#gateways({ ...group, members: others }),
      ];
      this.#refuseMixed(gateways, id);
      if (others.length === 0) this.#checkUsers({ ...group, members: [] }, familyOf(object.address));
    }
  }

  #checkUsers(group: Group, family = familyOf(this.#gateways(group)[0].address)): void {
    for (const user of this.#users()) {
      if (user.family !== family && user.usesNexthop(group.id)) {
        throw refuse(
          `Nexthop group family not supported: FDB entries with an IPv${user.family} underlay refer to group ${group.id}`,
          group.id,
          'EAFNOSUPPORT',
        );
      }
    }
  }

  #refuseMixed(gateways: readonly Gateway[], word: number): void {
    const families = new Set(gateways.map(({ address }) => familyOf(address)));
    if (families.size > 1) throw refuse('FDB nexthop group cannot have mixed family nexthops.', word);
  }

  #gateways({ members }: Group): Gateway[] {
    return members.map(({ id, weight = 1 }) => ({
      address: (this.#objects.get(id) as Single).address,
      weight,
    }));
  }

  #groups(): Group[] {
    return [...this.#objects.values()].filter(isGroup);
  }

  #changed(object: Single | Group): void {
    if (isGroup(object)) return this.#tell(object.id, this.#gateways(object));
    for (const group of this.#groups()) {
      if (group.members.some((member) => member.id === object.id)) this.#changed(group);
    }
  }

  #tell(id: number, gateways: readonly Gateway[]): void {
    for (const user of this.#users()) user.nexthopChanged(id, gateways);
  }

  #announce(action: 'new' | 'del', cause: NexthopEvent['cause'], object: Single | Group): void {
    this.#emit({ type: 'nexthop', action, cause, entry: describe(object) });
  }

  #known(id: number): Single | Group {
    const object = this.#objects.get(id);
    if (object !== undefined) return object;
    throw new VtepError('ERR_VTEP_NO_ENTRY', `No such file or directory: there is no nexthop ${id}`, {
      errno: 'ENOENT',
      word: String(id),
    });
  }

  /** The next after the last one given, as nh_find_unused_id. */
  #unusedId(): number {
    do this.#lastId = this.#lastId === 0xffff_fffe ? 1 : this.#lastId + 1;
    while (this.#objects.has(this.#lastId));
    return this.#lastId;
  }
}

function describe(object: Single | Group): NexthopEntry {
  const { id, protocol } = object;
  if (!isGroup(object)) return { id, via: formatAddress(object.address), protocol };
  return { id, group: object.members.map((member) => ({ ...member })), protocol };
}

function refuse(message: string, word: number | string, errno = 'EINVAL'): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno, word: String(word) });
}
