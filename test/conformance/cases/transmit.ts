/** What leaves for the underlay: the outer header, replication, what is dropped and how it is counted. */
import type { Case, Group } from '../case.js';
import { transmit } from '../kinds.js';
import { ARP_LIKE, BROADCAST, GROUP_MAC, NEAR, raw, V4, v4, V4_PLAIN, V6, v6, vlan, ZERO } from './inner.js';

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
