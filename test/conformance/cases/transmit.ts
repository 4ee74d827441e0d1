/** What leaves for the underlay: the outer header, replication, what is dropped and how it is counted. */
import type { Case, Group } from '../case.js';
import { transmit } from '../kinds.js';
import { arpPacket } from '../../support/packets.js';
import {
  ARP_LIKE,
  BROADCAST,
  concat,
  cut,
  ethernetFrame,
  FAR,
  GROUP_MAC,
  GUEST,
  NEAR,
  raw,
  sized,
  sized6,
  V4,
  v4,
  V4_PLAIN,
  V6,
  v6,
  vlan,
  word16,
  ZERO,
} from './inner.js';

const R4 = 'remote 192.168.100.3';
const R6 = 'remote fd00:100::3';

/** Inner frames to be carried over both underlays. */
const INNER: readonly (readonly [string, Uint8Array])[] = [
  ['IPv4 tos 0x2b ttl 17 DF', V4],
  ['IPv4 plain', V4_PLAIN],
  ['IPv6 tc 0x49 hlim 33', V6],
  ['neither', ARP_LIKE],
  ['IPv4 tos 0x2b ttl 17 DF in a tag', vlan(V4)],
  ['IPv6 tc 0x49 hlim 33 in a tag', vlan(V6)],
  ['IPv4 in an 802.1ad tag', vlan(V4, 5, 0x88a8)],
  ['IPv4 in two tags', vlan(vlan(V4), 6, 0x88a8)],
];

const OVER4 = [
  '',
  'ttl 5',
  'ttl inherit',
  'tos 28',
  'tos inherit',
  'tos ff',
  'df set',
  'df inherit',
  'noudpcsum',
];
const OVER6 = ['', 'ttl inherit', 'tos 28', 'tos inherit', 'flowlabel 0x12345', 'udp6zerocsumtx'];

const header = (remote: string, options: readonly string[]): Case[] =>
  options.flatMap((link) =>
    INNER.map(([name, frame]) =>
      transmit(`${link || 'defaults'}, ${remote}: ${name}`, { link: `${remote} ${link}`, frame }),
    ),
  );

export const HEADER: Group = {
  title: 'The outer header',
  says: 'A frame sent on vx0, made with `id 42 dstport 4789` and the options told; what leaves is compared octet by octet.',
  cases: [
    ...header(R4, OVER4),
    ...header(R6, OVER6),
    transmit('all at once over IPv4', {
      link: `${R4} local 192.168.100.1 dev eth0 ttl inherit tos inherit df inherit noudpcsum`,
      frame: V4,
    }),
    transmit('all at once over IPv6', {
      link: `${R6} local fd00:100::1 dev eth0 ttl inherit tos inherit flowlabel 7`,
      frame: V6,
    }),
    transmit('srcport 5000 5010', { link: `${R4} srcport 5000 5010`, frame: V4, ports: [5000, 5010] }),
    transmit('srcport 5000 5010 over IPv6', {
      link: `${R6} srcport 5000 5010`,
      frame: V4,
      ports: [5000, 5010],
    }),
    transmit('a link-local local', { link: 'remote fe80::3 local fe80::a dev eth0', frame: V4 }),
    transmit('a group', { link: 'group 239.1.1.1 dev eth0', frame: V4 }),
    transmit('a group, ttl 4', { link: 'group 239.1.1.1 dev eth0 ttl 4', frame: V4 }),
    transmit('a group, ttl inherit', { link: 'group 239.1.1.1 dev eth0 ttl inherit', frame: V4 }),
    transmit('an IPv6 group', { link: 'group ff05::1 dev eth0', frame: V4 }),
    transmit('an IPv6 group, ttl 4', { link: 'group ff05::1 dev eth0 ttl 4', frame: V4 }),
    transmit('VNI 0', { link: `${R4}`, setup: [`fdb add ${NEAR} dst 192.168.100.4 vni 0`], frame: V4 }),
  ],
};

const ecn = ['not-ECT', 'ECT(1)', 'ECT(0)', 'CE'];
const underlays = [
  ['4', R4],
  ['6', R6],
] as const;

export const ECN_OUT: Group = {
  title: 'ECN outward',
  says: 'RFC 6040: the inner ECN bits and `tos` give the outer ones.',
  cases: underlays.flatMap(([outer, remote]) =>
    ['', 'tos inherit', 'tos 2f'].flatMap((tos) =>
      ecn.flatMap((name, bits) => [
        transmit(`4 in ${outer}, ${tos || 'tos 0'}, inner ${name}`, {
          link: `${remote} ${tos}`,
          frame: v4({ tos: 0x28 | bits }),
        }),
        transmit(`6 in ${outer}, ${tos || 'tos 0'}, inner ${name}`, {
          link: `${remote} ${tos}`,
          frame: v6({ trafficClass: 0x28 | bits }),
        }),
      ]),
    ),
  ),
};

