/**
 * Three hosts, `proxy` and `neighsnoop`: the first question goes to all, its answer teaches every VTEP it passes, and the same is
 * not asked across the underlay again.
 */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import type { VxlanFrame } from '../sniffer.js';
import { soon } from '../../soon.js';
import { guestAddress, guestAddress6, guestMac, layOutSwitch, PORT } from './learning-switch.js';
import type { Witness } from './witness.js';

const ARP = 0x0806;
const IPV6 = 0x86dd;
const ICMPV6 = 58;
const SOLICITATION = 135;
const MOVED = '02:00:0a:1e:00:0d';

interface NeighbourLine {
  dst: string;
  lladdr: string;
  state: string[];
  origin: string;
}

/** ARP, and solicitations to a group: what is asked of everybody. */
function isQuestion({ ethertype, inner }: VxlanFrame): boolean {
  if (ethertype === ARP) return (inner[0]! & 1) === 1;
  return ethertype === IPV6 && (inner[0]! & 1) === 1 && inner[20] === ICMPV6 && inner[54] === SOLICITATION;
}

const neighbours = (host: Host): Promise<NeighbourLine[]> => host.vtepJson('neigh show dev vtep0', '-d');

async function knows(host: Host, dst: string, lladdr: string): Promise<boolean> {
  const entry = (await neighbours(host)).find((line) => line.dst === dst);
  return entry?.lladdr === lladdr && entry.origin === 'snooped' && entry.state[0] === 'REACHABLE';
}

async function forget(lab: Lab): Promise<void> {
  for (const { guests } of lab.hosts) await guests[0]!.namespace.ip('neigh flush dev eth0');
}

export async function neighbourSnooping(lab: Lab, witness: Witness): Promise<void> {
  const [a, b, c] = lab.hosts as [Host, Host, Host];
  await layOutSwitch(lab, { link: 'proxy neighsnoop on' });
  for (const [name, address] of [
    ['ARP', guestAddress],
    ['ND', guestAddress6],
  ] as const) {
    witness.step(`${name}: guest a pings guest b, for the first time`);
    const before = await c.sniff('eth0', { port: PORT });
    const first = await a.guests[0]!.ping(address(1), { count: 3, interval: 30_000 });
    witness.check(first.received === 3, 'guest b answers', first);
    witness.check((await before.stopVxlan()).some(isQuestion), 'host c heard the question');
    // A solicitation does not say whether who asks is a router: guest a is not answered for until it has advertised itself.
    await forget(lab);
    await b.guests[0]!.ping(address(0), { count: 1 });
    for (const host of [a, b]) {
      for (const who of [0, 1]) {
        const known = await soon(() => knows(host, address(who), guestMac(who)));
        witness.check(known, `the VTEP of ${host.address} knows ${address(who)}`, await neighbours(host));
      }
    }

    witness.step('again, when the guests have forgotten one another');
    await forget(lab);
    const captures = [await c.sniff('eth0', { port: PORT }), await b.sniff('eth0', { port: PORT })];
    const again = await a.guests[0]!.ping(address(1), { count: 5, interval: 30_000 });
    const back = await b.guests[0]!.ping(address(0), { count: 3, interval: 30_000 });
    witness.check(again.received === 5 && back.received === 3, 'both answer', [again, back]);
    for (const capture of captures) {
      const asked = (await capture.stopVxlan()).filter(isQuestion);
      witness.check(asked.length === 0, 'nothing was asked across the underlay', asked);
    }
  }
  const { events } = await a.daemon().statistics('vtep0');
  witness.check(events['proxied']! >= 2 && events['neighSnooped']! >= 4, 'answered by the VTEP', events);
  await roam(lab, witness);
  const flushed = async (): Promise<boolean> => {
    await a.vtep('neigh flush dev vtep0');
    return (await neighbours(a)).length === 0;
  };
  witness.check(await soon(flushed), 'flushed', await neighbours(a));
}

/** The address of guest b comes to host c with another MAC, which is told by a gratuitous ARP. */
async function roam(lab: Lab, witness: Witness): Promise<void> {
  const [a, b, c] = lab.hosts as [Host, Host, Host];
  witness.step('the address of guest b moves to host c');
  await b.namespace.ip('link set guest0 down');
  const other = c.guests[0]!.namespace;
  await other.ip(`addr add ${guestAddress(1)}/24 dev eth0`);
  await other.sysctl('net.ipv4.conf.eth0.arp_notify', 1);
  await other.ip(`link set eth0 address ${MOVED}`);
  witness.check(await soon(() => knows(a, guestAddress(1), MOVED)), 'host a follows', await neighbours(a));
  await a.guests[0]!.namespace.ip('neigh flush dev eth0');
  const wire = await c.sniff('eth0', { port: PORT });
  const there = await a.guests[0]!.ping(guestAddress(1), { count: 3, interval: 30_000 });
  witness.check(there.received === 3, 'guest a reaches it there', there);
  const asked = (await wire.stopVxlan()).filter(
    (frame) => frame.outerSource === a.address && isQuestion(frame),
  );
  witness.check(asked.length === 0, 'and did not have to ask', asked);
}
