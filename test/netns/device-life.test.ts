/** A device from outside: what `ip` does to it is noticed, SIGTERM removes it, SIGKILL leaves nothing in the way. */
import t from 'tap';
import type { Host } from '../support/lab/host.js';
import { onEach } from '../support/lab/on-pairs.js';
import { guestAddress, guestMac, layOutSwitch, PORT, VNI } from '../support/lab/scenario/learning-switch.js';
import { soon } from '../support/soon.js';
import type { Witness } from '../support/lab/scenario/witness.js';

interface LinkLine {
  ifname: string;
  flags: string[];
  mtu: number;
  address: string;
}

/** What `vtep link show` says of vtep0; undefined when it is gone. */
async function vtepLink(host: Host): Promise<LinkLine | undefined> {
  const links = await host.vtepJson<LinkLine[]>('link show');
  return links.find((link) => link.ifname === 'vtep0');
}

async function pings(host: Host): Promise<boolean> {
  const result = await host.guests[0]!.ping(guestAddress(1), { count: 3, interval: 50_000 });
  return result.received > 0;
}

async function exists(host: Host): Promise<boolean> {
  const links = await host.namespace.ipJson<{ ifname: string }[]>('link show');
  return links.some((link) => link.ifname === 'vtep0');
}

async function makeAgain(host: Host, peer: Host): Promise<void> {
  await host.vtep(
    `link add vtep0 type vxlan id ${VNI} dstport ${PORT} dev eth0 local ${host.address} remote ${peer.address}`,
  );
  await host.namespace.ip('link set vtep0 master br0 up');
}

async function noticed(a: Host, witness: Witness): Promise<void> {
  const learned = async (): Promise<boolean> => (await a.fdb()).some((entry) => entry.mac === guestMac(1));
  witness.check(await soon(learned), 'guest b is learned');
  await a.namespace.ip('link set vtep0 down');
  witness.check(await soon(async () => !(await vtepLink(a))?.flags.includes('UP')), 'down is noticed');
  witness.check(await soon(async () => !(await learned())), 'learned entries are flushed');
  witness.check((await a.fdb()).length > 0, 'the all-zeros entry stays');
  await a.namespace.ip('link set vtep0 up');
  witness.check(await soon(() => pings(a)), 'up again, it carries traffic again');
  await a.namespace.ip('link set vtep0 address 02:11:22:33:44:55');
  witness.check(
    await soon(async () => (await vtepLink(a))?.address === '02:11:22:33:44:55'),
    'a new MAC is noticed',
  );
  await a.namespace.ip('link set vtep0 mtu 1400');
  witness.check(await soon(async () => (await vtepLink(a))?.mtu === 1400), 'a new MTU is noticed');
  witness.check(await pings(a), 'and it still carries traffic');
}

await onEach(
  t,
  'a device from outside',
  async (lab, witness) => {
    const [a, b] = lab.hosts as [Host, Host];
    await layOutSwitch(lab);
    witness.check(await pings(a), 'guest a reaches guest b');
    await noticed(a, witness);

    await a.namespace.ip('link del vtep0');
    witness.check(await soon(async () => (await vtepLink(a)) === undefined), '`ip link del` is noticed');
    await makeAgain(a, b);
    witness.check(await soon(() => pings(a)), 'the name, the VNI and the port are free again');

    const { pid } = await a.daemon().daemon();
    process.kill(pid, 'SIGTERM');
    witness.check(await soon(async () => !(await exists(a))), 'SIGTERM removes the device');
    witness.check(await soon(async () => !a.namespace.pids().includes(pid)), 'and the daemon ends');
    await makeAgain(a, b);
    witness.check(await soon(() => pings(a)), 'the next `link add` starts another daemon');

    const second = await a.daemon().daemon();
    process.kill(second.pid, 'SIGKILL');
    witness.check(
      await soon(async () => !a.namespace.pids().includes(second.pid)),
      'SIGKILL ends it at once',
    );
    await makeAgain(a, b);
    witness.check(await soon(() => pings(a)), 'a restart takes over what SIGKILL left');
  },
  [['uvtep', 'uvtep']],
);
