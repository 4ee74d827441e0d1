/** Who may send to a device and from where: localbypass, localbind, allow. */
import t from 'tap';
import type { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { onEach } from '../support/lab/on-pairs.js';
import { innerFrame, payload, pingFrom, received, sendPayloads } from '../support/lab/payloads.js';
import { PORT } from '../support/lab/scenario/learning-switch.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';

const OWN = '198.51.100.1';
const FAR = '02:00:00:00:00:99';
const SOURCE = '02:77:00:00:00:01';
const I_FLAG = 0x08000000;

const isLearned = async (host: Host, dev: string, mac: string, dst: string): Promise<boolean> =>
  (await host.fdb(dev)).some((entry) => entry.mac === mac && entry.dst === dst);

/** Two devices of one host, the one's remote being the host itself. */
async function bypass(lab: Lab, witness: Witness): Promise<void> {
  const [a] = lab.hosts as [Host];
  await a.namespace.ip(`addr add ${OWN}/32 dev lo`);
  await a.vtep(`link add vtep0 address 02:00:00:00:00:01 type vxlan id 42 dstport ${PORT} local ${OWN}`);
  await a.vtep(`link add vtep1 address 02:00:00:00:00:02 type vxlan id 43 dstport ${PORT} local ${OWN}`);
  for (const dev of ['vtep0', 'vtep1']) await a.namespace.ip(`link set ${dev} up`);
  await a.vtep(`fdb add ${FAR} dst ${OWN} vni 43 dev vtep0`);
  await a.namespace.ip('addr add 10.20.0.1/24 dev vtep0');
  await a.namespace.ip(`neigh add 10.20.0.2 lladdr ${FAR} dev vtep0`);
  const pings = (): Promise<void> => pingFrom(a, '10.20.0.2');
  const wire = await a.sniff('lo', { port: PORT });
  await pings();
  const arrived = async (): Promise<boolean> => (await received(a, 'vtep1')).packets >= 5;
  witness.check(await soon(arrived), 'what is for this host arrives at its other device');
  witness.check((await wire.stop()).length === 0, 'without passing the loopback interface');
  witness.check(
    await soon(() => isLearned(a, 'vtep1', '02:00:00:00:00:01', '127.0.0.1')),
    'which learns 127.0.0.1',
    await a.fdb('vtep1'),
  );

  await a.vtep(`fdb replace ${FAR} dst ${OWN} vni 44 dev vtep0`);
  const errors = async (): Promise<number> => {
    const [link] = await a.vtepJson<{ stats64: { tx: { errors: number } } }[]>('link show vtep0', '-s');
    return link!.stats64.tx.errors;
  };
  const before = await errors();
  await pings();
  witness.check(await soon(async () => (await errors()) >= before + 5), 'no such VNI here: tx errors');
  if (a.kind === 'kernel') return;

  await a.vtep(`fdb replace ${FAR} dst ${OWN} vni 43 dev vtep0`);
  await a.vtep('link set vtep0 type vxlan nolocalbypass');
  const again = await a.sniff('lo', { port: PORT });
  await pings();
  witness.check((await again.stop()).length >= 5, 'nolocalbypass: through the loopback interface');
  witness.check(
    await soon(() => isLearned(a, 'vtep1', '02:00:00:00:00:01', OWN)),
    'and the address is learned',
    await a.fdb('vtep1'),
  );
  await a.vtep('link set vtep0 type vxlan localbypass');
  await a.namespace.ip(`addr del ${OWN}/32 dev lo`);
  const reasons = async (): Promise<Record<string, number>> => (await a.daemon().statistics('vtep0')).reasons;
  const noRoute = (await reasons())['no_route'] ?? 0;
  await pings();
  witness.check(
    await soon(async () => ((await reasons())['no_route'] ?? 0) > noRoute),
    'an address taken from the host is its own no more',
    await reasons(),
  );
}

/** Super-frames and unfinished checksums from one TAP to another: two bridges of one host, a guest on each. */
async function bypassTcp(lab: Lab, witness: Witness): Promise<void> {
  const [a] = lab.hosts as [Host];
  await a.namespace.ip(`addr add ${OWN}/32 dev lo`);
  await a.bridge();
  await a.namespace.ip('link add br1 type bridge mcast_snooping 0 forward_delay 0');
  await a.namespace.ip('link set br1 up');
  const near = await a.guest({ address: '10.20.0.1/24', mac: '02:00:00:00:01:01' });
  const far = await a.guest({ address: '10.20.0.2/24', mac: '02:00:00:00:01:02' }, { bridged: false });
  await a.namespace.ip('link set guest1 master br1');
  for (const n of [0, 1]) {
    await a.vtep(`link add vtep${n} type vxlan id ${42 + n} dstport ${PORT} local ${OWN}`);
    await a.vtep(`fdb append 00:00:00:00:00:00 dst ${OWN} vni ${43 - n} dev vtep${n}`);
    await a.vtep(`link set vtep${n} type vxlan nolearning`);
    await a.namespace.ip(`link set vtep${n} master br${n} up`);
  }
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    const result = await from.streamTo(to, { megabytes: 20, mode: 'check' });
    witness.check(result.ok && result.bytes >= 19e6, `20 MB of TCP to ${to.address}`, result);
  }
  const { events } = await a.daemon().statistics('vtep0');
  witness.check((events['bypassed'] ?? 0) > 100, 'none of it through the underlay', events);
}

