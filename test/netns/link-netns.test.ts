/**
 * The interface in one namespace, the underlay in another, as of a container whose VTEP sends through the host:
 *
 *      box                       host a                          host b
 *      vtep0 10.30.0.2           eth0 192.168.100.2 ------------ eth0 192.168.100.3    vtep0 10.30.0.3
 *      vtep1 10.31.0.2           second                          far                   (kernel's)
 *      and nothing else          eth0 192.168.100.2 ------------ eth0 192.168.100.3    vtep0 10.31.0.3
 */
import t from 'tap';
import { Guest } from '../support/lab/guest.js';
import { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { Namespace } from '../support/lab/namespace.js';
import { onEach } from '../support/lab/on-pairs.js';
import { PORT, VNI } from '../support/lab/scenario/learning-switch.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';

const FAR = '02:00:00:00:00:99';

interface Shown {
  ifname: string;
  mtu: number;
  vtep: { link_netns?: string };
}

/** Runs `body` with a namespace `box`, in which a daemon of ours will be, and more as asked for. */
async function withBox(
  lab: Lab,
  more: readonly string[],
  body: (box: Host, others: Namespace[]) => Promise<void>,
): Promise<void> {
  const env = { VTEP_RUN_DIR: lab.runDirectory };
  const made: Namespace[] = [];
  try {
    for (const purpose of ['box', ...more]) made.push(await Namespace.create(purpose, env));
    const [inside, ...others] = made as [Namespace, ...Namespace[]];
    const { address, address6 } = lab.hosts[0]!;
    await body(new Host('uvtep', inside, 'x', { address, address6 }, lab.runDirectory), others);
  } finally {
    for (const namespace of made) await namespace.close();
  }
}

/** A kernel's VTEP in `namespace`, and the guest that its namespace is. */
async function kernelPeer(namespace: Namespace, inner: string, own: string, remote: string): Promise<Guest> {
  await namespace.ip(
    `link add vtep0 mtu 1450 type vxlan id ${VNI} dstport ${PORT} dev eth0 local ${own} remote ${remote}`,
  );
  await namespace.ip(`addr add ${inner}/24 dev vtep0`);
  await namespace.ip('link set vtep0 up');
  return new Guest(namespace, inner, '');
}

async function ours(box: Host, dev: string, inner: string, netns: string, own: string, remote: string) {
  await box.vtep(
    `link add ${dev} link-netns ${netns} type vxlan id ${VNI} dstport ${PORT} dev eth0 local ${own} remote ${remote}`,
  );
  await box.namespace.ip(`addr add ${inner}/24 dev ${dev}`);
  await box.namespace.ip(`link set ${dev} up`);
  return new Guest(box.namespace, inner, '');
}

const reaches = async (from: Guest, to: Guest): Promise<boolean> =>
  (await from.ping(to.address, { count: 3, interval: 30_000 })).received === 3;

async function traffic(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await withBox(lab, [], async (box) => {
    const near = await ours(box, 'vtep0', '10.30.0.2', a.namespace.name, a.address, b.address);
    const far = await kernelPeer(b.namespace, '10.30.0.3', b.address, a.address);
    const links = await box.namespace.ipJson<{ ifname: string }[]>('link show');
    witness.check(links.length === 2, 'box has loopback and vtep0 alone', links);
    witness.check(await soon(() => reaches(near, far)), 'box reaches the kernel device');
    witness.check(await reaches(far, near), 'and the other way round');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const result = await from.streamTo(to, { megabytes: 10, mode: 'check' });
      witness.check(result.ok && result.bytes >= 9e6, `10 MB of TCP to ${to.address}`, result);
    }
    const [shown] = await box.vtepJson<Shown[]>('link show vtep0', '-d');
    witness.check(shown?.mtu === 1450, 'the MTU is that of eth0 there, less 50', shown);
    witness.check(shown?.vtep.link_netns === a.namespace.name, 'shown in JSON', shown);
    const text = (await box.vtep('link show vtep0')).stdout;
    witness.check(text.includes(` link-netns ${a.namespace.name}`), 'and as `ip` does in text', text);

    await a.namespace.ip(`netns del ${a.namespace.name}`);
    witness.check(await reaches(near, far), 'the name of the underlay may go: what is open stays');
    await box.vtep('link del vtep0');
    const gone = async (): Promise<boolean> =>
      (await b.namespace.ip('link show eth0', { allowFailure: true })).code !== 0;
    witness.check(await soon(gone), 'with the VTEP the namespace goes, and with it the peer of eth0');
  });
}

