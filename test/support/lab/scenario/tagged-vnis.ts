/**
 * One device of ours with many VNIs, and guests that tag their frames by themselves:
 *
 *   guest 10.40.10.2, VLAN 10 ---+                              +--- 10.40.10.3
 *                               br0 - vtep0 ~ VNI 100, 200 ~ peer
 *   guest 10.40.20.2, VLAN 20 ---+                              +--- 10.40.20.3
 *
 * The peer is such a host too, or the kernel's: with a device a VNI, or with `external vnifilter` and routes that name the VNI
 * (lwtunnel).
 */
import type { Background } from '../background.js';
import { Guest } from '../guest.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { soon } from '../../soon.js';
import { tool } from '../tools.js';
import { PORT } from './learning-switch.js';
import type { Witness } from './witness.js';

const VLANS = [10, 20] as const;
const TAGGED = 0x8100;
const vniOf = (vlan: number): number => vlan * 10;
const addressOf = (vlan: number, index: number): string => `10.40.${vlan}.${index + 2}`;
const macOf = (vlan: number, index: number): string => `02:00:0a:28:${vlan}:0${index + 2}`;

/** VNI 100 has a destination of its own, 200 the device's and a flood list. */
async function layOutOurs(host: Host, index: number, peer: Host, taggers: Background[]): Promise<void> {
  await host.bridge();
  for (const vlan of VLANS) {
    const guest = await host.guest({ address: `${addressOf(vlan, index)}/24`, mac: macOf(vlan, index) });
    const tagger = guest.namespace.start([tool('tag'), 'eth0', String(vlan)]);
    taggers.push(tagger);
    await tagger.line(/ready/);
  }
  await host.vtep(
    `link add vtep0 type vxlan external vnifilter learning dstport ${PORT} dev eth0 local ${host.address}`,
  );
  await host.vtep(`vni add dev vtep0 vni 100 vlan 10 remote ${peer.address}`);
  await host.vtep('vni add dev vtep0 vni 200 vlan 20');
  await host.vtep(`fdb append 00:00:00:00:00:00 dst ${peer.address} src_vni 200 dev vtep0`);
  await host.namespace.ip('link set vtep0 master br0 up');
}

/** A device, a bridge and a guest for each VNI. */
async function layOutDevices(host: Host, index: number, peer: Host): Promise<void> {
  for (const [n, vlan] of VLANS.entries()) {
    await host.namespace.ip(`link add br${n} type bridge mcast_snooping 0 forward_delay 0`);
    await host.namespace.ip(`link set br${n} up`);
    const eth0 = { address: `${addressOf(vlan, index)}/24`, mac: macOf(vlan, index) };
    await host.guest(eth0, { bridged: false });
    await host.namespace.ip(`link set guest${n} master br${n}`);
    const id = vniOf(vlan);
    await host.vtep(`link add vtep${n} type vxlan id ${id} dstport ${PORT} dev eth0 remote ${peer.address}`);
    await host.namespace.ip(`link set vtep${n} master br${n} up`);
  }
}

/** The kernel's `external vnifilter`: the host itself is the guest, since routes name the VNI. */
async function layOutRoutes(host: Host, index: number, peer: Host): Promise<void> {
  const { namespace } = host;
  await host.vtep(
    `link add vtep0 address ${macOf(10, index)} type vxlan external vnifilter dstport ${PORT} dev eth0 local ${host.address}`,
  );
  await namespace.ip('link set vtep0 up');
  await host.vtep('vni add dev vtep0 vni 100,200');
  for (const vlan of VLANS) {
    const far = addressOf(vlan, 1 - index);
    await namespace.ip(`addr add ${addressOf(vlan, index)}/32 dev vtep0`);
    await namespace.ip(
      `route add ${far}/32 encap ip id ${vniOf(vlan)} dst ${peer.address} dev vtep0 src ${addressOf(vlan, index)}`,
    );
    await namespace.ip(`neigh add ${far} lladdr ${macOf(vlan, 1 - index)} dev vtep0 nud permanent`);
  }
}

/** ARP has no route: the guests are told who the host is. */
async function introduce(a: Host, index: number): Promise<void> {
  for (const [n, vlan] of VLANS.entries()) {
    const words = `neigh add ${addressOf(vlan, index)} lladdr ${macOf(10, index)} dev eth0 nud permanent`;
    await a.guests[n]!.namespace.ip(words);
  }
}

