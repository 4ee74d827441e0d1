/**
 * One family of a host where nothing, or little, is installed ahead: the kernel asks for the MAC of an address (L3 miss,
 * from its neighbour table or the ARP proxy), the VTEP for the VTEP of a MAC (L2 miss), and both are answered from what the
 * registry says, with entries that age. So did Flannel until 0.8:
 *
 *   RTM_GETNEIGH dst 10.5.3.2                -> 10.5.3.2 lladdr 96:5f:e6:c4:d9:0f REACHABLE
 *   RTM_GETNEIGH lladdr 96:5f:e6:c4:d9:0f    -> 96:5f:e6:c4:d9:0f dst 10.99.0.12 self
 *
 * A container that nobody has is asked for again and again: what is unknown stays unknown for a second.
 */
import { addressBytes } from '../control/address.js';
import { NUD_REACHABLE } from '../native/netlink/neighbour.js';
import type { FlannelDevice } from './device.js';
import { DeviceFdb, type FdbClient } from './device-fdb.js';
import type { Host } from './host.js';
import { isInside, parsePrefix, type Prefix } from './prefix.js';
import type { EntryState } from './programmer.js';
import type { PeerFamily } from './types.js';

/** Milliseconds for which what was unknown is not looked for again. */
const UNKNOWN_FOR = 1_000;
/** Answers a second, more than a host starts containers; and how many may come at once. */
const ANSWERS = 1_000;
/** What is not yet answered, at most: flannel's channel holds 100. */
const OPEN_MAX = 1_000;

/** What became of misses. */
export interface MissCounts {
  l2: number;
  l3: number;
  answered: number;
  unknown: number;
  limited: number;
  failed: number;
}

export interface MissFamilyOptions {
  client: FdbClient;
  host: Pick<Host, 'neighbours' | 'setNeighbours' | 'deleteNeighbours' | 'setting'>;
  device: Pick<FlannelDevice, 'name' | 'family' | 'network' | 'ifindex' | 'ensure'>;
  /** The FDB is filled ahead; only addresses are asked for. */
  fdbAhead: boolean;
  counts: MissCounts;
  warn: (message: string) => void;
  /** Milliseconds; tests give another clock. */
  now?: () => number;
}

interface Known {
  key: string;
  subnet: Prefix;
  family: PeerFamily;
}

export class MissFamily {
  readonly #options: MissFamilyOptions;
  readonly #fdb: DeviceFdb;
  readonly #now: () => number;
  #known: Known[] = [];
  #byMac = new Map<string, Known>();
  /** Address or MAC -> when it may be looked for again. */
  readonly #unknown = new Map<string, number>();
  readonly #openAddresses = new Set<string>();
  readonly #openMacs = new Set<string>();
  #isMade = false;
  #answerIsDue = false;
  #tokens = ANSWERS;
  #filledAt: number;

  constructor(options: MissFamilyOptions) {
    this.#options = options;
    this.#fdb = new DeviceFdb(options.client, options.device.name);
    this.#now = options.now ?? Date.now;
    this.#filledAt = this.#now();
  }

  /** Whether an interface is this family's. */
  isAt(ifindex: number): boolean {
    return this.#isMade && ifindex === this.#options.device.ifindex;
  }

  /** Makes the device what it shall be, has the kernel ask us, and takes back answers that are wrong by now. */
  async reconcile(peers: ReadonlyMap<string, PeerFamily>): Promise<void> {
    await this.#options.device.ensure();
    this.#isMade = true;
    this.#beAsked();
    await this.apply(peers);
  }

  /** Takes note of the peers, all of them; answers that were given about others, or in other words, go. */
  async apply(peers: ReadonlyMap<string, PeerFamily>): Promise<void> {
    this.#known = [...peers].map(([key, family]) => ({ key, family, subnet: parsePrefix(family.subnet) }));
    this.#byMac = new Map(this.#known.map((known) => [known.family.mac, known]));
    this.#unknown.clear();
    await this.#correctNeighbours();
    await this.#correctFdb();
  }

