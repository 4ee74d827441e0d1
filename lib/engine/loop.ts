/**
 * One turn of the data plane: a burst from a port, the verdicts, the transmissions, the accounts. No waiting and no
 * control here, so that a worker thread (worker.ts) and a test, or the in-thread library, run the same code.
 *
 *   frames     receive -> Encap -> datagrams.transmit, replies -> frames.transmit
 *   held       HoldQueue.take -> Encap -> ...
 *   datagrams  receive -> Decap -> frames.transmit
 *
 * A burst is handled to its end before the next begins: one slab serves both directions.
 */
import { COUNTERS } from '../dataplane/counters.js';
import { Decap } from '../dataplane/decap.js';
import type { Device } from '../dataplane/device.js';
import { Encap } from '../dataplane/encap.js';
import { HoldQueue } from '../dataplane/hold-queue.js';
import { accountReceived, accountReplies, accountTransmitted } from '../dataplane/output.js';
import { PendingLearns } from '../dataplane/pending.js';
import { accountHeard, accountSent } from '../dataplane/remote-accounts.js';
import { putTags, takeTags, undoTags } from '../dataplane/trunk.js';
import { Batch, LENGTH } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import { Slab } from '../memory/slab.js';
import type { ReceivePort, TransmitPort } from '../port/port.js';
import type { VniTable } from '../table/vni.js';

/** Frames a burst. More made no difference (copies of cold memory bound the path), fewer cost system calls. */
export const BURST = 64;
/**
 * Octets a burst, as far as the size of the last one tells. A burst of 64 super-frames is 4 MB, all that TCP keeps in
 * flight, and takes 2 ms to read before the first of them is sent: the stages of a transfer then wait for one another.
 * One stream, two hosts on two cores: 4 MB 9.5 Gbit/s, 1 MB 14.0, 0.5 MB 12.7, 0.2 MB 11.2, one super-frame 9.4.
 */
const BURST_OCTETS = 1 << 20;
/**
 * Frames or datagrams gathered before they are transmitted: 64 received datagrams of 16 segments and a few. A column is
 * an odd number of cache lines (65): with 1,024 entries, all columns of an entry fall into one L1 set (45 -> 40 ns).
 */
const GATHER = 1_040;
/** Held frames sent at a time. */
const RELEASED = 16;

export interface LoopOptions {
  /** By number, shared with whoever adds and removes them. */
  devices: (Device | undefined)[];
  ring: RecordRing;
  /** Where frames go up, and where datagrams go out. */
  frames: TransmitPort;
  datagrams: TransmitPort;
  /** Seed of the flow hash; equal seeds give equal source ports. */
  seed: number;
  /** Counters of what no device can be charged with (dataplane/counters.ts). */
  unclaimed?: Float64Array;
  burst?: number;
}

export class Loop {
  readonly slab: Slab;
  readonly pending = new PendingLearns();
  readonly hold: HoldQueue;
  /**
   * What was received so far in both directions, until its owner sets it back: octets and entries of batches.
   */
  octets = 0;
  entries = 0;
  /** Frames so far, of which an entry has many where the kernel joined datagrams. */
  handled = 0;
  /** Whether the last burst left nothing behind, or nearly. */
  drained = true;
  /** Whether a device has a VLAN, so that tags are to be put on what goes up. */
  tags = false;
  /** Whether a device counts by remote. */
  countsRemotes = false;
  readonly #devices: (Device | undefined)[];
  readonly #ring: RecordRing;
  readonly #frames: TransmitPort;
  readonly #datagrams: TransmitPort;
  readonly #encap: Encap;
  readonly #decap: Decap;
  readonly #received: Batch;
  readonly #gathered = new Batch(GATHER);
  readonly #replies: Batch;
  readonly #seed: number;
  /** What released frames go through; undefined where no device has `hold`. */
  #release: { slab: Slab; batch: Batch; encap: Encap } | undefined;
  /** Entries the next burst of frames, and of datagrams, may have. */
  #frameLimit: number;
  #datagramLimit: number;
  /** Tick of the burst. */
  #now = 0;