const to = (...remotes: string[]): string[] => remotes.map((words) => `fdb append ${ZERO} dst ${words}`);

export const FORWARDING: Group = {
  title: 'Forwarding and replication',
  says: 'Which remotes a frame goes to, in which order, and what is counted.',
  cases: [
    transmit('a MAC with an entry', { setup: [`fdb add ${NEAR} dst 192.168.100.3`], frame: V4 }),
    transmit('a MAC with an entry, and a default', {
      link: R4,
      setup: [`fdb add ${NEAR} dst 192.168.100.4`],
      frame: V4,
    }),
    transmit('a MAC without entry and no default', { frame: V4 }),
    transmit('a MAC without entry, a default', { link: R4, frame: V4 }),
    transmit('broadcast without default', { frame: ARP_LIKE }),
    transmit('an entry with port', { setup: [`fdb add ${NEAR} dst 192.168.100.3 port 5555`], frame: V4 }),
    transmit('an entry with vni', { setup: [`fdb add ${NEAR} dst 192.168.100.3 vni 77`], frame: V4 }),
    transmit('an entry with via', { setup: [`fdb add ${NEAR} dst 192.168.100.3 via eth0`], frame: V4 }),
    transmit('an entry with port, vni and via', {
      setup: [`fdb add ${NEAR} dst 192.168.100.3 port 5555 vni 77 via eth0`],
      frame: V4,
    }),
    transmit('an entry with via another interface', {
      setup: [`fdb add ${NEAR} dst 192.168.100.3 via lower2`],
      frame: V4,
    }),
    transmit('an entry that points to 0.0.0.0', { setup: [`fdb add ${NEAR} dst 0.0.0.0`], frame: V4 }),
    transmit('no route to the remote', { setup: [`fdb add ${NEAR} dst 203.0.113.9`], frame: V4 }),
    transmit('no route to the remote, two frames', {
      setup: [`fdb add ${NEAR} dst 203.0.113.9`],
      frame: [V4, V4],
    }),
    transmit('no route to an IPv6 remote', {
      link: 'local fd00:100::1',
      setup: [`fdb add ${NEAR} dst 2001:db8::9`],
      frame: V4,
    }),
    transmit('local is not an address of the host', { link: `${R4} local 192.168.100.77`, frame: V4 }),
    transmit('two remotes', { setup: to('192.168.100.3', '192.168.100.4'), frame: ARP_LIKE }),
    transmit('five remotes: the first comes last', {
      setup: to('192.168.100.3', '192.168.100.4', '192.168.100.5', '192.168.100.6', '192.168.100.7'),
      frame: ARP_LIKE,
    }),
    transmit('five remotes over IPv6', {
      link: 'local fd00:100::1',
      setup: to('fd00:100::3', 'fd00:100::4', 'fd00:100::5', 'fd00:100::6', 'fd00:100::7'),
      frame: ARP_LIKE,
    }),
    transmit('one remote twice with another VNI', {
      setup: to('192.168.100.3', '192.168.100.3 vni 77'),
      frame: ARP_LIKE,
    }),
    transmit('remotes with ports and VNIs of their own', {
      setup: to('192.168.100.3 vni 5', '192.168.100.4 port 5555', '192.168.100.5 vni 9 port 5556'),
      frame: ARP_LIKE,
    }),
    transmit('one of three remotes has no route', {
      setup: to('192.168.100.3', '203.0.113.9', '192.168.100.4'),
      frame: ARP_LIKE,
    }),
    transmit('one of three remotes is 0.0.0.0', {
      setup: to('192.168.100.3', '0.0.0.0', '192.168.100.4'),
      frame: ARP_LIKE,
    }),
    transmit('unknown unicast is replicated', { setup: to('192.168.100.3', '192.168.100.4'), frame: V4 }),
    transmit('a group MAC with an entry', {
      link: R4,
      setup: [`fdb append ${GROUP_MAC} dst 192.168.100.4`, `fdb append ${GROUP_MAC} dst 192.168.100.5`],
      frame: raw(60, GROUP_MAC),
    }),
    transmit('broadcast with an entry of its own', {
      link: R4,
      setup: [`fdb add ${BROADCAST} dst 192.168.100.5`],
      frame: ARP_LIKE,
    }),
    transmit('a removed entry', {
      link: R4,
      setup: [`fdb add ${NEAR} dst 192.168.100.4`, `fdb del ${NEAR}`],
      frame: V4,
    }),
    transmit('a replaced entry', {
      setup: [`fdb add ${NEAR} dst 192.168.100.4`, `fdb replace ${NEAR} dst 192.168.100.5`],
      frame: V4,
    }),
    transmit('remote changed', {
      link: R4,
      setup: ['link set vx0 type vxlan remote 192.168.100.5'],
      frame: V4,
    }),
    transmit('ttl changed', { link: R4, setup: ['link set vx0 type vxlan ttl 9 tos 4'], frame: V4 }),
    transmit('local changed', {
      link: R4,
      setup: ['link set vx0 type vxlan local 192.168.100.1'],
      frame: V4,
    }),
    transmit('the zero entry removed', { link: R4, setup: [`fdb del ${ZERO}`], frame: V4 }),
    transmit('to its own MAC', { link: R4, frame: raw(60, '02:00:00:00:01:00') }),
    transmit('three frames of three flows', {
      link: R4,
      frame: [v4({ src: '10.0.0.7' }), v4({ src: '10.0.0.8' }), V6],
    }),
    transmit('destination all-zeros', { link: R4, frame: raw(60, ZERO) }),
    transmit('source all-zeros', { link: R4, frame: raw(60, NEAR, ZERO) }),
    transmit('to a multicast source', { link: R4, frame: raw(60, NEAR, GROUP_MAC) }),
  ],
};

