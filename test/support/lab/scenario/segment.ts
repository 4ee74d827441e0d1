/**
 * One VLAN of a host that has several, carried by a VNI of its own: guests on access ports, the VTEP as one more port.
 *
 *   guests of VLAN 10 --- br10 --- vtep10 ~~~ VNI 1000 ~~~
 *   guests of VLAN 20 --- br20 --- vtep20 ~~~ VNI 2000 ~~~
 */
import type { Guest } from '../guest.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { PORT } from './learning-switch.js';

export const ZERO = '00:00:00:00:00:00';

export interface Segment {
  vlan: number;
  vni: number;
}

/** Names of a segment's bridge and VTEP. */
export const bridgeOf = (segment: Segment): string => `br${segment.vlan}`;
export const vtepOf = (segment: Segment): string => `vtep${segment.vlan}`;

/** A segment's guest at host `index`, in a subnet a segment. */
export const guestIn = (segment: Segment, index: number): string => `10.1.${segment.vlan}.${index + 11}`;
export const macIn = (segment: Segment, index: number): string => `02:01:00:00:${segment.vlan}:1${index + 1}`;
export const gatewayOf = (segment: Segment): string => `10.1.${segment.vlan}.1`;

/** Makes a VTEP and plugs it into a bridge. */
export async function plugVtep(
  host: Host,
  name: string,
  vni: number,
  options: { bridge?: string; link?: string } = {},
): Promise<void> {
  const more = options.link === undefined ? '' : ` ${options.link}`;
  await host.vtep(
    `link add ${name} type vxlan id ${vni} dstport ${PORT} dev eth0 local ${host.address}${more}`,
  );
  await host.namespace.ip(`link set ${name} master ${options.bridge ?? 'br0'} up`);
}

/** A bridge, one guest with this VLAN's gateway, and a VTEP that neither learns nor floods: what a control plane fills. */
export async function layOutRoutedSegment(host: Host, index: number, segment: Segment): Promise<Guest> {
  const bridge = bridgeOf(segment);
  await host.bridge(undefined, {}, bridge);
  const address = `${guestIn(segment, index)}/24`;
  const guest = await host.guest(
    { address, mac: macIn(segment, index), gateway: gatewayOf(segment) },
    { bridge },
  );
  await plugVtep(host, vtepOf(segment), segment.vni, { bridge, link: 'nolearning' });
  return guest;
}

/** Has `name`'s floods reach every other host. */
export async function floodToOthers(
  lab: Lab,
  host: Host,
  name: string,
  others: readonly Host[] = lab.hosts,
): Promise<void> {
  for (const peer of others)
    if (peer !== host) await host.vtep(`fdb append ${ZERO} dst ${peer.address} dev ${name}`);
}
