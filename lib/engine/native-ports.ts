/** The ports of a thread that runs on the kernel's TAPs and sockets. */
import type { Shim } from '../native/shim.js';
import type { ReceivePort, TransmitPort } from '../port/port.js';
import { TapPort, TapWriter } from '../port/tap-port.js';
import { UdpPort, UdpWriter } from '../port/udp-port.js';
import type { PortFactory } from './system.js';

export class NativePorts implements PortFactory {
  readonly #shim: Shim;
  readonly #frames: TapWriter;

  constructor(shim: Shim) {
    this.#shim = shim;
    this.#frames = new TapWriter(shim);
  }

  frames(fd: number): ReceivePort {
    return new TapPort(this.#shim, fd);
  }

  datagrams(fd: number): ReceivePort {
    return new UdpPort(this.#shim, fd);
  }

  frameWriter(): TransmitPort {
    return this.#frames;
  }

  datagramWriter(): TransmitPort {
    return new UdpWriter(this.#shim);
  }

  carry(offloads: number): void {
    this.#frames.carry(offloads);
  }
}
