/** A node as a lease: its podCIDRs are the subnets, its annotations the attributes. Addresses and MACs are not checked here. */
import { canonicalAddress } from '../../control/address.js';
import { parseVtepData } from '../lease.js';
import { parseSubnet, subnetText } from '../subnet.js';
import type { Lease, LeaseAttributes, NetworkConfig, VtepData } from '../types.js';
import { annotationsOf, type AnnotationNames } from './annotations.js';
import type { Node } from './objects.js';

/** The families a network has; the rest of a node is none of its business. */
export type Families = Pick<NetworkConfig, 'ipv4' | 'ipv6'>;

export interface Subnets {
  subnet: string | undefined;
  subnet6: string | undefined;
}

/** podCIDRs by family, in canonical spelling; what is none is left out. */
export function subnetsOf({ spec }: Node, { ipv4, ipv6 }: Families): Subnets {
  const texts = spec?.podCIDRs?.length ? spec.podCIDRs : [spec?.podCIDR ?? ''];
  const subnets: Subnets = { subnet: undefined, subnet6: undefined };
  for (const text of texts) {
    const prefix = parseSubnet(text);
    if (prefix?.family === 4 && ipv4) subnets.subnet ??= subnetText(prefix);
    if (prefix?.family === 6 && ipv6) subnets.subnet6 ??= subnetText(prefix);
  }
  return subnets;
}

/** Of an annotation, if there is one and it is some. */
function dataOf(text: string | undefined): VtepData | undefined {
  const data = text === undefined ? undefined : parseVtepData(text);
  return data === undefined || 'fault' in data ? undefined : data;
}

const addressOf = (text: string | undefined): string | undefined => text && (canonicalAddress(text) ?? text);

/** What the annotations tell of a host, as far as the network's families go. */
export function attributesOf(node: Node, names: AnnotationNames, { ipv4, ipv6 }: Families): LeaseAttributes {
  const notes = annotationsOf(node);
  return {
    publicIp: ipv4 && addressOf(notes[names.publicIp]),
    publicIpv6: ipv6 && addressOf(notes[names.publicIpv6]),
    backendType: notes[names.backendType] ?? '',
    ipv4: ipv4 && dataOf(notes[names.backendData]),
    ipv6: ipv6 && dataOf(notes[names.backendV6Data]),
  };
}

export interface Reading {
  /** Undefined: not, or not yet, a host of the network, or of no use. */
  lease?: Lease;
  /** What is wrong with it, for people. */
  problem?: string;
}

/** True for annotations without which a family of a host cannot be reached, named as they are on the node. */
function missing(node: Node, names: AnnotationNames, lease: Lease): string[] {
  const { attributes, subnet, subnet6 } = lease;
  const wanted: [boolean, string][] = [
    [subnet !== undefined && attributes.ipv4 === undefined, names.backendData],
    [subnet !== undefined && attributes.publicIp === undefined, names.publicIp],
    [subnet6 !== undefined && attributes.ipv6 === undefined, names.backendV6Data],
    [subnet6 !== undefined && attributes.publicIpv6 === undefined, names.publicIpv6],
  ];
  const notes = annotationsOf(node);
  return wanted
    .filter(([isMissing]) => isMissing)
    .map(([, name]) => `${name} is ${notes[name] === undefined ? 'missing' : JSON.stringify(notes[name])}`);
}

/** Another node as a lease. One whose annotations do not say that Kubernetes gives its subnet is none, and no problem. */
export function readNode(node: Node, names: AnnotationNames, families: Families): Reading {
  if (annotationsOf(node)[names.subnetManager] !== 'true') return {};
  const subnets = subnetsOf(node, families);
  if (subnets.subnet === undefined && subnets.subnet6 === undefined)
    return { problem: `no podCIDR of the network's families: ${podCidrText(node)}` };
  const attributes = attributesOf(node, names, families);
  const lease = { key: node.metadata.name, ...subnets, attributes, expires: undefined };
  const lacks = attributes.backendType === 'vxlan' ? missing(node, names, lease) : [];
  return lacks.length === 0 ? { lease } : { lease, problem: lacks.join('; ') };
}

/** For messages. */
export function podCidrText({ spec }: Node): string {
  const texts = spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
  return texts.length === 0 ? 'it has none' : `it has ${texts.join(', ')}`;
}
