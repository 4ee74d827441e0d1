/**
 * VNI -> device, for one receiving socket: open addressing over an Int32Array, private to a worker and rebuilt
 * whenever a device comes or goes (rarely), so that it needs neither deletion nor sharing.
 *
 *   slot:  [ VNI + 1, or 0 = empty ][ device ]
 */
export class VniTable {
  #slots: Int32Array;
  #mask: number;

  /** @param pairs VNI (0 to 16,777,215) and device number of every device that is up; VNIs must differ. */
  constructor(pairs: Iterable<readonly [vni: number, device: number]> = []) {
    const list = [...pairs];
    let size = 8;
    while (size < 2 * list.length) size *= 2;
    this.#slots = new Int32Array(2 * size);
    this.#mask = size - 1;
    for (const [vni, device] of list) this.#put(vni, device);
  }

  /** The device of a VNI, or -1. */
  find(vni: number): number {
    const slots = this.#slots;
    for (let at = hash(vni) & this.#mask; ; at = (at + 1) & this.#mask) {
      const key = slots[2 * at];
      if (key === vni + 1) return slots[2 * at + 1];
      if (key === 0) return -1;
    }
  }

  #put(vni: number, device: number): void {
    let at = hash(vni) & this.#mask;
    while (this.#slots[2 * at] !== 0) {
      if (this.#slots[2 * at] === vni + 1) throw new RangeError(`VNI ${vni} is given twice`);
      at = (at + 1) & this.#mask;
    }
    this.#slots[2 * at] = vni + 1;
    this.#slots[2 * at + 1] = device;
  }
}

function hash(vni: number): number {
  const h = Math.imul(vni, 0x9e3779b1);
  return h ^ (h >>> 15);
}
