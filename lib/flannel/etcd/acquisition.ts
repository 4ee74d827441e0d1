/**
 * One attempt to have a lease: look at the leases there are, take up the own one or make one. Each write says which state it
 * was decided on, so that nobody's key is ever written over; when the state is another by then, nothing happened.
 */
import { VtepError } from '../../errors.js';
import { leaseValue, subnetKey } from '../lease.js';
import { chooseSubnet, isInRange, overlaps, parseSubnet } from '../subnet.js';
import type { Lease, LeaseAttributes, NetworkConfig, SubnetRange } from '../types.js';
import type { EtcdClient, KeyValue } from './client.js';
import { readEntries, takenSubnets, type Entry } from './entries.js';

export type PreviousSubnets = { subnet?: string; subnet6?: string };

/** A lease that is ours. */
export interface Held {
  lease: Lease;
  /** Of the lease in etcd; '0': a reservation, which has none. */
  id: string;
  /** Of etcd, at which this was the state. */
  revision: number;
  /** That it has from now on; Infinity for a reservation. */
  seconds: number;
}

export interface Wish {
  config: NetworkConfig;
  attributes: LeaseAttributes;
  /** Of an earlier run. */
  previous: PreviousSubnets;
  held: Held | undefined;
}

export interface AcquisitionOptions {
  client: EtcdClient;
  /** Of the keys: '/coreos.com/network/subnets/'. */
  prefix: string;
  /** Seconds a lease is granted for. */
  timeToLive: number;
  random: () => number;
  now: () => number;
  /** The key that is about to be ours; undefined: not any longer. */
  claim(key: string | undefined): void;
  problem(key: string, reason: string): void;
}

export class Acquisition {
  readonly #options: AcquisitionOptions;
  readonly #client: EtcdClient;
  readonly #prefix: string;
  /** A lease of etcd that is granted and not used yet. */
  #granted: { lease: string; seconds: number } | undefined;

  constructor(options: AcquisitionOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#prefix = options.prefix;
  }

  /**
   * @returns the lease; undefined when somebody else was faster: look again
   * @throws {VtepError} ERR_VTEP_LIMIT when no subnet is left
   * @throws {EtcdError}
   */
  async attempt(wish: Wish): Promise<Held | undefined> {
    const { entries: stored, revision } = await this.#client.list(this.#prefix);
    const own = this.#ownAmong(stored, wish);
    const usable = own.filter((entry) => this.#fault(entry, wish.config, stored) === undefined);
    const unusable = own.filter((entry) => !usable.includes(entry));
    const removed = await this.#discard(unusable, wish.config, stored);
    if (removed === undefined) return undefined;
    const [best] = usable.sort((a, b) => rank(a, wish) - rank(b, wish));
    if (best) return this.#keep(best, wish.attributes, revision);
    const left = stored.filter((one) => !removed.includes(one));
    return this.#make(left, wish, [wish.held?.lease, ...unusable.map(({ lease }) => lease), wish.previous]);
  }

  /** What was granted for etcd's own lease has gone there: grant another. */
  forgetGrant(): void {
    this.#granted = undefined;
  }

  /** By the address, as flanneld does; ours may have changed since it was written. */
  #ownAmong(stored: readonly KeyValue[], { attributes, held }: Wish): Entry[] {
    const entries = readEntries(this.#prefix, stored);
    const own = entries.filter(({ lease: { key, attributes: told } }) => {
      if (told.publicIp === undefined) return false;
      const isHeld = key === held?.lease.key && told.publicIp === held.lease.attributes.publicIp;
      return isHeld || told.publicIp === attributes.publicIp;
    });
    // A value that nobody can read on our own key is nobody else's.
    const garbled = stored.find(
      ({ key }) => held !== undefined && key === `${this.#prefix}${held.lease.key}`,
    );
    if (held && garbled && !entries.some(({ stored: one }) => one === garbled))
      own.push({ lease: held.lease, stored: { ...garbled, lease: held.id } });
    return own;
  }

  /** Why an own lease cannot be used; undefined: it can. */
  #fault(
    { lease, stored: own }: Entry,
    config: NetworkConfig,
    stored: readonly KeyValue[],
  ): string | undefined {
    if (!fits(config.ipv4, lease.subnet) || !fits(config.ipv6, lease.subnet6))
      return "does not fit the network's configuration";
    const other = this.#olderThan(own, stored);
    return other && `overlaps the older ${other.key.slice(this.#prefix.length)}`;
  }

  /**
   * A key made before that holds a subnet of this one: 10.5.3.0-24 and 10.5.3.0-24&…, or of another length. etcd compares
   * one key, so that both can be made; whoever was later gives way.
   */
  #olderThan(own: KeyValue, stored: readonly KeyValue[]): KeyValue | undefined {
    const mine = takenSubnets(this.#prefix, [own]);
    return stored.find((other) => {
      if (other.created >= own.created) return false;
      const theirs = takenSubnets(this.#prefix, [other]);
      return mine.some((subnet) => theirs.some((taken) => overlaps(taken, subnet)));
    });
  }

  /** Own leases that cannot be used go; a reservation is a person's and stays. Undefined: one changed meanwhile. */
  async #discard(
    unusable: readonly Entry[],
    config: NetworkConfig,
    stored: readonly KeyValue[],
  ): Promise<KeyValue[] | undefined> {
    const removed: KeyValue[] = [];
    for (const entry of unusable) {
      const { lease, stored: own } = entry;
      const isReservation = own.lease === '0';
      const what = `our own ${isReservation ? 'reservation' : 'lease'} ${this.#fault(entry, config, stored)}`;
      const remedy = isReservation ? 'it is not used: delete it, or reserve another subnet' : 'it is deleted';
      this.#options.problem(lease.key, `${what}; ${remedy}`);
      if (isReservation) continue;
      const { succeeded } = await this.#client.remove(own.key, own.modified);
      if (!succeeded) return undefined;
      removed.push(own);
    }
    return removed;
  }

