/** What one VTEP tells the workers: every message goes to each of them, with that worker's own queue and counters. */
import { type DeviceSettings, type DeviceTables, type Egress, REMOTE_STATS } from '../dataplane/device.js';
import { RemoteCounters } from '../dataplane/remote-counters.js';
import type { Dataplane } from './dataplane.js';
import { DeviceLink } from './device-link.js';
import type { Tap } from './system.js';
import { shareTables } from './tables.js';
import type { Listener } from './underlay.js';

/** Added to a VTEP's number: what no header can name (24 bits). */
const BEYOND_VNIS = 1 << 24;

export class WorkerLink extends DeviceLink {
  readonly #tap: Tap;
  #remoteCounters: readonly RemoteCounters[] = [];

  /** @param index the VTEP's number in the data plane */
  constructor(dataplane: Dataplane, index: number, tap: Tap) {
    super(dataplane, index);
    this.#tap = tap;
  }

  /** What the workers count by remote, one table a worker; none while they do not. */
  get remoteCounters(): readonly RemoteCounters[] {
    return this.#remoteCounters;
  }

  introduce(settings: Omit<DeviceSettings, 'tap'>, egress: Egress, tables: DeviceTables): void {
    this.#countRemotes(settings.features);
    this.each((worker) => ({
      kind: 'device',
      index: this.index,
      settings: { ...settings, tap: this.#tap.fds[worker] },
      egress,
      tables: shareTables(tables),
      counters: this.blocks[worker].share,
      remoteCounters: this.#remoteCounters[worker]?.share,
      offloads: this.#tap.offloads,
    }));
  }

  settings(settings: Omit<DeviceSettings, 'tap'>, egress: Egress): void {
    this.#countRemotes(settings.features);
    this.each((worker) => ({
      kind: 'settings',
      index: this.index,
      settings: { ...settings, tap: this.#tap.fds[worker] },
      egress,
      remoteCounters: this.#remoteCounters[worker]?.share,
    }));
  }

  /** Where it is turned on, counting begins at 0. */
  #countRemotes(features: number): void {
    const on = (features & REMOTE_STATS) !== 0;
    if (on === this.#remoteCounters.length > 0) return;
    this.#remoteCounters = on ? this.blocks.map(() => new RemoteCounters()) : [];
  }

  /** Begins or ceases to receive from the interface. */
  frames(on: boolean): void {
    this.each((worker) => ({ kind: 'frames', index: this.index, fd: this.#tap.fds[worker], on }));
  }

  /** A listener is received from, also while it serves none of the VTEP's VNIs. */
  hold(listener: Listener): void {
    this.listen(listener, BEYOND_VNIS + this.index);
  }

  unhold(listener: Listener): void {
    this.unlisten(listener, BEYOND_VNIS + this.index);
  }

  /** Has learned addresses that control has not confirmed forgotten. */
  unlearn(): void {
    this.each(() => ({ kind: 'unlearn' }));
  }
}
