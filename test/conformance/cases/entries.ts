/** Verbs of `fdb`, in rows. */
import type { Case, Group } from '../case.js';
import { fdb } from '../kinds.js';

const M = '02:00:00:00:02:01';
const N = '02:00:00:00:02:02';
const G = '01:00:5e:01:01:01';
const ZERO = '00:00:00:00:00:00';
const rows = (...verbs: string[][]): Case[] => verbs.map((row) => fdb(row));

/** A table to flush: one entry of each sort. */
const SORTS = [
  `add ${M} dst 192.168.100.3`,
  `add ${N} dst 192.168.100.4 static`,
  'add 02:00:00:00:02:03 dst 192.168.100.3 dynamic',
  'add 02:00:00:00:02:04 dst 192.168.100.3 static extern_learn',
  'add 02:00:00:00:02:05 dst 192.168.100.4 router',
  'add 02:00:00:00:02:06 dst 192.168.100.3 port 5000',
  'add 02:00:00:00:02:07 dst 192.168.100.3 vni 77',
  `append ${ZERO} dst 192.168.100.3`,
  `append ${ZERO} dst 192.168.100.4 port 5000 vni 77`,
];

const flushed = (...filters: string[]): Case[] =>
  filters.map((words) => ({
    ...fdb([...SORTS, `flush dev vx0 ${words}`.trim()]),
    what: `nine entries of all sorts; flush ${words}`,
  }));