async function checkTraffic(a: Host, far: readonly Guest[], witness: Witness): Promise<void> {
  const wire = await a.sniff('eth0', { port: PORT });
  for (const [n, vlan] of VLANS.entries()) {
    const ping = await a.guests[n]!.ping(far[n]!.address, { count: 3, interval: 30_000 });
    witness.check(ping.received === 3, `VLAN ${vlan}: guests reach each other`, ping);
  }
  const frames = await wire.stopVxlan();
  for (const vlan of VLANS) {
    const own = frames.filter(({ vni }) => vni === vniOf(vlan)).length;
    witness.check(own >= 6, `VNI ${vniOf(vlan)} carries VLAN ${vlan} (${own} frames)`);
  }
  const isPlain = frames.every(({ ethertype }) => ethertype !== TAGGED);
  witness.check(isPlain, 'no tag on the underlay');
  for (const [n, vlan] of VLANS.entries()) {
    for (const [from, to] of [
      [a.guests[n]!, far[n]!],
      [far[n]!, a.guests[n]!],
    ] as const) {
      const result = await from.streamTo(to, { megabytes: 8, mode: 'check' });
      const rate = `${result.gbps.toFixed(2)} Gbit/s`;
      witness.check(result.ok, `VLAN ${vlan}: 8 MB of TCP to ${to.address} (${rate})`, result);
    }
  }
}

interface Counted {
  vnis: { vni: number; remote?: string; stats: Record<string, number> }[];
}

/** Each VNI of a device that has many counts what it carried. */
async function checkCounters(host: Host, witness: Witness): Promise<void> {
  const [device] = await host.vtepJson<Counted[]>('vni show dev vtep0', '-s');
  const vnis = device?.vnis ?? [];
  witness.check(vnis.map(({ vni }) => vni).join() === '100,200', `${host.kind}: vni show`, vnis);
  witness.check(
    vnis.every(
      ({ stats }) => stats['rx_bytes']! > 8e6 && stats['tx_bytes']! > 8e6 && stats['tx_pkts']! > 100,
    ),
    `${host.kind}: counts what each VNI carried`,
    vnis,
  );
}

/** A VNI that is taken out of the list carries nothing; the other goes on. */
async function checkFilter(a: Host, host: Host, far: readonly Guest[], witness: Witness): Promise<void> {
  await host.vtep('vni delete dev vtep0 vni 200');
  const [first, second] = [
    await a.guests[0]!.ping(far[0]!.address, { count: 2, interval: 30_000 }),
    await a.guests[1]!.ping(far[1]!.address, { count: 2, interval: 30_000, timeout: 200 }),
  ];
  witness.check(first.received === 2 && second.received === 0, 'a VNI that is not listed is refused', second);
}

async function run(lab: Lab, witness: Witness, layOutPeer: () => Promise<readonly Guest[]>): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  const taggers: Background[] = [];
  try {
    await layOutOurs(a, 0, b, taggers);
    const far = await layOutPeer();
    await checkTraffic(a, far, witness);
    await checkCounters(a, witness);
    const learned = async (): Promise<string> =>
      (await a.vtepJson<{ mac: string; dst?: string; src_vni?: number }[]>('fdb show dev vtep0'))
        .filter(({ mac, dst }) => dst === b.address && far.some((guest) => guest.mac === mac))
        .map(({ src_vni }) => src_vni)
        .sort()
        .join();
    witness.check(
      await soon(async () => (await learned()) === '100,200'),
      'what is on a VNI is learned in it',
      await learned(),
    );
    await checkFilter(a, a, far, witness);
  } finally {
    for (const tagger of taggers) await tagger.close();
  }
}

export async function amongOurs(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  const taggers: Background[] = [];
  try {
    await run(lab, witness, async () => {
      await layOutOurs(b, 1, a, taggers);
      return b.guests;
    });
    await checkCounters(b, witness);
  } finally {
    for (const tagger of taggers) await tagger.close();
  }
}

/** The peer has a device a VNI, as other implementations do. */
export async function deviceForEach(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await run(lab, witness, async () => {
    await layOutDevices(b, 1, a);
    return b.guests;
  });
}

/** The peer is the kernel's device with many VNIs. */
export async function filterOfTheKernel(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await run(lab, witness, async () => {
    await layOutRoutes(b, 1, a);
    await introduce(a, 1);
    return VLANS.map((vlan) => new Guest(b.namespace, addressOf(vlan, 1), macOf(10, 1)));
  });
  await checkCounters(b, witness);
}
