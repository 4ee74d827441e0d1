/**
 * EVPN's asymmetric routing: every host has every VLAN and its anycast gateway. The host where a packet enters routes it
 * into the other VLAN and bridges it there, so requests travel in the VNI of one VLAN and replies in that of the other.
 *
 *   guest 10.1.10.11 --- br10 --- vtep10 ~~~ VNI 1000 ~~~ vtep10 --- br10 --- guest 10.1.10.12
 *                         | host a routes              host b routes |
 *   guest 10.1.20.11 --- br20 --- vtep20 ~~~ VNI 2000 ~~~ vtep20 --- br20 --- guest 10.1.20.12
 *
 * Nothing floods and nothing is learned from the tunnel: a control plane wrote FDB entries (`extern_learn`) and neighbours,
 * and the bridge answers ARP for guests of the other host from them.
 */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { PORT } from './learning-switch.js';
import { bridgeOf, gatewayOf, guestIn, layOutRoutedSegment, macIn, vtepOf, type Segment } from './segment.js';
import type { Witness } from './witness.js';

const SEGMENTS = [
  { vlan: 10, vni: 1000 },
  { vlan: 20, vni: 2000 },
] as const;
const ARP = 0x0806;
const IPV4 = 0x0800;
const ECHO_REQUEST = 8;
const COUNT = 3;

const anycastMac = (segment: Segment): string => `00:00:5e:00:01:${segment.vlan}`;

/** The gateway is a second interface on the bridge: frames the host routes must leave with a MAC that is this host's alone. */
async function addGateway(host: Host, index: number, segment: Segment): Promise<void> {
  const bridge = bridgeOf(segment);
  const anycast = `${bridge}-v`;
  const { namespace } = host;
  await namespace.ip(`link set ${bridge} address 02:02:00:00:${segment.vlan}:1${index + 1}`);
  await namespace.ip(`addr add 10.1.${segment.vlan}.${index + 2}/24 dev ${bridge}`);
  await namespace.ip(
    `link add link ${bridge} name ${anycast} address ${anycastMac(segment)} type macvlan mode private`,
  );
  await namespace.ip(`addr add ${gatewayOf(segment)}/24 dev ${anycast} metric 1024`);
  await namespace.ip(`link set ${anycast} up`);
  await bridgeCommand(host, `fdb add ${anycastMac(segment)} dev ${bridge} self local`);
}

async function bridgeCommand(host: Host, words: string): Promise<void> {
  await host.namespace.command(['bridge', '-n', host.namespace.name, ...words.split(' ')]);
}

/** What a control plane would tell a host of the guest behind `peer`. */
async function tell(host: Host, segment: Segment, peer: Host, index: number): Promise<void> {
  const [vtep, mac] = [vtepOf(segment), macIn(segment, index)];
  await host.vtep(`fdb add ${mac} dev ${vtep} dst ${peer.address} self extern_learn static`);
  await bridgeCommand(host, `fdb add ${mac} dev ${vtep} master extern_learn static`);
  await host.namespace.ip(
    `neigh add ${guestIn(segment, index)} lladdr ${mac} nud permanent dev ${bridgeOf(segment)} extern_learn`,
  );
}

async function layOut(lab: Lab): Promise<void> {
  for (const [index, host] of lab.hosts.entries()) {
    await host.namespace.sysctl('net.ipv4.ip_forward', 1);
    await host.namespace.sysctl('net.ipv4.conf.all.rp_filter', 0);
    await host.namespace.sysctl('net.ipv4.conf.default.rp_filter', 0);
    const other = 1 - index;
    for (const segment of SEGMENTS) {
      await layOutRoutedSegment(host, index, segment);
      await addGateway(host, index, segment);
      await tell(host, segment, lab.hosts[other]!, other);
      await bridgeCommand(host, `link set dev ${vtepOf(segment)} neigh_suppress on learning off`);
    }
  }
}

export async function asymmetricIrb(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOut(lab);
  const [v10, v20] = SEGMENTS;
  const entry = (await a.fdb(vtepOf(v20))).find(({ mac }) => mac === macIn(v20, 1));
  witness.check(
    entry?.dst === b.address && entry.state === 'static' && String(entry.flags).includes('extern_learn'),
    'the entry is shown static and extern_learn',
    entry,
  );
  for (const [from, index, to, ttl] of [
    [v10, 0, guestIn(v10, 1), 64],
    [v10, 0, guestIn(v20, 0), 63],
    [v10, 0, guestIn(v20, 1), 63],
    [v20, 0, guestIn(v10, 1), 63],
    [v20, 1, guestIn(v10, 0), 63],
  ] as const) {
    const underlay = await a.sniff('eth0', { port: PORT });
    const guest = lab.hosts[index]!.guests[SEGMENTS.indexOf(from)]!;
    const result = await guest.ping(to, { count: COUNT, interval: 20_000 });
    const frames = await underlay.stopVxlan();
    witness.check(
      result.received === COUNT && result.ttl === ttl,
      `${guest.address} reaches ${to}, ttl ${ttl}`,
      result,
    );
    const replicated = frames.filter(({ ethertype, inner }) => ethertype === ARP && inner[0] === 0xff);
    const [request, reply] = [true, false].map((asks) =>
      String([
        ...new Set(
          frames
            .filter(({ ethertype, inner }) => ethertype === IPV4 && (inner[34] === ECHO_REQUEST) === asks)
            .map(({ vni }) => vni),
        ),
      ]),
    );
    const local = to === guestIn(v20, index);
    const there = SEGMENTS.find((segment) => to.startsWith(`10.1.${segment.vlan}.`))!;
    witness.check(
      request === (local ? '' : String(there.vni)) && reply === (local ? '' : String(from.vni)),
      local
        ? 'nothing of it leaves the host'
        : `requests travel in VNI ${there.vni}, replies in VNI ${from.vni}`,
      { request, reply },
    );
    witness.check(replicated.length === 0, 'no broadcast leaves the host', replicated.length);
  }
  const tcp = await a.guests[0]!.streamTo(
    b.guests[1]!,
    { megabytes: 4, mode: 'check' },
    b.guests[1]!.address,
  );
  witness.check(tcp.ok, '4 MB of TCP across VLANs', tcp);
}
