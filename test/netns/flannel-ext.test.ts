/**
 * The commands of flanneld's extension backend, run as flanneld runs them: argv, environment, standard input, directory. Host b
 * is the kernel's, set up by hand as flanneld's vxlan backend does it.
 *
 *      host a  flannel.1 10.5.1.0/32                      host b  flannel.1 10.5.73.0/32  02:42:00:00:00:21
 *              eth0 192.168.100.2 ------------------------------- eth0 192.168.100.3
 */
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Outcome } from '../support/lab/command.js';
import { VTEP_MAIN } from '../support/lab/dialect.js';
import { kernelDevice, kernelPeer, peerOf } from '../support/lab/flannel.js';
import type { Host } from '../support/lab/host.js';
import type { Lab } from '../support/lab/lab.js';
import { onEach } from '../support/lab/on-pairs.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';
import { tool } from '../support/lab/tools.js';

const MAC_B = '02:42:00:00:00:21';
const OWN = { NETWORK: '10.5.0.0/16', SUBNET: '10.5.1.0/24', PUBLIC_IP: '192.168.100.2' };
const PEER_B = { SUBNET: '10.5.73.0/24', PUBLIC_IP: '192.168.100.3' };
const DATA_B = `{"VNI":1,"VtepMAC":"${MAC_B}"}\n`;
const PEER_C = { SUBNET: '10.5.74.0/24', PUBLIC_IP: '192.168.100.4' };
const MAC_C = 'b2:56:42:b5:e6:fc';

type Env = Record<string, string>;

/** As flanneld: in its own directory, its variables and those of the phase, and always a line on standard input. */
async function hook(host: Host, words: string, env: Env = {}, input = '\n'): Promise<Outcome> {
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const argv = [
    'env',
    '-C',
    '/proc',
    ...set,
    process.execPath,
    VTEP_MAIN,
    'flannel-ext',
    ...words.split(' '),
  ];
  return await host.namespace.exec(argv, { input, allowFailure: true });
}

async function output(host: Host, words: string): Promise<string[]> {
  const { stdout } = await host.namespace.ip(words, { quiet: true });
  return stdout.split('\n').flatMap((line) => line.trim() || []);
}

/** What is programmed for peers: routes, neighbours, FDB entries, as `ip` and `vtep` print them, sorted. */
async function programmed(host: Host): Promise<string[]> {
  const routes = await output(host, 'route show dev flannel.1 proto boot');
  const neighbours = await output(host, '-4 neigh show dev flannel.1 nud permanent');
  const { stdout } = await host.vtep('fdb show dev flannel.1', { quiet: true });
  const lines = [...routes, ...neighbours, ...stdout.split('\n')].map((line) => line.trim());
  return lines.filter((line) => line !== '').sort();
}

const entries = (subnet: string, mac: string, publicIp: string): string[] => {
  const first = subnet.split('/')[0]!;
  return [
    `${first} lladdr ${mac} PERMANENT`,
    `${subnet} via ${first} onlink`,
    `${mac} dst ${publicIp} self permanent`,
  ];
};
const OF_B = entries(PEER_B.SUBNET, MAC_B, PEER_B.PUBLIC_IP);
const OF_C = entries(PEER_C.SUBNET, MAC_C, PEER_C.PUBLIC_IP);

async function macOf(host: Host): Promise<string | undefined> {
  const { stdout } = await host.namespace.ip('-j link show flannel.1', { quiet: true, allowFailure: true });
  return (JSON.parse(stdout.trim() || '[]') as { address: string }[])[0]?.address;
}

/** `pre`, `post`: a flanneld that starts. */
async function flanneldStarts(host: Host, env: Env = {}): Promise<void> {
  const pre = await hook(host, 'pre', { VTEP_FLANNEL_IFACE: 'eth0', ...env });
  const post = await hook(host, 'post', OWN);
  for (const { code, stderr } of [pre, post]) if (code !== 0) throw new Error(stderr);
}

