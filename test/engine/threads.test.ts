/**
 * Two engines with worker threads on real TAPs, in one process and two namespaces:
 *
 *   near                                far
 *   vtep0 10.9.0.1 -- worker(s) -- u0 ==veth== u0 -- worker(s) -- vtep0 10.9.0.2
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { MonotonicClock } from '../../lib/engine/clock.js';
import type { Engine } from '../../lib/engine/engine.js';
import { openNativeEngine } from '../../lib/engine/native-engine.js';
import { ThreadedDataplane } from '../../lib/engine/threads.js';
import type { Vtep } from '../../lib/engine/vtep.js';
import { load } from '../../lib/native/load.js';
import { NEEDS_ROOT } from '../support/kernel-shim.js';
import { type PingResult, tool } from '../support/lab/tools.js';
import { onOneUnderlay, type OwnNamespace } from '../support/own-namespace.js';
import { soon } from '../support/soon.js';

const exec = promisify(execFile);

class Side {
  readonly namespace: OwnNamespace;
  readonly engine: Engine;
  readonly vtep: Vtep;
  readonly failures: Error[] = [];

  constructor(namespace: OwnNamespace, n: number, workers: number) {
    this.namespace = namespace;
    namespace.enter();
    this.engine = openNativeEngine(load(), { workers, failed: (error) => this.failures.push(error) });
    this.vtep = this.engine.add({
      name: 'vtep0',
      id: 42,
      dstport: 4_789,
      remote: `192.168.100.${5 - n}`,
      local: `192.168.100.${n}`,
      dev: 'u0',
    });
    this.vtep.set({ up: true });
    namespace.ip(`addr add 10.9.0.${n - 1}/24 dev vtep0`);
  }

  /** Floods the other side with pings, one at a time. */
  async ping(target: string, count: number, signal?: AbortSignal): Promise<PingResult> {
    const [file, argv] = this.namespace.command(tool('ping'), '-f', '-j', '-c', `${count}`, target);
    const { stdout } = await exec(file, argv, { signal }).catch((error: { stdout?: string }) => {
      // with exit code 1 it says that nothing came back
      if (!error.stdout) throw error;
      return { stdout: error.stdout };
    });
    return JSON.parse(stdout) as PingResult;
  }

  async close(): Promise<void> {
    this.namespace.enter();
    await this.engine.close();
  }
}

let pairs = 0;

async function pair(test: Test, workers: number): Promise<[Side, Side]> {
  const n = ++pairs;
  const [near, far] = onOneUnderlay(`near${n}`, `far${n}`);
  const sides: [Side, Side] = [new Side(near, 2, workers), new Side(far, 3, workers)];
  test.teardown(async () => {
    for (const side of sides) await side.close();
    near.remove();
    far.remove();
  });
  // on a loaded machine a worker takes a second to start
  test.ok(
    await soon(async () => (await sides[0].ping('10.9.0.2', 1)).received === 1),
    'they reach each other',
  );
  return sides;
}

function unicast(i: number): string {
  return `02:00:00:01:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`;
}