  async state(): Promise<Map<string, EntryState>> {
    const present = this.#options.fdbAhead ? await this.#fdb.read() : undefined;
    return new Map(
      this.#known.map(({ key, family }) => [
        key,
        {
          fdb: present && present.get(family.mac) === family.publicIp,
          neighbour: undefined,
          route: undefined,
        },
      ]),
    );
  }

  /** An address without a MAC. */
  addressMissed(address: string): void {
    this.#options.counts.l3++;
    this.#missed(this.#openAddresses, address);
  }

  /** A MAC without a VTEP. */
  macMissed(mac: string): void {
    this.#options.counts.l2++;
    this.#missed(this.#openMacs, mac);
  }

  #missed(open: Set<string>, what: string): void {
    if (open.has(what)) return;
    if ((this.#unknown.get(what) ?? 0) > this.#now()) return void this.#options.counts.unknown++;
    if (open.size >= OPEN_MAX || !this.#mayAnswer()) return void this.#options.counts.limited++;
    open.add(what);
    if (this.#answerIsDue) return;
    this.#answerIsDue = true;
    setImmediate(() => void this.#answer());
  }

  /** A bucket that ANSWERS tokens a second fall into, and that holds as many. */
  #mayAnswer(): boolean {
    const now = this.#now();
    this.#tokens = Math.min(ANSWERS, this.#tokens + ((now - this.#filledAt) * ANSWERS) / 1000);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** What has been asked for until now, in two calls. */
  async #answer(): Promise<void> {
    this.#answerIsDue = false;
    const addresses = this.#answerable(this.#openAddresses, (address) => this.#ownerOf(address));
    const macs = this.#answerable(this.#openMacs, (mac) => this.#byMac.get(mac));
    try {
      await Promise.all([this.#answerAddresses(addresses), this.#answerMacs(macs)]);
    } catch (error) {
      this.#options.counts.failed += addresses.length + macs.length;
      this.#options.warn(`misses were not answered: ${(error as Error).message}`);
    }
  }

  #answerable(open: Set<string>, find: (what: string) => Known | undefined): [string, Known][] {
    const found: [string, Known][] = [];
    for (const what of open) {
      const known = find(what);
      if (known) found.push([what, known]);
      else this.#remember(what);
    }
    open.clear();
    return found;
  }

  #remember(what: string): void {
    this.#options.counts.unknown++;
    if (this.#unknown.size >= OPEN_MAX) this.#unknown.clear();
    this.#unknown.set(what, this.#now() + UNKNOWN_FOR);
  }

  #ownerOf(address: string): Known | undefined {
    const octets = addressBytes(address);
    return this.#known.find(({ subnet }) => isInside(subnet, octets));
  }

  async #answerAddresses(answers: readonly [string, Known][]): Promise<void> {
    if (answers.length === 0) return;
    const { host, device, counts, warn } = this.#options;
    const outcomes = await host.setNeighbours(
      answers.map(([address, { family }]) => ({
        ifindex: device.ifindex,
        address,
        mac: family.mac,
        state: NUD_REACHABLE,
      })),
    );
    for (const error of outcomes) {
      if (error) warn(error.message);
      counts[error ? 'failed' : 'answered']++;
    }
  }

  async #answerMacs(answers: readonly [string, Known][]): Promise<void> {
    if (answers.length === 0) return;
    const { client, device, counts } = this.#options;
    await client.setFdbBulk(
      device.name,
      answers.map(([mac, { family }]) => ({
        verb: 'replace',
        mac,
        dst: family.publicIp,
        state: 'dynamic',
      })),
    );
    counts.answered += answers.length;
  }

  /** The kernel asks whoever listens (NUD app_solicit), not the link, and that also to confirm what it knows. */
  #beAsked(): void {
    const { host, device, warn } = this.#options;
    const wanted = { app_solicit: '3', mcast_solicit: '0', ucast_solicit: '0' };
    for (const [setting, value] of Object.entries(wanted)) {
      const why = host.setting(`ipv${device.family}/neigh/${device.name}/${setting}`, value);
      if (why !== undefined) warn(why);
    }
  }

  /** Neighbours that lead to another MAC than their subnet's go; the kernel asks again when it needs them. */
  async #correctNeighbours(): Promise<void> {
    const { host, device } = this.#options;
    const wrong = host
      .neighbours(device.family, device.ifindex)
      .filter(({ address, mac }) => {
        if (mac === undefined || !isInside(device.network, addressBytes(address))) return false;
        return this.#ownerOf(address)?.family.mac !== mac;
      })
      .map(({ address }) => address);
    if (wrong.length > 0) await host.deleteNeighbours(device.ifindex, wrong);
  }

  /** Entries of peers that are elsewhere now go, as does, where the FDB is filled ahead, what no peer wants. */
  async #correctFdb(): Promise<void> {
    const { client, device, fdbAhead } = this.#options;
    if (fdbAhead) {
      const wanted = new Map(this.#known.map(({ family }) => [family.mac, family.publicIp]));
      const present = await this.#fdb.read();
      const lacking = new Map([...wanted].filter(([mac, dst]) => present.get(mac) !== dst));
      if (lacking.size > 0) await this.#fdb.set(lacking);
      const surplus = new Map([...present].filter(([mac]) => !wanted.has(mac)));
      if (surplus.size > 0) await this.#fdb.delete(surplus);
      return;
    }
    const entries = await client.fdb(device.name);
    const wrong = entries.filter(({ mac, remotes }) => {
      const known = this.#byMac.get(mac);
      return known !== undefined && remotes.some(({ dst }) => dst !== known.family.publicIp);
    });
    await this.#fdb.delete(
      new Map(wrong.flatMap(({ mac, remotes }) => remotes.map(({ dst }) => [mac, dst!] as const))),
    );
  }
}
