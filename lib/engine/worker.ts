/**
 * A data-plane worker thread: sleeps in native code until a descriptor is readable, runs bursts until all are drained,
 * and sleeps again. Its event loop never turns; messages are taken from the port by hand, between two bursts.
 *
 *   wake   the waker's eventfd, written by control after it posted
 *   bell   word BELL_POSTED counts posted messages; word BELL_RUNG tells control's side was already called
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Epochs } from '../memory/epoch.js';
import { RecordRing } from '../memory/ring.js';
import { errnoNumber } from '../native/errno.js';
import { load } from '../native/load.js';
import { type Shim, WAKER } from '../native/shim.js';
import { MonotonicClock } from './clock.js';
import { BELL_POSTED, BELL_RUNG, type WorkerMessage, type WorkerStart } from './messages.js';
import { NativePorts } from './native-ports.js';
import { WaitPolicy } from './wait-policy.js';
import { type Source, WorkerCore } from './worker-core.js';

/**
 * Microseconds a worker sleeps at most. Nothing but descriptors wakes it, and a thread inside native code cannot be
 * ended: a process that exits, of an error perhaps, would wait for it for ever.
 */
const SLEEP = 200_000;
/** Descriptors taken from one wait. */
const READY = 256;

class Worker {
  readonly #shim: Shim = load();
  readonly #start: WorkerStart;
  readonly #bell: Int32Array;
  readonly #epochs: Epochs;
  readonly #ring: RecordRing;
  readonly #core: WorkerCore;
  readonly #poller: number;
  readonly #ready = new Int32Array(READY);
  readonly #policy: WaitPolicy;
  /** When the last wait began, milliseconds. */
  #waited = 0;
  /** Sources that may have more. */
  #active: Source[] = [];
  #taken = 0;
  #generation = -1;
  #stopped = false;

  constructor(start: WorkerStart) {
    this.#start = start;
    this.#bell = new Int32Array(start.bell);
    this.#epochs = Epochs.attach(start.epochs);
    this.#ring = new RecordRing(start.ringCapacity, start.ring);
    this.#policy = new WaitPolicy(start.busyPoll);
    this.#poller = this.#shim.pollerOpen();
    this.#shim.pollerAdd(this.#poller, start.waker, start.waker | WAKER);
    this.#core = new WorkerCore({
      ports: new NativePorts(this.#shim),
      ring: this.#ring,
      clock: new MonotonicClock(start.clockStart),
      seed: start.seed,
      unclaimed: new Float64Array(start.unclaimed),
      sourceChanged: (source, present) => this.#sourceChanged(source, present),
    });
  }

  run(): void {
    while (!this.#stopped) {
      const generation = this.#epochs.enter(this.#start.reader);
      if (generation !== this.#generation || Atomics.load(this.#bell, BELL_POSTED) !== this.#taken) {
        this.#generation = generation;
        this.#takeMessages();
      }
      this.#turn();
      this.#callControl();
      if (this.#active.length === 0 && !this.#stopped) this.#wait();
    }
    this.#epochs.leave(this.#start.reader);
    this.#shim.close(this.#poller);
  }

  /** One burst from every active source; one that gave less than a burst is drained, or nearly. */
  #turn(): void {
    let kept = 0;
    for (const source of this.#active) {
      if (this.#policy.bulk && source.device !== undefined) this.#giveWay();
      const handled = this.#core.burst(source);
      if (handled > 0 && !this.#core.loop.drained) this.#active[kept++] = source;
      else if (handled < 0 && !PASSING.includes(handled)) this.#shim.pollerRemove(this.#poller, source.fd);
    }
    this.#active.length = kept;
  }

  /** A method of its own, so that a profile shows what others ran for. */
  #giveWay(): void {
    this.#shim.nap(0);
  }

  #wait(): void {
    this.#epochs.leave(this.#start.reader);
    const { loop } = this.#core;
    const policy = this.#policy;
    const began = performance.now();
    policy.before(loop.octets, loop.entries, loop.handled, (began - this.#waited) * 1_000);
    loop.octets = 0;
    loop.entries = 0;
    loop.handled = 0;
    this.#waited = began;
    if (policy.nap > 0) this.#shim.nap(policy.nap);
    const from = policy.nap > 0 ? performance.now() : began;
    const count = this.#shim.wait(this.#poller, this.#ready, SLEEP, policy.window);
    policy.after((performance.now() - from) * 1_000);
    for (let i = 0; i < count; i++) {
      const source = this.#core.sources.get(this.#ready[i]);
      if (source !== undefined) this.#active.push(source);
    }
  }

  #takeMessages(): void {
    this.#taken = Atomics.load(this.#bell, BELL_POSTED);
    for (let m = receiveMessageOnPort(parentPort!); m !== undefined; m = receiveMessageOnPort(parentPort!)) {
      const message = m.message as WorkerMessage;
      if (message.kind === 'stop') this.#stopped = true;
      else this.#core.handle(message);
    }
  }

  /** Calls control when the ring has records and it was not called since it last looked. */
  #callControl(): void {
    if (this.#ring.length > 0 && Atomics.exchange(this.#bell, BELL_RUNG, 1) === 0) {
      parentPort!.postMessage(this.#start.reader);
    }
  }

  #sourceChanged(source: Source, present: boolean): void {
    if (present) this.#shim.pollerAdd(this.#poller, source.fd, source.fd);
    else this.#shim.pollerRemove(this.#poller, source.fd);
    this.#active = this.#active.filter((active) => active !== source);
  }
}

/** -errno values after which a descriptor is still good: nothing there, or an ICMP error on the socket. */
const PASSING = ['EAGAIN', 'EINTR', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'].map(
  (name) => -errnoNumber(name),
);

new Worker(workerData as WorkerStart).run();
