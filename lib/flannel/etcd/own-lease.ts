/**
 * The lease of this host: taken, kept, and taken again when it is lost. One procedure (acquisition.ts) serves at the start,
 * when it is time to renew, when the own key changed, and when peers are to be told something new.
 *
 * Renewal is LeaseKeepAlive: it changes no key, so that no peer hears of it. flanneld grants a new lease and writes the same
 * value again, which every peer has to look at, and leaves the old lease behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { VtepError } from '../../errors.js';
import { leaseValue } from '../lease.js';
import { Turns } from '../turns.js';
import type { Lease, LeaseAttributes, NetworkConfig } from '../types.js';
import { Acquisition, type Held, type PreviousSubnets, type Wish } from './acquisition.js';
import { Backoff } from '../backoff.js';
import type { EtcdClient, KeyValue } from './client.js';
import { EtcdError } from './error.js';

export interface OwnLeaseOptions {
  /** Seconds a lease is granted for; default 86,400. */
  timeToLive?: number;
  /** Minutes before its end at which it is renewed, 1 to 1,439; default 60. */
  renewMargin?: number;
  /** As Math.random. */
  random?: () => number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface OwnLeaseListener {
  /** The lease was acquired, published, renewed, or is another one now. */
  own(lease: Lease): void;
  /** Which keys are ours, as `owns` says, has changed. */
  claimed(): void;
  problem(key: string, reason: string): void;
  /** What the last attempt met; undefined: it went well. */
  failed(error: unknown): void;
}

