/** What one VTEP tells the workers: every message goes to each of them, with that worker's own queue and counters. */
import { COUNTERS } from '../dataplane/counters.js';
import type { DeviceSettings, DeviceTables, Egress } from '../dataplane/device.js';
import { CounterBlock } from '../memory/counters.js';
import type { Dataplane } from './dataplane.js';
import type { WorkerMessage } from './messages.js';
import type { Tap } from './system.js';
import { shareTables } from './tables.js';
import type { Listener } from './underlay.js';

export class WorkerLink {
  readonly #dataplane: Dataplane;
  readonly #index: number;
  readonly #tap: Tap;
  readonly #blocks: CounterBlock[];

  /** @param index the VTEP's number in the data plane */
  constructor(dataplane: Dataplane, index: number, tap: Tap) {
    this.#dataplane = dataplane;
    this.#index = index;
    this.#tap = tap;
    this.#blocks = Array.from({ length: dataplane.workers }, () => new CounterBlock(COUNTERS));
  }

  /** Counters of the VTEP, one block a worker. */
  get counters(): Float64Array[] {
    return this.#blocks.map((block) => block.values);
  }

  introduce(settings: Omit<DeviceSettings, 'tap'>, egress: Egress, tables: DeviceTables): void {
    this.#each((worker) => ({
      kind: 'device',
      index: this.#index,
      settings: { ...settings, tap: this.#tap.fds[worker] },
      egress,
      tables: shareTables(tables),
      counters: this.#blocks[worker].share,
      offloads: this.#tap.offloads,
    }));
  }

  settings(settings: Omit<DeviceSettings, 'tap'>, egress: Egress): void {
    this.#each((worker) => ({
      kind: 'settings',
      index: this.#index,
      settings: { ...settings, tap: this.#tap.fds[worker] },
      egress,
    }));
  }

  /** Begins or ceases to receive from the interface. */
  frames(on: boolean): void {
    this.#each((worker) => ({ kind: 'frames', index: this.#index, fd: this.#tap.fds[worker], on }));
  }

  /** A listener serves this VTEP too. Only what changed is told: a port may have thousands of VNIs. */
  listen(listener: Listener, vni: number): void {
    this.#each((worker) => ({ kind: 'listen', fd: listener.fds[worker], vni, index: this.#index }));
  }

  /** A listener serves it no more; one that serves none is received from no more. */
  unlisten(listener: Listener, vni: number): void {
    this.#each((worker) => ({ kind: 'unlisten', fd: listener.fds[worker], vni }));
  }

  /** Has learned addresses that control has not confirmed forgotten. */
  unlearn(): void {
    this.#each(() => ({ kind: 'unlearn' }));
  }

  forget(): void {
    this.#each(() => ({ kind: 'forget', index: this.#index }));
  }

  #each(message: (worker: number) => WorkerMessage): void {
    for (let worker = 0; worker < this.#dataplane.workers; worker++) {
      this.#dataplane.post(worker, message(worker));
    }
  }
}