async function samePort(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await withBox(lab, ['second', 'far'], async (box, others) => {
    const [second, distant] = others as [Namespace, Namespace];
    await second.ip(`link add eth0 type veth peer name eth0 netns ${distant.name}`);
    for (const [namespace, { address }] of [
      [second, a],
      [distant, b],
    ] as const) {
      await namespace.ip(`addr add ${address}/24 dev eth0`);
      await namespace.ip('link set eth0 up');
    }
    // Same VNI, same port, same addresses; the second by its path.
    const near = await ours(box, 'vtep0', '10.30.0.2', a.namespace.name, a.address, b.address);
    const near1 = await ours(box, 'vtep1', '10.31.0.2', second.path, a.address, b.address);
    const far = await kernelPeer(b.namespace, '10.30.0.3', b.address, a.address);
    const far1 = await kernelPeer(distant, '10.31.0.3', b.address, a.address);
    witness.check(await soon(() => reaches(near, far)), 'vtep0 reaches its peer');
    witness.check(await soon(() => reaches(near1, far1)), 'vtep1 reaches another, at the same address');
    const twin = await box.vtep(
      `link add twin link-netns ${second.name} type vxlan id ${VNI} dstport ${PORT}`,
      {
        allowFailure: true,
      },
    );
    witness.check(
      twin.code === 2 && /vtep1 has id 42/.test(twin.stderr),
      'by whatever name, it is one namespace',
      twin,
    );

    await box.vtep(`link add vtep2 link-netns ${second.name} type vxlan id 43 dstport ${PORT}`);
    await box.namespace.ip('link set vtep2 up');
    await box.vtep(`fdb add ${FAR} dst ${a.address} vni 43 dev vtep1`);
    await box.namespace.ip(`neigh add 10.31.0.9 lladdr ${FAR} dev vtep1`);
    const bypassed = async (): Promise<number> =>
      (await box.daemon().statistics('vtep1')).events['bypassed'] ?? 0;
    await near1.ping('10.31.0.9', { count: 2, interval: 10_000, timeout: 50 });
    witness.check((await bypassed()) >= 2, 'the addresses of second are known for its own', await bypassed());
    await second.ip(`addr del ${a.address}/24 dev eth0`);
    const before = await bypassed();
    const noticed = async (): Promise<boolean> => {
      const was = await bypassed();
      await near1.ping('10.31.0.9', { count: 1, timeout: 20 });
      return (await bypassed()) === was;
    };
    witness.check(await soon(noticed), 'and it is noticed when one goes', { before, now: await bypassed() });

    process.kill((await box.daemon().daemon()).pid, 'SIGTERM');
    const free = async (): Promise<boolean> =>
      (await second.ip(`link add up name v type vxlan id 9 dstport ${PORT}`, { allowFailure: true })).code ===
      0;
    witness.check(await soon(free), 'the port is free there when the daemon has ended');
  });
}

/** What a socket joins, and IPv6, whose link-local `dev` is an interface of the other namespace. */
async function groups(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await withBox(lab, [], async (box) => {
    const kinds = [
      ['group 239.1.1.1', a.address, b.address],
      [`remote ${b.address6}`, a.address6, b.address6],
      ['group ff05::42', a.address6, b.address6],
    ] as const;
    for (const [index, [to, own, other]] of kinds.entries()) {
      const there = to.startsWith('group') ? to : `remote ${own}`;
      const dev = `vtep${index}`;
      const vxlan = (local: string, peer: string): string =>
        `type vxlan id ${50 + index} dstport ${PORT} dev eth0 local ${local} ${peer}`;
      await box.vtep(`link add ${dev} link-netns ${a.namespace.name} ${vxlan(own, to)}`);
      await b.vtep(`link add ${dev} mtu 1430 ${vxlan(other, there)}`);
      for (const [host, last] of [
        [box, 2],
        [b, 3],
      ] as const) {
        await host.namespace.ip(`addr add 10.4${index}.0.${last}/24 dev ${dev}`);
        await host.namespace.ip(`link set ${dev} up`);
      }
      const near = new Guest(box.namespace, `10.4${index}.0.2`, '');
      const far = new Guest(b.namespace, `10.4${index}.0.3`, '');
      witness.check(await soon(() => reaches(near, far)), `${to}: box reaches the kernel device`);
      await b.namespace.ip('neigh flush all');
      witness.check(await reaches(far, near), 'and the other way round');
    }
    const joined = (await a.namespace.exec(['ip', 'maddr', 'show', 'dev', 'eth0'], { quiet: true })).stdout;
    witness.check(
      joined.includes('239.1.1.1') && joined.includes('ff05::42'),
      'eth0 there is a member',
      joined,
    );
    await box.vtep('link set vtep0 type vxlan group 239.1.1.2 dev eth0');
    const after = (await a.namespace.exec(['ip', 'maddr', 'show', 'dev', 'eth0'], { quiet: true })).stdout;
    witness.check(
      after.includes('239.1.1.2') && !after.includes('239.1.1.1'),
      'another group, joined there',
      after,
    );
  });
}

