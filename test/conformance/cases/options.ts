/** Options of `link add`, and what they make of a device. */
import { LINK_ADD, LINK_OPTIONS, type Case as Words } from '../../cli/iproute2-cases.js';
import type { Case, Group } from '../case.js';
import { added, option, type Reason } from '../kinds.js';

const all = (...lines: string[]): Case[] => lines.map((words) => option(words));

/** Judged otherwise by the real engine than by the one of lists that the command line's own test asks. */
const OTHERWISE = ['id 1 dev nope'];

/** Reasons that only a device gives. */
export const TTL_INHERIT = 'iproute2 says nothing of an inherited TTL in JSON; we say `ttl_inherit`';
const MORE: Readonly<Record<string, Reason>> = { 'id 1 ttl inherit': { deviation: TTL_INHERIT } };

const reasonOf = ({ verdict, outcome }: Words): Reason => {
  const why = verdict ?? outcome;
  return why === undefined ? {} : { deviation: why };
};

/** Lines of test/cli/iproute2-cases.ts, here put to the daemon and to the devices it makes. */
const fromTheCommandLine: Case[] = LINK_OPTIONS.filter(({ words }) => !OTHERWISE.includes(words)).map(
  (each) => option(each.words.replaceAll('d0', 'eth0'), MORE[each.words] ?? reasonOf(each)),
);

export const OPTIONS: Group = {
  title: 'Options of a new device',
  says: '`link add vx0 type vxlan dstport 4789 …`: accepted or refused, and what `-d -j link show` then says.',
  cases: [
    ...fromTheCommandLine,
    ...all(
      'id 1 dev nope',
      'id 1 group 239.1.1.1 dev eth0 ttl 4',
      'id 1 group ff05::1 dev eth0',
      'id 1 group ff05::1',
      'id 1 local fd00:100::1 remote fd00:100::3',
      'id 1 local fd00:100::1',
      'id 1 remote fd00:100::3 dev eth0',
      'id 1 remote fe80::3 dev eth0',
      'id 1 remote fe80::3',
      'id 1 local fe80::a',
      'id 1 local fe80::a dev eth0',
      'id 1 local fe80::a remote fd00:100::3 dev eth0',
      'id 1 local 192.168.100.1 remote fd00:100::3',
      'id 1 local 255.255.255.255',
      'id 1 remote 255.255.255.255',
      'id 1 remote 127.0.0.1',
      'id 1 ttl 1',
      'id 1 ttl 255',
      'id 1 tos ff',
      'id 1 tos 3',
      'id 1 df unset',
      'id 1 ageing 1',
      'id 1 maxaddress 0',
      'id 1 maxaddress 4294967295',
      'id 1 maxaddress 4294967296',
      'id 1 srcport 0 0',
      'id 1 srcport 0 65535',
      'id 1 srcport 1 65536',
      'id 1 srcport 5000 5001',
      'id 1 rsc proxy',
      'id 1 l2miss nolearning',
      'id 1 l3miss',
      'id 1 udp6zerocsumrx local fd00:100::1',
      'id 1 udp6zerocsumtx local fd00:100::1',
      'id 1 flowlabel 0 local fd00:100::1',
      'id 1 flowlabel 0xfffff local fd00:100::1',
    ),
  ],
};

export const NAMES: Group = {
  title: 'Words before type vxlan',
  says: '`link add …`: name, MAC and MTU, and what vx0 then is.',
  cases: [
    ...LINK_ADD.filter(({ words }) => words !== 'type vxlan id 1 dstport 4789').map((each) =>
      added(each.words.replaceAll('NAME', 'vx0').replaceAll('d0', 'eth0'), reasonOf(each)),
    ),
    added('vx0 type vxlan id 1'),
    added('vx0 type vxlan id 1 dstport 0'),
    added('vx0 type vxlan id 1 dstport 65535'),
    added('vx0 type vxlan id 1 dstport 65536'),
    added('vx0 mtu 9000 type vxlan id 1 dstport 4789 dev eth0'),
    added('vx0 mtu 9000 type vxlan id 1 dstport 4789'),
    added('vx0 mtu 68 type vxlan id 1 dstport 4789'),
    added('vx0 type vxlan id 1 dstport 4789 dev eth0'),
    added('vx0 type vxlan id 1 dstport 4789 dev eth0 remote fd00:100::3'),
    added('eth0 type vxlan id 1 dstport 4789'),
  ],
};
