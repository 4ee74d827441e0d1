/** UDP sockets as ports: UDP_GRO on the way in, UDP_SEGMENT from a pool of egress sockets on the way out. */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import type { Shim } from '../native/shim.js';
import type { ReceivePort, TransmitPort } from './port.js';

/** A listening socket. The descriptor stays its opener's. */
export class UdpPort implements ReceivePort {
  readonly fd: number;
  readonly #shim: Shim;

  constructor(shim: Shim, fd: number) {
    this.#shim = shim;
    this.fd = fd;
  }

  receive(slab: Slab, batch: Batch): number {
    const received = this.#shim.udpReceive(
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
