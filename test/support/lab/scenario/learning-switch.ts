/**
 * A plain learning switch across hosts: the all-zeros entry of each VTEP holds every other host (head-end replication),
 * everything else is learned.
 *
 *   guest 10.30.0.2 --- br0 --- vtep0 ~~~ to all others ~~~ vtep0 --- br0 --- guest 10.30.0.3
 */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import type { Witness } from './witness.js';

export const VNI = 42;
export const PORT = 4789;
const ZERO = '00:00:00:00:00:00';
const ARP = 0x0806;
const IPV4 = 0x0800;

export interface SwitchOptions {
  /** More options of the VTEP: 'ttl 33 tos 0x10'. */
  link?: string;
  /** IPv6 underlay. */
  v6?: boolean;
  /** MTU of guests and VTEPs; default 1450, over IPv6 1430. */
  mtu?: number;
}

/** Addresses of host `index`'s guest. */
export const guestAddress = (index: number): string => `10.30.0.${index + 2}`;
export const guestAddress6 = (index: number): string => `fd30::${index + 2}`;
export const guestMac = (index: number): string => `02:00:0a:1e:00:0${index + 2}`;

/** Lays out bridge, guest and VTEP on every host, with an all-zeros entry for each other host. */
export async function layOutSwitch(lab: Lab, options: SwitchOptions = {}): Promise<void> {
  const mtu = options.mtu ?? (options.v6 ? 1430 : 1450);
  for (const [index, host] of lab.hosts.entries()) {
    await host.bridge();
    await host.guest({ address: `${guestAddress(index)}/24`, mac: guestMac(index), mtu });
    await host.guests[0]!.namespace.ip(`addr add ${guestAddress6(index)}/64 dev eth0 nodad`);
    const local = options.v6 ? `local ${host.address6}` : `local ${host.address}`;
    const link = options.link === undefined ? '' : ` ${options.link}`;
    await host.vtep(`link add vtep0 type vxlan id ${VNI} dstport ${PORT} dev eth0 ${local}${link}`);
    await host.namespace.ip('link set vtep0 master br0');
    await host.namespace.ip('link set vtep0 up');
    for (const peer of lab.hosts)
      if (peer !== host)
        await host.vtep(`fdb append ${ZERO} dst ${options.v6 ? peer.address6 : peer.address} dev vtep0`);
  }
}

/** Where a host believes a MAC to be: the underlay addresses of its entry, [] without one. */
async function whereabouts(host: Host, mac: string): Promise<string[]> {
  return (await host.fdb()).filter((entry) => entry.mac === mac).map((entry) => entry.dst!);
}

/** Three hosts: an unknown destination is flooded to all, a learned one goes to one, a moved MAC is followed. */
export async function headEndReplication(lab: Lab, witness: Witness): Promise<void> {
  const [a, b, c] = lab.hosts as [Host, Host, Host];
  await layOutSwitch(lab);
  witness.step('guest a pings guest b: ARP floods to b and c, the rest goes to b');
  const atB = await b.sniff('eth0', { port: PORT });
  const atC = await c.sniff('eth0', { port: PORT });
  const first = await a.guests[0]!.ping(guestAddress(1), { count: 5, interval: 30_000 });
  witness.check(first.received === 5, 'guest a reaches guest b', first);
  const seenAtB = (await atB.stopVxlan()).filter((frame) => frame.outerSource === a.address);
  const seenAtC = (await atC.stopVxlan()).filter((frame) => frame.outerSource === a.address);
  const types = (frames: typeof seenAtB, type: number): number =>
    frames.filter((frame) => frame.ethertype === type).length;
  witness.check(
    types(seenAtB, ARP) >= 1 && types(seenAtC, ARP) >= 1,
    'the ARP request reached both hosts once each',
  );
  witness.check(types(seenAtB, IPV4) === 5, 'five echo requests reached host b', types(seenAtB, IPV4));
  witness.check(
    types(seenAtC, IPV4) === 0,
    'none reached host c: the reply taught host a where guest b is',
    types(seenAtC, IPV4),
  );
  witness.check(
    String(await whereabouts(a, guestMac(1))) === b.address,
    'host a learned guest b behind host b',
  );
  witness.check(
    String(await whereabouts(c, guestMac(0))) === a.address,
    'host c learned guest a from the flood',
  );

  witness.step('the MAC and address of guest b move to host c');
  await b.namespace.ip('link set guest0 down');
  const moved = c.guests[0]!.namespace;
  await moved.ip(`link set eth0 address ${guestMac(1)}`);
  await moved.ip(`addr add ${guestAddress(1)}/24 dev eth0`);
  const back = await c.guests[0]!.ping(guestAddress(0), { count: 3, interval: 30_000 });
  witness.check(back.received === 3, 'it reaches guest a from there', back);
  witness.check(
    String(await whereabouts(a, guestMac(1))) === c.address,
    'host a follows the move',
    await a.fdb(),
  );
  const again = await a.guests[0]!.ping(guestAddress(1), { count: 3, interval: 30_000 });
  witness.check(again.received === 3, 'guest a reaches it there', again);
}

/** Learned entries go after `ageing` seconds and at most ten more, though traffic to them goes on. */
export async function ageing(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutSwitch(lab, { link: 'ageing 2' });
  const first = await a.guests[0]!.ping(guestAddress(1), { count: 2, interval: 30_000 });
  witness.check(first.received === 2, 'guest a reaches guest b', first);
  witness.check((await whereabouts(a, guestMac(1))).length === 1, 'guest b is learned');
  await b.namespace.ip('link set guest0 down'); // silent from here on
  await a.guests[0]!.namespace.ip(`neigh replace ${guestAddress(1)} lladdr ${guestMac(1)} dev eth0`);
  const towards = a.guests[0]!.startPing(guestAddress(1), { count: 100, interval: 250_000 });
  const started = Date.now();
  let gone = false;
  while (!gone && Date.now() - started < 15_000) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    gone = (await whereabouts(a, guestMac(1))).length === 0;
  }
  await towards.close();
  const after = (Date.now() - started) / 1000;
  witness.check(gone && after >= 1.5 && after <= 13, 'the entry aged though frames were sent to it', {
    after,
    fdb: await a.fdb(),
  });
  const zero = await whereabouts(a, ZERO);
  witness.check(String(zero) === b.address, 'the permanent all-zeros entry stays', zero);
}
