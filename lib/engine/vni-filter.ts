/**
 * The VNIs of a VTEP that has many (kernel: vxlan_vnifilter.c), and the VLAN of each, which for the kernel's device its
 * bridge knows (`bridge vlan add … tunnel_info`). To the data plane each VNI is a device: dataplane/trunk.ts.
 *
 *   vni add    number, VLAN, default destination (its own, or the VTEP's) as the all-zeros entry of its source VNI
 *   up         received from the VTEP's socket, own group joined
 *   vni del    all that goes; entries that others made for the VNI stay, as in the kernel
 */
import { COUNTERS, LAST_REFUSED } from '../dataplane/counters.js';
import { VtepError } from '../errors.js';
import type { VniFilterApi } from './api.js';
import type { Forwarding } from './forwarding.js';
import { statistics } from './statistics.js';
import type { LinkConfig, VniEntry, VniRequest, VniStatistics } from './types.js';
import type { Listener } from './underlay.js';
import { type Plan, planVnis, vnisOf } from './vni-plan.js';
import type { VtepHost } from './vtep-host.js';
import type { Vtep } from './vtep.js';
import { addressWords, isGroup } from './words.js';
import { VniLink } from './vni-link.js';

/** Where the VTEP sends by default. */
interface Destination {
  dst: string | undefined;
  ifindex: number;
}

/** A VNI, its VLAN and its own default destination. */
export interface Member {
  readonly vni: number;
  readonly vlan: number;
  readonly remote?: string;
  readonly group?: string;
  readonly link: VniLink;
  readonly number: number;
}

export class VniFilter implements VniFilterApi {
  readonly #vtep: Vtep;
  readonly #host: VtepHost;
  readonly #fdb: Forwarding;
  readonly #members = new Map<number, Member>();
  /** Counters of VNIs that were deleted: the device goes on counting from there. */
  readonly #gone = new Float64Array(COUNTERS);
  #listener: Listener | undefined;

  constructor(vtep: Vtep, host: VtepHost, fdb: Forwarding) {
    this.#vtep = vtep;
    this.#host = host;
    this.#fdb = fdb;
  }

  has(vni: number): boolean {
    return this.#members.has(vni);
  }

