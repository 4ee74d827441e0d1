/**
 * From leases, which anybody may write, to peers that can be programmed. A lease that is wrong is told of once, with its key
 * and the reason, and left out; the others do not suffer from it.
 */
import { formatMac, parseMac } from '../wire/text.js';
import { Problems } from './problems.js';
import { contains, overlaps, parseAddressNumber, parseSubnet, subnetText, type Subnet } from './subnet.js';
import type { Lease, NetworkConfig, Peer, PeerFamily, VtepData } from './types.js';

export interface PeerChanges {
  /** New ones, and those of which something differs. */
  peers: Peer[];
  /** Keys of those that are peers no longer. */
  gone: string[];
}

/** One family of a lease after the checks that need nothing but the lease and the network. */
interface Checked {
  subnet: Subnet;
  peer: PeerFamily;
}

interface Candidate {
  lease: Lease;
  ipv4: Checked | undefined;
  ipv6: Checked | undefined;
  faults: string[];
}

/**
 * The peers of a host. What depends on other leases (an overlap, a MAC twice) is decided in the order in which they were made
 * known, first come first kept: all hosts that list a registry see the same.
 */
export class PeerTable {
  readonly #networks: { 4: Subnet | undefined; 6: Subnet | undefined };
  readonly #problems: Problems;
  #candidates = new Map<string, Candidate>();
  #peers = new Map<string, Peer>();
  #own: Lease | undefined;

  constructor(config: NetworkConfig, problem: (key: string, reason: string) => void) {
    const network = (range: { network: string } | undefined) => range && parseSubnet(range.network);
    this.#networks = { 4: network(config.ipv4), 6: network(config.ipv6) };
    this.#problems = new Problems(problem);
  }

  /** The own lease, against which others are checked; tells what changes by it. */
  own(lease: Lease | undefined): PeerChanges {
    this.#own = lease;
    return this.#settle();
  }

  /** All leases but the own, oldest first. */
  snapshot(leases: readonly Lease[]): PeerChanges {
    this.#candidates = new Map(leases.map((lease) => [lease.key, this.#check(lease)]));
    return this.#settle();
  }

  changed(leases: readonly Lease[], gone: readonly string[]): PeerChanges {
    for (const key of gone) this.#candidates.delete(key);
    for (const lease of leases) this.#candidates.set(lease.key, this.#check(lease));
    return this.#settle();
  }

