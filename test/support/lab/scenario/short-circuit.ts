/**
 * Walk-through 2b, the same reachability without the host's router: the VTEP routes.
 *
 *   guest 10.20.1.4/24, gateway 10.20.1.1 --- br0 (no address, ip_forward=0) --- vtep0 rsc proxy
 *   guest 10.20.2.4/24, gateway 10.20.2.1 --- br0 (no address, ip_forward=0) --- vtep0 rsc proxy
 *
 * Both gateways have one MAC, which nobody owns: it is an FDB entry marked `router`. The proxy answers for the gateway;
 * a frame to its MAC is routed by the VTEP (route on link, neighbour of the destination itself) and goes straight to the
 * remote guest. Our VTEP is then a hop (the reply arrives with TTL 63); the kernel's rsc rewrites MACs and leaves the
 * TTL, and needs no route.
 */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import type { Witness } from './witness.js';

export const GATEWAY_MAC = '02:67:77:00:00:01';
const SITES = [
  { subnet: '10.20.1', mac: '02:00:0a:14:01:04' },
  { subnet: '10.20.2', mac: '02:00:0a:14:02:04' },
] as const;

type Site = (typeof SITES)[number];

async function layOut(host: Host, here: Site, peer: Host, there: Site): Promise<void> {
  await host.namespace.sysctl('net.ipv4.ip_forward', 0);
  await host.bridge();
  await host.guest({ address: `${here.subnet}.4/24`, mac: here.mac, gateway: `${here.subnet}.1` });
  await host.vtep('link add vtep0 type vxlan id 1 dstport 4789 dev eth0 nolearning proxy rsc');
  await host.namespace.ip('link set vtep0 master br0');
  await host.namespace.ip('link set vtep0 up');
  await host.vtep(`neigh add ${here.subnet}.1 lladdr ${GATEWAY_MAC} dev vtep0`);
  await host.vtep(`fdb add ${GATEWAY_MAC} dst ${peer.address} dev vtep0 router`);
  await host.vtep(`neigh add ${there.subnet}.4 lladdr ${there.mac} dev vtep0`);
  await host.vtep(`fdb add ${there.mac} dst ${peer.address} dev vtep0`);
  if (host.kind === 'uvtep') await host.vtep(`route add ${there.subnet}.0/24 dev vtep0`);
}

export async function shortCircuit(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  witness.step('the hosts do not forward; the gateway is an FDB entry marked router');
  await layOut(a, SITES[0], b, SITES[1]);
  await layOut(b, SITES[1], a, SITES[0]);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const name = from === a ? 'a' : 'b';
    const target = to.guests[0]!.address;
    const result = await from.guests[0]!.ping(target, { count: 5, interval: 50_000 });
    witness.event(`guest ${name} pings ${target}: ${result.received} of ${result.sent}, ttl=${result.ttl}`);
    witness.check(result.received === result.sent, `guest ${name} reaches ${target}`, result);
    const ttl = to.kind === 'uvtep' ? 63 : 64; // the reply is routed by the VTEP of the one who replies
    witness.check(
      result.ttl === ttl,
      `ttl ${ttl}: ${ttl === 63 ? 'the VTEP was the router' : "the kernel's rsc is no hop"}`,
      result.ttl,
    );
  }
  if (a.kind === 'uvtep') {
    const expired = await a.guests[0]!.ping(b.guests[0]!.address, { count: 1, ttl: 1, timeout: 300 });
    witness.check(
      expired.errors[0]?.type === 11,
      'a packet with TTL 1 is answered with ICMP time exceeded',
      expired.errors,
    );
  }
}