  add(request: VniRequest): void {
    const plans = planVnis(request, this.#members, this.#vtep.config, this.#vtep.family);
    for (const { vni } of plans) this.#host.refuseTwin(this.#vtep, vni);
    const undo: (() => void)[] = [];
    try {
      for (const plan of plans) undo.push(this.#put(plan));
    } catch (error) {
      for (const step of undo.toReversed()) step();
      throw error;
    }
  }

  delete(ranges: readonly (readonly [number, number])[]): void {
    const vnis = vnisOf(ranges);
    for (const vni of vnis) {
      if (this.#members.has(vni)) continue;
      throw new VtepError(
        'ERR_VTEP_NO_ENTRY',
        `No such file or directory: ${this.#vtep.name} has no vni ${vni}; nothing was deleted`,
        { errno: 'ENOENT', word: String(vni) },
      );
    }
    for (const vni of vnis) this.#remove(this.#members.get(vni)!);
  }

  get(vni: number): VniEntry | undefined {
    const member = this.#members.get(vni);
    return member && describe(member);
  }

  list(): VniEntry[] {
    return Array.from(this.#members.values(), describe).sort((a, b) => a.vni - b.vni);
  }

  /** Counters of all VNIs there are and were. */
  get counters(): Float64Array[] {
    return [...Array.from(this.#members.values(), ({ link }) => link.counters).flat(), this.#gone];
  }

  /** The VTEP goes up: groups are joined, or it throws and nothing has changed. */
  open(listener: Listener): void {
    this.#listener = listener;
    const joined: Member[] = [];
    try {
      for (const member of this.#members.values()) {
        this.#join(member);
        joined.push(member);
      }
    } catch (error) {
      for (const member of joined) this.#leave(member);
      this.#listener = undefined;
      throw error;
    }
  }

  /** … and is up. */
  listen(): void {
    for (const member of this.#members.values()) member.link.listen(this.#listener!, member.vni);
  }

  /** The VTEP goes down. */
  close(): void {
    for (const member of this.#members.values()) {
      member.link.unlisten(this.#listener!, member.vni);
      this.#leave(member);
    }
    this.#listener = undefined;
  }

  /** The VTEP is deleted; its FDB is empty. */
  end(): void {
    for (const member of this.#members.values()) this.#release(member);
    this.#members.clear();
  }

  /** The VTEP's default destination, or the interface to it, is another. Own groups are joined on the new interface. */
  redirect(from: Destination, to: Destination): void {
    if (from.ifindex !== to.ifindex)
      for (const member of this.#members.values()) this.#join(member, to.ifindex);
    for (const member of this.#members.values()) {
      const own = ownOf(member);
      const [before, after] = [own ?? from.dst, own ?? to.dst];
      if (before === after && from.ifindex === to.ifindex) continue;
      if (after !== undefined) this.#fdb.addDefault(after, to.ifindex, member.vni);
      if (before !== undefined) this.#fdb.removeDefault(before, from.ifindex, member.vni);
    }
    if (from.ifindex !== to.ifindex)
      for (const member of this.#members.values()) this.#leave(member, from.ifindex);
  }

  /** Adds or changes one VNI; returns what undoes it. Throws and has changed nothing. */
  #put(plan: Plan): () => void {
    const before = this.#members.get(plan.vni);
    if (before === undefined) {
      const member = this.#make(plan);
      this.#tell('new', member);
      return () => this.#remove(member);
    }
    if (isSame(before, plan)) return () => {};
    this.#replace(before, { ...plan, link: before.link, number: before.number });
    return () => this.#replace(this.#members.get(plan.vni)!, before);
  }

  #make(plan: Plan): Member {
    const number = this.#host.claim(this.#vtep, plan.vni);
    const link = new VniLink(this.#host.dataplane, number);
    const member = { ...plan, link, number };
    link.enrol(this.#vtep.index, plan.vni, plan.vlan);
    try {
      this.#join(member);
      this.#setDestination(member);
    } catch (error) {
      this.#leave(member);
      this.#release(member);
      throw error;
    }
    this.#members.set(plan.vni, member);
    if (this.#listener !== undefined) link.listen(this.#listener, plan.vni);
    return member;
  }

  /** The new destination is there before the old one goes. */
  #replace(before: Member, after: Member): void {
    if (ownOf(before) !== ownOf(after)) this.#move(before, after);
    if (before.vlan !== after.vlan) after.link.enrol(this.#vtep.index, after.vni, after.vlan);
    this.#members.set(after.vni, after);
    this.#tell('new', after);
  }

  #move(before: Member, after: Member): void {
    this.#join(after);
    const isSame = this.#destinationOf(before) === this.#destinationOf(after);
    try {
      if (!isSame) this.#setDestination(after);
    } catch (error) {
      this.#leave(after);
      throw error;
    }
    this.#leave(before);
    if (!isSame) this.#dropDestination(before);
  }

  #remove(member: Member): void {
    if (this.#listener !== undefined) {
      member.link.unlisten(this.#listener, member.vni);
      this.#leave(member);
    }
    this.#dropDestination(member);
    this.#members.delete(member.vni);
    this.#release(member);
    this.#tell('del', member);
  }

  #release(member: Member): void {
    for (const block of member.link.counters) {
      for (let i = 0; i < LAST_REFUSED; i++) this.#gone[i] += block[i];
    }
    member.link.forget();
    this.#host.release(this.#vtep, member.vni, member.number);
  }

  /** Of the underlay interface, 0 = none. */
  get #ifindex(): number {
    const { dev } = this.#vtep.config;
    return dev === undefined ? 0 : this.#host.lower.system.indexOf(dev);
  }

  /** As vxlan_vnifilter_notify. */
  #tell(action: 'new' | 'del', member: Member): void {
    this.#host.emit({ type: 'vni', action, dev: this.#vtep.name, entry: keyOf(member) });
  }

  // --- destinations -----------------------------------------------------------------------------------

  #setDestination(member: Member): void {
    const dst = this.#destinationOf(member);
    if (dst !== undefined) this.#fdb.addDefault(dst, this.#ifindex, member.vni);
  }

  #dropDestination(member: Member): void {
    const dst = this.#destinationOf(member);
    if (dst !== undefined) this.#fdb.removeDefault(dst, this.#ifindex, member.vni);
  }

  #destinationOf(member: Member): string | undefined {
    const { remote, group } = this.#vtep.config;
    return ownOf(member) ?? remote ?? group;
  }

  /** Joins the VNI's own group; the VTEP's is the VTEP's affair. */
  #join(member: Member, ifindex = this.#ifindex): void {
    const group = groupOf(member);
    if (group === undefined || this.#listener === undefined) return;
    this.#host.lower.underlay.join(this.#listener, group, ifindex);
  }

  #leave(member: Member, ifindex = this.#ifindex): void {
    const group = groupOf(member);
    if (group === undefined || this.#listener === undefined) return;
    this.#host.lower.underlay.leave(this.#listener, group, ifindex);
  }
}

function ownOf({ remote, group }: Pick<LinkConfig, 'remote' | 'group'>): string | undefined {
  return remote ?? group;
}

function groupOf(member: Member): Int32Array | undefined {
  const own = ownOf(member);
  const words = own === undefined ? undefined : addressWords(own, 'group');
  return words !== undefined && isGroup(words) ? words : undefined;
}

const isSame = (member: Member, plan: Plan): boolean =>
  member.vlan === plan.vlan && ownOf(member) === ownOf(plan);

function keyOf({ vni, vlan, remote, group }: Member): Omit<VniEntry, 'statistics'> {
  return {
    vni,
    vlan,
    ...(remote === undefined ? {} : { remote }),
    ...(group === undefined ? {} : { group }),
  };
}

function describe(member: Member): VniEntry {
  return { ...keyOf(member), statistics: vniStatistics(member.link.counters) };
}

/** What `bridge -s vni` shows. */
function vniStatistics(blocks: readonly Float64Array[]): VniStatistics {
  const s = statistics(blocks, {});
  return {
    rxBytes: s.rxBytes,
    rxPackets: s.rxPackets,
    rxDropped: s.rxDropped,
    rxErrors: s.rxErrors,
    txBytes: s.txBytes,
    txPackets: s.txPackets,
    txDropped: s.txDropped,
    txErrors: s.txErrors,
  };
}
