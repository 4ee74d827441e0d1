/**
 * Follows the keys below a prefix: list at a revision, then watch from the next one. Whatever ends the watch (compaction, a
 * restart, a member without a leader, the network) leads to a new list: continuity of a stream is never taken for granted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff, LONGEST_PAUSE } from '../backoff.js';
import type { EtcdClient, KeyValue, Listing, WatchAnswer } from './client.js';

export interface Follower {
  /** All there is, as of a revision. */
  listed(listing: Listing): void;
  /** What each changed key is now; undefined: deleted, at the revision given. */
  changed(changes: ReadonlyMap<string, Change>, revision: number): void;
  /** The state is known up to `revision`, and etcd answers. */
  reached(revision: number): void;
  failed(error: unknown): void;
}

export interface Change {
  entry: KeyValue | undefined;
  revision: number;
}

export interface FollowOptions {
  random: () => number;
  /** Milliseconds of silence after which the endpoint is asked whether it is there; default 30,000. */
  probeAfter?: number;
  /** Given, for each stream, what ends it: a list and another stream follow. */
  opened?: (end: (why: Error) => void) => void;
}

/** Milliseconds for which changes are gathered: what is written together is told together. */
const GATHER = 10;
const PROBE_AFTER = 30_000;

/** Until `signal` says to end. */
export async function follow(
  client: EtcdClient,
  prefix: string,
  follower: Follower,
  signal: AbortSignal,
  options: FollowOptions,
): Promise<void> {
  const backoff = new Backoff(options.random);
  while (!signal.aborted) {
    const began = performance.now();
    try {
      const listing = await client.list(prefix);
      if (signal.aborted) return;
      follower.listed(listing);
      follower.reached(listing.revision);
      await watchFrom(client, prefix, listing.revision + 1, follower, signal, options);
    } catch (error) {
      if (signal.aborted) return;
      follower.failed(error);
    }
    if (performance.now() - began > LONGEST_PAUSE) backoff.reset();
    await sleep(backoff.next(), undefined, { signal }).catch(() => {});
  }
}

async function watchFrom(
  client: EtcdClient,
  prefix: string,
  revision: number,
  follower: Follower,
  signal: AbortSignal,
  { probeAfter = PROBE_AFTER, opened }: FollowOptions,
): Promise<void> {
  const ending = new AbortController();
  opened?.((why) => ending.abort(why));
  const gathered = new Gathered(follower);
  const probe = new Probe(client, prefix, probeAfter, ending);
  const onAnswer = (answer: WatchAnswer): void => {
    probe.heard(answer.endpoint);
    gathered.add(answer);
  };
  try {
    await client.watch(prefix, revision, onAnswer, AbortSignal.any([signal, ending.signal]));
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    // What was gathered comes with the list that follows.
    gathered.drop();
    probe.stop();
  }
}

/** Changes that wait to be told together. */
class Gathered {
  readonly #follower: Follower;
  #changes = new Map<string, Change>();
  #revision = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(follower: Follower) {
    this.#follower = follower;
  }

  add({ events, revision }: WatchAnswer): void {
    this.#revision = revision;
    for (const { key, entry, revision: at } of events) this.#changes.set(key, { entry, revision: at });
    this.#timer ??= setTimeout(() => this.#tell(), events.length === 0 ? 0 : GATHER);
  }

  #tell(): void {
    const changes = this.#changes;
    this.#changes = new Map();
    this.#timer = undefined;
    if (changes.size > 0) this.#follower.changed(changes, this.#revision);
    this.#follower.reached(this.#revision);
  }

  drop(): void {
    clearTimeout(this.#timer);
  }
}

/** A stream from a host that died, or a process that hangs, is as silent as one with nothing to say: it is asked. */
class Probe {
  readonly #timer: NodeJS.Timeout;
  #endpoint: string | undefined;
  #heard = true;

  constructor(client: EtcdClient, prefix: string, every: number, ending: AbortController) {
    this.#timer = setInterval(() => {
      const endpoint = this.#endpoint ?? client.transport.current;
      if (!this.#heard) client.probe(endpoint, prefix).catch((error: unknown) => ending.abort(error));
      this.#heard = false;
    }, every);
  }

  heard(endpoint: string): void {
    this.#endpoint = endpoint;
    this.#heard = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