  constructor(options: LoopOptions) {
    const burst = options.burst ?? BURST;
    this.slab = new Slab(burst);
    this.#received = new Batch(burst);
    this.#frameLimit = burst;
    this.#datagramLimit = burst;
    // Frames for another VTEP of this host come on top of one answer a frame.
    this.#replies = new Batch(2 * burst);
    this.#devices = options.devices;
    this.#ring = options.ring;
    this.#frames = options.frames;
    this.#datagrams = options.datagrams;
    this.#seed = options.seed;
    this.hold = new HoldQueue(options.devices, this.pending);
    this.#encap = new Encap(this.slab, options.ring, this.pending, options.seed, options.devices, this.hold);
    this.#decap = new Decap(
      this.slab,
      options.ring,
      this.pending,
      options.devices,
      options.unclaimed ?? new Float64Array(COUNTERS),
    );
  }

  /**
   * A burst of frames from `port`, which belongs to `device`.
   * @param now tick (100 ms)
   * @returns how many were received, or -errno
   */
  frames(port: ReceivePort, device: Device, now: number): number {
    this.#now = now;
    this.#received.limit = this.#frameLimit;
    const received = this.#receive(port);
    if (received <= 0) {
      this.#frameLimit = 1;
      return received;
    }
    this.#frameLimit = this.#frameLimitAfter(received);
    this.handled += received;
    if (device.members !== undefined) takeTags(this.slab, this.#received, device, device.members);
    while (!this.#encapsulate(device, now)) {
      this.#sendOut(this.slab);
      if (this.hold.length > 0) this.release(now);
    }
    this.#sendOut(this.slab);
    return received;
  }

  /** To be called before the first device with `hold` is known. */
  prepareHold(): void {
    if (this.#release !== undefined) return;
    this.hold.prepare();
    const slots = Math.min(RELEASED, this.slab.slots);
    const slab = new Slab(slots);
    const encap = new Encap(slab, this.#ring, this.pending, this.#seed, this.#devices, this.hold, true);
    this.#release = { slab, batch: new Batch(slots), encap };
  }

  /** Sends the frames that need wait no more, and counts those that have waited too long. Returns how many were sent. */
  release(now: number): number {
    if (!this.hold.look(now)) return 0;
    const { slab, batch, encap } = this.#release!;
    let released = 0;
    for (let number = this.hold.take(slab, batch); number >= 0; number = this.hold.take(slab, batch)) {
      released += batch.length;
      const device = this.#devices[number]!;
      while (!encap.run(batch, device, this.#gathered, this.#replies, now)) this.#sendOut(slab);
      this.#sendOut(slab);
    }
    return released;
  }

  /**
   * A burst of datagrams from `port`, whose devices are in `vnis`.
   * @returns how many were received, or -errno
   */
  datagrams(port: ReceivePort, vnis: VniTable, now: number): number {
    this.#now = now;
    this.#received.limit = this.#datagramLimit;
    const received = this.#receive(port);
    if (received <= 0) return received;
    this.#datagramLimit = this.#limitAfter(received);
    while (!this.#decap.run(this.#received, vnis, this.#gathered, now)) this.#handUp();
    this.#handUp();
    return received;
  }

  #encapsulate(device: Device, now: number): boolean {
    return device.members === undefined
      ? this.#encap.run(this.#received, device, this.#gathered, this.#replies, now)
      : this.#encap.runMembers(this.#received, this.#gathered, this.#replies, now);
  }

  #receive(port: ReceivePort): number {
    const received = port.receive(this.slab, this.#received);
    this.drained = received < this.#received.limit;
    return received;
  }

  /**
   * Where frames come one by one, the next burst is of one: that there is no other is found out when it has been sent, not
   * before (a read that finds nothing costs 0.4 us of a round trip). If it does come, a whole burst is next.
   */
  #frameLimitAfter(received: number): number {
    const limit = this.#limitAfter(received);
    return received === 1 && this.#received.limit > 1 ? 1 : limit;
  }

  /** Counts the octets of a burst; returns how many entries like these make a burst of BURST_OCTETS. */
  #limitAfter(received: number): number {
    const { words, capacity } = this.#received;
    const first = LENGTH * capacity;
    let octets = 0;
    for (let i = 0; i < received; i++) octets += words[first + i];
    this.octets += octets;
    this.entries += received;
    return octets * capacity <= BURST_OCTETS * received
      ? capacity
      : Math.ceil((BURST_OCTETS * received) / octets);
  }

  /** Datagrams first: sending one finishes the checksum of a frame that may go up, too. */
  #sendOut(slab: Slab): void {
    this.#transmit(slab);
    const replies = this.#replies;
    if (replies.length === 0) return;
    this.#writeUp(slab, replies);
    accountReplies(replies, this.#devices);
    replies.length = 0;
  }

  #transmit(slab: Slab): void {
    const batch = this.#gathered;
    if (batch.length === 0) return;
    this.#datagrams.transmit(slab, batch);
    accountTransmitted(batch, this.#devices, this.#ring);
    if (this.countsRemotes) accountSent(batch, this.slab, this.#devices, this.#now);
    batch.length = 0;
  }

  #handUp(): void {
    const batch = this.#gathered;
    if (batch.length === 0) return;
    this.handled += batch.length;
    this.#writeUp(this.slab, batch);
    accountReceived(batch, this.#devices);
    if (this.countsRemotes) accountHeard(this.#received, batch, this.#devices, this.#now);
    batch.length = 0;
  }

  #writeUp(slab: Slab, batch: Batch): void {
    if (this.tags) putTags(slab, batch, this.#devices);
    this.#frames.transmit(slab, batch);
    if (this.tags) undoTags(slab, batch, this.#devices);
  }
}
