/** Replies the VTEP makes itself, caught octet by octet where the guest gets them: path MTU, neighbor discovery, TCP's segment size. */
import type { Guest } from '../guest.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { soon } from '../../soon.js';
import type { SniffedFrame } from '../tools.js';
import { guestAddress, guestAddress6, guestMac, PORT, VNI } from './learning-switch.js';
import type { Witness } from './witness.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/[\s:]/g, ''), 'hex');

/** One's complement sum of octets, folded: 0xffff where a checksum among them is right. */
function sum(...parts: Buffer[]): number {
  const octets = Buffer.concat(parts);
  let total = 0;
  for (let i = 0; i < octets.length; i += 2) total += octets.readUInt16BE(i);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** Hosts whose VTEPs (`ours`: options of those of our kind), bridges and guests have an MTU of 1500, which the underlay cannot carry. */
async function layOutWide(lab: Lab, v6: boolean, link = '', ours = ''): Promise<void> {
  const address = (host: Host): string => (v6 ? host.address6 : host.address);
  for (const [index, host] of lab.hosts.entries()) {
    const peer = lab.hosts.find((other) => other !== host)!;
    await host.bridge();
    await host.guest({ address: `${guestAddress(index)}/24`, mac: guestMac(index), mtu: 1500 });
    await host.guests[0]!.namespace.ip(`addr add ${guestAddress6(index)}/64 dev eth0 nodad`);
    const ends = `local ${address(host)} remote ${address(peer)}`;
    await host.vtep(
      `link add vtep0 type vxlan id ${VNI} dstport ${PORT} ${ends}${link}${host.kind === 'uvtep' ? ours : ''}`,
    );
    await host.namespace.ip('link set vtep0 master br0');
    await host.namespace.ip('link set vtep0 up');
  }
}

/** Frames the guest of `host` got while it pinged, of one ethertype. */
async function gotBy(host: Host, ethertype: number, act: () => Promise<unknown>): Promise<Buffer[]> {
  const sniffer = await host.sniff('guest0', { ethertype, snap: 2000 });
  await act();
  const frames: SniffedFrame[] = await sniffer.stop();
  return frames.filter(({ out }) => out).map(({ bytes }) => bytes);
}

/** Pings with one packet of so many octets, from the IP header on, and DF. */
const bigPing = (from: Guest, to: string, size: number): Promise<unknown> =>
  from.ping(to, {
    count: 1,
    size: size - (to.includes(':') ? 48 : 28),
    dontFragment: true,
    timeout: 200,
  });

/** The MTU that the guest of `a` is told for a packet of `size` octets; 0 when it is told nothing. */
async function told(a: Host, size: number): Promise<number> {
  const frames = await gotBy(a, 0x0800, () => bigPing(a.guests[0]!, guestAddress(1), size));
  const error = frames.find((frame) => frame[23] === 1 && frame[34] === 3);
  return error === undefined ? 0 : error.readUInt16BE(40);
}

async function counters(host: Host): Promise<{ tx: number; rx: number; txBytes: number; rxBytes: number }> {
  interface Answer {
    stats64?: Record<'rx' | 'tx', { packets: number; bytes: number }>;
  }
  const [link] = await host.vtepJson<Answer[]>('link show dev vtep0', '-s');
  const { rx, tx } = link!.stats64!;
  return { tx: tx.packets, rx: rx.packets, txBytes: tx.bytes, rxBytes: rx.bytes };
}

/** Whether one reply counts as it should; false also when some other frame passed meanwhile. */
async function countedOnce(a: Host): Promise<boolean> {
  const before = await counters(a);
  await bigPing(a.guests[0]!, guestAddress(1), 1500);
  const after = await counters(a);
  const more = (key: keyof typeof before): number => after[key] - before[key];
  return more('tx') === 1 && more('rx') === 1 && more('txBytes') === 590 && more('rxBytes') === 590;
}

export async function pathMtuReplies(lab: Lab, witness: Witness, v6 = false): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  const limit = v6 ? 1430 : 1450;
  await layOutWide(lab, v6);
  const guest = a.guests[0]!;
  await guest.ping(guestAddress(1), { count: 1 });
  await guest.ping(guestAddress6(1), { count: 1 });
  witness.check(await soon(async () => (await told(a, 1500)) === limit), `the guest is told ${limit}`);

  const [reply, ...more] = await gotBy(a, 0x0800, () => bigPing(guest, guestAddress(1), 1500));
  checkIcmp4(witness, reply!, limit);
  witness.check(more.length === 0, 'and nothing else', more.length);
  witness.check(
    await soon(() => countedOnce(a)),
    'counted as one sent and one received, with all its octets',
    await counters(a),
  );

  const [reply6] = await gotBy(a, 0x86dd, () => bigPing(guest, guestAddress6(1), 1500));
  checkIcmp6(witness, reply6!, limit);

  await guest.namespace.ip('route flush cache');
  // Over IPv6 the kernel device, which is at the other end, fragments nothing (ip6_fragment).
  if (!v6) {
    const plain = await guest.ping(guestAddress(1), { count: 1, size: 1472 });
    witness.check(plain.received === 1, 'without DF it goes, in fragments', plain);
  }
  const stream = await guest.streamTo(b.guests[0]!, { megabytes: 20, mode: 'check' });
  witness.check(stream.ok, 'TCP finds its size', stream);
}

