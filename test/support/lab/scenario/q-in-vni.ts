/**
 * Q-in-VNI: a customer's VLANs cross the tunnel as they are, all in the one VNI that stands for the customer.
 *
 *   guest tagging VLAN 5 ---+                                          +--- guest tagging VLAN 5
 *                           br0 --- vtep0 ~~~ VNI 42 ~~~ vtep0 --- br0
 *   guest tagging VLAN 6 ---+                                          +--- guest tagging VLAN 6
 *
 * The bridge looks at no tag, as the access side of an 802.1ad bridge does not: that strips the provider's own tag before the
 * VTEP. Where it does not strip it, the provider's 802.1ad tag travels outside the customer's: the second part.
 */
import type { Background } from '../background.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import type { Namespace } from '../namespace.js';
import type { VxlanFrame } from '../sniffer.js';
import { tool } from '../tools.js';
import { PORT } from './learning-switch.js';
import { floodToOthers, plugVtep } from './segment.js';
import type { Witness } from './witness.js';

const CUSTOMER_VLANS = [5, 6] as const;
const PROVIDER_VLAN = 100;
const CUSTOMER = 0x8100;
const PROVIDER = 0x88a8;
/** Two tags of four octets must fit as well. */
const MTU = 1442;

const address = (vlan: number, index: number): string => `10.1.0.${vlan * 10 + index + 1}`;

async function layOut(lab: Lab): Promise<void> {
  for (const [index, host] of lab.hosts.entries()) {
    await host.bridge();
    for (const vlan of CUSTOMER_VLANS) await host.guest({ address: `${address(vlan, index)}/24`, mtu: MTU });
    await plugVtep(host, 'vtep0', 42);
    await floodToOthers(lab, host, 'vtep0');
  }
}

/** The tags of a frame, outermost first: `0x88a8 100`. */
function tags({ inner }: VxlanFrame): string {
  const found: string[] = [];
  for (let at = 12; [CUSTOMER, PROVIDER].includes(inner.readUInt16BE(at)); at += 4)
    found.push(`0x${inner.readUInt16BE(at).toString(16)} ${inner.readUInt16BE(at + 2) & 0xfff}`);
  return found.join(', ');
}

export async function qInVni(lab: Lab, witness: Witness): Promise<void> {
  const taggers: Background[] = [];
  const tag = async (namespace: Namespace, ...words: string[]): Promise<void> => {
    const tagger = namespace.start([tool('tag'), ...words]);
    taggers.push(tagger);
    await tagger.line(/ready/);
  };
  try {
    await layOut(lab);
    for (const host of lab.hosts)
      for (const [number, vlan] of CUSTOMER_VLANS.entries())
        await tag(host.guests[number]!.namespace, 'eth0', String(vlan));
    witness.step('customer tags alone');
    await tagsPass(lab, witness, (vlan) => `0x8100 ${vlan}`);
    witness.step('customer tags inside the provider’s');
    for (const host of lab.hosts) await tag(host.namespace, 'vtep0', String(PROVIDER_VLAN), '802.1ad');
    await tagsPass(lab, witness, (vlan) => `0x88a8 ${PROVIDER_VLAN}, 0x8100 ${vlan}`);
  } finally {
    for (const tagger of taggers) await tagger.close();
  }
}

async function tagsPass(lab: Lab, witness: Witness, expected: (vlan: number) => string): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  for (const [number, vlan] of CUSTOMER_VLANS.entries()) {
    const guest = a.guests[number]!;
    const other = CUSTOMER_VLANS[1 - number]!;
    const underlay = await a.sniff('eth0', { port: PORT });
    const own = await guest.ping(address(vlan, 1), { count: 3, interval: 20_000 });
    const across = await guest.ping(address(other, 1), { count: 1, timeout: 200 });
    const frames = await underlay.stopVxlan();
    witness.check(own.received === 3, `VLAN ${vlan}: a reaches b`, own);
    witness.check(across.received === 0, `and not VLAN ${other}`, across);
    const seen = frames.map(tags);
    // a guest of the other VLAN may ask by ARP whether its peer is still there
    const unexpected = seen.filter((each) => each !== expected(vlan) && each !== expected(other));
    witness.check(
      seen.filter((each) => each === expected(vlan)).length >= 6 && unexpected.length === 0,
      `in the tunnel: ${expected(vlan)}`,
      [...new Set(seen)],
    );
  }
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const tcp = await from.guests[0]!.streamTo(to.guests[0]!, { megabytes: 4, mode: 'check' });
    witness.check(tcp.ok, `4 MB of TCP (${tcp.gbps.toFixed(2)} Gbit/s)`, tcp);
  }
}
