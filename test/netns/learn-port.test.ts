/**
 * A peer behind an address translator (`learn-port`), and what is counted of it (`remote-stats`):
 *
 *   hub vtep0 10.30.0.2 --- eth0 ===== eth0 --- translator --- eth0 ===== eth0 --- vtep0 10.30.0.3 peer
 *                                       :40001, then :40002
 */
import t from 'tap';
import { fileURLToPath } from 'node:url';
import type { Kind } from '../support/lab/dialect.js';
import { Guest } from '../support/lab/guest.js';
import type { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { onEach } from '../support/lab/on-pairs.js';
import { PORT, VNI } from '../support/lab/scenario/learning-switch.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';

const TRANSLATOR = fileURLToPath(new URL('../support/lab/child/translator.js', import.meta.url));
const ZERO = '00:00:00:00:00:00';
const [HUB, PEER] = ['10.30.0.2', '10.30.0.3'];

interface Shown {
  dst: string;
  port?: number;
  mac?: string;
  stats64?: { rx: { packets: number }; tx: { packets: number } };
}

async function device(host: Host, address: string, words: string): Promise<Guest> {
  await host.vtep(`link add vtep0 type vxlan id ${VNI} dstport ${PORT} dev eth0 ${words}`.trim());
  await host.namespace.ip(`addr add ${address}/24 dev vtep0`);
  await host.namespace.ip('link set vtep0 up');
  return new Guest(host.namespace, address, '');
}

async function behindTranslator(lab: Lab, witness: Witness): Promise<void> {
  const [hub, router, far] = lab.hosts as [Host, Host, Host];
  const translate = async (outside: number) => {
    const words = [TRANSLATOR, PORT, outside, hub.address, PORT].map(String);
    const program = router.namespace.start([process.execPath, ...words]);
    await soon(async () => program.lines.includes('ready'));
    return program;
  };
  const reaches = async (from: Guest, to: string): Promise<boolean> =>
    await soon(async () => (await from.ping(to, { count: 2, interval: 20_000 })).received > 0);
  const ports = async (mac?: string): Promise<(number | undefined)[]> => {
    const entries = await hub.vtepJson<Shown[]>('fdb show dev vtep0');
    return entries.filter((entry) => mac === undefined || entry.mac === mac).map(({ port }) => port);
  };

  const near = await device(hub, HUB, 'learn-port remote-stats');
  let translator = await translate(40_001);
  const peer = await device(far, PEER, `srcport ${PORT} ${PORT + 1} remote ${router.address}`);
  witness.check(await reaches(peer, HUB), 'the hub answers a peer behind a translator');
  witness.check((await ports()).includes(40_001), 'at the port it learned', await ports());

  const counted = async (): Promise<boolean> => {
    const remotes = await hub.vtepJson<Shown[]>('remote show dev vtep0', '-s');
    const row = remotes.find(({ dst, port }) => dst === router.address && port === 40_001);
    return row !== undefined && row.stats64!.rx.packets > 0 && row.stats64!.tx.packets > 0;
  };
  witness.check(
    await soon(counted),
    'which has its own counters',
    await hub.vtep('-s remote show dev vtep0'),
  );

  await hub.vtep(`fdb append ${ZERO} dst ${router.address} dev vtep0`);
  await hub.namespace.ip(`neigh flush dev vtep0`);
  witness.check(
    await reaches(near, PEER),
    'the hub begins: ARP goes by the all-zeros entry to that port, too',
  );
  witness.check((await ports(ZERO)).join() === '40001', 'where it is shown', await ports(ZERO));

  const monitor = hub.namespace.startCommand(['bridge', '-n', hub.namespace.name, 'monitor', 'fdb']);
  await translator.stop();
  translator = await translate(40_002);
  witness.check(await reaches(peer, HUB), 'the peer roams to another port, and is answered there');
  const follow = async (): Promise<boolean> => (await ports()).every((port) => port === 40_002);
  witness.check(await soon(follow), 'all entries follow', await ports());
  witness.check(await reaches(near, PEER), 'in both directions');
  const told = async (): Promise<boolean> => monitor.lines.some((line) => /dst .* port 40002 /.test(line));
  witness.check(await soon(told), 'and stock `bridge monitor` was told', monitor.lines);
  await monitor.stop();

  await hub.vtep('link del vtep0');
  await device(hub, HUB, '');
  const lost = await peer.ping(HUB, { count: 3, interval: 20_000 });
  witness.check(lost.received === 0, 'without learn-port nothing comes back');
  await translator.stop();
}

const KINDS: Kind[][] = [
  ['uvtep', 'kernel', 'kernel'],
  ['uvtep', 'kernel', 'uvtep'],
];
await onEach(t, 'learn-port', behindTranslator, KINDS);