/** The interface joins its underlay: there it could be its own lower device. */
async function moved(lab: Lab, witness: Witness): Promise<void> {
  const [a] = lab.hosts as [Host];
  await withBox(lab, [], async (box) => {
    await ours(box, 'vtep0', '10.30.0.2', a.namespace.name, a.address, '192.168.100.9');
    await box.namespace.ip(`link set vtep0 netns ${a.namespace.name}`);
    await a.namespace.ip('link set vtep0 up');
    const isUp = async (): Promise<boolean> => (await box.vtep('link show vtep0')).stdout.includes(',UP');
    witness.check(await soon(isUp), 'it is up there');
    const itself = await box.vtep('link set vtep0 type vxlan dev vtep0', { allowFailure: true });
    witness.check(
      itself.code === 2 &&
        itself.stderr.startsWith('RTNETLINK answers: Device or resource busy: vtep0 cannot be'),
      'not on itself',
      itself,
    );
  });
}

async function refused(lab: Lab, witness: Witness): Promise<void> {
  const [a] = lab.hosts as [Host];
  await withBox(lab, [], async (box) => {
    const add = (words: string) => box.vtep(`link add vtep0 ${words}`, { allowFailure: true });
    const vxlan = `type vxlan id ${VNI} dstport ${PORT}`;
    const cases = [
      [
        `link-netns nowhere ${vxlan}`,
        2,
        /Cannot open network namespace "nowhere": ENOENT .*see `ip netns list`/,
      ],
      [`link-netns /etc/hostname ${vxlan}`, 2, /"\/etc\/hostname" is no network namespace: expected a name/],
      [`link-netns /proc/self/ns/net ${vxlan}`, 1, /"link-netns" expects a name of `ip netns list`/],
      [`link-netns a/b ${vxlan}`, 1, /or an absolute path such as \/proc\/1\/ns\/net/],
      [
        `link-netns ${a.namespace.name} ${vxlan} dev eth7`,
        1,
        /^Cannot find device "eth7" in the network namespace that link-netns names\n$/,
      ],
    ] as const;
    for (const [words, code, text] of cases) {
      const outcome = await add(words);
      witness.check(outcome.code === code && text.test(outcome.stderr), `refused: ${words}`, outcome);
    }
    witness.check((await box.vtepJson<Shown[]>('link show')).length === 0, 'and nothing was made');
    witness.check((await add(`link-netns ${box.namespace.path} ${vxlan}`)).code === 0, 'its own is no other');
    const change = await box.vtep(`link set vtep0 link-netns ${a.namespace.name}`, { allowFailure: true });
    witness.check(change.code === 2 && /cannot be changed/.test(change.stderr), 'not to be changed', change);
  });
}

await onEach(t, 'link-netns', traffic, [['uvtep', 'kernel']]);
await onEach(t, 'link-netns, one port in two namespaces', samePort, [['uvtep', 'kernel']]);
await onEach(t, 'link-netns, groups and IPv6', groups, [['uvtep', 'kernel']]);
await onEach(t, 'link-netns, moved to its underlay', moved, [['uvtep', 'uvtep']]);
await onEach(t, 'link-netns, refusals', refused, [['uvtep', 'uvtep']]);
