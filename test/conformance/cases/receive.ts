/** What comes up from the underlay. */
import type { Case, Group } from '../case.js';
import { DEVICE_MAC } from '../bed.js';
import { receive, type Received } from '../kinds.js';
import {
  BROADCAST,
  cut,
  FAR,
  GROUP_MAC,
  GUEST,
  NEAR,
  raw,
  V4,
  v4,
  V4_PLAIN,
  V6,
  v6,
  vlan,
  ZERO,
} from './inner.js';

const V6_DEVICE = 'local fd00:100::1';

/** Each bit of the first word alone beside the I flag, and each of the last octet. */
const flagBits: Case[] = [...Array(32).keys()]
  .filter((bit) => bit !== 27)
  .map((bit) => receive(`flag bit ${bit} set`, { inner: V4, flags: (0x08000000 | (1 << bit)) >>> 0 }));
const reservedBits: Case[] = [...Array(8).keys()].map((bit) =>
  receive(`bit ${bit} of the last octet set`, { inner: V4, reserved: 1 << bit }),
);

const NO_SUCH_VLAN =
  'that the host has no interface for an 802.1ad tag is counted by the host; `ip -s link` shows it of our interface, `vtep -s link` does not';

const both = (what: string, rest: Received): Case[] => [
  receive(what, { ...rest }),
  receive(`${what}, over IPv6`, { ...rest, v6: true, link: V6_DEVICE }),
];

export const HEADERS_IN: Group = {
  title: 'The header received',
  says: 'A datagram from the underlay to vx0, made with `id 42 dstport 4789` and what is told: what comes up, and what is counted.',
  cases: [
    ...both('well-formed', { inner: V4 }),
    ...both('IPv6 inside', { inner: V6 }),
    ...both('a tag inside', { inner: vlan(V4) }),
    ...both('two tags inside', { inner: vlan(vlan(V4), 6, 0x88a8), deviation: NO_SUCH_VLAN }),
    ...both('an unknown type inside', { inner: raw(60) }),
    ...both('1400 octets inside', { inner: raw(1400) }),
    ...both('another VNI', { inner: V4, vni: 43 }),
    ...both('VNI 0', { inner: V4, vni: 0 }),
    ...both('I flag clear', { inner: V4, flags: 0 }),
    ...both('I flag clear, another set', { inner: V4, flags: 0x80000000 }),
    ...flagBits,
    ...reservedBits,
    ...both('checksum zero', { inner: V4, checksum: 'zero' }),
    ...both('checksum wrong', { inner: V4, checksum: 'wrong' }),
    receive('checksum zero over IPv6, udp6zerocsumrx', {
      inner: V4,
      checksum: 'zero',
      v6: true,
      link: `${V6_DEVICE} udp6zerocsumrx`,
    }),
    receive('noudpcsum is for sending', { inner: V4, link: 'noudpcsum' }),
    ...both('source port 1', { inner: V4, sourcePort: 1 }),
    ...both('another port', { inner: V4, port: 4790 }),
    ...[0, 1, 7, 8, 9, 21].flatMap((length) =>
      both(`a payload of ${length} octets`, {
        payload: cut(Uint8Array.of(8, 0, 0, 0, 0, 0, 42, 0, ...V4), length),
      }),
    ),
    ...both('fourteen octets inside', { inner: raw(14) }),
    ...[0, 1, 19, 20].map((length) =>
      receive(`IPv4 inside cut to ${length} octets`, { inner: cut(V4, 14 + length) }),
    ),
    ...[0, 1, 39, 40].map((length) =>
      receive(`IPv6 inside cut to ${length} octets`, { inner: cut(V6, 14 + length) }),
    ),
    receive('tagged IPv4 inside cut to 5 octets', { inner: cut(vlan(V4), 23) }),
    receive('IPv4 inside with a version of 5', {
      inner: Uint8Array.of(...cut(V4, 14), 0x55, ...V4.slice(15)),
    }),
    receive('IPv4 inside with a wrong header checksum', {
      inner: Uint8Array.of(...cut(V4, 24), 1, 2, ...V4.slice(26)),
    }),
    receive('a source nobody knows of', { inner: V4, from: '203.0.113.9' }),
    receive('another address of the host', { inner: V4, to: '192.168.100.2', link: 'local 192.168.100.1' }),
    receive('the device is down', { inner: V4, setup: ['link set vx0 down'] }),
    receive('down and up again', { inner: V4, setup: ['link set vx0 down', 'link set vx0 up'] }),
    receive(
      'ten datagrams',
      [...Array(10).keys()].map(() => ({ inner: V4 })),
    ),
    receive('broadcast inside', { inner: raw(60, BROADCAST) }),
    receive('to the device itself', { inner: raw(60, DEVICE_MAC) }),
  ],
};

