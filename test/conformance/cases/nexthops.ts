/** FDB entries that refer to groups of nexthops, and which member a frame goes to. */
import type { Bed } from '../bed.js';
import { fact, type Case, type Fact, type Group } from '../case.js';
import { fdb, receive, transmit, type Sent } from '../kinds.js';
import { arpPacket, ethernetFrame, udpFrame } from '../../support/packets.js';
import { BROADCAST, FAR, GROUP_MAC, GUEST, NEAR, raw, V4, V4_PLAIN, V6, ZERO } from './inner.js';

const nexthops = (...words: string[]): string[] => words.map((each) => `nexthop add id ${each} fdb`);
/** A group with one member, so that what is chosen is known. */
const ONE = nexthops('1 via 192.168.100.3', '10 group 1');
const ONE6 = nexthops('1 via fd00:100::3', '10 group 1');
const TWO = nexthops('1 via 192.168.100.3', '2 via 192.168.100.4', '10 group 1/2');
const FLOOD = 'remote 192.168.100.9';
const ENTRY = `fdb add ${NEAR} nhid 10`;

const sent = (what: string, setup: readonly string[], more: Partial<Sent> = {}): Case =>
  transmit(what, { link: FLOOD, setup, frame: V4, entries: true, ...more });

/** Flows that differ in their ports. */
const flows = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => udpFrame(NEAR, GUEST, {}, [1000 + i, 2000]));

/** What left, with the inner source port and the last octet of where it went, in the order of the ports. */
async function destinations(bed: Bed, frames: readonly Uint8Array[]): Promise<(readonly [number, number])[]> {
  bed.outside.clear();
  for (const frame of frames) bed.inside.send('vx0', frame);
  await bed.inside.sync();
  const left = (): (readonly [number, number])[] =>
    bed.outside
      .received('eth0')
      .filter((frame) => frame.readUInt16BE(12) === 0x0800 && frame[23] === 17)
      .map((frame) => [frame.readUInt16BE(INNER_PORT), frame[DESTINATION]!] as const)
      .sort(([a], [b]) => a - b);
  // That all are there: who got which is chosen by hashes that differ.
  await bed.settle(async () => {
    await bed.outside.sync();
    return left().map(([port]) => port);
  });
  return left();
}
/** Last octet of the outer destination; the inner UDP header behind outer and inner ones. */
const DESTINATION = 33;
const INNER_PORT = 14 + 20 + 8 + 8 + 14 + 20;

/** So many flows, each sent twice: which members got some, whether each flow kept its member, and how they were shared out. */
function spread(what: string, members: string, weights: Readonly<Record<number, number>>): Case {
  const run = async (bed: Bed): Promise<Fact[]> => {
    await bed.device(`id 42 dstport 4789 ${FLOOD}`);
    for (const words of [...nexthops(...MEMBERS, `10 group ${members}`), `${ENTRY} dev vx0`])
      await bed.must(words);
    const frames = flows(FLOWS);
    const [first, again] = [await destinations(bed, frames), await destinations(bed, frames)];
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    const isFair = Object.entries(weights).every(([member, weight]) => {
      const share = first.filter(([, to]) => to === Number(member)).length / FLOWS;
      return Math.abs(share - weight / total) < TOLERANCE;
    });
    return [
      fact(`${first.length} frames to ${[...new Set(first.map(([, to]) => to))].sort().join(' and ')}`),
      fact(JSON.stringify(again) === JSON.stringify(first) ? 'a flow stays' : 'a flow moves'),
      fact(isFair ? 'shared by weight' : 'not shared by weight'),
    ];
  };
  return { what, run };
}
const MEMBERS = ['3 via 192.168.100.3', '4 via 192.168.100.4', '5 via 192.168.100.5'];
const FLOWS = 240;
/** Six standard deviations of a half of the flows. */
const TOLERANCE = 0.2;

