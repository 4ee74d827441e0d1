/**
 * What the paths to one VTEP's remotes carry, control's half of dataplane/path-mtu.ts: the host's routing is asked (route,
 * interface, and what ICMP taught it, which the kernel device reads from its route cache), and the answer kept beside the
 * remote. Asked when a remote is new, when routes or interfaces of the underlay change, when a datagram was refused as
 * too big, and every ten seconds. Nothing is asked as long as nobody needs to know.
 */
import { RECORD_ADDRESS0, RECORD_IFINDEX } from '../dataplane/records.js';
import type { RemoteTable } from '../table/remote.js';
import { type Clock, TICKS_PER_SECOND } from './clock.js';
import { headroom } from './settings.js';
import type { System } from './system.js';

const ROUND = 10 * TICKS_PER_SECOND;
/** Remotes asked about at one go (15 us each). */
const AT_ONCE = 64;
/** Refused datagrams acted on in one tick: a flood of them is all about the same few paths. */
const REFUSALS = 8;
/** Longest packet IP has. */
const MAX_PACKET = 65_535;

export class PathMtus {
  readonly #remotes: RemoteTable;
  readonly #system: System;
  readonly #headroom: number;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #active = false;
  /** Smallest limit of all remotes, 0 = none known. */
  #least = 0;
  /** Where the round stands: the remote asked about last, undefined between two rounds. */
  #at: number | undefined;
  #next = 0;
  #refusals = { tick: 0, left: REFUSALS };

  /** @param changed called when `least` has another value */
  constructor(remotes: RemoteTable, system: System, family: 4 | 6, clock: Clock, changed: () => void) {
    this.#remotes = remotes;
    this.#system = system;
    this.#headroom = headroom(family);
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Octets behind the inner Ethernet header that reach every remote in one piece; 0 = nothing known. */
  get least(): number {
    return this.#least;
  }

  /** Begins or ceases to ask. Most VTEPs' remotes are all known when this returns; the others' in some ticks. */
  set active(active: boolean) {
    if (active === this.#active) return;
    this.#active = active;
    if (!active) return;
    this.stale();
    this.tick();
  }

  /** A remote is new. */
  added(index: number): void {
    if (this.#active) this.#ask(index);
  }

  /** Routes or interfaces have changed: everything is asked anew, from the next tick on. */
  stale(): void {
    this.#at = -1;
  }

  /** A worker's TOO_BIG record at `at` of `words`. */
  refused(words: Int32Array, at: number): void {
    if (!this.#active || !this.#mayAsk()) return;
    const remotes = this.#remotes;
    const [a0, a1, a2, a3] = words.subarray(at + RECORD_ADDRESS0, at + RECORD_ADDRESS0 + 4);
    const ifindex = words[at + RECORD_IFINDEX];
    for (let index = remotes.next(-1); index >= 0; index = remotes.next(index)) {
      if (remotes.isAt(index, a0, a1, a2, a3) && remotes.ifindex(index) === ifindex) this.#ask(index);
    }
  }

  /** Housekeeping: goes on with the round, or begins one when it is time. */
  tick(): void {
    if (!this.#active) return;
    if (this.#at === undefined) {
      if (((this.#clock.now() - this.#next) | 0) < 0) return;
      this.#at = -1;
    }
    for (let asked = 0; asked < AT_ONCE; asked++) {
      this.#at = this.#remotes.next(this.#at);
      if (this.#at < 0) return this.#endRound();
      this.#ask(this.#at);
    }
  }

  #mayAsk(): boolean {
    const tick = this.#clock.now();
    if (tick !== this.#refusals.tick) this.#refusals = { tick, left: REFUSALS };
    return this.#refusals.left-- > 0;
  }

  /** Remotes that went, and paths that widened, no longer count. */
  #endRound(): void {
    this.#at = undefined;
    this.#next = (this.#clock.now() + ROUND) | 0;
    const remotes = this.#remotes;
    let least = 0;
    for (let index = remotes.next(-1); index >= 0; index = remotes.next(index)) {
      least = lesser(least, remotes.packetLimit(index));
    }
    this.#setLeast(least);
  }

  #ask(index: number): void {
    const remotes = this.#remotes;
    const address = Int32Array.of(
      remotes.address0(index),
      remotes.address1(index),
      remotes.address2(index),
      remotes.address3(index),
    );
    const mtu = Math.min(this.#system.pathMtu(address, remotes.ifindex(index)), MAX_PACKET);
    const limit = Math.max(0, mtu - this.#headroom);
    if (limit === remotes.packetLimit(index)) return;
    remotes.setPacketLimit(index, limit);
    this.#setLeast(lesser(this.#least, limit));
  }

  #setLeast(least: number): void {
    if (this.#least === least) return;
    this.#least = least;
    this.#changed();
  }
}

/** The smaller of two limits, of which 0 is none. */
function lesser(a: number, b: number): number {
  return a === 0 || (b !== 0 && b < a) ? b : a;
}
