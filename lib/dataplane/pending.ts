/**
 * What this worker learned and control has not yet put into the FDB: a direct-mapped cache.
 *
 * A frame's answer may arrive 20 us after the frame, long before the control thread has drained the ring. The
 * kernel learns in place; to behave the same, a worker remembers its own LEARN records for a moment and asks here
 * when the FDB has no entry. The cache also keeps a burst from the same new MAC from filling the ring with
 * the same record.
 *
 *   word  0 MAC high   1 MAC low | valid   2 VNI   3 device   4-7 address   8 tick of learning   9 port   (stride 12)
 *
 * Collisions overwrite: a lost entry costs one more record, or one frame sent to the default destination.
 */

const SLOTS = 1_024;
const STRIDE = 12;
const VALID = 0x10000;
/** Ticks (100 ms) an entry is believed; by then control has learned it or refused to. */
const LIFETIME = 2;

export class PendingLearns {
  readonly words = new Int32Array(SLOTS * STRIDE);

  /** Word offset of the entry for (MAC, VNI, device) if it is fresh, else -1. The address is at +4 to +7, the port at +9 (0 = the device's). */
  find(macHigh: number, macLow: number, vni: number, device: number, now: number): number {
    const w = this.words;
    const at = slot(macHigh, macLow, vni, device);
    return w[at] === macHigh &&
      w[at + 1] === (macLow | VALID) &&
      w[at + 2] === vni &&
      w[at + 3] === device &&
      ((now - w[at + 8]) | 0) < LIFETIME
      ? at
      : -1;
  }

  /** Remembers that a MAC was seen behind an address and, where it matters, a port. Returns false when just that is already remembered. */
  remember(
    macHigh: number,
    macLow: number,
    vni: number,
    device: number,
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    now: number,
    port = 0,
  ): boolean {
    const w = this.words;
    const at = slot(macHigh, macLow, vni, device);
    if (
      this.find(macHigh, macLow, vni, device, now) === at &&
      w[at + 7] === a3 &&
      w[at + 6] === a2 &&
      w[at + 5] === a1 &&
      w[at + 4] === a0 &&
      w[at + 9] === port
    ) {
      return false;
    }
    w[at] = macHigh;
    w[at + 1] = macLow | VALID;
    w[at + 2] = vni;
    w[at + 3] = device;
    w[at + 4] = a0;
    w[at + 5] = a1;
    w[at + 6] = a2;
    w[at + 7] = a3;
    w[at + 8] = now;
    w[at + 9] = port;
    return true;
  }

  /** Forgets everything: after a flush, a deletion or a change of the learning option. */
  clear(): void {
    this.words.fill(0);
  }
}

function slot(macHigh: number, macLow: number, vni: number, device: number): number {
  const mixed = Math.imul(macHigh ^ Math.imul(macLow ^ (vni << 8) ^ device, 0x9e3779b1), 0x85ebca6b);
  return ((mixed >>> 20) & (SLOTS - 1)) * STRIDE;
}
