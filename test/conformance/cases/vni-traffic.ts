/**
 * What a device with many VNIs receives and sends. The kernel's tells its bridge the VNI in tunnel metadata, ours in an 802.1Q tag:
 * here VLAN and VNI have one number, and ours is looked at without its tag. What the kernel's sends is told by a route
 * (`encap ip id VNI dst REMOTE`), since its FDB is asked for what a bridge with VLANs sent alone.
 */
import { ethernetFrame, ipv4Packet, tagged, udpDatagram } from '../../support/packets.js';
import { DEVICE_MAC, type Bed } from '../bed.js';
import { type Case, fact, type Fact, type Group } from '../case.js';
import { counterFact } from '../facts.js';
import { crafted, orNothing, passed, perform, type Reason, type Received } from '../kinds.js';
import { cut, FAR, GUEST, NEAR, raw, V4, V4_PLAIN, v4, vlan } from './inner.js';
import { keyedEntries } from './vnis.js';

const LOWER_MAC = '02:00:00:00:77:01';

/** Takes off the tag that ours has for a VNI, which must be one of those that were sent to. */
const untagged =
  (bed: Bed, vnis: readonly number[]) =>
  (frame: Buffer): Uint8Array => {
    if (bed.kind === 'kernel') return frame;
    const isTagged = frame.readUInt16BE(12) === 0x8100 && vnis.includes(frame.readUInt16BE(14) & 0xfff);
    return isTagged ? Buffer.concat([frame.subarray(0, 12), frame.subarray(16)]) : frame;
  };

type Stats = Record<string, number>;

/** Counters of the VNIs that have counted. */
async function perVni(bed: Bed): Promise<Fact[]> {
  const look = async (): Promise<string[]> => {
    const [device] = await bed.json<{ vnis: { vni: number; stats: Stats }[] }>('vni show dev vx0', '-s');
    return (device?.vnis ?? []).flatMap(({ vni, stats }) => {
      const met = Object.entries(stats).filter(([, count]) => count > 0);
      return met.length === 0 ? [] : [`vni ${vni}: ${met.map((pair) => pair.join(' ')).join(' ')}`];
    });
  };
  const lines = await bed.settle(look, 0);
  return lines.length === 0 ? [fact('no VNI has counted')] : lines.map((line) => fact(line));
}

interface Layout extends Reason {
  /** Options behind `external vnifilter dstport 4789`. */
  link?: string;
  /** `vni add` commands, without the device. */
  vnis?: readonly string[];
  setup?: readonly string[];
}

async function layOut(
  bed: Bed,
  { link = '', vnis = ['vni 100-101,200'], setup = [] }: Layout,
): Promise<void> {
  await bed.device(`external vnifilter dstport 4789 ${link}`.trim());
  for (const words of vnis) await bed.must(`vni add ${words} dev vx0`);
  for (const words of setup) {
    const { exit, err } = await perform(bed, words);
    if (exit !== 0) throw new Error(`${bed.kind}: ${words}: ${err.trim()}`);
  }
  bed.inside.clear();
  bed.outside.clear();
}

/** Datagrams from the underlay: what comes up, and where it is counted. */
function arriving(
  what: string,
  received: Received | readonly Received[],
  { entries, ...layout }: Layout & { entries?: boolean } = {},
): Case {
  const all = (Array.isArray(received) ? received : [received]) as readonly Received[];
  const run = async (bed: Bed): Promise<Fact[]> => {
    await layOut(bed, layout);
    for (const each of all) bed.outside.send('eth0', crafted(each));
    await bed.outside.sync();
    const vnis = all.map(({ vni }) => vni ?? 42);
    const facts = orNothing(await passed(bed, undefined, untagged(bed, vnis)), 'dropped');
    return [
      ...facts,
      await counterFact(bed),
      ...(await perVni(bed)),
      ...(entries ? await keyedEntries(bed, 'vx0') : []),
    ];
  };
  const { deviation } = layout;
  return { what, run, ...(deviation === undefined ? {} : { deviation }) };
}

const PACKET = { src: '10.9.0.1', dst: '10.0.0.2' };
const payload = udpDatagram(1000, 2000, new Uint8Array(18));