  /** Takes up an own lease: its time begins anew, and what peers are told is right. */
  async #keep(
    { lease, stored }: Entry,
    attributes: LeaseAttributes,
    listed: number,
  ): Promise<Held | undefined> {
    const seconds = stored.lease === '0' ? Infinity : await this.#client.keepAlive(stored.lease);
    if (seconds === 0) return undefined; // It ended just now, and its key goes with it.
    const value = leaseValue(attributes);
    let revision = listed;
    if (stored.value !== value) {
      const outcome = await this.#client.replace(stored.key, value, stored.lease, stored.modified);
      if (!outcome.succeeded) return undefined;
      revision = outcome.revision;
    }
    // The answer to a write may have been lost: then it is the one that was granted.
    if (this.#granted?.lease === stored.lease) this.#granted = undefined;
    await this.#giveBack();
    return this.#hold({ ...lease, attributes }, stored.lease, revision, seconds);
  }

  async #make(
    stored: readonly KeyValue[],
    { config, attributes }: Wish,
    earlier: readonly (PreviousSubnets | Lease | undefined)[],
  ): Promise<Held | undefined> {
    const subnets = await this.#choose(stored, config, earlier);
    const key = subnetKey(subnets.subnet, subnets.subnet6);
    this.#granted ??= await this.#client.grant(this.#options.timeToLive);
    const { lease: id, seconds } = this.#granted;
    this.#options.claim(key);
    const { succeeded, revision } = await this.#client.create(
      `${this.#prefix}${key}`,
      leaseValue(attributes),
      id,
    );
    if (!succeeded || !(await this.#isAlone(key))) {
      this.#options.claim(undefined);
      return undefined;
    }
    this.#granted = undefined;
    return this.#hold({ key, ...subnets, attributes, expires: undefined }, id, revision, seconds);
  }

  /** @throws {VtepError} ERR_VTEP_LIMIT when no subnet is left */
  async #choose(
    stored: readonly KeyValue[],
    { ipv4, ipv6 }: NetworkConfig,
    earlier: readonly (PreviousSubnets | Lease | undefined)[],
  ): Promise<{ subnet: string; subnet6: string | undefined }> {
    const taken = takenSubnets(this.#prefix, stored);
    const choose = (range: SubnetRange, family: 'subnet' | 'subnet6'): string | undefined => {
      const wanted = earlier.map((one) => one?.[family]);
      return chooseSubnet(range, taken, wanted, this.#options.random);
    };
    const subnet = choose(ipv4!, 'subnet');
    const subnet6 = ipv6 && choose(ipv6, 'subnet6');
    if (subnet !== undefined && (!ipv6 || subnet6 !== undefined)) return { subnet, subnet6 };
    await this.#giveBack();
    throw noneLeft(subnet === undefined ? ipv4! : ipv6!);
  }

  /** Gives way where another key holds the subnet already. */
  async #isAlone(key: string): Promise<boolean> {
    const { entries } = await this.#client.list(this.#prefix);
    const own = entries.find((one) => one.key === `${this.#prefix}${key}`);
    if (!own) return false;
    if (!this.#olderThan(own, entries)) return true;
    await this.#client.remove(own.key, own.modified);
    return false;
  }

  #hold(lease: Lease, id: string, revision: number, seconds: number): Held {
    const expires = id === '0' ? undefined : this.#options.now() + seconds * 1000;
    return { lease: { ...lease, expires }, id, revision, seconds };
  }

  /** A lease that was granted for nothing ends now instead of in a day; if that fails it ends then. */
  async #giveBack(): Promise<void> {
    const granted = this.#granted;
    this.#granted = undefined;
    if (granted) await this.#client.revoke(granted.lease).catch(() => {});
  }
}

function fits(range: SubnetRange | undefined, subnet: string | undefined): boolean {
  if (range === undefined || subnet === undefined) return range === subnet;
  return isInRange(range, parseSubnet(subnet)!);
}

/** Which of several own leases is taken up: the held one, a reservation, that of an earlier run, the oldest. */
function rank({ lease, stored }: Entry, { held, previous }: Wish): number {
  if (lease.key === held?.lease.key) return -3;
  if (stored.lease === '0') return -2;
  const earlier = previous.subnet === undefined ? undefined : parseSubnet(previous.subnet);
  if (earlier && lease.subnet !== undefined && overlaps(earlier, parseSubnet(lease.subnet)!)) return -1;
  return stored.created;
}

function noneLeft({ network, subnetLength, subnetMin, subnetMax }: SubnetRange): VtepError {
  const what = `no subnet is left in ${network}: all of /${subnetLength} from ${subnetMin} to ${subnetMax} are taken`;
  const remedy = 'delete the leases of hosts that are gone, or give a larger Network or SubnetLen';
  return new VtepError('ERR_VTEP_LIMIT', `${what}; ${remedy}`, { errno: 'ENOSPC', word: network });
}
