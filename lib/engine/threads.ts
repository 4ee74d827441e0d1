/** Data-plane workers as threads: starting them, posting to them, hearing their doorbell, ending them. */
import { isMainThread, Worker } from 'node:worker_threads';
import { COUNTERS } from '../dataplane/counters.js';
import { CounterBlock } from '../memory/counters.js';
import { Epochs } from '../memory/epoch.js';
import { RecordRing } from '../memory/ring.js';
import type { Shim } from '../native/shim.js';
import type { MonotonicClock } from './clock.js';
import { type Dataplane, RING_CAPACITY } from './dataplane.js';
import {
  BELL_CHANGES,
  BELL_EXIT,
  BELL_HOLDS,
  BELL_POSTED,
  BELL_RUNG,
  BELL_WORDS,
  type WorkerMessage,
  type WorkerStart,
} from './messages.js';

/**
 * Microseconds a worker sleeps at most. Without a limit where it can be helped: an armed timer has to be programmed at each
 * sleep, which a virtual machine pays for (flood RTT 115 -> 67 us). A thread inside native code cannot be ended, and a process
 * that exits waits for it, so workers are woken then; but a thread of the user's that is terminated is not told.
 */
const SLEEP = isMainThread ? -1 : 200_000;

export interface ThreadOptions {
  /** Threads, 1 to 64; each serves one queue of every TAP and its own socket on a shared port. Default 1. */
  workers?: number;
  /** Microseconds a worker polls at most before it sleeps (wait-policy.ts). Default 0: only in bulk transfers. */
  busyPoll?: number;
  /** Told when a worker died of an error. */
  failed?: (error: Error) => void;
}

interface Thread {
  worker: Worker;
  waker: number;
  bell: Int32Array;
  ended: Promise<void>;
}

export class ThreadedDataplane implements Dataplane {
  readonly workers: number;
  readonly epochs: Epochs;
  readonly rings: RecordRing[] = [];
  readonly unclaimed: Float64Array[] = [];
  onRecords: () => void = () => {};
  readonly #shim: Shim;
  readonly #threads: Thread[] = [];
  readonly #exit = (): void => {
    for (const { bell, waker } of this.#threads) {
      Atomics.store(bell, BELL_EXIT, 1);
      this.#shim.wake(waker);
    }
  };

  constructor(shim: Shim, clock: MonotonicClock, seed: number, options: ThreadOptions = {}) {
    this.#shim = shim;
    this.workers = options.workers ?? 1;
    this.epochs = new Epochs(this.workers);
    process.on('exit', this.#exit);
    for (let reader = 0; reader < this.workers; reader++) this.#begin(reader, clock, seed, options);
  }

  post(worker: number, message: WorkerMessage): void {
    const thread = this.#threads[worker];
    thread.worker.postMessage(message);
    Atomics.add(thread.bell, BELL_POSTED, 1);
    this.#shim.wake(thread.waker);
  }

  /**
   * A worker says that it holds frames before it reads the count, and we count before we ask: none sleeps through it. Woken
   * once, it says so again: a thousand changes are not as many wake-ups.
   */
  tablesChanged(): void {
    for (const { bell, waker } of this.#threads) {
      Atomics.add(bell, BELL_CHANGES, 1);
      if (Atomics.exchange(bell, BELL_HOLDS, 0) !== 0) this.#shim.wake(waker);
    }
  }

  async close(): Promise<void> {
    for (let i = 0; i < this.#threads.length; i++) this.post(i, { kind: 'stop' });
    await Promise.all(this.#threads.map((thread) => thread.ended));
    process.off('exit', this.#exit);
    for (const thread of this.#threads.splice(0)) this.#shim.close(thread.waker);
  }

  #begin(reader: number, clock: MonotonicClock, seed: number, options: ThreadOptions): void {
    const ring = new RecordRing(RING_CAPACITY);
    const unclaimed = new CounterBlock(COUNTERS);
    const bell = new SharedArrayBuffer(4 * BELL_WORDS);
    const waker = this.#shim.wakerOpen();
    this.rings.push(ring);
    this.unclaimed.push(unclaimed.values);
    const start: WorkerStart = {
      reader,
      epochs: this.epochs.share(),
      ring: ring.share,
      ringCapacity: ring.capacity,
      unclaimed: unclaimed.share,
      bell,
      waker,
      clockStart: clock.start,
      seed,
      busyPoll: options.busyPoll ?? 0,
      sleep: SLEEP,
    };
    // The worker allocates nothing once it runs: a small heap keeps the daemon small.
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: start,
      // Room for 4,096 devices, some 8 KB each, and several times that; what is not used is not taken.
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 4 },
    });
    const rung = new Int32Array(bell);
    worker.on('message', () => {
      Atomics.store(rung, BELL_RUNG, 0);
      this.onRecords();
    });
    worker.on('error', (error) => {
      // A dead reader must not keep the writer from reusing memory.
      this.epochs.leave(reader);
      options.failed?.(error);
    });
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#threads.push({ worker, waker, bell: rung, ended });
  }
}
