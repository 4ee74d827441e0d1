/**
 * Walk-through 2, one route, one neighbour and one FDB entry per remote host, as Flannel does it today.
 *
 *   guest 10.20.1.4/24 --- br0 10.20.1.1 --- host a routes --- vtep0 10.20.1.0/32, 52:2d:1f:cb:13:55
 *   guest 10.20.2.4/24 --- br0 10.20.2.1 --- host b routes --- vtep0 10.20.2.0/32, 52:2f:17:7c:bc:0f
 *
 * Both hosts are routers, so a reply that left with TTL 64 arrives with 62.
 */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import type { Witness } from './witness.js';

const SITES = [
  { subnet: '10.20.1', mac: '52:2d:1f:cb:13:55' },
  { subnet: '10.20.2', mac: '52:2f:17:7c:bc:0f' },
] as const;

type Site = (typeof SITES)[number];

/** Lays out one site and tells it of the other. */
async function layOut(host: Host, here: Site, peer: Host, there: Site): Promise<void> {
  await host.bridge(`${here.subnet}.1/24`);
  await host.guest({ address: `${here.subnet}.4/24`, gateway: `${here.subnet}.1` });
  await host.namespace.sysctl('net.ipv4.ip_forward', 1);
  await host.vtep(`link add vtep0 address ${here.mac} type vxlan id 1 dstport 4789 dev eth0 nolearning`);
  await host.namespace.ip(`addr add ${here.subnet}.0/32 dev vtep0`);
  await host.namespace.ip('link set vtep0 up');
  await host.vtep(`fdb add ${there.mac} dst ${peer.address} dev vtep0`);
  await host.namespace.ip(`neigh add ${there.subnet}.0 lladdr ${there.mac} dev vtep0`);
  await host.namespace.ip(`route add ${there.subnet}.0/24 via ${there.subnet}.0 dev vtep0 onlink`);
}

/** Lays out walk-through 2 on the two hosts of a lab, without trying it. */
export async function layOutRemoteRoutes(lab: Lab): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOut(a, SITES[0], b, SITES[1]);
  await layOut(b, SITES[1], a, SITES[0]);
}

export async function remoteRoutes(lab: Lab, witness: Witness): Promise<void> {
  witness.step('a routed subnet on each host; one route, one neighbour, one FDB entry for the other');
  await layOutRemoteRoutes(lab);
  const [a, b] = lab.hosts as [Host, Host];
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const name = from === a ? 'a' : 'b';
    const target = to.guests[0]!.address;
    const result = await from.guests[0]!.ping(target, { count: 5, interval: 50_000 });
    witness.event(`guest ${name} pings ${target}: ${result.received} of ${result.sent}, ttl=${result.ttl}`);
    witness.check(result.received === result.sent, `guest ${name} reaches ${target}`, result);
    witness.check(result.ttl === 62, 'ttl 62: two routers on the way', result.ttl);
    const routes = await from.namespace.ipJson<unknown[]>('route show dev vtep0');
    const neighbours = await from.namespace.ipJson<unknown[]>('neigh show dev vtep0');
    const entries = await from.fdb();
    const counts = `${routes.length} route, ${neighbours.length} neighbour, ${entries.length} FDB entry`;
    witness.check(
      counts === '1 route, 1 neighbour, 1 FDB entry',
      `host ${name} holds ${counts} for its peer`,
    );
  }
}
