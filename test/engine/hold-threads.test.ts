/**
 * `hold` with worker threads on real TAPs: a worker that sleeps is woken for the entry, its frames come in order, and what
 * nobody answers is let go.
 *
 *   near: vtep0 10.9.0.1, knows nobody        far: vtep0 10.9.0.2, knows near
 *         worker(s) -- u0 ==========veth========== u0 -- worker
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import type { Engine } from '../../lib/engine/engine.js';
import { openNativeEngine } from '../../lib/engine/native-engine.js';
import type { LinkConfig, LinkStatistics } from '../../lib/engine/types.js';
import type { Vtep } from '../../lib/engine/vtep.js';
import { load } from '../../lib/native/load.js';
import { NEEDS_ROOT } from '../support/kernel-shim.js';
import { soon } from '../support/soon.js';
import { type PingResult, type SinkResult, type SourceResult, tool } from '../support/lab/tools.js';
import { onOneUnderlay, type OwnNamespace } from '../support/own-namespace.js';

const exec = promisify(execFile);
const MACS = ['02:00:00:00:09:01', '02:00:00:00:09:02'] as const;

class Side {
  readonly namespace: OwnNamespace;
  readonly engine: Engine;
  readonly vtep: Vtep;
  readonly failures: Error[] = [];

  constructor(namespace: OwnNamespace, n: 1 | 2, workers: number, options: Partial<LinkConfig>) {
    this.namespace = namespace;
    namespace.enter();
    this.engine = openNativeEngine(load(), { workers, failed: (error) => this.failures.push(error) });
    this.vtep = this.engine.add({
      name: 'vtep0',
      id: 42,
      dstport: 4_789,
      dev: 'u0',
      learning: false,
      address: MACS[n - 1],
      ...options,
    });
    this.vtep.set({ up: true });
    namespace.ip(`addr add 10.9.0.${n}/24 dev vtep0`);
    namespace.ip(`neigh add 10.9.0.${3 - n} lladdr ${MACS[2 - n]} dev vtep0 nud permanent`);
  }

  async run<T>(...argv: string[]): Promise<T> {
    const { stdout } = await exec(...this.namespace.command(...argv)).catch(
      (error: { stdout: string }) => error,
    );
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
  }

  ping(count: number, ...more: string[]): Promise<PingResult> {
    return this.run(tool('ping'), '-j', '-c', `${count}`, '-i', '200000', ...more, '10.9.0.2');
  }

  async close(): Promise<void> {
    this.namespace.enter();
    await this.engine.close();
  }
}

let pairs = 0;

/** Two sides; `near` has `options`. */
async function pair(test: Test, workers: number, options: Partial<LinkConfig>): Promise<[Side, Side]> {
  const n = ++pairs;
  const [near, far] = onOneUnderlay(`hn${n}`, `hf${n}`);
  const sides: [Side, Side] = [
    new Side(near, 1, workers, { l2miss: true, ...options }),
    new Side(far, 2, 1, { remote: '192.168.100.2' }),
  ];
  test.teardown(async () => {
    for (const side of sides) await side.close();
    near.remove();
    far.remove();
  });
  return sides;
}

/** Answers the first L2 miss, 20 ms late. */
function answer({ engine, vtep }: Side): void {
  let isAsked = false;
  engine.subscribe((event) => {
    if (event.type !== 'miss' || event.layer !== 2 || event.lladdr !== MACS[1] || isAsked) return;
    isAsked = true;
    setTimeout(() => vtep.fdb.set({ verb: 'replace', mac: MACS[1], dst: '192.168.100.3' }), 20);
  });
}

/** Counters, once no frame is held. */
async function settled({ vtep }: Side): Promise<LinkStatistics> {
  const isSettled = async (): Promise<boolean> => {
    const { events, reasons } = vtep.statistics();
    return events['held'] === events['released']! + reasons['hold_timeout']!;
  };
  await soon(isSettled);
  return vtep.statistics();
}

/** A machine that is busy with something else may take its time; nothing here is about how long it takes. */
const LONG = ['-w', '10000'] as const;
const PATIENT = { hold: 1_024, holdtime: 20_000 } as const;

t.test('hold in worker threads', { skip: NEEDS_ROOT }, async (t) => {
  t.test('the first ping is not lost, and without hold it is', async (t) => {
    const [near] = await pair(t, 1, PATIENT);
    answer(near);
    const { sent, received } = await near.ping(3, ...LONG);
    t.same([sent, received], [3, 3]);
    const { reasons, events } = await settled(near);
    t.ok(events['held']! >= 1 && events['held'] === events['released'], JSON.stringify(events));
    t.same([reasons['hold_full'], reasons['hold_timeout']], [0, 0]);

    const [plain] = await pair(t, 1, {});
    answer(plain);
    t.equal((await plain.ping(1, '-w', '300')).received, 0);
    t.ok(await soon(async () => plain.vtep.fdb.get(MACS[1]) !== undefined), 'it was answered');
    t.equal((await plain.ping(1, ...LONG)).received, 1);
    t.ok((await settled(plain)).reasons['no_tx_target']! >= 1);
    t.same([near.failures, plain.failures], [[], []]);
  });

  for (const workers of [1, 2]) {
    t.test(`a stream of 32 flows, ${workers} worker(s): each in order, none lost`, async (t) => {
      const [near, far] = await pair(t, workers, PATIENT);
      answer(near);
      const sink = far.run<SinkResult>(tool('datagrams'), 'sink', '-i', '3000', '-t', '60');
      await sleep(300);
      const source = await near.run<SourceResult>(
        tool('datagrams'),
        'source',
        ...['-c', '1000', '-r', '1', '-n', '32', '10.9.0.2'],
      );
      const { delivered, lost, reordered, duplicated } = await sink;
      t.equal(source.sent, 1_000);
      t.same(
        { delivered, lost, reordered, duplicated },
        { delivered: 1_000, lost: 0, reordered: 0, duplicated: 0 },
      );
      const { reasons, events } = await settled(near);
      t.ok(events['held']! > 5, `${events['held']} were held`);
      t.equal(events['held'], events['released']);
      t.same([reasons['hold_full'], reasons['hold_timeout']], [0, 0]);
      t.same(near.failures, []);
    });
  }

  t.test('nobody answers: let go in time, though the worker sleeps', async (t) => {
    const [near] = await pair(t, 2, { hold: 2, holdtime: 200 });
    await near.ping(1, '-w', '50');
    const isLetGo = async (): Promise<boolean> => {
      const { events, reasons } = near.vtep.statistics();
      return events['held'] === 1 && reasons['hold_timeout'] === 1;
    };
    t.ok(await soon(isLetGo), JSON.stringify(near.vtep.statistics()));
    t.same([near.vtep.statistics().events['released'], near.failures], [0, []]);
  });

  t.test('the table grows with the very entry', async (t) => {
    const [near] = await pair(t, 1, PATIENT);
    const { vtep, engine } = near;
    let isAsked = false;
    engine.subscribe((event) => {
      if (event.type !== 'miss' || isAsked) return;
      isAsked = true;
      for (let i = 0; i < 5_000; i++) {
        const low = i.toString(16).padStart(4, '0');
        const mac = `02:01:00:00:${low.slice(0, 2)}:${low.slice(2)}`;
        vtep.fdb.set({ verb: 'add', mac, dst: '198.51.100.1' });
      }
      vtep.fdb.set({ verb: 'add', mac: MACS[1], dst: '192.168.100.3' });
    });
    const { received } = await near.ping(2, ...LONG);
    t.equal(received, 2);
    t.same(near.failures, []);
  });
});
