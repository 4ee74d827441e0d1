/** What stock monitors say: of entries, and of misses. */
import type { Group } from '../case.js';
import { notify, type Monitor, type Received } from '../kinds.js';
import { arpPacket } from '../../support/packets.js';
import { BROADCAST, ethernetFrame, FAR, GROUP_MAC, GUEST, NEAR, raw, V4, v4, ZERO } from './inner.js';
import { solicitation } from './nd-proxy.js';

const FDB: Monitor = 'bridge monitor fdb';
const NEIGH: Monitor = 'ip monitor neigh';
const NEXTHOP: Monitor = 'ip monitor nexthop';
const A = 'dst 192.168.100.3';
const B = 'dst 192.168.100.4';

const GROUP_OF_ONE = ['nexthop add id 1 via 192.168.100.3 fdb', 'nexthop add id 10 group 1 fdb'];

const commands = (what: string, lines: readonly string[], setup: readonly string[] = []) =>
  notify(what, { monitor: FDB, setup, commands: lines });

const nexthops = (what: string, lines: readonly string[], setup: readonly string[] = []) =>
  notify(what, { monitor: NEXTHOP, setup, commands: lines });
const PAIR = [
  'nexthop add id 1 via 192.168.100.3 fdb',
  'nexthop add id 2 via 192.168.100.4 fdb',
  'nexthop add id 10 group 1/2,5 fdb',
  'nexthop add id 11 group 1 fdb',
];

const from = (source: string, address = '192.168.100.3'): Received => ({
  inner: raw(60, NEAR, source),
  from: address,
});
const arp = (targetIp: string): Uint8Array =>
  ethernetFrame(BROADCAST, GUEST, 0x0806, arpPacket({ senderMac: GUEST, senderIp: '10.0.0.1', targetIp }));

