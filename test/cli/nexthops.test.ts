/**
 * Nexthop groups, told to iproute2 with a kernel vxlan device and to `vtep` with our engine: after each line the same
 * verdict and the same tables (cases of the kernel's fib_nexthops.sh, ipv{4,6}_fdb_grp_fcnal).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { run } from '../../lib/cli/run.js';
import { buildServer } from '../../lib/control/api/server.js';
import { daemonPaths } from '../../lib/control/socket-path.js';
import { Engine } from '../../lib/engine/engine.js';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import { collector } from './fixtures.js';

/** After `ip nexthop`, in the order of the kernel's fib_nexthops.sh. */
const NEXTHOP = [
  'add id 61 via 192.0.2.2 fdb',
  'add id 62 via 192.0.2.3 fdb',
  'add id 61 via 192.0.2.9 fdb',
  'replace id 62 via 192.0.2.4 fdb',
  'add id 63 via 192.0.2.4 dev d0 fdb',
  'add id 63 blackhole fdb',
  'add id 63 fdb',
  'add id 64 via 2001:db8::1 fdb',
  'add id 101 group 61/62 fdb',
  'add id 102 group 61/62,5 fdb',
  'add id 103 group 61/64 fdb',
  'add id 104 group 64 fdb',
  'add id 106 group 99 fdb',
  'add id 107 group 101/61 fdb',
  'add id 108 group 61/61 fdb',
  'add id 109 group 61,0 fdb',
  'add id 109 group 61,257 fdb',
  'add id 109 group 61,256 fdb',
  'add id 110 via 192.0.2.10 proto bgp fdb',
  'replace id 61 group 62 fdb',
  'replace id 101 via 192.0.2.2 fdb',
  'add id foo via 192.0.2.2 fdb',
  'add id 111 via foo fdb',
  'get id 61',
  'show id 999',
  'del id 999',
  'del id 109',
  'del',
  'foo',
];

/** After `bridge fdb`, with the nexthops of the list above. */
const FDB_GROUPS = [
  'add e6:4b:f9:ce:d8:01 dev vx0 nhid 101',
  'add e6:4b:f9:ce:d8:01 dev vx0 nhid 102',
  'add e6:4b:f9:ce:d8:02 dev vx0 nhid 61',
  'add e6:4b:f9:ce:d8:02 dev vx0 nhid 104',
  'add e6:4b:f9:ce:d8:02 dev vx0 nhid 999',
  'add e6:4b:f9:ce:d8:02 dev vx0 nhid 101 dst 192.0.2.2',
  'add e6:4b:f9:ce:d8:02 dev vx0 nhid 101 port 5',
  'add e6:4b:f9:ce:d8:02 dev vx0 nhid 101 static router extern_learn',
  'append e6:4b:f9:ce:d8:01 dev vx0 nhid 102',
  'append e6:4b:f9:ce:d8:03 dev vx0 nhid 102',
  'append 01:00:5e:00:00:01 dev vx0 nhid 102',
  'append 01:00:5e:00:00:01 dev vx0 dst 192.0.2.2',
  'replace 01:00:5e:00:00:01 dev vx0 nhid 102',
  'add e6:4b:f9:ce:d8:04 dev vx0 dst 192.0.2.2',
  'replace e6:4b:f9:ce:d8:04 dev vx0 nhid 101',
  'replace e6:4b:f9:ce:d8:01 dev vx0 nhid 102',
  'replace e6:4b:f9:ce:d8:01 dev vx0 dst 192.0.2.2',
  'del e6:4b:f9:ce:d8:01 dev vx0 dst 192.0.2.2',
  'del e6:4b:f9:ce:d8:03 dev vx0',
  'add e6:4b:f9:ce:d8:05 dev vx0 nhid 101',
];

/** After `bridge fdb`: when the last of a group's nexthops is gone, its entries are. */
const NEXTHOP_ENDS = ['del id 61', 'del id 62'];

const NAMESPACE = `vt${process.pid}-nexthops`;

interface Outcome {
  ok: boolean;
  out: string;
}

function command(line: string): Outcome {
  const [program = '', ...args] = line.split(' ');
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return { ok: status === 0, out: stdout ?? '' };
}
const kernel = (line: string): Outcome =>
  command(`${/^(-\S+ )*fdb/.test(line) ? 'bridge' : 'ip'} -n ${NAMESPACE} ${line}`);

async function vtep(line: string): Promise<Outcome> {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { ok: exit === 0, out: streams.text.out };
}

/** Why this cannot run here, if it cannot. */
function obstacle(): string | false {
  if (process.getuid?.() !== 0) return 'needs root for a network namespace';
  if (!command(`ip netns add ${NAMESPACE}`).ok) return 'cannot make a network namespace';
  process.once('exit', () => command(`ip netns del ${NAMESPACE}`));
  kernel('link add d0 type veth peer name d1');
  kernel('link set d0 up');
  return kernel('link add vx0 type vxlan id 42 dstport 4790').ok ? false : 'the kernel has no vxlan device';
}

const skip = obstacle();

async function serve(t: Test): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vtep-cli-'));
  process.env['VTEP_RUN_DIR'] = directory;
  const engine = new Engine(new MemorySystem({ d0: 1_500 }));
  engine.add({ name: 'vx0', id: 42, dstport: 4_790 });
  const info = () => ({ pid: 1, version: '0', netns: '2', started: '', memory: 3, workers: 1, busyPoll: 0 });
  const api = await buildServer({ engine, info, stop: () => {} });
  await api.listen({ path: daemonPaths().socket });
  t.teardown(async () => {
    await api.close();
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  });
}

/** Older versions of ip end a line with a space. */
const text = ({ out }: Outcome): string => out.replace(/ +$/gm, '');

async function same(
  t: Test,
  object: string,
  words: readonly string[],
  shows: readonly string[],
): Promise<void> {
  for (const line of words) {
    const theirs = kernel(`${object} ${line}`);
    const ours = await vtep(`${object} ${line}`);
    t.equal(ours.ok, theirs.ok, `${object} ${line}: ${theirs.ok ? 'accepted' : 'refused'}`);
    for (const show of shows) {
      t.equal(text(await vtep(show)), text(kernel(show)), `${object} ${line}, then ${show}`);
      const json = (outcome: Outcome): unknown => JSON.parse(outcome.out || '[]');
      t.same(
        json(await vtep(`-j ${show}`)),
        json(kernel(`-j ${show}`)),
        `${object} ${line}, then -j ${show}`,
      );
    }
  }
}

t.test('nexthops and FDB entries that refer to them', { skip }, async (t) => {
  await serve(t);
  await same(t, 'nexthop', NEXTHOP, ['nexthop show']);
  for (const show of ['-d nexthop show', 'nexthop show groups', 'nexthop show id 61'])
    t.equal(text(await vtep(show)), text(kernel(show)), show);
  const fdb = 'fdb show dev vx0';
  await same(t, 'fdb', FDB_GROUPS, [fdb]);
  t.equal(
    text(await vtep(`-s ${fdb}`)).replace(/used \S+/g, ''),
    text(kernel(`-s ${fdb}`)).replace(/used \S+/g, ''),
    'with ages',
  );
  await same(t, 'nexthop', NEXTHOP_ENDS, ['nexthop show', fdb]);
});
