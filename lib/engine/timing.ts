/**
 * Where a worker's time goes, measured on request (VTEP_TIMING=1): milliseconds by the clock in native calls and in
 * the whole of its turns, so that the difference is TypeScript's share.
 */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import type { ReceivePort, TransmitPort } from '../port/port.js';
import type { PortFactory } from './system.js';

/** Words of the Float64Array: milliseconds, then counts. */
export const NATIVE = 0;
export const TOTAL = 1;
export const WAITING = 2;
export const BURSTS = 3;
export const FRAMES = 4;
export const TIMING_WORDS = 5;

/** The same ports, adding the time of every call to `timing[NATIVE]`. */
export function timed(ports: PortFactory, timing: Float64Array): PortFactory {
  return {
    frames: (fd) => new TimedReceive(ports.frames(fd), timing),
    datagrams: (fd) => new TimedReceive(ports.datagrams(fd), timing),
    frameWriter: () => new TimedTransmit(ports.frameWriter(), timing),
    datagramWriter: () => new TimedTransmit(ports.datagramWriter(), timing),
    carry: (offloads) => ports.carry(offloads),
  };
}

class TimedReceive implements ReceivePort {
  readonly #port: ReceivePort;
  readonly #timing: Float64Array;

  constructor(port: ReceivePort, timing: Float64Array) {
    this.#port = port;
    this.#timing = timing;
  }

  receive(slab: Slab, batch: Batch): number {
    const started = performance.now();
    const received = this.#port.receive(slab, batch);
    this.#timing[NATIVE] += performance.now() - started;
    return received;
  }
}

class TimedTransmit implements TransmitPort {
  readonly #port: TransmitPort;
  readonly #timing: Float64Array;

  constructor(port: TransmitPort, timing: Float64Array) {
    this.#port = port;
    this.#timing = timing;
  }

  transmit(slab: Slab, batch: Batch): void {
    const started = performance.now();
    this.#port.transmit(slab, batch);
    this.#timing[NATIVE] += performance.now() - started;
  }
}
