/**
 * Where the bursts run, as control sees it: messages down, records up. InlineDataplane runs them in the caller's
 * thread whenever it is polled (tests, the library); ThreadedDataplane (threads.ts) in worker threads.
 */
import { COUNTERS } from '../dataplane/counters.js';
import { CounterBlock } from '../memory/counters.js';
import type { Epochs } from '../memory/epoch.js';
import { RecordRing } from '../memory/ring.js';
import type { Clock } from './clock.js';
import type { WorkerMessage } from './messages.js';
import type { PortFactory } from './system.js';
import { WorkerCore } from './worker-core.js';

export interface Dataplane {
  readonly workers: number;
  /** Readers of the tables; undefined when they run in the writer's own thread. */
  readonly epochs: Epochs | undefined;
  /** Tells worker `worker` something. In order, acted on before its next burst. */
  post(worker: number, message: WorkerMessage): void;
  /** An FDB entry, a neighbour or a route has changed: workers that hold frames for one look again. */
  tablesChanged(): void;
  /** Record rings, one a worker. */
  readonly rings: readonly RecordRing[];
  /** Counters of what no device can be charged with, one block a worker. */
  readonly unclaimed: readonly Float64Array[];
  /** Called when a ring has something. */
  onRecords: () => void;
  /** Ends the workers; resolves when none touches a descriptor any more. */
  close(): Promise<void>;
}

/** Records a ring holds; a burst of learning beyond that is dropped and counted. */
export const RING_CAPACITY = 4_096;

export class InlineDataplane implements Dataplane {
  readonly workers = 1;
  readonly epochs = undefined;
  readonly rings: readonly RecordRing[];
  readonly unclaimed: readonly Float64Array[];
  onRecords: () => void = () => {};
  readonly #core: WorkerCore;
  #changes = 0;

  constructor(ports: PortFactory, clock: Clock, seed: number) {
    const ring = new RecordRing(RING_CAPACITY);
    const unclaimed = new CounterBlock(COUNTERS).values;
    this.rings = [ring];
    this.unclaimed = [unclaimed];
    this.#core = new WorkerCore({ ports, ring, clock, seed, unclaimed });
  }

  post(_worker: number, message: WorkerMessage): void {
    this.#core.handle(message);
  }

  tablesChanged(): void {
    this.#changes++;
  }

  /** Runs bursts until no port has anything left. Returns how many frames and datagrams were handled. */
  poll(): number {
    let total = 0;
    for (let handled = 1; handled > 0; total += handled) {
      handled = 0;
      for (const source of this.#core.sources.values()) handled += Math.max(0, this.#core.burst(source));
      handled += this.#core.release(this.#changes);
      if (this.rings[0].length > 0) this.onRecords();
    }
    return total;
  }

  async close(): Promise<void> {}
}