const short4 = (octets: number): Uint8Array => cut(V4, 14 + octets);
const FRAGMENTS6 =
  'what is too big for an IPv6 underlay is fragmented, as over IPv4; the kernel drops it (tx_aborted_errors) and tells nobody';

/** Too big for an underlay of 1500 octets when beyond 1450 over IPv4 and 1430 over IPv6. */
const bigger = (octets: number): Case[] =>
  [R4, R6].flatMap((remote) => {
    const setup = ['link set vx0 mtu 9000'];
    const more = {
      link: remote,
      setup,
      ...(remote === R6 && octets > 1430 ? { deviation: FRAGMENTS6 } : {}),
    };
    return [
      transmit(`${octets} octets of IPv4, ${remote}`, { ...more, frame: sized(octets) }),
      transmit(`${octets} octets of IPv6, ${remote}`, { ...more, frame: sized6(octets) }),
    ];
  });

export const ODD: Group = {
  title: 'Short, long and odd frames',
  says: 'What is too short to be read is dropped; what is too big for the underlay is fragmented, or dropped with DF.',
  cases: [
    transmit('14 octets of an unknown type', {
      link: R4,
      frame: raw(14),
      deviation: 'an empty payload is carried; the kernel delivers such a frame, but does not send it',
    }),
    ...[15, 20, 33, 60, 61, 1000].map((length) =>
      transmit(`${length} octets of an unknown type`, { link: R4, frame: raw(length) }),
    ),
    ...[0, 1, 19, 20].map((octets) =>
      transmit(`IPv4 cut to ${octets} octets`, { link: R4, frame: short4(octets) }),
    ),
    ...[0, 1, 39, 40].map((octets) =>
      transmit(`IPv6 cut to ${octets} octets`, { link: R4, frame: cut(V6, 14 + octets) }),
    ),
    ...[16, 18, 37, 38].map((octets) =>
      transmit(`tagged IPv4 cut to ${octets} octets of frame`, { link: R4, frame: cut(vlan(V4), octets) }),
    ),
    transmit('IPv4 with a version of 5', { link: R4, frame: concat(cut(V4, 14), [0x55], V4.slice(15)) }),
    transmit('IPv4 with a header length of 4 words', {
      link: `${R4} tos inherit ttl inherit`,
      frame: concat(cut(V4, 14), [0x44], V4.slice(15)),
    }),
    transmit('IPv4 that claims more than there is', { link: R4, frame: v4({ totalLength: 1000 }) }),
    transmit('IPv6 with a version of 4', {
      link: `${R4} tos inherit`,
      frame: concat(cut(V6, 14), [0x40], V6.slice(15)),
    }),
    transmit('an 802.3 length instead of a type', {
      link: R4,
      frame: ethernetFrame(NEAR, GUEST, 46, new Uint8Array(46)),
    }),
    transmit('ARP without proxy', {
      link: R4,
      frame: ethernetFrame(
        BROADCAST,
        GUEST,
        0x0806,
        arpPacket({ senderMac: GUEST, senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
      ),
    }),
    ...bigger(1430),
    ...bigger(1450),
    ...bigger(1451),
    ...bigger(2000),
    ...bigger(4000),
    ...['set', 'inherit'].flatMap((df) => [
      transmit(`df ${df}, 1450 octets with DF`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: sized(1450, true),
      }),
      transmit(`df ${df}, 1451 octets with DF`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: sized(1451, true),
      }),
      transmit(`df ${df}, 1451 octets without DF`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: sized(1451),
      }),
      transmit(`df ${df}, 1451 octets of IPv6`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: sized6(1451),
      }),
      transmit(`df ${df}, tagged, 1447 octets with DF`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: vlan(sized(1447, true)),
      }),
    ]),
    transmit('two fragmented replicas', {
      setup: ['link set vx0 mtu 9000', ...to('192.168.100.3', '192.168.100.4')],
      frame: sized(2000),
    }),
  ],
};

export { FAR, word16 };
