/** Names of the annotations that make a node a host of the network, and the bodies that write them. */
import { VtepError } from '../../errors.js';
import { vtepDataText } from '../lease.js';
import type { LeaseAttributes } from '../types.js';
import type { Node } from './objects.js';

export const DEFAULT_PREFIX = 'flannel.alpha.coreos.com';

export interface AnnotationNames {
  /** `true`: the node's subnet is Kubernetes' to give. */
  subnetManager: string;
  backendType: string;
  backendData: string;
  backendV6Data: string;
  publicIp: string;
  publicIpv6: string;
  /** Written by people: what peers are to use instead, behind NAT. */
  publicIpOverwrite: string;
  publicIpv6Overwrite: string;
  /** Written by people: which interface is the underlay. */
  nodePublicIp: string;
  nodePublicIpv6: string;
}

/** A domain, one slash, and what names begin with. */
const PREFIX = /^(?:[a-z0-9_-]+\.)+[a-z0-9_-]+\/(?:[a-z0-9_-]+-)?$/;

/**
 * @param prefix `--kube-annotation-prefix`: a domain, or a domain, a slash and a word that a dash is put behind
 * @throws {VtepError} ERR_VTEP_ARGUMENT
 * @example annotationNames('example.org/blue').publicIp // 'example.org/blue-public-ip'
 */
export function annotationNames(prefix: string = DEFAULT_PREFIX): AnnotationNames {
  const slashed = prefix.includes('/') ? prefix : `${prefix}/`;
  const full = /[/-]$/.test(slashed) ? slashed : `${slashed}-`;
  if (!PREFIX.test(full)) {
    const message = `--kube-annotation-prefix "${prefix}": expected a domain such as ${DEFAULT_PREFIX}, in lower case, and a word after a slash at most`;
    throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: prefix });
  }
  return {
    subnetManager: `${full}kube-subnet-manager`,
    backendType: `${full}backend-type`,
    backendData: `${full}backend-data`,
    backendV6Data: `${full}backend-v6-data`,
    publicIp: `${full}public-ip`,
    publicIpv6: `${full}public-ipv6`,
    publicIpOverwrite: `${full}public-ip-overwrite`,
    publicIpv6Overwrite: `${full}public-ipv6-overwrite`,
    nodePublicIp: `${full}node-public-ip`,
    nodePublicIpv6: `${full}node-public-ipv6`,
  };
}

export const annotationsOf = (node: Node): Record<string, string> => node.metadata.annotations ?? {};

/** `attributes` with the public addresses that people wrote on the node instead. */
export function overwritten(
  attributes: LeaseAttributes,
  node: Node,
  names: AnnotationNames,
): LeaseAttributes {
  const notes = annotationsOf(node);
  return {
    ...attributes,
    publicIp: attributes.ipv4 && (notes[names.publicIpOverwrite] || attributes.publicIp),
    publicIpv6: attributes.ipv6 && (notes[names.publicIpv6Overwrite] || attributes.publicIpv6),
  };
}

/** All annotations that tell peers of a host, in the order of their names; of a family that is off, none. */
function told(attributes: LeaseAttributes, names: AnnotationNames): [string, string | undefined][] {
  const { ipv4, ipv6, publicIp, publicIpv6, backendType } = attributes;
  return [
    [names.backendData, ipv4 && vtepDataText(ipv4)],
    [names.backendType, backendType],
    [names.backendV6Data, ipv6 && vtepDataText(ipv6)],
    [names.subnetManager, 'true'],
    [names.publicIp, publicIp],
    [names.publicIpv6, publicIpv6],
  ];
}

/**
 * Body that makes a node's annotations say `attributes`: those that differ, in flanneld's spelling.
 * @param attributes as `overwritten` gives them
 * @returns undefined when they say so already
 */
export function annotationPatch(
  attributes: LeaseAttributes,
  node: Node,
  names: AnnotationNames,
): string | undefined {
  const notes = annotationsOf(node);
  const differing = told(attributes, names).filter(
    ([name, text]) => text !== undefined && notes[name] !== text,
  );
  if (differing.length === 0) return undefined;
  return JSON.stringify({ metadata: { annotations: Object.fromEntries(differing) } });
}

/** Body that lets pods be scheduled on a node whose network waits for us. */
export function availablePatch(now: Date): string {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const condition = {
    type: 'NetworkUnavailable',
    status: 'False',
    lastHeartbeatTime: time,
    lastTransitionTime: time,
    reason: 'FlannelIsUp',
    message: 'Flannel is running on this node',
  };
  return JSON.stringify({ status: { conditions: [condition] } });
}