function checkIcmp4(witness: Witness, frame: Buffer, limit: number): void {
  const addresses = (index: number): Buffer => Buffer.from(guestAddress(index).split('.').map(Number));
  const mtu = Buffer.of(limit >> 8, limit & 255);
  const head = Buffer.concat([
    hex(`${guestMac(0)} ${guestMac(1)} 0800 4500 0240 0000 4000 40 01`),
    frame.subarray(24, 26),
    addresses(1),
    addresses(0),
    hex('0304'),
    frame.subarray(36, 38),
    hex('0000'),
    mtu,
  ]);
  witness.check(
    frame.subarray(0, 42).equals(head),
    'its headers, octet by octet',
    frame.toString('hex', 0, 42),
  );
  witness.check(frame.length === 590, '576 octets of IP', frame.length);
  witness.check(sum(frame.subarray(14, 34)) === 0xffff, 'IP checksum');
  witness.check(sum(frame.subarray(34)) === 0xffff, 'ICMP checksum');
}

function checkIcmp6(witness: Witness, frame: Buffer, limit: number): void {
  const from = (index: number): Buffer => Buffer.from([0xfd, 0x30, ...Buffer.alloc(13), index + 2]);
  const head = Buffer.concat([
    hex(`${guestMac(0)} ${guestMac(1)} 86dd 60000000 04d8 3a 40`),
    from(1),
    from(0),
    hex('0200'),
    frame.subarray(56, 58),
    hex('0000'),
    Buffer.of(limit >> 8, limit & 255),
  ]);
  witness.check(
    frame.subarray(0, 62).equals(head),
    'packet too big, octet by octet',
    frame.toString('hex', 0, 62),
  );
  witness.check(frame.length === 14 + 1280, '1280 octets of IPv6', frame.length);
  const pseudo = Buffer.concat([frame.subarray(22, 54), Buffer.of(0, 0, 0x04, 0xd8, 0, 0, 0, 58)]);
  witness.check(sum(pseudo, frame.subarray(54)) === 0xffff, 'ICMPv6 checksum');
}