async function bound(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  const other = '203.0.113.1';
  await a.namespace.ip(`addr add ${other}/32 dev lo`);
  await b.namespace.ip(`route add ${other}/32 via ${a.address}`);
  const link = (name: string, local: string): string =>
    `link add ${name} type vxlan id 42 dstport ${PORT} local ${local} localbind`;
  await a.vtep(link('vtep0', a.address));
  await a.vtep(link('vtep1', other));
  for (const dev of ['vtep0', 'vtep1']) await a.vtep(`link set ${dev} up`);
  const packet = payload(I_FLAG, 42 << 8, innerFrame(SOURCE));
  await sendPayloads(b, a.address, PORT, [packet, packet]);
  await sendPayloads(b, other, PORT, [packet, packet, packet]);
  const counts = async () => [(await received(a, 'vtep0')).packets, (await received(a, 'vtep1')).packets];
  const right = async (): Promise<boolean> => (await counts()).join() === '2,3';
  witness.check(await soon(right), 'the same VNI and port on two addresses, each its own', await counts());
  const wide = await a.vtep(`link add up name vtep2 type vxlan id 43 dstport ${PORT}`, {
    allowFailure: true,
  });
  witness.check(/Address already in use/.test(wide.stderr), 'any address is taken', wide);
  const strange = await a.vtep(
    `link add up name vtep3 type vxlan id 42 dstport 4791 local 198.51.100.77 localbind`,
    { allowFailure: true },
  );
  witness.check(
    /Cannot assign requested address: 198.51.100.77/.test(strange.stderr),
    'no address of ours',
    strange,
  );
}

async function allowed(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await a.vtep(`link add vtep0 type vxlan id 42 dstport ${PORT} allow known`);
  await a.namespace.ip('link set vtep0 up');
  const packet = payload(I_FLAG, 42 << 8, innerFrame(SOURCE));
  await sendPayloads(b, a.address, PORT, [packet]);
  const refused = async (): Promise<boolean> => {
    const { reasons, last } = await a.daemon().statistics('vtep0');
    return reasons['peer_refused'] === 1 && last?.refused === b.address;
  };
  witness.check(await soon(refused), 'a stranger is refused, counted, and named');
  const shown = await a.vtep('-s link show vtep0');
  witness.check(
    shown.stdout.includes(`last peer refused ${b.address}`),
    'by the command line too',
    shown.stdout,
  );
  await a.vtep(`fdb append 00:00:00:00:00:00 dst ${b.address} dev vtep0`);
  await sendPayloads(b, a.address, PORT, [packet]);
  witness.check(await soon(async () => (await received(a, 'vtep0')).packets === 1), 'one in the FDB is not');
  witness.check(await soon(() => isLearned(a, 'vtep0', SOURCE, b.address)), 'and is learned from');
  await a.vtep(`fdb add ${SOURCE} dst 192.0.2.77 dev vtep0`);
  witness.check(await isLearned(a, 'vtep0', SOURCE, '192.0.2.77'), 'what was learned gives way to an add');
}

await onEach(t, 'localbypass', bypass, [['uvtep'], ['kernel']]);
await onEach(t, 'localbypass, TCP', bypassTcp, [['uvtep']]);
await onEach(t, 'localbind', bound, [['uvtep', 'kernel']]);
await onEach(t, 'allow', allowed, [['uvtep', 'kernel']]);
