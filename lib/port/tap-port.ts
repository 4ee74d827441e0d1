/** TAP queues as ports: bursts by native-shim, super-frames in both directions (IFF_VNET_HDR). */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import { OFFLOAD_TSO4, OFFLOAD_USO, type Shim } from '../native/shim.js';
import { DescriptorPort } from './descriptor-port.js';
import type { TransmitPort } from './port.js';

const COALESCE_TCP = 1;
const COALESCE_UDP = 2;

/** One queue of one TAP. */
export class TapPort extends DescriptorPort {
  constructor(shim: Shim, fd: number) {
    super(fd, shim.tapReceive);
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
