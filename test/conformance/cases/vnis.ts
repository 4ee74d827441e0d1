/** Many VNIs on one device: `bridge vni` and what it makes of the zero entries. */
import type { Bed } from '../bed.js';
import { fact, type Case, type Fact, type Group } from '../case.js';
import { entriesOf, verdict } from '../facts.js';
import type { Reason } from '../kinds.js';

interface Shown {
  vni: number;
  vniEnd?: number;
  group?: string;
  remote?: string;
}

/** The list, without the VLANs of ours. */
async function listed(bed: Bed, dev: string): Promise<Fact> {
  const devices = await bed.json<{ vnis: Shown[] }>(`vni show dev ${dev}`);
  const text = devices
    .flatMap(({ vnis }) => vnis)
    .map(({ vni, vniEnd, group, remote }) => {
      const numbers = vniEnd === undefined ? `${vni}` : `${vni}-${vniEnd}`;
      return [numbers, ...(group ? [`group ${group}`] : []), ...(remote ? [`remote ${remote}`] : [])].join(
        ' ',
      );
    });
  return fact(text.join(', ') || 'no VNIs');
}

/** Entries; that the kernel names the key's VNI twice (`vni`, `src_vni`) is left out. */
export async function keyedEntries(bed: Bed, dev: string): Promise<Fact[]> {
  const look = async (): Promise<string[]> =>
    (await entriesOf(bed, `fdb show dev ${dev}`)).map((entry) =>
      entry.replace(/ vni (\d+)(?= src_vni \1\b)/, ''),
    );
  return (await bed.settle(look, 0)).map((entry) => fact(entry));
}

/** `vni …` commands on vx0, made with `external vnifilter` and `link`: the verdict on each, the VNIs, and the FDB. */
function vnis(commands: readonly string[], link = '', reason: Reason = {}): Case {
  const run = async (bed: Bed): Promise<Fact[]> => {
    await bed.must(`link add vx0 type vxlan external vnifilter dstport 4789 ${link}`.trim());
    const facts: Fact[] = [];
    for (const words of commands)
      facts.push(await verdict(bed, /^link | dev /.test(words) ? words : `${words} dev vx0`));
    return [...facts, await listed(bed, 'vx0'), ...(await keyedEntries(bed, 'vx0'))];
  };
  return { what: `${link === '' ? '' : `${link}: `}${commands.join('; ')}`, run, ...reason };
}

const REMOTE = 'remote 192.168.100.3';
const NO_VLAN = {
  deviation: 'a VNI needs a VLAN, and from 4095 on there is none of its number: ours asks for `vlan`',
};

export const VNIS: Group = {
  title: 'Many VNIs: bridge vni',
  says: 'On a device made with `external vnifilter`: verdicts, the VNIs that are then listed, and the FDB.',
  cases: [
    vnis(['vni add vni 100']),
    vnis(['vni add vni 100-103,200']),
    vnis(['vni add vni 100', 'vni add vni 100']),
    vnis(['vni add vni 100', 'vni delete vni 100', 'vni delete vni 100']),
    vnis(['vni add vni 100-103', 'vni delete vni 101']),
    vnis(['vni add vni 0']),
    vnis(['vni add vni abc']),
    vnis(['vni add vni 4095'], '', NO_VLAN),
    vnis(['vni add vni 100 remote 192.168.100.3', 'vni add vni 101']),
    vnis(['vni add vni 100 remote 239.1.1.1']),
    vnis(['vni add vni 100 group 192.168.100.3']),
    vnis(['vni add vni 100 group 239.1.1.1']),
    vnis(['vni add vni 100-101 group 239.1.1.1'], 'dev eth0'),
    vnis(['vni add vni 100-101'], REMOTE),
    vnis(['vni add vni 100-101', 'vni delete vni 100'], REMOTE),
    vnis(['vni add vni 100 remote 192.168.100.4', 'vni add vni 101'], REMOTE),
    vnis(['vni add vni 100-101', 'link set vx0 type vxlan remote 192.168.100.4'], REMOTE),
    vnis(['vni add vni 100-101', 'link set vx0 type vxlan remote 192.168.100.4 dev eth0'], REMOTE, {
      deviation:
        'a new `dev` is that of every zero entry; the kernel makes those of the VNIs before it has taken the new one',
    }),
    vnis(['vni add vni 100', 'fdb append 00:00:00:00:00:00 dst 192.168.100.4 src_vni 100 dev vx0'], REMOTE),
    vnis(
      [
        'vni add vni 100',
        'fdb append 00:00:00:00:00:00 dst 192.168.100.4 src_vni 100 dev vx0',
        'vni delete vni 100',
      ],
      REMOTE,
    ),
    vnis([
      'link add vx1 type vxlan external vnifilter dstport 4789 dev eth0',
      'vni add vni 100 dev vx1',
      'vni add vni 100',
    ]),
    vnis([
      'link add vx1 type vxlan external vnifilter dstport 4790 dev eth0',
      'vni add vni 100 dev vx1',
      'vni add vni 100',
    ]),
    vnis(['link add vx1 type vxlan id 100 dstport 4789 dev eth0', 'vni add vni 100']),
    vnis([
      'vni add vni 100',
      'link add vx1 type vxlan id 100 dstport 4789 dev eth0',
      'vni add vni 7 dev vx1',
    ]),
    vnis(['link set vx0 type vxlan nolearning dev eth0', 'vni add vni 1,2 dev nope']),
  ],
};