/** The host of the kernel's device as a router: what comes in on lower2 leaves on vx0, in the tunnel that the route names. */
async function route(bed: Bed, encap: string): Promise<void> {
  for (const words of [
    `link set lower2 address ${LOWER_MAC} up`,
    'link set lower2peer up',
    'addr replace 10.9.0.254/24 dev lower2',
    'addr add 10.0.0.1/24 dev vx0',
    `neigh add 10.0.0.2 lladdr ${NEAR} dev vx0 nud permanent`,
    `route add 10.0.0.2 encap ${encap} csum dev vx0`,
  ])
    await bed.ip(words);
  await bed.host.sysctl('net.ipv4.ip_forward', 1, { quiet: true });
  await bed.inside.open('lower2peer');
  bed.inside.clear();
  bed.outside.clear();
}

async function unroute(bed: Bed): Promise<void> {
  await bed.host.sysctl('net.ipv4.ip_forward', 0, { quiet: true });
  for (const words of ['addr flush dev lower2', 'link set lower2 down', 'link set lower2peer down'])
    await bed.ip(words);
}

/** A packet of a guest on VLAN `vni`; on the kernel's device, one that is routed into the tunnel. */
function leaving(
  what: string,
  {
    vni = 100,
    remote = '192.168.100.3',
    tos = 0,
    ...layout
  }: Layout & { vni?: number; remote?: string; tos?: number } = {},
): Case {
  const fields = { ...PACKET, tos };
  const run = async (bed: Bed): Promise<Fact[]> => {
    await layOut(bed, layout);
    if (bed.kind === 'kernel') {
      await route(bed, `${remote.includes(':') ? 'ip6' : 'ip'} id ${vni} dst ${remote}`);
      const packet = ipv4Packet({ ...fields, ttl: 18 }, payload);
      bed.inside.send('lower2peer', ethernetFrame(LOWER_MAC, GUEST, 0x0800, packet));
    } else {
      await bed.must(`fdb append ${NEAR} dst ${remote} src_vni ${vni} dev vx0`);
      const packet = ipv4Packet({ ...fields, ttl: 17 }, payload);
      bed.inside.send('vx0', tagged(ethernetFrame(NEAR, DEVICE_MAC, 0x0800, packet), vni));
    }
    await bed.inside.sync();
    try {
      return [...orNothing(await passed(bed), 'nothing'), await counterFact(bed), ...(await perVni(bed))];
    } finally {
      if (bed.kind === 'kernel') await unroute(bed);
    }
  };
  const { deviation } = layout;
  return { what, run, ...(deviation === undefined ? {} : { deviation }) };
}

const SENT_OCTETS = {
  deviation:
    'a VNI counts the octets sent as its device does, without the Ethernet header, so that VNIs add up to the device; the kernel’s counts them for the VNI with it, and those received without',
};
const LEARNING = { link: 'learning', entries: true };

