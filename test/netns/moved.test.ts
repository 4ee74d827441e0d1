/**
 * The interface moved into a container, its underlay where it was:
 *
 *      box                 host a                                  host b
 *      vtep0 10.30.0.2     eth0 192.168.100.2 -------------------- eth0 192.168.100.3     vtep0 10.30.0.3 (kernel's)
 */
import t from 'tap';
import { Guest } from '../support/lab/guest.js';
import type { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { Namespace } from '../support/lab/namespace.js';
import { onEach } from '../support/lab/on-pairs.js';
import { PORT, VNI } from '../support/lab/scenario/learning-switch.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';

interface Shown {
  ifname: string;
  flags: string[];
  mtu: number;
  vtep?: { away?: boolean };
}

const reaches = async (from: Guest, to: Guest): Promise<boolean> =>
  (await from.ping(to.address, { count: 3, interval: 30_000 })).received === 3;

async function layOut(a: Host, b: Host): Promise<void> {
  const vxlan = (local: string, remote: string): string =>
    `type vxlan id ${VNI} dstport ${PORT} dev eth0 local ${local} remote ${remote}`;
  await a.vtep(`link add vtep0 ${vxlan(a.address, b.address)}`);
  await b.vtep(`link add vtep0 ${vxlan(b.address, a.address)}`);
  await b.namespace.ip('addr add 10.30.0.3/24 dev vtep0');
  await b.namespace.ip('link set vtep0 up');
}

const moveTo = async (a: Host, box: Namespace): Promise<void> => {
  await a.namespace.ip(`link set vtep0 netns ${box.name}`);
  await box.ip('addr add 10.30.0.2/24 dev vtep0');
  await box.ip('link set vtep0 up');
};

/** What is of ours alone: the daemon still governs it. */
async function governed(a: Host, box: Namespace, witness: Witness): Promise<void> {
  const shown = async (): Promise<Shown | undefined> =>
    (await a.vtepJson<Shown[]>('link show vtep0', '-d'))[0];
  const there = async (): Promise<Shown> => (await box.ipJson<Shown[]>('link show vtep0'))[0]!;
  witness.check((await shown())?.vtep?.away === true, 'it is shown as away', await shown());
  await a.vtep('link set vtep0 mtu 1400');
  witness.check((await there()).mtu === 1400, '`vtep link set` reaches it there', await there());
  await a.vtep('link set vtep0 down');
  witness.check(!(await there()).flags.includes('UP'), 'down, too', await there());
  await a.vtep('link set vtep0 up');
  await box.ip('link set vtep0 mtu 1300');
  witness.check(await soon(async () => (await shown())?.mtu === 1300), 'and what is done there is noticed');
}

async function moved(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOut(a, b);
  const box = await Namespace.create('box');
  const far = new Guest(b.namespace, '10.30.0.3', '');
  const near = new Guest(box, '10.30.0.2', '');
  try {
    await a.namespace.ip('link set vtep0 up');
    await moveTo(a, box);
    witness.check(await soon(() => reaches(near, far)), 'box reaches host b');
    witness.check(await reaches(far, near), 'and the other way round');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const result = await from.streamTo(to, { megabytes: 10, mode: 'check' });
      witness.check(result.ok && result.bytes >= 9e6, `10 MB of TCP to ${to.address}`, result);
    }
    if (a.kind === 'uvtep') await governed(a, box, witness);
    await box.ip(`link set vtep0 netns ${a.namespace.name}`);
    await a.namespace.ip('addr add 10.30.0.2/24 dev vtep0');
    await a.namespace.ip('link set vtep0 up');
    witness.check(
      await soon(() => reaches(new Guest(a.namespace, '10.30.0.2', ''), far)),
      'back home, it works on',
    );
    await a.namespace.ip('addr flush dev vtep0');
    await moveTo(a, box);
    witness.check(await soon(() => reaches(near, far)), 'and in the box again');
  } finally {
    await box.close();
  }
  const gone = async (): Promise<boolean> =>
    (await a.vtep('link show vtep0', { allowFailure: true })).code !== 0;
  witness.check(await soon(gone), 'it goes with the namespace it is in');
}

await onEach(t, 'moved to another namespace', moved, [
  ['uvtep', 'kernel'],
  ['kernel', 'kernel'],
]);