export const ADDING: Group = {
  title: 'Forwarding entries: add, append, replace, del',
  says: '`fdb …` on vx0 in a row: the verdict on each verb, then the entries.',
  cases: [
    ...rows(
      [`add ${M} dst 192.168.100.3`],
      [`add ${M} dst 192.168.100.3 permanent`],
      [`add ${M} dst 192.168.100.3 static`],
      [`add ${M} dst 192.168.100.3 dynamic`],
      [`add ${M} dst 192.168.100.3 temp`],
      [`add ${M} dst 192.168.100.3 local`],
      [`add ${M} dst 192.168.100.3 router`],
      [`add ${M} dst 192.168.100.3 extern_learn`],
      [`add ${M} dst 192.168.100.3 router extern_learn static`],
      [`add ${M} dst 192.168.100.3 use`],
      [`add ${M} dst 192.168.100.3 self`],
      [`add ${M} dst 192.168.100.3 master`],
      [`add ${M} dst 192.168.100.3 port 5000`],
      [`add ${M} dst 192.168.100.3 port 4789`],
      [`add ${M} dst 192.168.100.3 port 65536`],
      [`add ${M} dst 192.168.100.3 vni 77`],
      [`add ${M} dst 192.168.100.3 vni 1`],
      [`add ${M} dst 192.168.100.3 vni 16777215`],
      [`add ${M} dst 192.168.100.3 vni 16777216`],
      [`add ${M} dst 192.168.100.3 via eth0`],
      [`add ${M} dst 192.168.100.3 via nope`],
      [`add ${M} dst 192.168.100.3 port 5000 vni 77 via eth0`],
      [`add ${M} dst 239.1.1.1`],
      [`add ${M} dst 239.1.1.1 via eth0`],
      [`add ${M} dst fd00:100::3`],
      [`add ${M} dst 0.0.0.0`],
      [`add ${M} dst 255.255.255.255`],
      [`add ${M}`],
      [`add ${M} dst 192.168.100.3 dev nope`],
      [`add ${ZERO} dst 192.168.100.3`],
      [`add ${G} dst 192.168.100.3`],
      ['add ff:ff:ff:ff:ff:ff dst 192.168.100.3'],
      [`add ${M} dst 192.168.100.3`, `add ${M} dst 192.168.100.3`],
      [`add ${M} dst 192.168.100.3`, `add ${M} dst 192.168.100.4`],
      [`add ${ZERO} dst 192.168.100.3`, `add ${ZERO} dst 192.168.100.4`],
      [`append ${M} dst 192.168.100.3`],
      [`append ${M} dst 192.168.100.3`, `append ${M} dst 192.168.100.4`],
      [`add ${M} dst 192.168.100.3 static`, `append ${M} dst 192.168.100.4`],
      [`add ${M} dst 192.168.100.3`, `append ${M} dst 192.168.100.3 dynamic`],
      [`append ${ZERO} dst 192.168.100.3`, `append ${ZERO} dst 192.168.100.4`],
      [`append ${ZERO} dst 192.168.100.3`, `append ${ZERO} dst 192.168.100.3`],
      [`append ${ZERO} dst 192.168.100.3`, `append ${ZERO} dst 192.168.100.3 port 5000`],
      [`append ${ZERO} dst 192.168.100.3`, `append ${ZERO} dst 192.168.100.3 vni 77`],
      [`append ${ZERO} dst 192.168.100.3`, `append ${ZERO} dst 192.168.100.3 via eth0`],
      [`append ${G} dst 192.168.100.3`, `append ${G} dst 192.168.100.4`],
      [`append ${ZERO} dst 192.168.100.3 static`, `append ${ZERO} dst 192.168.100.4 dynamic`],
      [`replace ${M} dst 192.168.100.3`],
      [`add ${M} dst 192.168.100.3`, `replace ${M} dst 192.168.100.4`],
      [`add ${M} dst 192.168.100.3 port 5000 vni 77`, `replace ${M} dst 192.168.100.4`],
      [`add ${M} dst 192.168.100.3`, `replace ${M} dst 192.168.100.3 static router`],
      [`replace ${ZERO} dst 192.168.100.3`],
      [`append ${ZERO} dst 192.168.100.3`, `replace ${ZERO} dst 192.168.100.4`],
      [`replace ${G} dst 192.168.100.3`],
      [`del ${M}`],
      [`del ${M} dst 192.168.100.3`],
      [`add ${M} dst 192.168.100.3`, `del ${M}`],
      [`add ${M} dst 192.168.100.3`, `del ${M} dst 192.168.100.3`],
      [`add ${M} dst 192.168.100.3`, `del ${M} dst 192.168.100.4`],
      [`add ${M} dst 192.168.100.3 port 5000`, `del ${M} dst 192.168.100.3`],
      [`add ${M} dst 192.168.100.3 port 5000`, `del ${M} dst 192.168.100.3 port 5000`],
      [`add ${M} dst 192.168.100.3 vni 77`, `del ${M} dst 192.168.100.3 vni 77`],
      [`add ${M} dst 192.168.100.3 via eth0`, `del ${M} dst 192.168.100.3 via eth0`],
      [
        `append ${ZERO} dst 192.168.100.3`,
        `append ${ZERO} dst 192.168.100.4`,
        `del ${ZERO} dst 192.168.100.3`,
      ],
      [`append ${ZERO} dst 192.168.100.3`, `append ${ZERO} dst 192.168.100.4`, `del ${ZERO}`],
      [`add ${M} dst 192.168.100.3`, `get ${M} self`],
      [`get ${M} self`],
      [`add ${M} dst 192.168.100.3`, 'show dev nope'],
    ),
    fdb([`add ${M} dst 192.168.100.3 port 0`], {
      deviation:
        'port 0 is refused; to the kernel it is the port of the device, which leaving the word out says as well',
    }),
    fdb([`add ${M} dst 192.168.100.3 src_vni 5`], {
      deviation:
        "an entry of another VNI than the device's shows it; the kernel hides it where the device is not external",
    }),
    fdb([`del ${ZERO}`], { link: 'id 1 dstport 4789 remote 192.168.100.3' }),
    fdb([`append ${ZERO} dst 192.168.100.4`], { link: 'id 1 dstport 4789 remote 192.168.100.3' }),
    fdb([`append ${ZERO} dst 192.168.100.4`, `del ${ZERO} dst 192.168.100.3`], {
      link: 'id 1 dstport 4789 remote 192.168.100.3',
    }),
    fdb([`add ${M} dst fd00:100::3`], { link: 'id 1 dstport 4789 local fd00:100::1' }),
    fdb([`add ${M} dst 192.168.100.3`], { link: 'id 1 dstport 4789 local fd00:100::1' }),
    fdb([`add ${M} dst ::`], { link: 'id 1 dstport 4789 local fd00:100::1' }),
    fdb([`add ${M} dst fe80::3 via eth0`], { link: 'id 1 dstport 4789 local fd00:100::1' }),
    fdb([`add ${M} dst 192.168.100.3`, `add ${N} dst 192.168.100.3`], {
      link: 'id 1 dstport 4789 maxaddress 1',
    }),
    fdb([`add ${M} dst 192.168.100.3`, `add ${N} dst 192.168.100.3`], {
      link: 'id 1 dstport 4789 maxaddress 2 remote 192.168.100.3',
    }),
    fdb([`append ${ZERO} dst 192.168.100.3`, `append ${ZERO} dst 192.168.100.4`], {
      link: 'id 1 dstport 4789 maxaddress 1',
    }),
    fdb([`add ${M} dst 192.168.100.3`, `del ${M}`, `add ${N} dst 192.168.100.3`], {
      link: 'id 1 dstport 4789 maxaddress 1',
    }),
    fdb([`add ${M} dst 192.168.100.3 dynamic`, `add ${N} dst 192.168.100.3 static`, 'link set vx0 down']),
    fdb([`add ${M} dst 192.168.100.3 dynamic extern_learn`, 'link set vx0 down', 'link set vx0 up']),
    fdb(['link set vx0 down'], { link: 'id 1 dstport 4789 remote 192.168.100.3' }),
  ],
};

export const FLUSHING: Group = {
  title: 'Forwarding entries: flush',
  says: '`fdb flush dev vx0 …`: the verdicts, then the entries that are left.',
  cases: [
    ...flushed(
      '',
      'permanent',
      'nopermanent',
      'static',
      'nostatic',
      'dynamic',
      'nodynamic',
      'extern_learn',
      'noextern_learn',
      'router',
      'norouter',
      'dst 192.168.100.3',
      'dst 192.168.100.9',
      'port 5000',
      'vni 77',
      'src_vni 1',
      'vlan 10',
      'permanent router',
      'dst 192.168.100.4 port 5000',
      'dst 192.168.100.3 static',
      'sticky',
      'self',
      'master',
    ),
    ...flushed('offloaded').map((each) => ({ ...each, deviation: 'refused: nothing is ever offloaded' })),
    ...flushed('nhid 5'),
    fdb(['flush dev nope']),
    fdb([`flush dev vx0`], { link: 'id 1 dstport 4789 remote 192.168.100.3' }),
  ],
};
