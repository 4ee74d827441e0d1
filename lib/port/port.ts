/**
 * Ports: where bursts come from and go to. A port moves frames between a slab and the outside; it decides nothing.
 *
 *   frames     the guests' side, one receiving port a device:   TAP queue, memory
 *   datagrams  the underlay, one receiving port a socket:       UDP socket, memory
 *
 * The caller owns slab and batch. `receive` uses the slots from 0 and the entries from 0; what it wrote is valid
 * until the next `receive`. `transmit` sends every entry and leaves 0 or -errno in its STATUS column. Neither waits
 * nor throws: a full queue is -EAGAIN, and that is not an error.
 */
import type { Batch } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';

export interface ReceivePort {
  /**
   * Receives up to `batch.limit` frames, not more than the slab has slots, and sets `batch.length`.
   * @returns how many, or -errno when the port itself failed (closed, interface gone)
   */
  receive(slab: Slab, batch: Batch): number;
}

export interface TransmitPort {
  /** Sends entries 0 to `batch.length` - 1, each where its columns say. */
  transmit(slab: Slab, batch: Batch): void;
}
