/** Group policy (GBP), and devices of one host that talk to each other. */
import type { Group } from '../case.js';
import { fdb, receive, transmit, type Received } from '../kinds.js';
import { GUEST, NEAR, raw, V4, ZERO } from './inner.js';

const NO_GBP = { known: 'gbp is not there yet' };
const gbp = (what: string, flags: number, more: Received = {}) =>
  receive(what, { inner: V4, link: 'gbp', flags: flags >>> 0, ...NO_GBP, ...more });

export const GROUP_POLICY: Group = {
  title: 'Group policy',
  says: 'vx0 made with `gbp`.',
  cases: [
    transmit('a frame without mark', { link: 'gbp remote 192.168.100.3', frame: V4, ...NO_GBP }),
    gbp('a plain header', 0x08000000),
    gbp('G and a policy', 0x88001234),
    gbp('G, D and a policy', 0x88401234, { entries: true }),
    gbp('G, A and a policy', 0x88081234),
    gbp('G and a reserved bit', 0x89001234),
    gbp('a policy without G', 0x08001234),
    receive('G without gbp', { inner: V4, flags: 0x88001234 }),
  ],
};

const BYPASS = {
  known:
    'frames between devices of one host pass through loopback; the kernel hands them over and calls the source 127.0.0.1',
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
      ...BYPASS,
    }),
    transmit('to a VNI nobody has', {
      setup: [`fdb add ${NEAR} dst 192.168.100.1 vni 44`],
      frame: raw(60),
      ...BYPASS,
    }),
    transmit('to its own VNI', {
      setup: [`fdb add ${NEAR} dst 192.168.100.1`],
      frame: raw(60),
      entries: true,
      ...BYPASS,
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
