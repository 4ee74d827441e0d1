/** Multicast underlay: what is joined, and that what comes to the group is taken. */
import type { Bed } from '../bed.js';
import { fact, type Case, type Fact, type Group } from '../case.js';
import { receive } from '../kinds.js';
import { V4 } from './inner.js';

interface Maddress {
  maddr: { family?: string; address?: string; users?: number }[];
}

/** Groups of eth0 that are of a test's: those of the host itself are always there. */
async function joined(bed: Bed): Promise<string> {
  const [shown] = JSON.parse(await bed.ip('-j maddr show dev eth0')) as Maddress[];
  const addresses = (shown?.maddr ?? []).map(({ address = '' }) => address);
  return (
    addresses
      .filter((address) => /^(239\.|ff0[58])/.test(address))
      .sort()
      .join(' ') || 'none'
  );
}

/** Commands, and the groups that eth0 has joined after each. */
const joins = (...commands: string[]): Case => ({
  what: commands.join('; '),
  run: async (bed): Promise<Fact[]> => {
    const facts: Fact[] = [];
    for (const words of commands) {
      await bed.must(words);
      facts.push(fact(await bed.settle(() => joined(bed), 0)));
    }
    return facts;
  },
});

const ADD = 'link add vx0 type vxlan id 42 dstport 4789 dev eth0';

export const GROUPS_JOINED: Group = {
  title: 'Groups of the underlay',
  says: 'Which groups the underlay interface has joined after each command; then datagrams to a group.',
  cases: [
    joins(`${ADD} group 239.1.1.1`, 'link set vx0 up', 'link set vx0 down'),
    joins(`${ADD} group 239.1.1.1`, 'link set vx0 up', 'link del vx0'),
    joins(`${ADD} group ff05::1`, 'link set vx0 up', 'link set vx0 down'),
    joins(`${ADD} remote 192.168.100.3`, 'link set vx0 up'),
    joins(
      `${ADD} group 239.1.1.1`,
      'link set vx0 up',
      'link add vx1 type vxlan id 43 dstport 4789 dev eth0 group 239.1.1.1',
      'link set vx1 up',
      'link del vx0',
      'link del vx1',
    ),
    joins(
      `${ADD} group 239.1.1.1`,
      'link set vx0 up',
      'link add vx1 type vxlan id 43 dstport 4789 dev eth0 group 239.1.1.2',
      'link set vx1 up',
    ),
    receive('a datagram to the group', { inner: V4, link: 'group 239.1.1.1 dev eth0', to: '239.1.1.1' }),
    receive('a datagram to an IPv6 group', {
      inner: V4,
      link: 'group ff05::1 dev eth0',
      to: 'ff05::1',
      from: 'fd00:100::3',
    }),
    receive('a datagram to the host itself', { inner: V4, link: 'group 239.1.1.1 dev eth0' }),
    receive('a datagram to a group that is not joined', {
      inner: V4,
      link: 'group 239.1.1.1 dev eth0',
      to: '239.1.1.2',
    }),
    receive('learning from a group', {
      inner: V4,
      link: 'group 239.1.1.1 dev eth0',
      to: '239.1.1.1',
      entries: true,
    }),
  ],
};
