/** Group policy (GBP), reserved bits, and devices of one host that talk to each other. */
import type { Case, Group } from '../case.js';
import { change, fdb, links, option, receive, transmit, type Received } from '../kinds.js';
import { GUEST, NEAR, raw, V4, ZERO } from './inner.js';

const D_BIT =
  'a source is not learned where the D bit says so (draft-smith-vxlan-group-policy); the kernel learns it';
const gbp = (what: string, flags: number, more: Received = {}) =>
  receive(what, { inner: V4, link: 'gbp', flags: flags >>> 0, ...more });

export const GROUP_POLICY: Group = {
  title: 'Group policy',
  says: 'vx0 made with `gbp`.',
  cases: [
    transmit('a frame without mark', { link: 'gbp remote 192.168.100.3', frame: V4 }),
    gbp('a plain header', 0x08000000),
    gbp('G and a policy', 0x88001234),
    gbp('G, D and a policy', 0x88401234, { entries: true, deviation: D_BIT }),
    gbp('G, A and a policy', 0x88081234),
    gbp('G and a reserved bit', 0x89001234),
    gbp('a policy without G', 0x08001234),
    receive('G without gbp', { inner: V4, flags: 0x88001234 }),
    gbp('G and policy 0', 0x88000000),
    gbp('G, A, D and policy 0xffff', 0x8848ffff),
    gbp('G, over IPv6', 0x88001234, { link: 'gbp local fd00:100::1', v6: true }),
    gbp('G without I', 0x80001234),
    ...[0, 7].map((bit) => gbp(`bit ${bit} of the last octet set`, 0x88001234, { reserved: 1 << bit })),
    ...[1, 0x1234, 0xffff].map((mark) =>
      transmit(`a frame with policy ${mark}`, { link: 'gbp remote 192.168.100.3', frame: V4, mark }),
    ),
    transmit('a frame with policy 0', { link: 'gbp remote 192.168.100.3', frame: V4, mark: 0 }),
    transmit('a frame with policy 5, over IPv6', { link: 'gbp remote fd00:100::3', frame: V4, mark: 5 }),
    transmit('two replicas with policy 5', {
      link: 'gbp',
      setup: [`fdb append ${ZERO} dst 192.168.100.3`, `fdb append ${ZERO} dst 192.168.100.4`],
      frame: V4,
      mark: 5,
    }),
    change('id 1 gbp', 'gbp'),
    change('id 1', 'gbp'),
    links('beside a plain device of the same port', [
      'link add vx0 up type vxlan id 1 dstport 4789',
      'link add vx1 up type vxlan id 2 dstport 4789 gbp',
    ]),
    links('beside a plain device of the same port and VNI', [
      'link add vx0 up type vxlan id 1 dstport 4789',
      'link add vx1 up type vxlan id 1 dstport 4789 gbp',
    ]),
    links('two of the same port', [
      'link add vx0 up type vxlan id 1 dstport 4789 gbp',
      'link add vx1 up type vxlan id 2 dstport 4789 gbp',
    ]),
  ],
};

/** Of 64 bits of a header, the first to the left. */
const reserving = (what: string, mask: string, flags: number, more: Received = {}): Case =>
  receive(`${mask}: ${what}`, { inner: V4, link: `reserved_bits ${mask}`, flags: flags >>> 0, ...more });
/** Every bit but the I flag and the VNI, as a device has it that is told nothing. */
const ALL = '0xf7ffffff000000ff';

export const RESERVED_BITS: Group = {
  title: 'Reserved bits',
  says: 'A device made with `reserved_bits` (of the kernel’s by rtnetlink, where `ip` is older): options, then headers received.',
  cases: [
    ...[ALL, '0', '0xffffffff', '0x1', '0x0800000000000000', '0xffffffffffffffff', '0x00000000ffffff00'].map(
      (mask) => option(`id 1 reserved_bits ${mask}`),
    ),
    option(`id 1 gbp reserved_bits ${ALL}`),
    option('id 1 gbp reserved_bits 0'),
    option('id 1 gbp reserved_bits 0x77000000000000ff'),
    change(`id 1 reserved_bits ${ALL}`, 'reserved_bits 0'),
    change('id 1', `reserved_bits ${ALL}`),
    ...[0x08000000, 0x88000000, 0x08000001, 0x0c000000, 0x00000000].flatMap((flags) =>
      [ALL, '0', '0x8000000000000000'].map((mask) => reserving(`flags 0x${flags.toString(16)}`, mask, flags)),
    ),
    ...[ALL, '0', '0x1', '0x80'].map((mask) =>
      reserving('last octet 0x80', mask, 0x08000000, { reserved: 0x80 }),
    ),
    reserving('over IPv6', '0', 0x88000001, { v6: true, link: 'reserved_bits 0 local fd00:100::1' }),
  ],
};

