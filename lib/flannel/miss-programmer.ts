/** Answers misses from the registry instead of installing entries ahead (`--mode miss` and `--mode neigh-miss`). */
import { addressText, macText } from '../control/address.js';
import type { Log } from '../control/log.js';
import { RTNLGRP_NEIGH } from '../native/netlink/groups.js';
import { listen, type ListenShim } from '../native/netlink/listen.js';
import type { Message } from '../native/netlink/message.js';
import {
  AF_INET,
  AF_INET6,
  NUD_DELAY,
  NUD_INCOMPLETE,
  NUD_PROBE,
  NUD_STALE,
  readNeighbour,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from '../native/netlink/neighbour.js';
import { FAMILY_NAMES, familyOf, type FamilyName } from './families.js';
import { MissFamily, type MissCounts, type MissFamilyOptions } from './miss-family.js';
import type { PeerState, Programmer } from './programmer.js';
import { Turns } from './turns.js';
import type { Peer } from './types.js';

export interface MissProgrammerOptions extends Pick<MissFamilyOptions, 'client' | 'host' | 'fdbAhead'> {
  shim: ListenShim;
  log: Log;
  ipv4?: Pick<MissFamilyOptions, 'device'>;
  ipv6?: Pick<MissFamilyOptions, 'device'>;
}

/** States in which the kernel wants to be told of a neighbour. */
const ASKING = NUD_INCOMPLETE | NUD_STALE | NUD_DELAY | NUD_PROBE;

/** Peers are told and forgotten one call after the other; misses are answered at any time. */
export class MissProgrammer implements Programmer {
  readonly #families: readonly (readonly [FamilyName, MissFamily])[];
  readonly #peers = new Map<string, Peer>();
  readonly #counts: MissCounts = { l2: 0, l3: 0, answered: 0, unknown: 0, limited: 0, failed: 0 };
  readonly #stopListening: () => void;
  readonly #turns = new Turns();

  constructor(options: MissProgrammerOptions) {
    const { client, host, fdbAhead, shim, log } = options;
    const warn = (message: string): void => log.warn(message);
    const shared = { client, host, fdbAhead, counts: this.#counts, warn };
    this.#families = FAMILY_NAMES.flatMap((name) => {
      const family = options[name];
      return family ? [[name, new MissFamily({ ...shared, device: family.device })] as const] : [];
    });
    this.#stopListening = listen(shim, [RTNLGRP_NEIGH], {
      message: (message) => this.#heard(message),
      lost: () => log.warn('misses were lost: more came than could be read'),
    });
  }

  misses(): Record<string, number> {
    return { ...this.#counts };
  }

  async reconcile(peers: readonly Peer[]): Promise<void> {
    await this.#turns.take(async () => {
      this.#peers.clear();
      for (const peer of peers) this.#peers.set(peer.key, peer);
      for (const [name, family] of this.#families) await family.reconcile(familyOf(this.#peers, name));
    });
  }

  async apply(peers: readonly Peer[], gone: readonly string[]): Promise<void> {
    await this.#turns.take(async () => {
      for (const key of gone) this.#peers.delete(key);
      for (const peer of peers) this.#peers.set(peer.key, peer);
      for (const [name, family] of this.#families) await family.apply(familyOf(this.#peers, name));
    });
  }

  async state(): Promise<PeerState[]> {
    const states = new Map<FamilyName, Awaited<ReturnType<MissFamily['state']>>>();
    for (const [name, family] of this.#families) states.set(name, await family.state());
    return [...this.#peers.keys()].map((key) => ({
      key,
      ipv4: states.get('ipv4')?.get(key),
      ipv6: states.get('ipv6')?.get(key),
      error: undefined,
    }));
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.#turns.end();
  }

  /**
   * The kernel's question about a neighbour, or the VTEP's about a MAC. A question that names a MAC too is one whether it
   * still holds: answered as well, or the neighbour would fail for a while.
   */
  #heard({ type, body }: Message): void {
    if (type !== RTM_GETNEIGH && type !== RTM_NEWNEIGH) return;
    const info = readNeighbour(body);
    if (!info || (info.state & ASKING) === 0) return;
    if (info.family !== AF_INET && info.family !== AF_INET6) return;
    const family = this.#families.find(([, candidate]) => candidate.isAt(info.ifindex))?.[1];
    if (!family) return;
    const { dst, lladdr } = info;
    if (dst && (!lladdr || type === RTM_GETNEIGH)) family.addressMissed(addressText(dst));
    else if (!dst && lladdr?.length === 6) family.macMissed(macText(lladdr));
  }
}
