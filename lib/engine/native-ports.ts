/** The ports of a thread that runs on the kernel's TAPs and sockets. */
import type { ReceivePort, TransmitPort } from '../port/port.js';
import { TapPort, TapWriter } from '../port/tap-port.js';
import { UdpPort, UdpWriter } from '../port/udp-port.js';
import type { Shim } from '../native/shim.js';
import type { PortFactory } from './system.js';

export class NativePorts implements PortFactory {
  readonly #shim: Shim;
  readonly #offloads: number;

  /** @param offloads OFFLOAD_* bits the TAPs carry */
  constructor(shim: Shim, offloads: number) {
    this.#shim = shim;
    this.#offloads = offloads;
  }

  frames(fd: number): ReceivePort {
    return new TapPort(this.#shim, fd);
  }

  datagrams(fd: number): ReceivePort {
    return new UdpPort(this.#shim, fd);
  }

  frameWriter(): TransmitPort {
    return new TapWriter(this.#shim, this.#offloads);
  }

  datagramWriter(): TransmitPort {
    return new UdpWriter(this.#shim);
  }
}
