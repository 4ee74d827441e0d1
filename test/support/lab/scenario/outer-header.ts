/** What the outer header says: source port, TTL, TOS, DF, checksum. */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import type { VxlanFrame } from '../sniffer.js';
import { guestAddress, layOutSwitch, PORT, VNI } from './learning-switch.js';
import type { Witness } from './witness.js';

const IPV4 = 0x0800;

/** The IPv4 frames host a sends while `traffic` runs. */
async function sentBy(a: Host, traffic: () => Promise<unknown>): Promise<VxlanFrame[]> {
  const underlay = await a.sniff('eth0', { port: PORT });
  await traffic();
  return (await underlay.stopVxlan()).filter((frame) => frame.out && frame.ethertype === IPV4);
}

/** One flow keeps one source port, many flows use many, all inside the range, whose end is exclusive. */
export async function sourcePorts(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutSwitch(lab, { link: 'srcport 50000 50016' });
  const [from, to] = [a.guests[0]!, b.guests[0]!];
  await from.ping(guestAddress(1), { count: 1 });
  const one = await sentBy(a, () => from.datagramsTo(to, { count: 200, kpps: 5, flows: 1 }));
  const onePorts = new Set(one.map((frame) => frame.sourcePort));
  witness.check(one.length > 0 && onePorts.size === 1, `one flow, one port (${one.length} datagrams)`, [
    ...onePorts,
  ]);
  const many = await sentBy(a, () => from.datagramsTo(to, { count: 512, kpps: 5, flows: 64, burst: 1 }));
  const ports = [...new Set(many.map((frame) => frame.sourcePort))].sort((x, y) => x - y);
  witness.check(ports.length >= 8, `64 flows spread over ${ports.length} of 16 ports`, ports);
  witness.check(
    ports.every((port) => port >= 50000 && port < 50016),
    'all inside 50000 to 50015',
    ports,
  );
  const perFlow = new Map<number, Set<number>>();
  for (const frame of many) {
    const inner = frame.inner.readUInt16BE(14 + 20); // UDP source port of the inner flow
    perFlow.set(inner, (perFlow.get(inner) ?? new Set()).add(frame.sourcePort));
  }
  witness.check(
    perFlow.size === 64 && [...perFlow.values()].every((set) => set.size === 1),
    'each flow keeps its port for life',
  );
  witness.check(
    many.every((frame) => frame.destinationPort === PORT && frame.vni === VNI),
    'to the right port and VNI',
  );
}

interface Case {
  link: string;
  tos?: number;
  dontFragment?: boolean;
  expected: Partial<VxlanFrame>;
}

/** Options of the VTEP and of the inner packet, and the outer header they give. */
const CASES: readonly Case[] = [
  { link: '', expected: { ttl: 64, tos: 0, dontFragment: false } },
  { link: 'ttl 33 tos 0x28 df set', expected: { ttl: 33, tos: 0x28, dontFragment: true } },
  {
    link: 'tos inherit df inherit',
    tos: 0x48,
    dontFragment: true,
    expected: { ttl: 64, tos: 0x48, dontFragment: true },
  },
  { link: 'tos inherit df inherit', tos: 0x50, expected: { tos: 0x50, dontFragment: false } },
  { link: 'noudpcsum', expected: { udpChecksum: 0 } },
];

/** The same over IPv6, where the kernel has no DF to set and a flow label instead. */
const CASES_V6: readonly Case[] = [
  { link: '', expected: { ttl: 64, tos: 0, flowLabel: 0 } },
  { link: 'ttl 33 tos 0x28 flowlabel 0x12345', expected: { ttl: 33, tos: 0x28, flowLabel: 0x12345 } },
  { link: 'tos inherit', tos: 0x48, expected: { tos: 0x48, flowLabel: 0 } },
];

export const outerHeader = (lab: Lab, witness: Witness): Promise<void> =>
  eachCase(lab, witness, CASES, false);
export const outerHeader6 = (lab: Lab, witness: Witness): Promise<void> =>
  eachCase(lab, witness, CASES_V6, true);

async function eachCase(lab: Lab, witness: Witness, cases: readonly Case[], v6: boolean): Promise<void> {
  const [a] = lab.hosts as [Host, Host];
  let laidOut = false;
  for (const { link, tos, dontFragment, expected } of cases) {
    if (laidOut) await replaceLink(lab, link, v6);
    else await layOutSwitch(lab, { link: link || undefined, v6 });
    laidOut = true;
    const frames = await sentBy(a, () =>
      a.guests[0]!.ping(guestAddress(1), { count: 2, interval: 20_000, tos, dontFragment }),
    );
    const wrong = frames.flatMap((frame) =>
      Object.entries(expected)
        .filter(([field, value]) => frame[field as keyof VxlanFrame] !== value)
        .map(([field]) => `${field} ${String(frame[field as keyof VxlanFrame])}`),
    );
    const inner = `${tos ? `, inner tos 0x${tos.toString(16)}` : ''}${dontFragment ? ', inner DF' : ''}`;
    witness.check(
      frames.length >= 2 && wrong.length === 0,
      `'${link}'${inner}: ${JSON.stringify(expected)}`,
      wrong,
    );
  }
}

/** Removes vtep0 on every host and makes it again with other options. */
async function replaceLink(lab: Lab, link: string, v6: boolean): Promise<void> {
  const address = (host: Host): string => (v6 ? host.address6 : host.address);
  for (const host of lab.hosts) {
    await host.vtep('link del vtep0');
    const peer = lab.hosts.find((other) => other !== host)!;
    await host.vtep(
      `link add vtep0 type vxlan id ${VNI} dstport ${PORT} dev eth0 local ${address(host)} remote ${address(peer)} ${link}`.trim(),
    );
    await host.namespace.ip('link set vtep0 master br0 up');
  }
}
