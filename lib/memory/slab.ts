/**
 * The slab: the only memory that holds packets. One ArrayBuffer, cut into slots of equal size:
 *
 *   | headroom 192 | frame, up to 65,536 + 18 bytes ... | slack |  next slot ...
 *                  ^ slotOffset(i)
 *
 * Headroom lets a header be written in front of a frame without moving it: the VXLAN header (8) in the place
 * of the consumed virtio header (10 or 12), or the Ethernet + IP + ICMP headers of an error reply (42 to 62).
 * The stride is an odd number of cache lines (1,043 x 64): with an even one, the first bytes of all slots
 * fall into a handful of L1 sets and evict each other.
 */

export const HEADROOM = 192;
/** Longest thing a slot holds: a 65,535-byte IP packet, an Ethernet header and one 802.1Q tag, rounded up. */
export const SLOT_BYTES = 65_536 + 64;
export const STRIDE = 1_043 * 64;

/** Packet memory. Slots are numbered; who holds a number owns the slot. */
export class Slab {
  readonly slots: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  /** @param slots 1 to 4,096; 64 slots are 4.3 MB, of which the system commits only what is touched. */
  constructor(slots: number) {
    if (!Number.isInteger(slots) || slots < 1 || slots > 4_096) {
      throw new RangeError(`slab of ${slots} slots: expected an integer from 1 to 4096`);
    }
    this.slots = slots;
    const buffer = new ArrayBuffer(slots * STRIDE);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  /** Offset of the first frame byte of slot `slot`, HEADROOM bytes into it. */
  slotOffset(slot: number): number {
    return slot * STRIDE + HEADROOM;
  }
}