/** The underlay narrows: by a route, then by its interface. With DF set what may not be answered is dropped. */
export async function narrowingPath(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutWide(lab, false, ' df set');
  await a.guests[0]!.ping(guestAddress(1), { count: 1 });
  witness.check(await soon(async () => (await told(a, 1500)) === 1450), 'told 1450');
  await a.namespace.ip(`route add ${b.address}/32 dev eth0 mtu 1400`);
  witness.check(
    await soon(async () => (await told(a, 1420)) === 1350),
    'a route with an MTU of 1400: told 1350',
  );
  await a.namespace.ip(`route del ${b.address}/32 dev eth0`);
  witness.check(await soon(async () => (await told(a, 1420)) === 0), 'the route is gone: 1420 octets pass');
  await a.namespace.ip('link set eth0 mtu 1300');
  witness.check(await soon(async () => (await told(a, 1420)) === 1250), 'the interface: told 1250');
  const plain = await a.guests[0]!.ping(guestAddress(1), { count: 1, size: 1400, timeout: 200 });
  witness.check(plain.received === 0, 'without the guest’s DF, but with ours: dropped', plain);
  await a.namespace.ip('link set vtep0 nomaster');
  witness.check(await soon(async () => (await told(a, 1420)) === 0), 'no port of a bridge: nobody is told');
}

/** Neighbor solicitations of a guest are answered, and its flags are those of the FDB entry. */
export async function neighborDiscovery(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutWide(lab, false, ' proxy');
  const guest = a.guests[0]!;
  const target = 'fd30::99';
  const mac = '02:00:0a:1e:00:99';
  await a.vtep(`neigh add ${target} lladdr ${mac} dev vtep0`);
  for (const router of [false, true]) {
    await a.vtep(`fdb replace ${mac} dst ${b.address} dev vtep0${router ? ' self router' : ''}`);
    await guest.namespace.ip('neigh flush dev eth0');
    const underlay = await a.sniff('eth0', { port: PORT });
    const frames = await gotBy(a, 0x86dd, () => guest.ping(target, { count: 1, timeout: 200 }));
    const sent = (await underlay.stopVxlan()).filter(({ inner }) => inner[54] === 135);
    const answer = frames.find((frame) => frame[54] === 136);
    const expected = hex(
      `${guestMac(0)} ${mac} 86dd 60000000 0020 3a ff
       fd300000000000000000000000000099 fd300000000000000000000000000002
       8800 ${answer?.toString('hex', 56, 58) ?? ''} ${router ? 'e0' : '60'}000000
       fd300000000000000000000000000099 0201 ${mac}`,
    );
    witness.check(
      answer?.equals(expected) === true,
      `answered${router ? ', as of a router' : ''}, octet by octet`,
      answer?.toString('hex'),
    );
    if (answer === undefined) continue;
    const pseudo = Buffer.concat([answer.subarray(22, 54), Buffer.of(0, 0, 0, 32, 0, 0, 0, 58)]);
    witness.check(sum(pseudo, answer.subarray(54)) === 0xffff, 'with the right checksum');
    witness.check(sent.length === 0, 'and none left the host', sent.length);
  }
}

/** The MSS option of the TCP SYNs among frames; the guests' stacks write it first. */
function segmentSizes(frames: readonly SniffedFrame[]): number[] {
  return frames
    .map(({ bytes }) => bytes)
    .filter((bytes) => bytes[23] === 6 && (bytes[47]! & 2) !== 0)
    .map((bytes) => bytes.readUInt16BE(56));
}

/** Ours at host a clamps what both guests say; the kernel's peer hands over SYNs whose checksum is unfinished. */
export async function clampedTcp(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutWide(lab, false, '', ' mssclamp 1200');
  const [near, far] = [a.guests[0]!, b.guests[0]!];
  await near.ping(guestAddress(1), { count: 1 });
  for (const [mss, change] of [
    [1200, ''],
    [1410, 'link set vtep0 type vxlan mssclamp auto'],
  ] as const) {
    if (change !== '') await a.vtep(change);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const sniffers = [await a.sniff('guest0'), await b.sniff('guest0')];
      const stream = await from.streamTo(to, { megabytes: 5, mode: 'check' });
      const got = (await Promise.all(sniffers.map((sniffer) => sniffer.stop()))).map((frames) =>
        segmentSizes(frames.filter(({ out }) => out)),
      );
      witness.check(stream.ok, 'TCP passes', stream);
      witness.check(
        got.every((sizes) => sizes.length === 1 && sizes[0] === mss),
        `both guests are told ${mss}`,
        got,
      );
    }
  }
}
