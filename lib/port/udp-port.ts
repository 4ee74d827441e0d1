/** UDP sockets as ports: UDP_GRO on the way in, UDP_SEGMENT from a pool of egress sockets on the way out. */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import type { Shim } from '../native/shim.js';
import { DescriptorPort } from './descriptor-port.js';
import type { TransmitPort } from './port.js';

/** A listening socket. */
export class UdpPort extends DescriptorPort {
  constructor(shim: Shim, fd: number) {
    super(fd, shim.udpReceive);
  }
}

/** Sends each entry on the egress socket that its PORT column names. */
export class UdpWriter implements TransmitPort {
  readonly #shim: Shim;

  constructor(shim: Shim) {
    this.#shim = shim;
  }

  transmit(slab: Slab, batch: Batch): void {
    this.#shim.udpTransmit(slab.bytes, batch.words, 0, batch.length);
  }
}
