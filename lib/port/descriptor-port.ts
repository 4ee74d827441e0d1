/** What receives bursts from a descriptor has in common: one call of the shim, slots and entries from 0. */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import type { Shim } from '../native/shim.js';
import type { ReceivePort } from './port.js';

/** The descriptor stays its opener's. */
export class DescriptorPort implements ReceivePort {
  readonly fd: number;
  readonly #receive: Shim['tapReceive'];

  /** @param receive tapReceive or udpReceive of the shim; they need no `this` */
  constructor(fd: number, receive: Shim['tapReceive']) {
    this.fd = fd;
    this.#receive = receive;
  }

  receive(slab: Slab, batch: Batch): number {
    const most = Math.min(slab.slots, batch.limit);
    const receive = this.#receive;
    const received = receive(this.fd, slab.bytes, batch.words, 0, most);
    batch.length = received > 0 ? received : 0;
    return received;
  }
}
