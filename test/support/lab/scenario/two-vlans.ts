/**
 * Two VLANs between two hosts, each with a VNI of its own; one subnet and the same two MACs in both, swapped.
 *
 *   VLAN 10   10.1.0.11  02:…:01  guest --- vtep10 ~~~ VNI 1000 ~~~ vtep10 --- guest  10.1.0.12  02:…:02
 *   VLAN 20   10.1.0.21  02:…:02  guest --- vtep20 ~~~ VNI 2000 ~~~ vtep20 --- guest  10.1.0.22  02:…:01
 *             host a                                                        host b
 *
 * What leaks from one VLAN into the other is seen at once: by a reply that must not come, or by a MAC learned at the
 * wrong end.
 */
import type { Guest } from '../guest.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { soon } from '../../soon.js';
import { PORT } from './learning-switch.js';
import { bridgeOf, floodToOthers, plugVtep, vtepOf, type Segment } from './segment.js';
import type { Witness } from './witness.js';

const SEGMENTS: readonly Segment[] = [
  { vlan: 10, vni: 1000 },
  { vlan: 20, vni: 2000 },
];
const TCP_MEGABYTES = 4;

/** Whether a host has one bridge that knows VLANs, or a bridge for each. */
export type Bridging = 'vlan-aware' | 'bridge a VLAN';

const address = (segment: Segment, index: number): string => `10.1.0.${segment.vlan + index + 1}`;
const mac = (segment: Segment, index: number): string =>
  `02:01:00:00:00:0${(segment.vlan === 10) === (index === 0) ? 1 : 2}`;

/** Guest and VTEP of one VLAN; returns the guest. */
async function layOutVlan(
  lab: Lab,
  host: Host,
  index: number,
  segment: Segment,
  bridging: Bridging,
): Promise<Guest> {
  const aware = bridging === 'vlan-aware';
  const bridge = aware ? 'br0' : bridgeOf(segment);
  if (!aware) await host.bridge(undefined, {}, bridge);
  const port = `guest${host.guests.length}`;
  const guest = await host.guest(
    { address: `${address(segment, index)}/24`, mac: mac(segment, index) },
    { bridge },
  );
  await plugVtep(host, vtepOf(segment), segment.vni, { bridge });
  if (aware)
    for (const dev of [port, vtepOf(segment)])
      await host.namespace.command(
        `bridge -n ${host.namespace.name} vlan add vid ${segment.vlan} dev ${dev} pvid untagged`.split(' '),
      );
  await floodToOthers(lab, host, vtepOf(segment));
  return guest;
}

async function layOut(lab: Lab, bridging: Bridging): Promise<void> {
  for (const [index, host] of lab.hosts.entries()) {
    if (bridging === 'vlan-aware') {
      await host.bridge();
      await host.namespace.ip('link set br0 type bridge vlan_default_pvid 0 vlan_filtering 1');
    }
    for (const segment of SEGMENTS) await layOutVlan(lab, host, index, segment, bridging);
  }
}

export async function twoVlans(lab: Lab, witness: Witness, bridging: Bridging): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOut(lab, bridging);
  const underlay = await a.sniff('eth0', { port: PORT });
  witness.step('guests of one VLAN reach each other');
  for (const [number, segment] of SEGMENTS.entries()) {
    const result = await a.guests[number]!.ping(address(segment, 1), { count: 3, interval: 20_000 });
    witness.check(result.received === 3 && result.duplicates === 0, `VLAN ${segment.vlan}: a to b`, result);
  }
  witness.step('and nobody of the other');
  for (const [number, other] of [SEGMENTS[1]!, SEGMENTS[0]!].entries())
    for (const index of [0, 1]) {
      const result = await a.guests[number]!.ping(address(other, index), { count: 1, timeout: 200 });
      witness.check(
        result.received === 0,
        `${a.guests[number]!.address} to ${address(other, index)}`,
        result,
      );
    }
  const frames = await underlay.stopVxlan();
  for (const [number, segment] of SEGMENTS.entries()) {
    const ofVni = frames.filter(({ vni }) => vni === segment.vni);
    const from = new Set(ofVni.filter(({ out }) => out).map(({ inner }) => inner.toString('hex', 6, 12)));
    const only = mac(segment, 0).replaceAll(':', '');
    witness.check(String([...from]) === only, `VNI ${segment.vni} carries VLAN ${segment.vlan} only`, from);
    const learned = async (): Promise<boolean> =>
      (await a.fdb(vtepOf(segment))).some(
        (entry) => entry.mac === mac(segment, 1) && entry.dst === b.address,
      );
    witness.check(await soon(learned), `vtep${segment.vlan} learned its own guest`);
    const wrong = (await a.fdb(vtepOf(segment))).filter((entry) => entry.mac === mac(segment, 0));
    witness.check(wrong.length === 0, 'and not the one that is at its own side', wrong);
    const tcp = await a.guests[number]!.streamTo(
      b.guests[number]!,
      { megabytes: TCP_MEGABYTES, mode: 'check' },
      address(segment, 1),
    );
    witness.check(tcp.ok, `${TCP_MEGABYTES} MB of TCP in VLAN ${segment.vlan}`, tcp);
  }
  witness.check(
    frames.every(({ vni }) => SEGMENTS.some((segment) => segment.vni === vni)),
    'no other VNI is seen',
  );
}