async function pings(host: Host, address: string): Promise<number> {
  const { stdout } = await host.namespace.exec([tool('ping'), '-j', '-c', '3', address], {
    allowFailure: true,
  });
  return (JSON.parse(stdout) as { received: number }).received;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

async function life(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  const early = await hook(a, 'add', PEER_B, DATA_B);
  witness.check(
    early.code === 2 && /flannel-ext pre. has not been run/.test(early.stderr),
    'add before pre',
    early,
  );

  const pre = await hook(a, 'pre --iface eth0');
  const mac = (await macOf(a))!;
  witness.check(
    pre.stdout === `{"VNI":1,"VtepMAC":"${mac}"}\n` && pre.stderr === '' && pre.code === 0,
    'pre',
    pre,
  );
  const again = await hook(a, 'pre', { VTEP_FLANNEL_IFACE: '192.168.100.2' });
  witness.check(same(again, pre), 'pre again: the same octets', again);

  const post = await hook(a, 'post', { ...OWN, IPV6SUBNET: 'fd05:0:0:1::/64' });
  const [link] = await a.namespace.ipJson<{ mtu: number; flags: string[] }[]>('link show flannel.1');
  witness.check(
    post.code === 0 && /"mtu": 1450/.test(post.stdout) && /no IPv6/.test(post.stdout),
    'post',
    post,
  );
  witness.check(link?.mtu === 1450 && link.flags.includes('UP'), 'up, 50 less than the underlay', link);
  const addresses = await output(a, '-4 -o addr show dev flannel.1');
  witness.check(/inet 10\.5\.1\.0\/32 scope global flannel\.1/.test(addresses.join()), 'its /32', addresses);

  await kernelDevice(b, 73);
  await b.namespace.ip(`link set flannel.1 address ${MAC_B}`);
  await kernelPeer(b, peerOf(a, 1, mac));
  const add = await hook(a, 'add', PEER_B, DATA_B);
  witness.check(same(add, { stdout: '', stderr: '', code: 0 }), 'add says nothing', add);
  witness.check(
    same(await programmed(a), OF_B.sort()),
    'one route, one neighbour, one FDB entry',
    await programmed(a),
  );
  witness.check((await pings(a, '10.5.73.0')) === 3, 'a reaches b');
  witness.check((await pings(b, '10.5.1.0')) === 3, 'b reaches a');

  const monitor = a.namespace.startCommand(['ip', '-n', a.namespace.name, 'monitor', 'route', 'neigh']);
  await hook(a, 'add', PEER_C, `${MAC_C.toUpperCase()}\n`);
  const heard = await soon(async () => monitor.lines.some((line) => line.includes('10.5.74.0/24')));
  witness.check(heard, 'a bare MAC, as scripts print it', monitor.lines);
  const before = monitor.lines.length;
  const renewed = [await hook(a, 'add', PEER_B, DATA_B), await hook(a, 'add', PEER_C, MAC_C)];
  witness.check(
    renewed.every(({ code }) => code === 0) && monitor.lines.length === before,
    'renewals touch nothing',
    monitor.lines,
  );
  await monitor.close();
  witness.check(same(await programmed(a), [...OF_B, ...OF_C].sort()), 'both are there', await programmed(a));

  await hook(a, 'add', PEER_C, `{"VNI":1,"VtepMAC":"02:00:00:00:00:0c"}`);
  const changed = entries(PEER_C.SUBNET, '02:00:00:00:00:0c', PEER_C.PUBLIC_IP);
  witness.check(
    same(await programmed(a), [...OF_B, ...changed].sort()),
    'another MAC: the old one is gone',
    await programmed(a),
  );

  const del = [await hook(a, 'del', PEER_C, MAC_C), await hook(a, 'del', PEER_C, MAC_C)];
  witness.check(
    del.every((each) => same(each, { stdout: '', stderr: '', code: 0 })),
    'del, twice',
    del,
  );
  witness.check(
    same(await programmed(a), OF_B.sort()),
    'its entries are gone, the other’s are there',
    await programmed(a),
  );
}

/** A peer leaves while flanneld is down; the data plane's daemon dies; what was known is lost. */
async function sweeps(lab: Lab, witness: Witness): Promise<void> {
  const [a] = lab.hosts as [Host];
  const settle = { VTEP_FLANNEL_SETTLE: '1' };
  await flanneldStarts(a, settle);
  const mac = await macOf(a);
  await hook(a, 'add', PEER_B, DATA_B);
  await hook(a, 'add', PEER_C, MAC_C);
  await a.vtep('fdb add 02:00:00:00:00:77 dst 192.168.100.9 dynamic dev flannel.1');
  await a.namespace.ip('route add 10.9.0.0/24 via 192.168.100.7 dev eth0');

  await flanneldStarts(a, settle);
  const kept = (await programmed(a)).filter((line) => !line.includes('192.168.100.9'));
  witness.check(same(kept, [...OF_B, ...OF_C].sort()), 'peers stay when flanneld starts', kept);
  await hook(a, 'add', PEER_B, DATA_B);
  const gone = await soon(async () => !(await programmed(a)).some((line) => line.includes('10.5.74.0')));
  const left = await programmed(a);
  witness.check(
    gone && OF_B.every((line) => left.includes(line)),
    'who was not told of again is swept',
    left,
  );
  witness.check(
    left.some((line) => line.includes('192.168.100.9')),
    'what others put there is not',
    left,
  );

  for (const pid of a.namespace.pids()) process.kill(pid, 'SIGKILL');
  await soon(async () => (await macOf(a)) === undefined);
  await hook(a, 'sweep');
  witness.check(
    same(await programmed(a), [...OF_B].sort()),
    'after the daemon died sweep makes all anew',
    await programmed(a),
  );
  for (const pid of a.namespace.pids()) process.kill(pid, 'SIGKILL');
  await soon(async () => (await macOf(a)) === undefined);
  await hook(a, 'add', PEER_C, MAC_C);
  witness.check(same(await programmed(a), [...OF_B, ...OF_C].sort()), 'and so does add', await programmed(a));
  witness.check((await macOf(a)) === mac, 'with the MAC that peers know');
  const addresses = await output(a, '-4 -o addr show dev flannel.1');
  witness.check(/10\.5\.1\.0\/32/.test(addresses.join()), 'and its address', addresses);

  const state = readdirSync(lab.runDirectory).filter((name) => name.startsWith('flannel-ext-'));
  witness.check(state.length === 1, 'one file', state);
  rmSync(join(lab.runDirectory, state[0]!));
  await flanneldStarts(a, settle);
  witness.check(
    same(await programmed(a), [...OF_B, ...OF_C].sort()),
    'what is known no more is found in the tables',
    await programmed(a),
  );
  await hook(a, 'add', PEER_C, MAC_C);
  const swept = await soon(async () => same(await programmed(a), OF_C.sort()));
  witness.check(swept, 'and swept if it is not told of', await programmed(a));
}

/** What the first `add` leaves behind must not keep flanneld waiting, which reads the command's output to its end. */
async function leavesSweeper(lab: Lab, witness: Witness): Promise<void> {
  const [a] = lab.hosts as [Host];
  await flanneldStarts(a, { VTEP_FLANNEL_SETTLE: '3600' });
  await hook(a, 'add', PEER_B, DATA_B);
  await hook(a, 'add', PEER_C, MAC_C);
  const sweepers = a.namespace
    .pids()
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0sweep\0'));
  witness.check(sweepers.length === 1, 'the first add leaves one', sweepers);
  const streams = [0, 1, 2].map((fd) => readlinkSync(`/proc/${sweepers[0]}/fd/${fd}`));
  witness.check(
    streams.every((path) => path === '/dev/null'),
    'that holds no stream',
    streams,
  );
  witness.check(readlinkSync(`/proc/${sweepers[0]}/cwd`) === '/', 'nor a directory');
  await flanneldStarts(a, { VTEP_FLANNEL_SETTLE: '0' });
  await hook(a, 'add', PEER_B, DATA_B);
  const [state] = readdirSync(lab.runDirectory).filter((name) => name.startsWith('flannel-ext-'));
  const { peers } = JSON.parse(readFileSync(join(lab.runDirectory, state!), 'utf8')) as { peers: unknown[] };
  witness.check(peers.length === 2, 'with 0 nobody is ever swept', peers);
}

interface Mistake {
  words: string;
  env?: Env;
  input?: string;
  code: number;
  says: RegExp;
}
const MISTAKES: readonly Mistake[] = [
  {
    words: 'pre --port 0',
    code: 1,
    says: /argument "0" is wrong: "--port" expects a number from 1 to 65535/,
  },
  {
    words: 'pre',
    env: { VTEP_FLANNEL_VNI: 'one' },
    code: 1,
    says: /VTEP_FLANNEL_VNI is "one": expected a number from 1/,
  },
  { words: 'pre --iface nosuch', code: 1, says: /Cannot find device "nosuch"/ },
  { words: 'pre', env: { VTEP_FLANNEL_IFACE: '' }, code: 2, says: /no IPv4 default route .*--iface/ },
  { words: 'pre --vni 7 --iface eth0', code: 2, says: /flannel\.7 is a bridge interface/ },
  { words: 'post', env: {}, code: 2, says: /NETWORK is not set: expected an IPv4 prefix/ },
  {
    words: 'post',
    env: { ...OWN, SUBNET: '10.6.1.0/24' },
    code: 2,
    says: /SUBNET is "10\.6\.1\.0\/24": expected a prefix inside of 10\.5\.0\.0\/16/,
  },
  {
    words: 'add',
    env: PEER_B,
    input: 'dial tcp: refused\n',
    code: 2,
    says: /standard input is "dial tcp: refused": expected \{"VNI":1/,
  },
  { words: 'add', env: PEER_B, input: '\n', code: 2, says: /standard input is empty/ },
  {
    words: 'add',
    env: PEER_B,
    input: '01:00:00:00:00:01',
    code: 2,
    says: /10\.5\.73\.0\/24: .*group address/,
  },
  {
    words: 'add',
    env: { ...PEER_B, SUBNET: '10.6.1.0/24' },
    input: DATA_B,
    code: 2,
    says: /outside the network 10\.5\.0\.0\/16/,
  },
  {
    words: 'add',
    env: { ...PEER_B, PUBLIC_IP: OWN.PUBLIC_IP },
    input: DATA_B,
    code: 2,
    says: /our own address/,
  },
  {
    words: 'add',
    env: { ...PEER_B, SUBNET: OWN.SUBNET },
    input: DATA_B,
    code: 2,
    says: /overlaps our own subnet/,
  },
  { words: 'add', env: { PUBLIC_IP: '192.168.100.3' }, input: DATA_B, code: 2, says: /SUBNET is not set/ },
  {
    words: 'add --vni 9',
    env: PEER_B,
    input: DATA_B,
    code: 2,
    says: /flannel-ext pre. has not been run for this VNI/,
  },
  { words: 'del', env: { SUBNET: '10.5.73.0' }, code: 2, says: /SUBNET is "10\.5\.73\.0"/ },
];

async function mistakes(lab: Lab, witness: Witness): Promise<void> {
  const [a] = lab.hosts as [Host];
  await flanneldStarts(a);
  await a.namespace.ip('link add flannel.7 type bridge');
  for (const { words, env = {}, input = '\n', code, says } of MISTAKES) {
    const said = await hook(a, words, env, input);
    const isRight = said.code === code && says.test(said.stderr) && said.stdout === '';
    witness.check(isRight && said.stderr.trim().split('\n').length === 1, `refused: ${words}`, said);
  }
  witness.check(same(await programmed(a), []), 'and nothing changed', await programmed(a));
}

await onEach(t, 'flannel-ext, the life of a host', life, [['uvtep', 'kernel']]);
await onEach(t, 'flannel-ext, what was missed', sweeps, [['uvtep', 'uvtep']]);
await onEach(t, 'flannel-ext, the process that stays', leavesSweeper, [['uvtep', 'uvtep']]);
await onEach(t, 'flannel-ext, mistakes', mistakes, [['uvtep', 'uvtep']]);
