/** The daemon on real devices, in a namespace of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { connect, type Client } from '../../lib/control/client.js';
import { daemonCommand, ensureDaemon } from '../../lib/control/start.js';
import { VtepError } from '../../lib/errors.js';
import { NEEDS_ROOT } from '../support/kernel-shim.js';
import { Namespace } from '../support/lab/namespace.js';
import { soon } from '../support/soon.js';

const MEBIBYTE = 1024 * 1024;
/** What a daemon with one device and one worker may take. */
const MEMORY_LIMIT = 120 * MEBIBYTE;

interface Scene {
  ns: Namespace;
  client: Client;
}

async function scene(t: { teardown(fn: () => unknown): void }, purpose: string): Promise<Scene> {
  const directory = mkdtempSync(join(tmpdir(), 'vtep-run-'));
  process.env['VTEP_RUN_DIR'] = directory;
  const ns = await Namespace.create(purpose);
  const client = connect({ netns: ns.name });
  t.teardown(async () => {
    client.close();
    await ns.close(); // Ends the daemon inside first.
    rmSync(directory, { recursive: true, force: true });
  });
  return { ns, client };
}

const hasLink = async (ns: Namespace, name: string): Promise<boolean> =>
  (await ns.ip(`link show ${name}`, { allowFailure: true, quiet: true })).code === 0;

t.test('started in the background for a namespace', { skip: NEEDS_ROOT }, async (t) => {
  const { ns, client } = await scene(t, 'daemon');
  const { pid, netns } = await ensureDaemon({ netns: ns.name });
  t.ok(ns.pids().includes(pid), 'it is inside');
  t.equal(client.socketPath.includes(netns), true);

  const link = await client.addLink({ name: 'vtep0', id: 1, dstport: 4789, remote: '192.0.2.2' });
  t.ok(await hasLink(ns, 'vtep0'));
  await client.setLink('vtep0', { up: true });
  await ns.ip('neigh add 10.20.1.3 lladdr e6:4b:f9:ce:d7:7b dev vtep0');
  t.ok(
    await soon(async () => (await client.neighbours('vtep0')).some(({ dst }) => dst === '10.20.1.3')),
    'mirrored',
  );
  t.equal((await client.link('vtep0')).ifindex, link.ifindex);

  await client.stopDaemon();
  t.ok(await soon(async () => !(await hasLink(ns, 'vtep0'))), 'its device goes with it');
});

t.test('memory with one device and one worker', { skip: NEEDS_ROOT }, async (t) => {
  const { ns, client } = await scene(t, 'memory');
  // The test runner makes node load its hooks in every thread of every child, 47 MiB that no daemon has outside of
  // tests; env(1) takes that back where the runner does not see it.
  const daemon = ns.start(['env', '-u', 'NODE_OPTIONS', ...daemonCommand()]);
  t.ok(
    await soon(async () =>
      client.daemon().then(
        () => true,
        () => false,
      ),
    ),
    daemon.stderr,
  );
  await client.addLink({ name: 'vtep0', id: 1, dstport: 4789, remote: '192.0.2.2' });
  await client.setLink('vtep0', { up: true });
  await client.openapi();
  await client.statistics('vtep0');
  const { memory } = await client.daemon();
  t.ok(
    memory <= MEMORY_LIMIT,
    `${(memory / MEBIBYTE).toFixed(1)} MiB resident, limit ${MEMORY_LIMIT / MEBIBYTE}`,
  );
  await daemon.stop();
});

t.test('killed, it leaves nothing that the next one cannot take over', { skip: NEEDS_ROOT }, async (t) => {
  const { ns, client } = await scene(t, 'killed');
  const { pid } = await ensureDaemon({ netns: ns.name });
  await client.addLink({ name: 'vtep0', id: 1, dstport: 4789 });
  await client.setLink('vtep0', { up: true });
  process.kill(pid, 'SIGKILL');
  t.ok(await soon(async () => !(await hasLink(ns, 'vtep0'))));
  t.not((await ensureDaemon({ netns: ns.name })).pid, pid);
  t.match(await client.addLink({ name: 'vtep0', id: 1, dstport: 4789 }), { name: 'vtep0' });
  t.match(await client.setLink('vtep0', { up: true }), { up: true });
});

t.test('what others hold is named', { skip: NEEDS_ROOT }, async (t) => {
  const { ns, client } = await scene(t, 'owners');
  await ensureDaemon({ netns: ns.name });
  await ns.ip('link add taken type veth peer name other');
  const name = await client.addLink({ name: 'taken', id: 1 }).catch((error: VtepError) => error);
  t.match(name, { code: 'ERR_VTEP_NAME_IN_USE', errno: 'EEXIST', word: 'taken' });

  const vxlan = await ns.ip('link add vx0 type vxlan id 9 dstport 4789 remote 192.0.2.2', {
    allowFailure: true,
  });
  if (vxlan.code !== 0) return t.pass('the kernel has no vxlan device');
  await ns.ip('link set vx0 up');
  await client.addLink({ name: 'vtep0', id: 1, dstport: 4789 });
  const port = await client.setLink('vtep0', { up: true }).catch((error: VtepError) => error);
  t.match(port, { code: 'ERR_VTEP_PORT_IN_USE', errno: 'EADDRINUSE', message: /kernel vxlan device vx0/ });

  await ns.ip('link set vtep0 up');
  await sleep(100);
  t.match(await client.daemon(), { workers: 1 }, 'set up from outside, it cannot go up either and lives on');
});
