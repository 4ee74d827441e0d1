/** TAP queues as ports: bursts by native-shim, super-frames in both directions (IFF_VNET_HDR). */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import { OFFLOAD_TSO4, OFFLOAD_USO, type Shim } from '../native/shim.js';
import type { ReceivePort, TransmitPort } from './port.js';

const COALESCE_TCP = 1;
const COALESCE_UDP = 2;

/** One queue of one TAP. The descriptor stays its opener's. */
export class TapPort implements ReceivePort {
  readonly fd: number;
  readonly #shim: Shim;

  constructor(shim: Shim, fd: number) {
    this.#shim = shim;
    this.fd = fd;
  }

  receive(slab: Slab, batch: Batch): number {
    const received = this.#shim.tapReceive(
      this.fd,
      slab.bytes,
      batch.words,
      0,
      Math.min(slab.slots, batch.capacity),
    );
    batch.length = received > 0 ? received : 0;
    return received;
  }
}

/** Writes to whatever TAP queue an entry's PORT column names; all TAPs of one kernel carry the same offloads. */
export class TapWriter implements TransmitPort {
  readonly #shim: Shim;
  #coalesce = 0;

  constructor(shim: Shim) {
    this.#shim = shim;
  }

  /** From now on super-frames are written as far as the TAPs carry them; `offloads` are OFFLOAD_* bits. */
  carry(offloads: number): void {
    this.#coalesce =
      ((offloads & OFFLOAD_TSO4) !== 0 ? COALESCE_TCP : 0) |
      ((offloads & OFFLOAD_USO) !== 0 ? COALESCE_UDP : 0);
  }

  transmit(slab: Slab, batch: Batch): void {
    this.#shim.tapTransmit(slab.bytes, batch.words, 0, batch.length, this.#coalesce);
  }
}
