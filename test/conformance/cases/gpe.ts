/**
 * The generic protocol extension. The kernel's device has no Ethernet header and needs `external`; ours is a TAP like any other.
 * What it says of a received header can be compared all the same, and Ethernet frames octet by octet.
 */
import { DEVICE_MAC, type Bed } from '../bed.js';
import { type Case, fact, type Fact, type Group } from '../case.js';
import { counterFact } from '../facts.js';
import { crafted, links, orNothing, passed, type Reason, type Received } from '../kinds.js';
import { NEAR, raw, V4, V4_PLAIN, V6 } from './inner.js';

const PORT = 4790;
/** I and P set, and the next protocol. */
const header = (protocol: number, more = 0): number => (0x0c000000 | protocol | more) >>> 0;
const [IPV4, IPV6, ETHERNET, NSH, MPLS] = [1, 2, 3, 4, 5];

const NO_ETHERNET = {
  deviation:
    'a TAP carries Ethernet frames, and so does ours in GPE; what has another next protocol is `gpe_protocol`. The kernel’s device has no Ethernet header and hands it up as a packet',
};
const ETHERNET_COUNT = {
  deviation:
    'ours counts an Ethernet frame in GPE as one in VXLAN, without its Ethernet header; the kernel’s device, which has none, counts the whole',
};

async function device(bed: Bed): Promise<void> {
  const own = bed.kind === 'kernel' ? 'external' : 'id 42';
  const mac = bed.kind === 'kernel' ? '' : `address ${DEVICE_MAC} `;
  await bed.must(`link add vx0 ${mac}up type vxlan ${own} gpe dstport ${PORT}`);
  await bed.inside.open('vx0');
  bed.inside.clear();
  bed.outside.clear();
}

/** A datagram for the device, and whether it is counted. */
function gpe(what: string, received: Received, reason: Reason = {}): Case {
  const run = async (bed: Bed): Promise<Fact[]> => {
    await device(bed);
    bed.outside.send('eth0', crafted({ port: PORT, ...received }));
    await bed.outside.sync();
    return [...orNothing(await passed(bed), 'dropped'), await counterFact(bed)];
  };
  return { what, run, ...reason };
}

/** An IP packet (or the frame that carries one) sent to 10.0.0.2, on the kernel's device by a route that names the tunnel. */
const sent: Case = {
  what: 'a packet is sent',
  deviation:
    'a TAP carries Ethernet frames: ours has next protocol 3 (0xc000003), and a remote where the kernel’s has the metadata of a route',
  run: async (bed) => {
    await device(bed);
    const to = '192.168.100.3';
    if (bed.kind === 'kernel') {
      await bed.ip('addr add 10.0.0.1/32 dev vx0');
      await bed.ip(`route add 10.0.0.2 encap ip id 42 dst ${to} csum dev vx0`);
      await bed.host.exec(['bash', '-c', 'echo >/dev/udp/10.0.0.2/9'], { quiet: true });
    } else {
      await bed.must(`fdb add ${NEAR} dst ${to} dev vx0`);
      bed.inside.send('vx0', V4_PLAIN);
      await bed.inside.sync();
    }
    const facts = await passed(bed);
    // Of the packet nothing is compared: the kernel's is made by its stack.
    return facts.map(({ shown }) => fact(shown.replace(/^\d+ octets/, 'sent')));
  },
};

const ip = (v6 = false): Uint8Array => (v6 ? V6 : V4).slice(14);

export const GPE: Group = {
  title: 'Generic protocol extension',
  says: 'vx0 made with `gpe`, of the kernel’s with `external` as well: options, then headers received on port 4790.',
  cases: [
    links('with external', ['link add vx0 type vxlan external gpe dstport 4790'], ['vx0'], {
      deviation:
        'external takes the tunnel from metadata, which a TAP does not carry; ours is gpe without it',
    }),
    ...['proxy', 'rsc', 'l2miss', 'l3miss', 'learning', 'gbp', 'ttl inherit'].map((word) =>
      links(`with ${word}`, [`link add vx0 type vxlan id 42 gpe dstport 4790 ${word}`], ['vx0']),
    ),
    gpe('an Ethernet frame', { inner: raw(60), flags: header(ETHERNET) }, ETHERNET_COUNT),
    gpe('an Ethernet frame with IPv4', { inner: V4, flags: header(ETHERNET) }, ETHERNET_COUNT),
    gpe('an Ethernet frame, another reserved bit', { inner: V4, flags: header(ETHERNET, 0x00000100) }),
    gpe('an Ethernet frame, the B bit', { inner: V4, flags: header(ETHERNET, 0x02000000) }),
    gpe('an Ethernet frame, the last octet', { inner: V4, flags: header(ETHERNET), reserved: 1 }),
    gpe('an Ethernet frame, the O bit', { inner: V4, flags: header(ETHERNET, 0x01000000) }),
    ...[0x10000000, 0x20000000, 0x30000000].map((version) =>
      gpe(`an Ethernet frame, version ${version >>> 28}`, { inner: V4, flags: header(ETHERNET, version) }),
    ),
    gpe('an Ethernet frame, P clear', { inner: V4, flags: 0x08000003 }),
    gpe('an Ethernet frame, I clear', { inner: V4, flags: 0x04000003 }),
    gpe('a plain VXLAN header', { inner: V4, flags: 0x08000000 }),
    gpe('IPv4', { inner: ip(), flags: header(IPV4) }, NO_ETHERNET),
    gpe('IPv6', { inner: ip(true), flags: header(IPV6) }, NO_ETHERNET),
    gpe('NSH', { inner: ip(), flags: header(NSH) }, NO_ETHERNET),
    gpe('MPLS', { inner: ip(), flags: header(MPLS) }, NO_ETHERNET),
    ...[0, 6, 7, 8, 255].map((protocol) =>
      gpe(`next protocol ${protocol}`, { inner: ip(), flags: header(protocol) }),
    ),
    gpe('IPv4, P clear', { inner: ip(), flags: 0x08000001 }),
    gpe('IPv4, the O bit', { inner: ip(), flags: header(IPV4, 0x01000000) }),
    gpe('IPv4, truncated', { inner: ip().slice(0, 12), flags: header(IPV4) }, NO_ETHERNET),
    gpe(
      'nothing behind the header',
      { flags: header(ETHERNET) },
      {
        deviation: 'an Ethernet frame has 14 octets at least; the kernel’s device does not look for them',
      },
    ),
    sent,
  ],
};
