/**
 * One device with many VNIs on each host, a port of a VLAN-aware bridge: ours maps VLANs by itself, the kernel's by the bridge's
 * `vlan_tunnel`.
 *
 *   guest 10.40.10.2 --- VLAN 10 --+                                +-- VLAN 10 --- guest 10.40.10.3
 *                                  br0 - vtep0 ~ 100, 200 ~ vtep0 - br0
 *   guest 10.40.20.2 --- VLAN 20 --+                                +-- VLAN 20 --- guest 10.40.20.3
 */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { soon } from '../../soon.js';
import { PORT } from './learning-switch.js';
import type { Witness } from './witness.js';

const VLANS = [10, 20] as const;
const vniOf = (vlan: number): number => vlan * 10;
/** The same MACs in both VLANs: only the VNI tells them apart. */
const macOf = (index: number): string => `02:00:0a:28:00:0${index + 2}`;

async function bridgeVlan(host: Host, words: string): Promise<void> {
  await host.namespace.command(['bridge', '-n', host.namespace.name, 'vlan', ...words.split(' ')]);
}

async function layOut(host: Host, index: number, peer: Host): Promise<void> {
  await host.namespace.ip(
    'link add br0 type bridge mcast_snooping 0 forward_delay 0 vlan_filtering 1 vlan_default_pvid 0',
  );
  await host.namespace.ip('link set br0 up');
  for (const [n, vlan] of VLANS.entries()) {
    await host.guest({ address: `10.40.${vlan}.${index + 2}/24`, mac: macOf(index) });
    await bridgeVlan(host, `add dev guest${n} vid ${vlan} pvid untagged`);
  }
  await host.vtep(
    `link add vtep0 type vxlan external vnifilter learning dstport ${PORT} dev eth0 local ${host.address}`,
  );
  await host.namespace.ip('link set vtep0 master br0');
  if (host.kind === 'kernel') await host.namespace.ip('link set vtep0 type bridge_slave vlan_tunnel on');
  for (const vlan of VLANS) await layOutVlan(host, vlan, peer);
  await host.namespace.ip('link set vtep0 up');
}

/** VNI 100 has a destination of its own, 200 a flood list. */
async function layOutVlan(host: Host, vlan: number, peer: Host): Promise<void> {
  const vni = vniOf(vlan);
  const own = vlan === 10 ? ` remote ${peer.address}` : '';
  const ours = host.kind === 'uvtep' ? ` vlan ${vlan}` : '';
  await host.vtep(`vni add dev vtep0 vni ${vni}${ours}${own}`);
  await bridgeVlan(host, `add dev vtep0 vid ${vlan}`);
  if (host.kind === 'kernel') await bridgeVlan(host, `add dev vtep0 vid ${vlan} tunnel_info id ${vni}`);
  if (vlan === 20)
    await host.vtep(`fdb append 00:00:00:00:00:00 dst ${peer.address} src_vni ${vni} dev vtep0`);
}

interface Counted {
  vnis: { vni: number; remote?: string; stats: Record<string, number> }[];
}

export async function manyVnis(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOut(a, 0, b);
  await layOut(b, 1, a);
  const wire = await a.sniff('eth0', { port: PORT });
  for (const [n, vlan] of VLANS.entries()) {
    const ping = await a.guests[n]!.ping(`10.40.${vlan}.3`, { count: 3, interval: 30_000 });
    witness.check(ping.received === 3, `VLAN ${vlan}: guests reach each other`, ping);
  }
  const frames = await wire.stopVxlan();
  for (const vlan of VLANS) {
    const own = frames.filter(({ vni }) => vni === vniOf(vlan));
    witness.check(own.length >= 6, `VNI ${vniOf(vlan)} carries VLAN ${vlan}`, own.length);
  }
  witness.check(
    frames.every(({ ethertype }) => ethertype !== 0x8100),
    'no tag on the underlay',
  );
  for (const [n, vlan] of VLANS.entries()) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const result = await from.guests[n]!.streamTo(to.guests[n]!, { megabytes: 8, mode: 'check' });
      witness.check(result.ok, `VLAN ${vlan}: 8 MB of TCP (${result.gbps.toFixed(2)} Gbit/s)`, result);
    }
  }
  await checkKeys(a, b, witness);
  await checkCounters(a, b, witness);
}

/** What one host learned of the other, by VNI. */
async function checkKeys(a: Host, b: Host, witness: Witness): Promise<void> {
  const learned = async (): Promise<string[]> =>
    (await a.vtepJson<{ mac: string; dst?: string; src_vni?: number }[]>('fdb show dev vtep0'))
      .filter(({ mac, dst }) => mac === macOf(1) && dst === b.address)
      .map(({ src_vni }) => String(src_vni))
      .sort();
  witness.check(
    await soon(async () => String(await learned()) === '100,200'),
    'a MAC of both VLANs is learned in both VNIs',
    await learned(),
  );
}

async function checkCounters(a: Host, b: Host, witness: Witness): Promise<void> {
  for (const host of [a, b]) {
    const [device] = await host.vtepJson<Counted[]>('vni show dev vtep0', '-s');
    const vnis = device?.vnis ?? [];
    witness.check(
      vnis.map(({ vni }) => vni).join() === '100,200' && vnis[0]?.remote === (host === a ? b : a).address,
      `${host.kind}: vni show`,
      device,
    );
    witness.check(
      vnis.every(
        ({ stats }) => stats['rx_pkts']! > 100 && stats['tx_pkts']! > 100 && stats['rx_bytes']! > 8e6,
      ),
      'counts what each VNI carried',
      device,
    );
  }
}
