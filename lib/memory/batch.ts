/**
 * A batch: what is known of up to `capacity` frames, as parallel columns of 32-bit integers.
 *
 *            entry 0  1  2  3 ...            capacity-1
 *   OFFSET        [ ][ ][ ][ ]...            where the frame lies in the slab
 *   LENGTH        [ ][ ][ ][ ]...            bytes
 *   ...
 *   column c of entry i is  words[c * capacity + i]
 *
 * The frames' octets lie in a slab (slab.ts); a batch only describes them. The same layout serves all four
 * burst calls of native-shim, which reads and writes the columns in C: native-shim/batch.h must agree, and
 * test/memory/batch.test.ts compares the two. What a column means in each direction:
 *
 *   column      TAP receive        UDP transmit             UDP receive          TAP transmit
 *   OFFSET      frame              frame                    UDP payload          frame
 *   LENGTH      frame bytes        frame bytes              payload bytes        frame bytes
 *   OFFLOAD     vnet flags+gso     as TAP receive           0                    as TAP receive, or 0
 *   GSO_SIZE    vnet gso_size      as TAP receive           GRO segment, 0=one   as TAP receive if OFFLOAD has
 *                                                                                a gso_type, else device's MTU
 *   CSUM        start | offset<<16 as TAP receive           0                    as TAP receive;
 *                                                                                read with OFFLOAD only
 *   HEADER      0                  VXLAN header's offset    0                    0
 *   PORT        0                  fd of the egress socket  0                    fd of the TAP queue
 *   PEER_PORT   0                  outer destination port   outer source port    0
 *   PEER0..3    0                  outer destination        outer source         0
 *   LOCAL0..3   0                  outer source, 0=any      outer destination,   0
 *                                                           if asked for
 *   IFINDEX     0                  egress interface, 0=any  arrival interface    0
 *   TOS, TTL    0                  0 = the socket's own     of the outer header  0
 *                                  IPv6: TOS | flow label<<8
 *   STATUS      0                  out: 0 or -errno         0                    out: 0 or -errno
 *   DEVICE, SOURCE_PORT, EXTRA     never touched by C: the device's number, the outer source port (for
 *                                  ports without sockets), octets from the inner network header on
 *
 * Addresses are 128 bits in four words, most significant first, each word the big-endian value of four
 * octets as a signed 32-bit integer; an IPv4 address is v4-mapped (0, 0, 0xffff, a.b.c.d).
 */

export const OFFSET = 0;
export const LENGTH = 1;
export const OFFLOAD = 2;
export const GSO_SIZE = 3;
export const CSUM = 4;
export const HEADER = 5;
export const PORT = 6;
export const PEER_PORT = 7;
export const PEER0 = 8;
export const PEER1 = 9;
export const PEER2 = 10;
export const PEER3 = 11;
export const LOCAL0 = 12;
export const LOCAL1 = 13;
export const LOCAL2 = 14;
export const LOCAL3 = 15;
export const IFINDEX = 16;
export const TOS = 17;
export const TTL = 18;
export const STATUS = 19;
export const DEVICE = 20;
export const SOURCE_PORT = 21;
export const EXTRA = 22;

/** Columns of a batch; words.length is COLUMNS * capacity. */
export const COLUMNS = 23;

/**
 * OFFLOAD: bits 0-7 are the virtio-net header's flags, bits 8-15 its gso_type (virtio 1.2, section 5.1.6).
 * 0 means: a complete frame whose checksums are final.
 */
export const NEEDS_CSUM = 0x01;
export const DATA_VALID = 0x02;
export const GSO_TCPV4 = 1 << 8;
export const GSO_TCPV6 = 4 << 8;
export const GSO_UDP_L4 = 5 << 8;
export const GSO_ECN = 0x80 << 8;
/** Mask of the gso_type without its ECN bit. */
export const GSO_TYPE = 0x7f << 8;

/**
 * Index in `words` of a column of an entry, for the loops that do little else: `column * capacity + entry` makes the
 * engine look for overflow twice and for a negative zero, which in integers cannot be.
 */
export function cell(column: number, capacity: number, entry: number): number {
  return (Math.imul(column, capacity) + entry) | 0;
}

/** Parallel columns describing frames of one slab. `length` is how many entries are in use. */
export class Batch {
  readonly capacity: number;
  readonly words: Int32Array;
  length = 0;
  /** Entries a receiving port may fill, 1 to `capacity`: how long its owner wants the next burst at most. */
  limit: number;

  /** @param capacity entries, 1 to 65,536; the columns are allocated once and never grow. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 65_536) {
      throw new RangeError(`batch capacity ${capacity}: expected an integer from 1 to 65536`);
    }
    this.capacity = capacity;
    this.limit = capacity;
    this.words = new Int32Array(COLUMNS * capacity);
  }

  /** Reads column `column` of entry `index`; for tests and cold paths (hot loops index `words` themselves). */
  get(column: number, index: number): number {
    return this.words[column * this.capacity + index];
  }

  /** Writes column `column` of entry `index`. */
  set(column: number, index: number, value: number): void {
    this.words[column * this.capacity + index] = value;
  }
}
