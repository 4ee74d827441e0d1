/**
 * EVPN's symmetric routing: a host has only the VLANs of its own guests. Each tenant has a VNI for routed packets (L3 VNI);
 * a packet is routed into it where it enters and out of it where it leaves, both ways alike.
 *
 *   tenant red    guest 10.1.10.11 --- br10 -+- br401 - vtep401 ~~~ VNI 4001 ~~~ vtep401 - br401 -+- br20 --- guest 10.1.20.12
 *   tenant blue   guest 10.1.30.11 --- br30 -+- br402 - vtep402 ~~~ VNI 4002 ~~~ vtep402 - br402 -+- br40 --- guest 10.1.40.12
 *                                          host a                                              host b
 *
 * A tenant is a routing table and rules that give it all that enters by its interfaces, which is a VRF without the device of
 * that name: not every kernel has it.
 */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { PORT } from './learning-switch.js';
import {
  bridgeOf,
  gatewayOf,
  guestIn,
  layOutRoutedSegment,
  plugVtep,
  vtepOf,
  type Segment,
} from './segment.js';
import type { Witness } from './witness.js';

interface Tenant {
  name: string;
  routed: Segment;
  /** Host a's VLAN, host b's. */
  vlans: readonly [Segment, Segment];
}

const TENANTS: readonly Tenant[] = [
  {
    name: 'red',
    routed: { vlan: 401, vni: 4001 },
    vlans: [
      { vlan: 10, vni: 1000 },
      { vlan: 20, vni: 2000 },
    ],
  },
  {
    name: 'blue',
    routed: { vlan: 402, vni: 4002 },
    vlans: [
      { vlan: 30, vni: 3000 },
      { vlan: 40, vni: 4000 },
    ],
  },
];
const IPV4 = 0x0800;
const COUNT = 3;
const UNREACHABLE = 3;

/** One MAC a host, for all its tenants, as EVPN's router MAC. */
const routerMac = (index: number): string => `02:4b:00:00:00:1${index + 1}`;

async function layOutTenant(host: Host, index: number, tenant: Tenant, peer: Host): Promise<void> {
  const { namespace } = host;
  const table = tenant.routed.vni;
  const [here, there] = index === 0 ? tenant.vlans : [tenant.vlans[1], tenant.vlans[0]];
  const [bridge, routed, vtep] = [bridgeOf(here), bridgeOf(tenant.routed), vtepOf(tenant.routed)];
  await layOutRoutedSegment(host, index, here);
  await namespace.ip(`addr add ${gatewayOf(here)}/24 dev ${bridge}`);
  await host.bridge(undefined, {}, routed);
  await namespace.ip(`link set ${routed} address ${routerMac(index)}`);
  await plugVtep(host, vtep, tenant.routed.vni, { bridge: routed, link: 'nolearning' });
  for (const iif of [bridge, routed]) await namespace.ip(`rule add iif ${iif} lookup ${table}`);
  await namespace.ip(`route add unreachable default table ${table}`);
  await namespace.ip(`route add 10.1.${here.vlan}.0/24 dev ${bridge} table ${table}`);
  await namespace.ip(
    `route add 10.1.${there.vlan}.0/24 via ${peer.address} dev ${routed} onlink table ${table}`,
  );
  const peerMac = routerMac(1 - index);
  await namespace.ip(`neigh add ${peer.address} lladdr ${peerMac} nud permanent dev ${routed} extern_learn`);
  await host.vtep(`fdb add ${peerMac} dev ${vtep} dst ${peer.address} self extern_learn static`);
}

export async function symmetricIrb(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  for (const [index, host] of lab.hosts.entries()) {
    await host.namespace.sysctl('net.ipv4.ip_forward', 1);
    for (const tenant of TENANTS) await layOutTenant(host, index, tenant, index === 0 ? b : a);
  }
  for (const [number, tenant] of TENANTS.entries()) {
    const underlay = await b.sniff('eth0', { port: PORT });
    const target = guestIn(tenant.vlans[1], 1);
    const result = await a.guests[number]!.ping(target, { count: COUNT, interval: 20_000 });
    const back = await b.guests[number]!.ping(guestIn(tenant.vlans[0], 0), { count: 1 });
    const frames = (await underlay.stopVxlan()).filter(({ ethertype }) => ethertype === IPV4);
    witness.check(
      result.received === COUNT && result.ttl === 62,
      `${tenant.name}: ${a.guests[number]!.address} reaches ${target}, routed twice`,
      result,
    );
    witness.check(back.received === 1, `${tenant.name}: and the other way`, back);
    const ways = frames.map(({ out, vni, inner }) => `${out ? 'from' : 'to'} b ${vni} ${mac(inner)}`);
    const { vni } = tenant.routed;
    witness.check(
      [...new Set(ways)].sort().join() === `from b ${vni} ${routerMac(0)},to b ${vni} ${routerMac(1)}`,
      `both ways in VNI ${vni}, from router MAC to router MAC`,
      ways,
    );
  }
  for (const [other, from] of [
    [TENANTS[1]!, 0],
    [TENANTS[0]!, 1],
  ] as const) {
    const guest = a.guests[from]!;
    const result = await guest.ping(guestIn(other.vlans[1], 1), { count: 1, timeout: 300 });
    witness.check(
      result.received === 0 && result.errors[0]?.type === UNREACHABLE,
      `${guest.address} is told that tenant ${other.name} cannot be reached`,
      result,
    );
  }
  const tcp = await a.guests[0]!.streamTo(b.guests[0]!, { megabytes: 4, mode: 'check' });
  witness.check(tcp.ok, '4 MB of TCP through the L3 VNI', tcp);
}

/** Destination MAC of a frame. */
function mac(frame: Buffer): string {
  return [...frame.subarray(0, 6)].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