const ECN = ['not-ECT', 'ECT(1)', 'ECT(0)', 'CE'];

const ecnCases = (inner: 4 | 6, outer: 4 | 6): Case[] =>
  ECN.flatMap((out, outerBits) =>
    ECN.map((name, bits) =>
      receive(`${inner} in ${outer}: outer ${out}, inner ${name}`, {
        inner: inner === 4 ? v4({ tos: 0x48 | bits }) : v6({ trafficClass: 0x48 | bits }),
        tos: 0x20 | outerBits,
        ...(outer === 6 ? { v6: true, link: V6_DEVICE } : {}),
      }),
    ),
  );

export const ECN_IN: Group = {
  title: 'ECN inward',
  says: 'RFC 6040: all sixteen combinations, in every pair of families.',
  cases: [
    ...ecnCases(4, 4),
    ...ecnCases(6, 4),
    ...ecnCases(4, 6),
    ...ecnCases(6, 6),
    ...ECN.map((out, bits) => receive(`an unknown type: outer ${out}`, { inner: raw(60), tos: bits })),
    ...ECN.map((out, bits) =>
      receive(`tagged IPv4 ECT(0): outer ${out}`, { inner: vlan(v4({ tos: 2 })), tos: bits }),
    ),
  ],
};

const from = (source: string, rest: Received = {}): Received => ({
  inner: raw(60, NEAR, source),
  entries: true,
  ...rest,
});

export const LEARNING: Group = {
  title: 'Learning',
  says: 'What is learned from the frames that come: the entries, and whether the frame came up.',
  cases: [
    receive('a source is learned', from(GUEST)),
    receive('a source is learned over IPv6', from(GUEST, { v6: true, link: V6_DEVICE })),
    receive('nolearning', from(GUEST, { link: 'nolearning' })),
    receive('its own MAC', from(DEVICE_MAC)),
    receive('its own MAC, nolearning', from(DEVICE_MAC, { link: 'nolearning' })),
    receive('a multicast source', from(GROUP_MAC)),
    receive('a multicast source, nolearning', from(GROUP_MAC, { link: 'nolearning' })),
    receive('a broadcast source', from(BROADCAST)),
    receive('an all-zeros source', from(ZERO)),
    receive('an all-zeros source, nolearning', from(ZERO, { link: 'nolearning' })),
    receive('a source that moves', [from(GUEST), from(GUEST, { from: '192.168.100.4' })]),
    receive('two sources', [from(GUEST), from(FAR, { from: '192.168.100.4' })]),
    receive('a source port is not learned', from(GUEST, { sourcePort: 777 })),
    receive('a permanent entry elsewhere', from(GUEST, { setup: [`fdb add ${GUEST} dst 192.168.100.9`] })),
    receive(
      'a static entry elsewhere',
      from(GUEST, { setup: [`fdb add ${GUEST} dst 192.168.100.9 static`] }),
    ),
    receive(
      'a permanent entry elsewhere, nolearning',
      from(GUEST, { link: 'nolearning', setup: [`fdb add ${GUEST} dst 192.168.100.9`] }),
    ),
    receive('a permanent entry there', from(GUEST, { setup: [`fdb add ${GUEST} dst 192.168.100.3`] })),
    receive(
      'a dynamic entry elsewhere moves',
      from(GUEST, { setup: [`fdb add ${GUEST} dst 192.168.100.9 dynamic`] }),
    ),
    receive(
      'a dynamic entry with port and VNI moves',
      from(GUEST, { setup: [`fdb add ${GUEST} dst 192.168.100.9 port 5555 vni 77 dynamic`] }),
    ),
    receive(
      'a dynamic extern_learn entry moves',
      from(GUEST, { setup: [`fdb add ${GUEST} dst 192.168.100.9 dynamic extern_learn`] }),
    ),
    receive(
      'a dynamic router entry moves',
      from(GUEST, { setup: [`fdb add ${GUEST} dst 192.168.100.9 dynamic router`] }),
    ),
    receive(
      'maxaddress is reached',
      from(GUEST, { link: 'maxaddress 1', setup: [`fdb add ${FAR} dst 192.168.100.9`] }),
    ),
    receive('maxaddress is reached by learning', [from(GUEST, { link: 'maxaddress 1' }), from(FAR)]),
    receive('a dropped frame (ECN) is learned from', { inner: V4_PLAIN, tos: 3, entries: true }),
    receive('a frame with reserved bits is not', { inner: V4, flags: 0x09000000, entries: true }),
  ],
};