export const NOTIFICATIONS: Group = {
  title: 'Notifications to stock monitors',
  says: 'What `bridge monitor fdb`, `ip monitor neigh` and `ip monitor nexthop` print, line by line, while something is done to vx0.',
  cases: [
    commands('add', [`add ${NEAR} ${A}`]),
    commands('add static router', [`add ${NEAR} ${A} static router`]),
    commands('add dynamic', [`add ${NEAR} ${A} dynamic`]),
    commands('add extern_learn', [`add ${NEAR} ${A} extern_learn`]),
    commands('add port vni via', [`add ${NEAR} ${A} port 5555 vni 77 via eth0`]),
    commands('add, refused', [`add ${NEAR} ${B}`], [`fdb add ${NEAR} ${A}`]),
    commands('append a remote', [`append ${ZERO} ${B}`], [`fdb append ${ZERO} ${A}`]),
    commands('append the same remote', [`append ${ZERO} ${A}`], [`fdb append ${ZERO} ${A}`]),
    commands('append to unicast', [`append ${NEAR} ${B}`], [`fdb add ${NEAR} ${A}`]),
    commands('replace', [`replace ${NEAR} ${B}`], [`fdb add ${NEAR} ${A}`]),
    commands('replace by the same', [`replace ${NEAR} ${A}`], [`fdb add ${NEAR} ${A}`]),
    commands('replace what was not there', [`replace ${NEAR} ${A}`]),
    commands('del', [`del ${NEAR}`], [`fdb add ${NEAR} ${A}`]),
    commands(
      'del one of two remotes',
      [`del ${ZERO} ${A}`],
      [`fdb append ${ZERO} ${A}`, `fdb append ${ZERO} ${B}`],
    ),
    commands(
      'del the whole of two remotes',
      [`del ${ZERO}`],
      [`fdb append ${ZERO} ${A}`, `fdb append ${ZERO} ${B}`],
    ),
    commands('del what is not there', [`del ${NEAR}`]),
    commands('flush one entry', ['flush dev vx0'], [`fdb add ${NEAR} ${A}`]),
    commands('remote given', ['link set vx0 type vxlan remote 192.168.100.3']),
    commands(
      'down flushes dynamic',
      ['link set vx0 down'],
      [`fdb add ${NEAR} ${A} dynamic`, `fdb add ${FAR} ${A} static`],
    ),
    commands(
      'an entry ages',
      ['sleep 1300', 'link set vx0 type vxlan ageing 1'],
      [`fdb add ${NEAR} ${A} dynamic`, `fdb add ${FAR} ${A} static`],
    ),
    commands('add nhid', [`add ${NEAR} nhid 10`], GROUP_OF_ONE),
    commands(
      'replace nhid',
      [`replace ${NEAR} nhid 10 static`],
      [...GROUP_OF_ONE, `fdb add ${NEAR} nhid 10`],
    ),
    commands('del an entry with nhid', [`del ${NEAR}`], [...GROUP_OF_ONE, `fdb add ${NEAR} nhid 10`]),
    commands(
      'the group of an entry is deleted',
      ['nexthop del id 10'],
      [...GROUP_OF_ONE, `fdb add ${NEAR} nhid 10`],
    ),
    commands(
      'the member of a group is replaced',
      ['nexthop replace id 1 via 192.168.100.4 fdb'],
      [...GROUP_OF_ONE, `fdb add ${NEAR} nhid 10`],
    ),
    commands(
      'flush by nhid',
      ['flush dev vx0 nhid 10'],
      [...GROUP_OF_ONE, `fdb add ${NEAR} nhid 10`, `fdb add ${FAR} ${A}`],
    ),
    nexthops('a gateway is added', ['nexthop add id 1 via 192.168.100.3 fdb']),
    nexthops('a gateway is added, with who gave it', ['nexthop add id 1 via 192.168.100.3 fdb proto static']),
    nexthops('a gateway of IPv6', ['nexthop add id 1 via fd00:100::3 fdb']),
    nexthops('gateways and groups', PAIR),
    nexthops('refused', ['nexthop add id 1 via 192.168.100.4 fdb'], PAIR),
    nexthops('a gateway is replaced', ['nexthop replace id 1 via 192.168.100.9 fdb'], PAIR),
    nexthops('a group is replaced', ['nexthop replace id 10 group 2 fdb proto bgp'], PAIR),
    nexthops('a member of two groups is deleted', ['nexthop del id 1'], PAIR),
    nexthops(
      'it is deleted when one of them was replaced',
      ['nexthop replace id 10 group 2/1 fdb', 'nexthop del id 1'],
      PAIR,
    ),
    nexthops(
      'a group is deleted, and its FDB entry with it',
      ['nexthop del id 10'],
      [...PAIR, `fdb add ${NEAR} nhid 10`],
    ),
    nexthops('flush', ['nexthop flush'], PAIR),
    commands('nexthops are nothing to bridge monitor', ['nexthop del id 1'], PAIR),
    notify('a MAC with a group is seen', {
      monitor: FDB,
      setup: [...GROUP_OF_ONE, `fdb add ${GUEST} nhid 10`],
      received: [from(GUEST)],
    }),
    notify('a MAC is learned', { monitor: FDB, received: [from(GUEST)] }),
    notify('a MAC is seen again', { monitor: FDB, received: [from(GUEST), from(GUEST)] }),
    notify('a MAC moves', {
      monitor: FDB,
      setup: [`fdb add ${GUEST} ${B} dynamic`],
      received: [from(GUEST)],
    }),
    notify('nolearning', { monitor: FDB, link: 'nolearning', received: [from(GUEST)] }),
    notify('a static entry stays', {
      monitor: FDB,
      setup: [`fdb add ${GUEST} ${B} static`],
      received: [from(GUEST)],
    }),
    notify('L2 miss', { monitor: NEIGH, link: 'l2miss', frame: V4 }),
    notify('L2 miss, off', { monitor: NEIGH, frame: V4 }),
    notify('L2 miss, three frames', { monitor: NEIGH, link: 'l2miss', frame: [V4, V4, V4] }),
    notify('L2 miss, a default', { monitor: NEIGH, link: 'l2miss remote 192.168.100.3', frame: V4 }),
    notify('L2 miss, broadcast', { monitor: NEIGH, link: 'l2miss', frame: raw(60, BROADCAST) }),
    notify('L2 miss, a group', { monitor: NEIGH, link: 'l2miss', frame: raw(60, GROUP_MAC) }),
    notify('L2 miss over IPv6', { monitor: NEIGH, link: 'l2miss local fd00:100::1', frame: V4 }),
    notify('L2 miss, two MACs', { monitor: NEIGH, link: 'l2miss', frame: [raw(60, NEAR), raw(60, FAR)] }),
    notify('L2 miss is nothing to bridge monitor', { monitor: FDB, link: 'l2miss', frame: V4 }),
    notify('L3 miss', { monitor: NEIGH, link: 'proxy l3miss', frame: arp('10.0.0.9') }),
    notify('L3 miss, off', { monitor: NEIGH, link: 'proxy', frame: arp('10.0.0.9') }),
    notify('L3 miss of a solicitation', {
      monitor: NEIGH,
      link: 'proxy l3miss',
      frame: solicitation({ target: 'fd00::9' }),
    }),
    notify('L3 miss of a solicitation, off', {
      monitor: NEIGH,
      link: 'proxy',
      frame: solicitation({ target: 'fd00::9' }),
    }),
    notify('L3 miss without proxy', { monitor: NEIGH, link: 'l3miss', frame: arp('10.0.0.9') }),
    notify('L3 miss, three requests', {
      monitor: NEIGH,
      link: 'proxy l3miss',
      frame: [arp('10.0.0.9'), arp('10.0.0.9'), arp('10.0.0.8')],
    }),
    notify('L3 miss of rsc', {
      monitor: NEIGH,
      link: 'rsc l3miss',
      setup: [`fdb add ${NEAR} ${A} router`],
      frame: v4({ dst: '10.0.0.9' }),
    }),
    notify('a neighbour is added', {
      monitor: NEIGH,
      commands: [`neigh add 10.0.0.2 lladdr ${NEAR} nud permanent dev vx0`],
      deviation:
        '`vtep neigh` writes the table of the VTEP; an entry made with `ip neigh` is told of by the kernel itself',
    }),
  ],
};