t.test('engines with threads', { skip: NEEDS_ROOT }, async (t) => {
  t.test('frames flow, and both sides learn', async (t) => {
    const [near, far] = await pair(t, 1);
    const result = await near.ping('10.9.0.2', 200);
    t.equal(result.received, 200);
    const learned = (): unknown[] => [
      near.vtep.fdb.get(far.vtep.state().address)?.remotes,
      far.vtep.fdb.get(near.vtep.state().address)?.remotes,
    ];
    await soon(() => learned().every((remotes) => remotes !== undefined));
    t.same(learned(), [[{ dst: '192.168.100.3' }], [{ dst: '192.168.100.2' }]]);
    const { txPackets, rxPackets, txDropped, rxErrors } = near.vtep.statistics();
    t.ok(txPackets >= 200 && rxPackets >= 200);
    t.same([txDropped, rxErrors], [0, 0]);
  });

  t.test('tables grow and shrink while traffic flows', async (t) => {
    const [near] = await pair(t, 1);
    const pinging = near.ping('10.9.0.2', 5_000);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3_000; i++) {
        near.vtep.fdb.set({ verb: 'add', mac: unicast(i), dst: `198.51.100.${i & 127}`, port: i & 3 });
        near.vtep.fdb.set({ verb: 'append', mac: '01:00:5e:00:00:05', dst: `10.1.${i >> 8}.${i & 255}` });
        if (i % 300 === 0) await sleep(1);
      }
      near.vtep.fdb.flush({ dst: '198.51.100.7' });
      for (let i = 0; i < 3_000; i++) {
        if ((i & 127) !== 7) near.vtep.fdb.delete({ mac: unicast(i) });
        if (i % 300 === 0) await sleep(1);
      }
      near.vtep.fdb.delete({ mac: '01:00:5e:00:00:05' });
    }
    const result = await pinging;
    t.equal(result.received, result.sent, 'not one lost');
    t.same(near.failures, []);
    near.vtep.tables.fdb.selfCheck();
    near.vtep.tables.remotes.selfCheck();
  });

  t.test('a VTEP goes and comes back while traffic flows', async (t) => {
    const [near, far] = await pair(t, 1);
    const stop = new AbortController();
    const pinging = near.ping('10.9.0.2', 100_000, stop.signal).catch(() => undefined);
    await sleep(100);
    far.namespace.enter();
    for (let round = 0; round < 10; round++) {
      far.vtep.set({ up: false });
      far.vtep.set({ up: true });
      await sleep(10);
    }
    near.namespace.enter();
    near.engine.delete('vtep0');
    const again = near.engine.add({ name: 'vtep1', id: 42, dstport: 4_789, remote: '192.168.100.3' });
    again.set({ up: true });
    near.namespace.ip('addr add 10.9.0.1/24 dev vtep1');
    stop.abort();
    await pinging;
    t.equal((await near.ping('10.9.0.2', 20)).received, 20, 'works on');
    t.same([near.failures, far.failures], [[], []]);
    t.same(
      near.namespace.ipJson<{ ifname: string }[]>('link show type tun').map((link) => link.ifname),
      ['vtep1'],
    );
  });

  t.test('two workers: two queues, two sockets on one port', async (t) => {
    const [near, far] = await pair(t, 2);
    const sockets = far.namespace.command('sh', '-c', 'cat /proc/net/udp');
    const { stdout } = await exec(...sockets);
    t.equal(stdout.split('\n').filter((line) => line.includes(':12B5 ')).length, 2, 'port 4789 twice');
    const [sink, sinkArgv] = far.namespace.command(tool('datagrams'), 'sink', '-i', '400', '-t', '10');
    const sunk: Promise<{ stdout: string }> & { child?: ChildProcess } = exec(sink, sinkArgv);
    await sleep(200);
    const [file, argv] = near.namespace.command(
      tool('datagrams'),
      'source',
      ...['-c', '20000', '-r', '10', '-n', '32', '10.9.0.2'],
    );
    await exec(file, argv);
    const result = JSON.parse((await sunk).stdout.trim().split('\n').at(-1)!) as {
      delivered: number;
      lost: number;
      duplicated: number;
    };
    t.equal(result.delivered, 20_000);
    t.equal(result.duplicated, 0);
    t.same([near.failures, far.failures], [[], []]);
    const busy = far.engine.dataplane.workers;
    t.equal(busy, 2);
  });

  t.test('close ends the workers in time and leaves nothing', async (t) => {
    const [near] = await pair(t, 2);
    const stop = new AbortController();
    const pinging = near.ping('10.9.0.2', 100_000, stop.signal).catch(() => undefined);
    await sleep(50);
    const started = performance.now();
    await near.close();
    t.ok(performance.now() - started < 2_000);
    t.same(near.namespace.ipJson('link show type tun'), [], 'no interface');
    await near.close();
    t.pass('closing twice is no error');
    stop.abort();
    await pinging;
  });
});

t.test('a process can exit while a worker sleeps', async (t) => {
  const index = new URL('../../lib/index.js', import.meta.url).href;
  const program = `import { loadShim, openNativeEngine } from '${index}';
    openNativeEngine(loadShim());
    setTimeout(() => process.exit(3), 200);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  t.equal(code, 3);
});

t.test('a worker that dies is reported, and closing still ends', async (t) => {
  const failures: Error[] = [];
  const dataplane = new ThreadedDataplane(load(), new MonotonicClock(), 1, {
    workers: 2,
    failed: (error) => failures.push(error),
  });
  // A device without tables cannot be attached to.
  dataplane.post(1, { kind: 'device', index: 0 } as Parameters<typeof dataplane.post>[1]);
  t.ok(await soon(() => failures.length > 0));
  t.equal(failures.length, 1);
  t.match(failures[0].message, /undefined/);
  t.ok(dataplane.epochs.passed(dataplane.epochs.retire()), 'the dead one holds nothing up');
  dataplane.post(1, { kind: 'unlearn' });
  await dataplane.close();
});
