/**
 * Walk-through 1, bridge mode with misses answered, as the first generation of Flannel did it.
 *
 *   guest 10.20.1.4 --- br0 10.20.1.1/24 --- vtep0 ~~~~ VNI 1 ~~~~ vtep0 --- br0 --- guest 10.20.1.3
 *   ee:35:0f:11:73:b3      host a, 192.168.100.2           host b, 192.168.100.3     e6:4b:f9:ce:d7:7b
 *
 * Host b knows guest a from the start; host a knows nothing and is told what its VTEP misses, when it misses it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import type { Witness } from './witness.js';

export const GUEST_A = { address: '10.20.1.4/24', mac: 'ee:35:0f:11:73:b3' };
export const GUEST_B = { address: '10.20.1.3/24', mac: 'e6:4b:f9:ce:d7:7b' };
const PORT = 4789;
const ARP = 0x0806;

/** Bridge, guest and an enslaved VTEP that learns nothing, answers ARP and reports both kinds of miss. */
async function layOut(host: Host, bridge: string | undefined, guest: typeof GUEST_A): Promise<void> {
  await host.bridge(bridge);
  await host.guest(guest);
  await host.vtep('link add vtep0 type vxlan id 1 dstport 4789 dev eth0 nolearning proxy l2miss l3miss');
  await host.namespace.ip('link set vtep0 master br0');
  await host.namespace.ip('link set vtep0 up');
}

export async function missesAnswered(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  witness.step('two bridges, two guests, two VTEPs that learn nothing');
  await layOut(a, '10.20.1.1/24', GUEST_A);
  await layOut(b, undefined, GUEST_B);
  await b.vtep(`neigh add 10.20.1.4 lladdr ${GUEST_A.mac} dev vtep0`);
  await b.vtep(`fdb add ${GUEST_A.mac} dst ${a.address} dev vtep0`);

  let last = ''; // the same miss comes again with every packet: told once
  const onMiss = (line: string): void => {
    if (line.includes('miss') && line !== last) witness.event(line);
    last = line;
  };
  const monitor = a.monitor(a.kind === 'uvtep' ? 'miss' : 'neigh', { onLine: onMiss });
  const stock = a.ipMonitor();
  const underlay = await a.sniff('eth0', { port: PORT });
  await sleep(a.kind === 'uvtep' ? 400 : 100); // monitors announce nothing; let them subscribe

  witness.step('guest a pings 10.20.1.3: nobody knows its MAC');
  const replies: string[] = [];
  const ping = a.guests[0]!.startPing('10.20.1.3', { count: 100, interval: 200_000 }, (line) => {
    if (replies.push(line) <= 3) witness.event(line);
  });
  const layer3 = /^miss 10\.20\.1\.3 dev vtep0\b/;
  const layer2 = new RegExp(`^miss dev vtep0 lladdr ${GUEST_B.mac}`);
  const missed3 = await Promise.all([monitor.line(layer3), stock.line(layer3)]).catch(String);
  witness.check(
    Array.isArray(missed3),
    'L3 miss seen by the VTEP monitor and by stock `ip monitor neigh`',
    missed3,
  );

  await a.vtep(`neigh add 10.20.1.3 lladdr ${GUEST_B.mac} dev vtep0`);
  witness.step('the proxy answers ARP; now nobody knows the VTEP of that MAC');
  const missed2 = await Promise.all([monitor.line(layer2), stock.line(layer2)]).catch(String);
  witness.check(
    Array.isArray(missed2),
    'L2 miss seen by the VTEP monitor and by stock `ip monitor neigh`',
    missed2,
  );

  await a.vtep(`fdb add ${GUEST_B.mac} dst ${b.address} dev vtep0`);
  const third = await ping
    .line((line) => /bytes from 10\.20\.1\.3/.test(line) && replies.length >= 3, 4000)
    .catch(String);
  witness.check(/ttl=64 /.test(third), 'the ping works', third);
  await ping.close();
  const { stdout } = await a.guests[0]!.namespace.ip('neigh show 10.20.1.3', { quiet: true });
  witness.check(stdout.includes(GUEST_B.mac), 'the guest learned the MAC from the proxy', stdout);
  await monitor.close();
  await stock.close();

  const frames = await underlay.stopVxlan();
  const arp = frames.filter((frame) => frame.ethertype === ARP).length;
  witness.check(
    frames.length > 0 && arp === 0,
    `no ARP left on the underlay (${frames.length} frames, ${arp} ARP)`,
  );
}
