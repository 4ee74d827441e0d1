/** The part of types.ts that is about the VNIs of a device that has many. */

/** `bridge vni add`, for a VTEP with `vnifilter`. Ranges are [first, last]. */
export interface VniRequest {
  vnis: [number, number][];
  /** As many VLANs as VNIs, 0 = frames without a tag. Default the VNI's own number, or the VLAN it has. */
  vlans?: [number, number][];
  /** Default destination of these VNIs, in the place of the device's. */
  remote?: string;
  group?: string;
}

export interface VniStatistics {
  rxBytes: number;
  rxPackets: number;
  rxDropped: number;
  rxErrors: number;
  txBytes: number;
  txPackets: number;
  txDropped: number;
  txErrors: number;
}

/** One VNI of many. */
export interface VniEntry {
  vni: number;
  /** 0 = frames without a tag. */
  vlan: number;
  remote?: string;
  group?: string;
  statistics: VniStatistics;
}