/** Has entries of more than a second looked for at once, and waits until that is done. */
const AGE = ['link set vx0 type vxlan ageing 1', 'sleep 60'];
const SECOND = 'link add vx1 address 02:00:00:00:01:01 up type vxlan id 43 dstport 4789';

export const ONE_HOST: Group = {
  title: 'Devices of one host, and ageing',
  says: 'vx0 sends to an address of its own host, where vx1 has VNI 43; entries that age when `ageing` is set to a second.',
  cases: [
    transmit('to the VNI of vx1', {
      setup: [SECOND, `fdb add ${NEAR} dst 192.168.100.1 vni 43`],
      frame: raw(60),
      second: true,
    }),
    transmit('to a VNI nobody has', {
      setup: [`fdb add ${NEAR} dst 192.168.100.1 vni 44`],
      frame: raw(60),
    }),
    transmit('to its own VNI', {
      setup: [`fdb add ${NEAR} dst 192.168.100.1`],
      frame: raw(60),
      entries: true,
    }),
    ...[
      ['to the VNI of vx1', ' vni 43'],
      ['to a VNI nobody has', ' vni 44'],
      ['to its own VNI', ''],
    ].map(([what, vni]) =>
      transmit(`${what}, nolocalbypass`, {
        link: 'nolocalbypass',
        setup: [SECOND, `fdb add ${NEAR} dst 192.168.100.1${vni}`],
        frame: raw(60),
        entries: true,
        second: true,
      }),
    ),
    transmit('to the VNI of vx1, nolocalbypass given later', {
      setup: [SECOND, `fdb add ${NEAR} dst 192.168.100.1 vni 43`, 'link set vx0 type vxlan nolocalbypass'],
      frame: raw(60),
      second: true,
    }),
    transmit('to the VNI of vx1, localbypass given later', {
      link: 'nolocalbypass',
      setup: [SECOND, `fdb add ${NEAR} dst 192.168.100.1 vni 43`, 'link set vx0 type vxlan localbypass'],
      frame: raw(60),
      second: true,
    }),
    transmit('to another address of the host', {
      setup: [SECOND, `fdb add ${NEAR} dst 192.168.100.2 vni 43`],
      frame: raw(60),
      second: true,
    }),
    transmit('to 127.0.0.1', {
      setup: [SECOND, `fdb add ${NEAR} dst 127.0.0.1 vni 43`],
      frame: raw(60),
      second: true,
    }),
    transmit('to another port', {
      setup: [SECOND, `fdb add ${NEAR} dst 192.168.100.1 vni 43 port 5555`],
      frame: raw(60),
      second: true,
    }),
    transmit('to vx1, which is down', {
      setup: [SECOND, `fdb add ${NEAR} dst 192.168.100.1 vni 43`, 'link set vx1 down'],
      frame: raw(60),
      second: true,
    }),
    transmit('to both of them and a remote', {
      setup: [
        SECOND,
        `fdb append ${ZERO} dst 192.168.100.3`,
        `fdb append ${ZERO} dst 192.168.100.1 vni 43`,
        `fdb append ${ZERO} dst 192.168.100.4`,
      ],
      frame: raw(60),
      second: true,
    }),
    fdb([`add ${NEAR} dst 192.168.100.3 dynamic`, 'sleep 1300', ...AGE]),
    fdb([`add ${NEAR} dst 192.168.100.3 dynamic`, 'link set vx0 type vxlan ageing 60']),
    fdb([`add ${NEAR} dst 192.168.100.3 static`, 'sleep 1300', ...AGE]),
    fdb([`add ${NEAR} dst 192.168.100.3`, 'sleep 1300', ...AGE]),
    fdb([`add ${NEAR} dst 192.168.100.3 dynamic extern_learn`, 'sleep 1300', ...AGE]),
    fdb([`append ${ZERO} dst 192.168.100.3 dynamic`, 'sleep 1300', ...AGE]),
    transmit('sending does not keep an entry', {
      setup: [`fdb add ${NEAR} dst 192.168.100.3 dynamic`, 'sleep 1300'],
      after: AGE,
      frame: raw(60),
      entries: true,
    }),
    receive('receiving keeps an entry', {
      inner: raw(60, NEAR, GUEST),
      setup: [`fdb add ${GUEST} dst 192.168.100.3 dynamic`, 'sleep 1300'],
      after: AGE,
      entries: true,
    }),
  ],
};
