/**
 * Entries installed ahead of traffic, as flanneld does since 0.9: whoever is in the registry can be sent to at once, and
 * goes on being reached while this process, or the registry, is away.
 */
import { FAMILY_NAMES, familyOf, type FamilyName } from './families.js';
import {
  FamilyProgrammer,
  type FamilyOptions,
  type ProgrammerDevice,
  type ProgrammerHost,
} from './family-programmer.js';
import type { FdbClient } from './device-fdb.js';
import type { EntryState, PeerState, Programmer } from './programmer.js';
import { Turns } from './turns.js';
import type { Peer, PeerFamily } from './types.js';

export type ProgrammedFamily = Pick<FamilyOptions, 'subnetLength'> & { device: ProgrammerDevice };

export interface StaticProgrammerOptions {
  client: FdbClient;
  host: ProgrammerHost;
  ipv4?: ProgrammedFamily;
  ipv6?: ProgrammedFamily;
  directRouting: boolean;
}

/**
 * Calls may overlap: what is told while tables are being written is written after that, all at once. A method rejects where nothing can be programmed at all: the
 * data-plane daemon does not answer, or the device is gone. What a single peer is refused is in its state.
 *
 * @example
 * const programmer = new StaticProgrammer({ client, host, ipv4: { device, subnetLength: 24 }, directRouting: false });
 * await programmer.reconcile(peers);
 * stream.closed.catch(() => programmer.restore()); // the data-plane daemon ended
 */
export class StaticProgrammer implements Programmer {
  readonly #families: readonly (readonly [FamilyName, FamilyProgrammer])[];
  /** By key, the one told last at the end. */
  readonly #peers = new Map<string, Peer>();
  readonly #turns = new Turns();
  /** What has been asked for and not begun: whatever is told until then is done with it. */
  #next: Promise<void> | undefined;
  /** The tables may not be what they are believed to be: the next turn reads them. */
  #isUncertain = true;
  #isClosed = false;

  constructor({ client, host, directRouting, ...families }: StaticProgrammerOptions) {
    this.#families = FAMILY_NAMES.flatMap((name) => {
      const family = families[name];
      return family
        ? [[name, new FamilyProgrammer({ client, host, directRouting, ...family })] as const]
        : [];
    });
  }

  async reconcile(peers: readonly Peer[]): Promise<void> {
    const keys = new Set(peers.map(({ key }) => key));
    for (const key of this.#peers.keys()) if (!keys.has(key)) this.#peers.delete(key);
    for (const peer of peers) this.#remember(peer);
    await this.restore();
  }

  async apply(peers: readonly Peer[], gone: readonly string[]): Promise<void> {
    const left = gone.filter((key) => this.#peers.delete(key)).length;
    const changed = peers.filter((peer) => this.#remember(peer)).length;
    if (left + changed > 0 || this.#isUncertain) await this.#flush();
  }

  /**
   * Makes devices and entries anew where they have gone: after the data-plane daemon was restarted, or somebody removed an
   * interface or changed its MAC (with which the kernel forgets its neighbours). The peers are those told last.
   */
  async restore(): Promise<void> {
    this.#isUncertain = true;
    await this.#flush();
  }

  async state(): Promise<PeerState[]> {
    return await this.#turns.take(async () => {
      const states = new Map<FamilyName, Map<string, EntryState>>();
      for (const [name, family] of this.#families)
        states.set(name, await family.state(familyOf(this.#peers, name)));
      return [...this.#peers.keys()].sort().map((key) => ({
        key,
        ipv4: states.get('ipv4')?.get(key),
        ipv6: states.get('ipv6')?.get(key),
        error: this.#errorOf(key),
      }));
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turns.end();
  }

  #errorOf(key: string): string | undefined {
    const errors = this.#families.map(([, family]) => family.errors.get(key));
    return errors.filter((error) => error !== undefined).join('; ') || undefined;
  }

  #flush(): Promise<void> {
    this.#next ??= this.#turns.take(() => {
      this.#next = undefined;
      return this.#act();
    });
    return this.#next;
  }

  /** Each family, the second also where the first failed; after a failure the tables are read anew. */
  async #act(): Promise<void> {
    if (this.#isClosed) return;
    const isFull = this.#isUncertain;
    this.#isUncertain = false;
    const failures: unknown[] = [];
    for (const [name, family] of this.#families) {
      const peers = familyOf(this.#peers, name);
      await (isFull ? family.reconcile(peers) : family.apply(peers)).catch((error: unknown) => {
        failures.push(error);
      });
    }
    if (failures.length === 0) return;
    this.#isUncertain = true;
    throw failures[0];
  }

  /** Takes note of a peer. False when it is as before. */
  #remember(peer: Peer): boolean {
    const before = this.#peers.get(peer.key);
    if (before && same(before.ipv4, peer.ipv4) && same(before.ipv6, peer.ipv6)) return false;
    this.#peers.delete(peer.key);
    this.#peers.set(peer.key, peer);
    return true;
  }
}

function same(a: PeerFamily | undefined, b: PeerFamily | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.subnet === b.subnet && a.publicIp === b.publicIp && a.mac === b.mac;
}
