/** What one VNI of a VTEP that has many tells the workers. */
import { DeviceLink } from './device-link.js';

export class VniLink extends DeviceLink {
  /** To be known from now on, or to have another VLAN. @param of the VTEP's number in the data plane */
  enrol(of: number, vni: number, vlan: number): void {
    this.each((worker) => ({
      kind: 'member',
      index: this.index,
      of,
      vni,
      vlan,
      counters: this.blocks[worker].share,
    }));
  }
}
