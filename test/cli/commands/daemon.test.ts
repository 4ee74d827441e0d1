import { spawn } from 'node:child_process';
import t from 'tap';
import { run } from '../../../lib/cli/run.js';
import { FakeDaemon } from '../fake-daemon.js';
import { collector } from '../fixtures.js';

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { exit, ...streams.text };
}

t.test('status and stop', async (t) => {
  const daemon = await FakeDaemon.start();
  t.teardown(() => daemon.stop());
  t.equal(
    (await vtep('daemon status')).out,
    'pid 4194305 version 0.1.0 netns 4026531840 started 2026-01-02T03:04:05.000Z memory 64.0MiB workers 1 busy_poll 50\n',
  );
  t.match(JSON.parse((await vtep('-j daemon status')).out), [{ pid: 4194305, workers: 1 }]);
  t.same(await vtep('daemon stop'), { exit: 0, out: '', err: '' });
  t.equal(daemon.requests.at(-1)?.line, 'DELETE /v1/daemon');
});

t.test('stop returns when the process is gone', async (t) => {
  const daemon = await FakeDaemon.start();
  t.teardown(() => daemon.stop());
  const process = spawn('sleep', ['0.3']);
  daemon.pid = process.pid!;
  const began = performance.now();
  t.equal((await vtep('daemon stop')).exit, 0);
  t.ok(performance.now() - began >= 250, 'it waited');
});

t.test('where none runs', async (t) => {
  const daemon = await FakeDaemon.start();
  daemon.stop();
  t.match(await vtep('daemon status'), {
    exit: 1,
    out: '',
    err: 'no vtep daemon runs in this network namespace\n',
  });
  t.match(await vtep('monitor'), {
    exit: 1,
    err: /^Error: no vtep daemon runs .* `vtep daemon` starts one\n$/,
  });
  t.same(await vtep('link show'), { exit: 0, out: '', err: '' });
  t.same(await vtep('-j fdb show'), { exit: 0, out: '[]\n', err: '' });
  t.same(await vtep('link del vx0'), { exit: 1, out: '', err: 'Cannot find device "vx0"\n' });
  t.same(await vtep('link show vx0'), { exit: 1, out: '', err: 'Device "vx0" does not exist.\n' });
});
