/**
 * A data-plane worker thread: sleeps in native code until a descriptor is readable, runs bursts until all are drained,
 * and sleeps again. Its event loop never turns; messages are taken from the port by hand, between two bursts.
 *
 *   wake   the waker's eventfd, written by control after it posted
 *   bell   word BELL_POSTED counts posted messages; word BELL_RUNG tells control's side was already called; word BELL_EXIT
 *          that the process is about to exit, which waits for its threads; BELL_HOLDS and BELL_CHANGES: threads.ts
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Epochs } from '../memory/epoch.js';
import { RecordRing } from '../memory/ring.js';
import { errnoNumber } from '../native/errno.js';
import { load } from '../native/load.js';
import { type Shim, WAKER } from '../native/shim.js';
import { MonotonicClock } from './clock.js';
import {
  BELL_CHANGES,
  BELL_EXIT,
  BELL_HOLDS,
  BELL_POSTED,
  BELL_RUNG,
  type WorkerMessage,
  type WorkerStart,
} from './messages.js';
import { NativePorts } from './native-ports.js';
import { WaitPolicy } from './wait-policy.js';
import { type Source, WorkerCore } from './worker-core.js';

/** Milliseconds by which a moderated source may be early. */
const EARLY = 0.005;
/** Microseconds to sleep at most while frames are held: some may have waited long enough. */
const HOLD_SLEEP = 100_000;
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
  /** Sources that may have more, those found empty since the last wait, and those that are let gather (moderation.ts). */
  #active: Source[] = [];
  #drained: Source[] = [];
  #moderated: Source[] = [];
  #taken = 0;
  #generation = -1;
  #holds = false;
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
    while (!this.#stopped && Atomics.load(this.#bell, BELL_EXIT) === 0) {
      const generation = this.#epochs.enter(this.#start.reader);
      if (generation !== this.#generation || Atomics.load(this.#bell, BELL_POSTED) !== this.#taken) {
        this.#generation = generation;
        this.#takeMessages();
      }
      this.#turn();
      if (this.#holds || this.#core.loop.hold.length > 0) this.#release();
      this.#callControl();
      if (this.#active.length === 0 && !this.#stopped) this.#wait();
    }
    this.#epochs.leave(this.#start.reader);
    this.#shim.close(this.#poller);
  }

  /** One burst from every active source; one that gave less than a burst is drained, or nearly. */
  #turn(): void {
    const { loop } = this.#core;
    let kept = 0;
    for (const source of this.#active) {
      if (this.#policy.bulk && source.device !== undefined) this.#giveWay();
      const handled = loop.handled;
      const received = this.#core.burst(source);
      source.moderation.frames += loop.handled - handled;
      if (received > 0 && !loop.drained) this.#active[kept++] = source;
      else if (received >= 0 || PASSING.includes(received)) this.#drained.push(source);
      else this.#silence(source);
    }
    this.#active.length = kept;
  }

  /** Control wakes who holds frames; it must know of them before the count of changes is read (threads.ts). */
  #release(): void {
    const { hold } = this.#core.loop;
    Atomics.store(this.#bell, BELL_HOLDS, 1);
    this.#core.release(Atomics.load(this.#bell, BELL_CHANGES));
    this.#holds = hold.length > 0;
    if (!this.#holds) Atomics.store(this.#bell, BELL_HOLDS, 0);
  }

  /** A method of its own, so that a profile shows what others ran for. */
  #giveWay(): void {
    this.#shim.giveWay();
  }

  #wait(): void {
    this.#epochs.leave(this.#start.reader);
    const { loop } = this.#core;
    const policy = this.#policy;
    policy.before(loop.octets, loop.entries);
    loop.octets = 0;
    loop.entries = 0;
    const began = performance.now();
    let timeout = this.#moderate(began);
    if (this.#holds && (timeout < 0 || timeout > HOLD_SLEEP)) timeout = HOLD_SLEEP;
    const count = this.#shim.wait(this.#poller, this.#ready, timeout, policy.window);
    const ended = performance.now();
    policy.after((ended - began) * 1_000);
    for (let i = 0; i < count; i++) {
      const source = this.#core.sources.get(this.#ready[i]);
      if (source !== undefined) this.#active.push(source);
    }
    this.#takeDue(ended);
  }

  /** Settles how the drained sources are waited for; returns the microseconds to sleep at most, -1 = until woken. */
  #moderate(now: number): number {
    if (this.#policy.looks && this.#moderated.length > 0) {
      this.#drained.push(...this.#moderated);
      this.#moderated.length = 0;
    }
    for (const source of this.#drained) {
      const pause = this.#policy.looks ? 0 : source.moderation.drained(now);
      if (pause > 0) {
        if (source.moderation.due === 0) this.#silence(source);
        source.moderation.due = now + pause / 1_000;
        this.#moderated.push(source);
      } else if (source.moderation.due > 0) {
        source.moderation.due = 0;
        this.#hear(source);
      }
    }
    this.#drained.length = 0;
    if (this.#moderated.length === 0) return this.#start.sleep;
    let due = Infinity;
    for (const { moderation } of this.#moderated) due = Math.min(due, moderation.due);
    return Math.max(0, Math.round((due - now) * 1_000));
  }

  /** Moderated sources whose time has come are active. */
  #takeDue(now: number): void {
    let kept = 0;
    for (const source of this.#moderated) {
      if (source.moderation.due <= now + EARLY) this.#active.push(source);
      else this.#moderated[kept++] = source;
    }
    this.#moderated.length = kept;
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
    if (present) this.#hear(source);
    else this.#silence(source);
    const others = (candidate: Source): boolean => candidate !== source;
    this.#active = this.#active.filter(others);
    this.#drained = this.#drained.filter(others);
    this.#moderated = this.#moderated.filter(others);
  }

  #hear(source: Source): void {
    this.#shim.pollerAdd(this.#poller, source.fd, source.fd);
  }

  #silence(source: Source): void {
    this.#shim.pollerRemove(this.#poller, source.fd);
  }
}

/** -errno values after which a descriptor is still good: nothing there, or an ICMP error on the socket. */
const PASSING = ['EAGAIN', 'EINTR', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'].map(
  (name) => -errnoNumber(name),
);

new Worker(workerData as WorkerStart).run();
