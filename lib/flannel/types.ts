/**
 * What Flannel's parts tell each other: the network, leases, peers. Addresses and prefixes are texts in canonical form
 * (`10.5.3.0/24`, `fd05:0:0:58::/64`), MACs six lower-case pairs.
 */

/** The `vxlan` backend of a network's configuration. */
export interface VxlanBackend {
  /** 1 to 16,777,215; default 1. */
  vni: number;
  /** UDP; default 8472, the kernel's. */
  port: number;
  /** Of the underlay, octets; undefined: the interface's. The device gets 50 less, over IPv6 70. */
  mtu: number | undefined;
  gbp: boolean;
  learning: boolean;
  /** A peer on the same link is routed to without a tunnel. */
  directRouting: boolean;
}

export interface SubnetRange {
  /** The whole network. */
  network: string;
  /** Prefix length of one host's subnet. */
  subnetLength: number;
  /** First and last subnet that may be taken, addresses. */
  subnetMin: string;
  subnetMax: string;
}

/** `<prefix>/config`, or net-conf.json, with the defaults filled in. */
export interface NetworkConfig {
  ipv4: SubnetRange | undefined;
  ipv6: SubnetRange | undefined;
  backend: VxlanBackend;
}

/** What one family of a host's VTEP is, in a lease: `{"VNI":1,"VtepMAC":"b2:56:42:b5:e6:fc"}`. */
export interface VtepData {
  vni: number;
  mac: string;
}

/** The value of a lease. */
export interface LeaseAttributes {
  publicIp: string | undefined;
  publicIpv6: string | undefined;
  backendType: string;
  ipv4: VtepData | undefined;
  ipv6: VtepData | undefined;
}

/** A host's subnets, and how it is reached. */
export interface Lease {
  /** What the registry calls it: the key below `subnets/`, or a node's name. */
  key: string;
  subnet: string | undefined;
  subnet6: string | undefined;
  attributes: LeaseAttributes;
  /** Milliseconds since 1970; undefined: it does not expire (a reservation, or Kubernetes), or is another host's. */
  expires: number | undefined;
}

/** One family of a host that can be programmed: everything in it was checked. */
export interface PeerFamily {
  /** In canonical form, no host bits. */
  subnet: string;
  /** Where its VTEP is. */
  publicIp: string;
  mac: string;
}

/** Another host of the network. */
export interface Peer {
  /** Its lease's. */
  key: string;
  ipv4: PeerFamily | undefined;
  ipv6: PeerFamily | undefined;
}
