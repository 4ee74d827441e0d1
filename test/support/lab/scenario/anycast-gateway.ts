/**
 * Two hosts with the same gateway, and a guest that roams between them with its neighbour table. Its link stays up: it hangs on a
 * bridge of its own, of which one port at a time leads to a host.
 *
 *   host a  br0 10.40.0.1, anycast MAC --- a ---+
 *                                                air --- guest 10.40.0.9
 *   host b  br0 10.40.0.1, anycast MAC --- b ---+
 */
import { Guest } from '../guest.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { Namespace } from '../namespace.js';
import { Sniffer } from '../sniffer.js';
import { soon } from '../../soon.js';
import { tool } from '../tools.js';
import { PORT } from './learning-switch.js';
import type { Witness } from './witness.js';

const MAC = '00:00:5e:00:01:01';
const GATEWAY = '10.40.0.1';
const GATEWAY6 = 'fd40::1';
const ROVER = { address: '10.40.0.9', mac: '02:00:0a:28:00:09' };
const ARP = 0x0806;
const IPV6 = 0x86dd;
const ICMPV6 = 58;
const SOLICITATION = 135;

const octets = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
const ipOctets = Buffer.from(GATEWAY.split('.').map(Number));
const ip6Octets = Buffer.from('fd40000000000000'.padEnd(30, '0') + '01', 'hex');

/** ARP or ND with the gateway's MAC or address anywhere in it. */
function isOfGateway(frame: Buffer): boolean {
  const type = frame.readUInt16BE(12);
  const isNd = type === IPV6 && frame[20] === ICMPV6 && frame[54]! >= 133 && frame[54]! <= 137;
  if (type !== ARP && !isNd) return false;
  return [octets(MAC), type === ARP ? ipOctets : ip6Octets].some((bytes) => frame.includes(bytes));
}

/** An ARP request or a solicitation. */
function isQuestion(frame: Buffer): boolean {
  return frame.readUInt16BE(12) === ARP ? frame[21] === 1 : frame[54] === SOLICITATION;
}

async function layOut(lab: Lab): Promise<Guest> {
  const air = await Namespace.create('air');
  lab.hosts[0]!.guestNamespaces.push(air);
  await air.ip('link add air type bridge mcast_snooping 0 forward_delay 0');
  await air.ip('link set air up');
  for (const [index, host] of lab.hosts.entries()) {
    const peer = lab.hosts[1 - index]!;
    await host.bridge(`${GATEWAY}/24`);
    await host.namespace.ip(`link set br0 address ${MAC}`);
    await host.namespace.ip(`addr add ${GATEWAY6}/64 dev br0 nodad`);
    await host.guest({ address: `10.40.0.${index + 2}/24`, mac: `02:00:0a:28:00:0${index + 2}` });
    await host.guests[0]!.namespace.ip(`addr add fd40::${index + 2}/64 dev eth0 nodad`);
    const gateway = host.kind === 'uvtep' ? ` gateway ${GATEWAY},${GATEWAY6} gateway-mac ${MAC}` : '';
    await host.vtep(
      `link add vtep0 type vxlan id 40 dstport ${PORT} remote ${peer.address} local ${host.address}${gateway}`,
    );
    await host.namespace.ip('link set vtep0 master br0 up');
    await host.namespace.ip(`link add air${index} type veth peer name to${index} netns ${air.name}`);
    await host.namespace.ip(`link set air${index} master br0 up`);
    await air.ip(`link set to${index} up`);
  }
  await air.ip('link set to0 master air');
  const inside = await Namespace.create('rover');
  lab.hosts[0]!.guestNamespaces.push(inside);
  await air.ip(`link add rover type veth peer name eth0 netns ${inside.name} address ${ROVER.mac}`);
  await air.ip('link set rover master air up');
  await inside.ip(`addr add ${ROVER.address}/24 dev eth0`);
  await inside.ip('addr add fd40::9/64 dev eth0 nodad');
  await inside.ip('link set eth0 up');
  await inside.ip(`route add default via ${GATEWAY}`);
  return new Guest(inside, ROVER.address, ROVER.mac);
}

export async function anycastGateway(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  const guest = await layOut(lab);
  const wire = await a.sniff('eth0', { port: PORT });
  const gateways = [GATEWAY, GATEWAY6];
  for (const address of gateways) {
    const first = await guest.ping(address, { count: 3, interval: 30_000 });
    witness.check(first.received === 3, `the guest reaches ${address} on host a`, first);
  }
  const [known] = await guest.namespace.ipJson<{ lladdr: string }[]>(`neigh show ${GATEWAY} dev eth0`);
  witness.check(known?.lladdr === MAC, 'its MAC is the anycast one', known);

  witness.step('the guest roams to host b');
  const eth0 = await Sniffer.start(guest.namespace, 'eth0', {});
  const air = a.guestNamespaces.find(({ name }) => name.endsWith('-air'))!;
  await air.ip('link set to0 nomaster');
  await air.ip('link set to1 master air');
  for (const address of gateways) {
    const moved = await guest.ping(address, { count: 5, interval: 30_000 });
    witness.check(moved.received === 5, `and reaches ${address} there`, moved);
  }
  // What the host asks of it, it answers.
  const asked = (await eth0.stop()).filter(
    ({ out, bytes }) => out && isQuestion(bytes) && isOfGateway(bytes),
  );
  witness.check(asked.length === 0, 'it did not have to ask again', asked);

  witness.step('each host asks its guests, and is asked by them');
  for (const host of [a, b]) {
    await host.guests[0]!.namespace.ip('neigh flush dev eth0');
    await host.namespace.ip('neigh flush dev br0');
    for (const address of gateways) {
      const near = await host.guests[0]!.ping(address, { count: 3, interval: 30_000 });
      witness.check(near.received === 3, `guest of ${host.address} reaches ${address}`, near);
    }
    // Nobody has this one: the gateway asks all.
    const nobody = [tool('ping'), '-c', '1', '-w', '200', '10.40.0.77'];
    await host.namespace.exec(nobody, { quiet: true, allowFailure: true });
  }
  const far = await a.guests[0]!.ping('10.40.0.3', { count: 3, interval: 30_000 });
  witness.check(far.received === 3, 'guests reach one another across the tunnel', far);
  await reported(a, witness);
  const frames = await wire.stopVxlan();
  const leaks = frames.filter((frame) => isOfGateway(frame.inner));
  const ours = leaks.filter(
    ({ outerSource }) => lab.hosts.find(({ address }) => address === outerSource)!.kind === 'uvtep',
  );
  witness.check(frames.length > 0 && ours.length === 0, 'nothing of it left a VTEP of ours', ours);
  if (b.kind === 'kernel') await deaf(a, leaks.length, witness);
}

async function reported(host: Host, witness: Witness): Promise<void> {
  const counted = async (): Promise<boolean> => {
    const { events, reasons } = await host.daemon().statistics('vtep0');
    return events['gatewayReplies']! >= 2 && reasons['gateway_own']! >= 1;
  };
  witness.check(
    await soon(counted),
    'answers and what stayed here are counted',
    await host.daemon().statistics('vtep0'),
  );
}

/** The kernel's device lets everything out. */
async function deaf(host: Host, leaked: number, witness: Witness): Promise<void> {
  const { reasons } = await host.daemon().statistics('vtep0');
  witness.check(
    leaked > 0 && reasons['gateway_foreign']! >= leaked,
    'what the other let out was not let in',
    [leaked, reasons],
  );
  const learned = (await host.fdb()).some(({ mac }) => mac === MAC);
  witness.check(!learned, 'and the MAC was not learned', await host.fdb());
}