export const VNI_TRAFFIC: Group = {
  title: 'Many VNIs: what passes',
  says: 'VNIs 100, 101 and 200 on a device made with `external vnifilter`: what comes up, counters of the device and of each VNI. Ours is looked at without its tag; what the kernel’s sends is routed into the tunnel, since its FDB is asked only for what a bridge with VLANs sends, which this kernel lacks.',
  cases: [
    arriving('a VNI that is listed', { inner: V4, vni: 100 }),
    arriving('the second of a range', { inner: V4, vni: 101 }),
    arriving('a VNI that is not listed', { inner: V4, vni: 102 }),
    arriving('VNI 0', { inner: V4, vni: 0 }),
    arriving('a VNI when none is listed', { inner: V4, vni: 100 }, { vnis: [] }),
    arriving(
      'several in turn',
      [100, 200, 102, 101, 100].map((vni) => ({ inner: V4_PLAIN, vni })),
    ),
    arriving(
      'a VNI that was deleted',
      { inner: V4, vni: 100 },
      { setup: ['link set vx0 up', 'vni delete vni 100 dev vx0'] },
    ),
    arriving('one that is left', { inner: V4, vni: 101 }, { setup: ['vni delete vni 100 dev vx0'] }),
    arriving('the device is down', { inner: V4, vni: 100 }, { setup: ['link set vx0 down'] }),
    arriving('down and up', { inner: V4, vni: 100 }, { setup: ['link set vx0 down', 'link set vx0 up'] }),
    arriving('a tag inside', { inner: vlan(V4), vni: 100 }),
    arriving('a service tag inside', { inner: vlan(V4, 5, 0x88a8), vni: 100 }),
    arriving('its own MAC', { inner: raw(60, NEAR, DEVICE_MAC), vni: 100 }),
    arriving('a reserved bit', { inner: V4, vni: 100, flags: 0x0c000000 }),
    arriving('a reserved bit, VNI not listed', { inner: V4, vni: 102, flags: 0x0c000000 }),
    arriving('I clear', { inner: V4, vni: 100, flags: 0 }),
    arriving('a truncated IP header', { inner: cut(V4, 24), vni: 100 }),
    arriving('shorter than an Ethernet header', { inner: cut(V4, 10), vni: 100 }),
    arriving('CE on a packet that is not ECN-capable', { inner: v4({ tos: 0 }), vni: 100, tos: 3 }),
    arriving('over IPv6', { inner: V4, vni: 100, v6: true }, { link: 'local fd00:100::1' }),
    arriving(
      'over IPv4, local of IPv6',
      { inner: V4, vni: 100 },
      {
        link: 'local fd00:100::1',
        deviation:
          'the socket is of the family of `local` or `remote`; that of the kernel’s device is of both',
      },
    ),
    arriving('a source is learned', { inner: raw(60, NEAR, GUEST), vni: 100 }, LEARNING),
    arriving('nolearning', { inner: raw(60, NEAR, GUEST), vni: 100 }, { entries: true }),
    arriving(
      'a source on two VNIs',
      [
        { inner: raw(60, NEAR, GUEST), vni: 100 },
        { inner: raw(60, NEAR, GUEST), vni: 200, from: '192.168.100.4' },
      ],
      LEARNING,
    ),
    arriving(
      'a source with a static entry elsewhere',
      { inner: raw(60, NEAR, GUEST), vni: 100 },
      {
        ...LEARNING,
        setup: [`fdb add ${GUEST} dst 192.168.100.9 src_vni 100 static`],
      },
    ),
    arriving(
      'a source with a static entry on another VNI',
      { inner: raw(60, NEAR, GUEST), vni: 100 },
      {
        ...LEARNING,
        setup: [`fdb add ${GUEST} dst 192.168.100.9 src_vni 200 static`],
      },
    ),
    arriving('a source of group MAC', { inner: raw(60, NEAR, '01:00:5e:00:00:01'), vni: 100 }, LEARNING),
    arriving(
      'to the group of its VNI',
      { inner: V4, vni: 100, to: '239.1.1.1' },
      {
        link: 'dev eth0',
        vnis: ['vni 100 group 239.1.1.1', 'vni 101'],
      },
    ),
    arriving(
      'to the group of another VNI',
      { inner: V4, vni: 101, to: '239.1.1.1' },
      {
        link: 'dev eth0',
        vnis: ['vni 100 group 239.1.1.1', 'vni 101'],
      },
    ),
    arriving(
      'to a group that was left with its VNI',
      { inner: V4, vni: 101, to: '239.1.1.1' },
      {
        link: 'dev eth0',
        vnis: ['vni 100 group 239.1.1.1', 'vni 101'],
        setup: ['vni delete vni 100 dev vx0'],
      },
    ),
    leaving('sent on a VNI', SENT_OCTETS),
    leaving('sent on another', { ...SENT_OCTETS, vni: 200, remote: '192.168.100.4' }),
    leaving('sent with a TOS and ECN', { ...SENT_OCTETS, tos: 0x2a }),
    leaving('sent over IPv6', { ...SENT_OCTETS, link: 'local fd00:100::1', remote: 'fd00:100::3' }),
    leaving('sent on a VNI that is not listed', {
      vni: 102,
      deviation:
        'the VNI of a frame is that of its VLAN, and a VLAN without a VNI has none; on the kernel’s device a route may name any',
    }),
    {
      ...arriving('flush by VNI', [], {
        link: 'remote 192.168.100.3',
        entries: true,
        setup: [`fdb add ${FAR} dst 192.168.100.4 src_vni 100 vni 100`, 'flush dev vx0 vni 100'],
      }),
      what: 'flush dev vx0 vni 100',
    },
  ],
};
