/**
 * What control tells the workers of one device of the data plane: every message goes to each of them, with that worker's
 * own counters. A VTEP is one (worker-link.ts), and so is each of its VNIs where it has many (vni-link.ts).
 */
import { COUNTERS } from '../dataplane/counters.js';
import { CounterBlock } from '../memory/counters.js';
import type { Dataplane } from './dataplane.js';
import type { WorkerMessage } from './messages.js';
import type { Listener } from './underlay.js';

export class DeviceLink {
  protected readonly index: number;
  protected readonly blocks: readonly CounterBlock[];
  readonly #dataplane: Dataplane;

  /** @param index the device's number in the data plane */
  constructor(dataplane: Dataplane, index: number) {
    this.#dataplane = dataplane;
    this.index = index;
    this.blocks = Array.from({ length: dataplane.workers }, () => new CounterBlock(COUNTERS));
  }

  /** Counters of the device, one block a worker. */
  get counters(): Float64Array[] {
    return this.blocks.map((block) => block.values);
  }

  /** A listener serves this device too. Only what changed is told: a port may have thousands of VNIs. */
  listen(listener: Listener, vni: number): void {
    this.each((worker) => ({ kind: 'listen', fd: listener.fds[worker], vni, index: this.index }));
  }

  /** A listener serves it no more; one that serves none is received from no more. */
  unlisten(listener: Listener, vni: number): void {
    this.each((worker) => ({ kind: 'unlisten', fd: listener.fds[worker], vni }));
  }

  forget(): void {
    this.each(() => ({ kind: 'forget', index: this.index }));
  }

  protected each(message: (worker: number) => WorkerMessage): void {
    for (let worker = 0; worker < this.#dataplane.workers; worker++) {
      this.#dataplane.post(worker, message(worker));
    }
  }
}