  /** All peers, oldest first. */
  all(): Peer[] {
    return [...this.#peers.values()];
  }

  #check(lease: Lease): Candidate {
    const { attributes } = lease;
    const candidate: Candidate = { lease, ipv4: undefined, ipv6: undefined, faults: [] };
    if (attributes.backendType !== 'vxlan') {
      candidate.faults.push(`its BackendType is "${attributes.backendType}"; only "vxlan" can be reached`);
      return candidate;
    }
    const ipv4 = { subnet: lease.subnet, publicIp: attributes.publicIp, data: attributes.ipv4 };
    const ipv6 = { subnet: lease.subnet6, publicIp: attributes.publicIpv6, data: attributes.ipv6 };
    candidate.ipv4 = checkFamily(4, ipv4, this.#networks[4], candidate.faults);
    candidate.ipv6 = checkFamily(6, ipv6, this.#networks[6], candidate.faults);
    if (!candidate.ipv4 && !candidate.ipv6 && candidate.faults.length === 0)
      candidate.faults.push('it has no subnet of a family that the network has');
    return candidate;
  }

  /** Decides anew what depends on others, and tells what differs from before. */
  #settle(): PeerChanges {
    const before = this.#peers;
    const kept = new Kept(this.#own);
    this.#peers = new Map();
    for (const [key, candidate] of this.#candidates) {
      const faults = [...candidate.faults];
      const ipv4 = kept.take(key, candidate.ipv4, faults);
      const ipv6 = kept.take(key, candidate.ipv6, faults);
      if (ipv4 || ipv6) this.#peers.set(key, { key, ipv4, ipv6 });
      this.#problems.set(key, faults.length === 0 ? undefined : faults.join('; '));
    }
    this.#problems.keep(this.#candidates);
    return {
      peers: this.all().filter((peer) => !isSamePeer(peer, before.get(peer.key))),
      gone: [...before.keys()].filter((key) => !this.#peers.has(key)),
    };
  }
}

interface FamilyOfLease {
  subnet: string | undefined;
  publicIp: string | undefined;
  data: VtepData | undefined;
}

/** Undefined, and a fault unless the lease or the network does without the family. */
function checkFamily(
  family: 4 | 6,
  { subnet: subnetOfLease, publicIp, data }: FamilyOfLease,
  network: Subnet | undefined,
  faults: string[],
): Checked | undefined {
  if (network === undefined || subnetOfLease === undefined) return undefined;
  const fault = (what: string): undefined => void faults.push(what);
  const [ipName, dataName] = family === 4 ? ['PublicIP', 'BackendData'] : ['PublicIPv6', 'BackendV6Data'];
  const subnet = parseSubnet(subnetOfLease);
  if (subnet?.family !== family) return fault(`${subnetOfLease} is no IPv${family} subnet`);
  if (!contains(network, subnet))
    return fault(`${subnetOfLease} is outside the network ${subnetText(network)}`);
  if (publicIp === undefined) return fault(`it has no ${ipName}`);
  const wrongIp = faultOfAddress(family, publicIp);
  if (wrongIp) return fault(`${ipName} "${publicIp}" ${wrongIp}`);
  if (data === undefined) return fault(`it has no ${dataName}`);
  const mac = parseMac(data.mac);
  const wrongMac = faultOfMac(mac);
  if (!mac || wrongMac) return fault(`${dataName} has VtepMAC "${data.mac}", which ${wrongMac}`);
  return { subnet, peer: { subnet: subnetText(subnet), publicIp, mac: formatMac(mac.high, mac.low) } };
}

const SPECIAL: readonly [prefix: string, what: string][] = [
  ['0.0.0.0/32', 'is the unspecified address'],
  ['127.0.0.0/8', 'is a loopback address'],
  ['224.0.0.0/4', 'is a multicast address'],
  ['255.255.255.255/32', 'is the broadcast address'],
  ['::/128', 'is the unspecified address'],
  ['::1/128', 'is a loopback address'],
  ['fe80::/10', 'is a link-local address, which means nothing without an interface'],
  ['ff00::/8', 'is a multicast address'],
];
const RESERVED = SPECIAL.map(([prefix, what]) => ({ prefix: parseSubnet(prefix)!, what }));

function faultOfAddress(family: 4 | 6, text: string): string | undefined {
  const address = parseAddressNumber(text);
  if (address?.family !== family) return `is no IPv${family} address`;
  return RESERVED.find(
    ({ prefix }) => prefix.family === family && address.value >= prefix.first && address.value <= prefix.last,
  )?.what;
}

function faultOfMac(mac: { high: number; low: number } | undefined): string | undefined {
  if (mac === undefined) return 'is no MAC address';
  if (mac.high === 0 && mac.low === 0) return 'is all zeros';
  return (mac.high >>> 24) & 1 ? 'is a group address' : undefined;
}

/** What is taken already: by the own lease, and by the leases before. */
class Kept {
  readonly #own: { subnets: Subnet[]; addresses: Set<string>; macs: Set<string> };
  readonly #subnets = new SubnetIndex();
  /** MAC to public IP: an FDB entry leads to one VTEP. */
  readonly #macs = new Map<string, { key: string; publicIp: string }>();

  constructor(own: Lease | undefined) {
    const there = (texts: (string | undefined)[]): string[] => texts.filter((text) => text !== undefined);
    const attributes = own?.attributes;
    this.#own = {
      subnets: there([own?.subnet, own?.subnet6]).map((text) => parseSubnet(text)!),
      addresses: new Set(there([attributes?.publicIp, attributes?.publicIpv6])),
      macs: new Set(there([attributes?.ipv4?.mac, attributes?.ipv6?.mac])),
    };
  }

  /** The family of a peer, or undefined and a fault when something is taken. */
  take(key: string, checked: Checked | undefined, faults: string[]): PeerFamily | undefined {
    if (checked === undefined) return undefined;
    const { subnet, peer } = checked;
    const fault = this.#fault(subnet, peer);
    if (fault !== undefined) return void faults.push(fault);
    this.#subnets.add(subnet, peer.subnet, key);
    // The families have devices of their own, and FDBs.
    this.#macs.set(`${subnet.family} ${peer.mac}`, { key, publicIp: peer.publicIp });
    return peer;
  }

  #fault(subnet: Subnet, { subnet: text, publicIp, mac }: PeerFamily): string | undefined {
    if (this.#own.addresses.has(publicIp)) return `it has our own address ${publicIp}`;
    const own = this.#own.subnets.find((other) => overlaps(other, subnet));
    if (own) return `${text} overlaps our own subnet ${subnetText(own)}`;
    if (this.#own.macs.has(mac)) return `it has our own VtepMAC ${mac}`;
    const other = this.#subnets.overlapping(subnet, text);
    if (other !== undefined) return `${text} overlaps the older ${other}`;
    const twin = this.#macs.get(`${subnet.family} ${mac}`);
    if (twin && twin.publicIp !== publicIp) return `it has the VtepMAC ${mac} of the older ${twin.key}`;
    return undefined;
  }
}

/** Subnets by their text, and lengths: as a rule all have one length, so that one look-up tells of an overlap. */
class SubnetIndex {
  readonly #keys = new Map<string, string>();
  readonly #lengths = { 4: new Map<number, Subnet[]>(), 6: new Map<number, Subnet[]>() };

  add(subnet: Subnet, text: string, key: string): void {
    this.#keys.set(text, key);
    const lengths = this.#lengths[subnet.family];
    const others = lengths.get(subnet.length);
    if (others) others.push(subnet);
    else lengths.set(subnet.length, [subnet]);
  }

  /** Key of a subnet that overlaps this one. */
  overlapping(subnet: Subnet, text: string): string | undefined {
    const same = this.#keys.get(text);
    if (same !== undefined) return same;
    for (const [length, others] of this.#lengths[subnet.family]) {
      if (length === subnet.length) continue;
      const other = others.find((one) => overlaps(one, subnet));
      if (other) return this.#keys.get(subnetText(other));
    }
    return undefined;
  }
}

function isSamePeer(a: Peer, b: Peer | undefined): boolean {
  return b !== undefined && isSameFamily(a.ipv4, b.ipv4) && isSameFamily(a.ipv6, b.ipv6);
}

function isSameFamily(a: PeerFamily | undefined, b: PeerFamily | undefined): boolean {
  return a?.subnet === b?.subnet && a?.publicIp === b?.publicIp && a?.mac === b?.mac;
}