const DEFAULT_TIME_TO_LIVE = 86_400;
const DEFAULT_MARGIN = 60;
/** gRPC's NOT_FOUND: the lease that was granted has gone. */
const NOT_FOUND = 5;
/** Milliseconds until what only a person can change is tried again. */
const FINAL_PAUSE = 60_000;
/** Milliseconds without a change of the own key after which the next one is answered at once again. */
const QUIET = 60_000;
/** What setTimeout takes at most. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class OwnLease {
  readonly #acquisition: Acquisition;
  readonly #prefix: string;
  readonly #listener: OwnLeaseListener;
  readonly #margin: number;
  readonly #random: () => number;
  readonly #closing = new AbortController();
  #wish: Wish | undefined;
  /** The key that is being made. */
  #claim: string | undefined;
  readonly #turns = new Turns();
  #renewal: NodeJS.Timeout | undefined;
  #isBusy = false;
  /** What the watch said of our key while it was being written. */
  #news: { key: string; entry: KeyValue | undefined; revision: number } | undefined;
  #isAnswering = false;
  #answered = -Infinity;
  readonly #answers: Backoff;

  /**
   * @param prefix of the keys: '/coreos.com/network/subnets/'
   * @throws {VtepError} ERR_VTEP_ARGUMENT for a renew margin out of range
   */
  constructor(client: EtcdClient, prefix: string, listener: OwnLeaseListener, options: OwnLeaseOptions = {}) {
    const { timeToLive = DEFAULT_TIME_TO_LIVE, renewMargin = DEFAULT_MARGIN } = options;
    const { random = Math.random, now = Date.now } = options;
    if (!(renewMargin >= 1 && renewMargin <= 1439)) {
      const message = `--subnet-lease-renew-margin is ${renewMargin}, expected 1 to 1439 minutes: a lease has 1440`;
      throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: String(renewMargin) });
    }
    this.#prefix = prefix;
    this.#listener = listener;
    this.#margin = renewMargin * 60;
    this.#random = random;
    this.#answers = new Backoff(random);
    const claim = (key: string | undefined): void => this.#setClaim(key);
    const problem = (key: string, reason: string): void => listener.problem(key, reason);
    this.#acquisition = new Acquisition({ client, prefix, timeToLive, random, now, claim, problem });
  }

  /** The key below the prefix that is ours. */
  get key(): string | undefined {
    return this.#wish?.held?.lease.key;
  }

  /** True for the key that is ours, or about to be. */
  owns(key: string): boolean {
    return key === this.key || key === this.#claim;
  }

  acquire(
    config: NetworkConfig,
    attributes: LeaseAttributes,
    previous: PreviousSubnets = {},
  ): Promise<Lease> {
    this.#wish = { config, attributes, previous, held: this.#wish?.held };
    return this.#hold();
  }

  /** @throws {VtepError} ERR_VTEP_ARGUMENT before acquire */
  async publish(attributes: LeaseAttributes): Promise<void> {
    if (!this.#wish) throw new VtepError('ERR_VTEP_ARGUMENT', 'no lease is held yet: acquire one first');
    this.#wish.attributes = attributes;
    await this.#hold();
  }

  /** What stands under an own key at a revision, from the watch; undefined: nothing. */
  seen(key: string, entry: KeyValue | undefined, revision: number): void {
    if (this.#isBusy) {
      this.#news = { key, entry, revision };
      return;
    }
    const held = this.#wish?.held;
    if (!held || key !== held.lease.key || revision <= held.revision) return;
    held.revision = revision;
    const value = leaseValue(held.lease.attributes);
    if (entry && entry.lease === held.id && entry.value === value) return;
    if (entry && entry.value !== value)
      this.#listener.problem(held.lease.key, `our own lease was written over: ${entry.value.slice(0, 200)}`);
    void this.#answer();
  }

  /** The lease stays as it is. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#renewal);
  }

  #setClaim(key: string | undefined): void {
    this.#claim = key;
    this.#listener.claimed();
  }

  /** Looks at the own key after a change. A program that fights us for it gets slower and slower answers. */
  async #answer(): Promise<void> {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    if (performance.now() - this.#answered > QUIET) this.#answers.reset();
    await this.#pause(this.#answers.next());
    this.#answered = performance.now();
    this.#isAnswering = false;
    await this.#holdOn();
  }

  /** Holds the lease on nobody's behalf: what goes wrong is told, and tried again later. */
  async #holdOn(): Promise<void> {
    try {
      await this.#hold();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#listener.failed(error);
      this.#listener.problem(this.key ?? this.#prefix, (error as Error).message);
      this.#renewIn(FINAL_PAUSE);
    }
  }

  /** Makes it so, one after the other; retries what may succeed later. */
  #hold(): Promise<Lease> {
    return this.#turns.take(() => this.#untilHeld());
  }

  async #untilHeld(): Promise<Lease> {
    const backoff = new Backoff(this.#random);
    this.#isBusy = true;
    try {
      while (!this.#closing.signal.aborted) {
        const held = await this.#attempt();
        if (held) return this.#settle(held);
        await this.#pause(backoff.next());
      }
      throw new VtepError('ERR_VTEP_SYSTEM', 'the registry was closed', { errno: 'ECANCELED' });
    } finally {
      this.#isBusy = false;
      const news = this.#news;
      this.#news = undefined;
      if (news) this.seen(news.key, news.entry, news.revision);
    }
  }

  async #attempt(): Promise<Held | undefined> {
    try {
      return await this.#acquisition.attempt(this.#wish!);
    } catch (error) {
      if (!(error instanceof EtcdError) || error.isFinal) throw error;
      if (error.grpc === NOT_FOUND) this.#acquisition.forgetGrant();
      this.#listener.failed(error);
      return undefined;
    }
  }

  #settle(held: Held): Lease {
    if (this.#closing.signal.aborted) return held.lease;
    this.#wish!.held = held;
    this.#setClaim(undefined);
    this.#listener.failed(undefined);
    this.#listener.own(held.lease);
    clearTimeout(this.#renewal);
    const { seconds } = held;
    if (held.id !== '0')
      this.#renewIn((seconds > this.#margin ? seconds - this.#margin : seconds / 2) * 1000);
    return held.lease;
  }

  #renewIn(milliseconds: number): void {
    clearTimeout(this.#renewal);
    if (this.#closing.signal.aborted) return;
    this.#renewal = setTimeout(() => void this.#holdOn(), Math.min(milliseconds, LONGEST_TIMER));
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#closing.signal }).catch(() => {});
  }
}