const arp = ethernetFrame(
  BROADCAST,
  GUEST,
  0x0806,
  arpPacket({ senderMac: GUEST, senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
);

export const NEXTHOPS: Group = {
  title: 'Nexthop groups',
  says: '`nexthop add id N … fdb`, then an entry of vx0 with `nhid`, whose default destination is .9: where a frame goes, and the entries.',
  cases: [
    sent('a group of one', [...ONE, ENTRY]),
    sent('a group of one: IPv6 inside', [...ONE, ENTRY], { frame: V6 }),
    sent('a group of one: an unknown type', [...ONE, ENTRY], { frame: raw(60) }),
    sent('another MAC', [...ONE, ENTRY], { frame: raw(60, FAR) }),
    sent('over IPv6', [...ONE6, ENTRY], { link: 'remote fd00:100::9' }),
    sent('ttl 5, tos inherit, df set', [...ONE, ENTRY], { link: `${FLOOD} ttl 5 tos inherit df set` }),

    sent('a group MAC', [...ONE, `fdb add ${GROUP_MAC} nhid 10`], { frame: raw(60, GROUP_MAC) }),
    sent('broadcast', [...ONE, `fdb add ${BROADCAST} nhid 10`], { frame: arp }),
    sent('the zero entry', [...ONE, `fdb add ${ZERO} nhid 10`], { link: '', frame: raw(60, FAR) }),
    sent('no route to the member', [...nexthops('1 via 203.0.113.9', '10 group 1'), ENTRY]),
    spread('240 flows, two members', '3/4', { 3: 1, 4: 1 }),
    spread('240 flows, three members', '3/4/5', { 3: 1, 4: 1, 5: 1 }),
    spread('240 flows, weights of 3 and 1', '3,3/4', { 3: 3, 4: 1 }),
    spread('240 flows, weights of 1 and 15', '3/4,15', { 3: 1, 4: 15 }),
    sent('a member is deleted', [...TWO, ENTRY, 'nexthop del id 1']),
    sent('the last member is deleted', [...ONE, ENTRY, 'nexthop del id 1']),
    sent('the group is deleted', [...TWO, ENTRY, 'nexthop del id 10']),
    sent('a member is replaced', [...ONE, ENTRY, 'nexthop replace id 1 via 192.168.100.5 fdb']),
    sent('the group is replaced', [
      ...ONE,
      ENTRY,
      'nexthop add id 2 via 192.168.100.6 fdb',
      'nexthop replace id 10 group 2 fdb',
    ]),
    sent('the entry is given another group', [
      ...ONE,
      ...nexthops('2 via 192.168.100.6', '11 group 2'),
      ENTRY,
      `fdb replace ${NEAR} nhid 11`,
    ]),
    sent('the entry is replaced by a remote', [...ONE, ENTRY, `fdb replace ${NEAR} dst 192.168.100.5`]),
    sent('the entry is deleted', [...ONE, ENTRY, `fdb del ${NEAR}`]),
    sent('after down and up', [...ONE, ENTRY, 'link set vx0 down', 'link set vx0 up']),
    sent('after down and up, a dynamic entry', [
      ...ONE,
      `fdb add ${NEAR} nhid 10 dynamic`,
      'link set vx0 down',
      'link set vx0 up',
    ]),
    sent('all nexthops are flushed', [...TWO, ENTRY, 'nexthop flush']),
    sent(
      'proxy: the neighbour has a group',
      [...ONE, `fdb add ${NEAR} nhid 10`, `neigh add 10.0.0.2 lladdr ${NEAR} nud permanent`],
      { link: `${FLOOD} proxy`, frame: arp },
    ),
    sent(
      'rsc: the router has a group, the neighbour a remote',
      [
        ...ONE,
        `fdb add ${FAR} nhid 10 router`,
        `fdb add ${NEAR} dst 192.168.100.5`,
        `neigh add 10.0.0.2 lladdr ${NEAR} nud permanent`,
      ],
      { link: `${FLOOD} rsc`, frame: udpFrame(FAR, GUEST) },
    ),
    sent(
      'rsc: the router has a remote, the neighbour a group',
      [
        ...ONE,
        `fdb add ${FAR} dst 192.168.100.5 router`,
        ENTRY,
        `neigh add 10.0.0.2 lladdr ${NEAR} nud permanent`,
      ],
      { link: `${FLOOD} rsc`, frame: udpFrame(FAR, GUEST) },
    ),
    receive('from a MAC with a group', {
      inner: V4_PLAIN,
      setup: [...ONE, `fdb add ${GUEST} nhid 10`],
      entries: true,
    }),
    receive('from a MAC with a group, its member', {
      inner: V4_PLAIN,
      setup: [...ONE, `fdb add ${GUEST} nhid 10 dynamic`],
      entries: true,
    }),
    receive('from a MAC with a group, nolearning', {
      inner: V4_PLAIN,
      link: 'nolearning',
      setup: [...ONE, `fdb add ${GUEST} nhid 10`],
      entries: true,
    }),
    sent('an entry that ages', [...ONE, `fdb add ${NEAR} nhid 10 dynamic`, 'sleep 1300'], {
      after: ['link set vx0 type vxlan ageing 1', 'sleep 60'],
    }),
    ...(
      [
        [ENTRY, ENTRY],
        [`fdb append ${NEAR} nhid 10`],
        [`fdb replace ${NEAR} nhid 10`],
        [`fdb add ${NEAR} nhid 11`],
        [`fdb add ${NEAR} nhid 1`],
        [`${ENTRY} dst 192.168.100.3`],
        [`${ENTRY} port 5`],
        [`${ENTRY} vni 5`],
        [`${ENTRY} via eth0`],
        [`${ENTRY} src_vni 1`],
        [`${ENTRY} static router extern_learn`],
        [ENTRY, `fdb append ${NEAR} dst 192.168.100.3`],
        [`fdb add ${NEAR} dst 192.168.100.3`, `fdb replace ${NEAR} nhid 10`],
        [ENTRY, `fdb del ${NEAR} dst 192.168.100.3`],
        [ENTRY, `fdb add ${FAR} dst 192.168.100.4`, 'flush dev vx0 nhid 10'],
        [ENTRY, `fdb add ${FAR} dst 192.168.100.4`, 'flush dev vx0 nhid 11'],
        [ENTRY, 'flush dev vx0 dst 192.168.100.3'],
        [ENTRY, 'flush dev vx0'],
        ['nexthop add id 11 group 1 fdb', ENTRY, `fdb replace ${NEAR} nhid 11`, 'nexthop del id 10'],
      ] as string[][]
    ).map((row) => ({ ...fdb([...ONE, ...row]), what: row.join('; ') })),
    { ...fdb([...ONE6, ENTRY]), what: `${ENTRY}: a group of IPv6 on a device of IPv4` },
  ],
};
