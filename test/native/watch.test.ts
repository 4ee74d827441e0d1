import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { EBADF, ENOENT } from '../../lib/native/errno.js';
import { load } from '../../lib/native/shim.js';
import { Burst, counting, LOOPBACK4, receiveAll } from './burst.js';
import { soon } from '../support/soon.js';

const shim = load();
const URL_OF_SHIM = new URL('../../lib/native/shim.js', import.meta.url).href;

/** A listener, and a function that sends it so many datagrams. */
function listener() {
  const receive = shim.udpOpen({ family: 4, port: 0, address: Int32Array.from(LOOPBACK4) });
  const send = shim.udpOpen({ family: 4, port: 0, dropAll: true });
  const burst = new Burst();
  const provoke = (count: number) => {
    for (let i = 0; i < count; i++) {
      burst.putFrame(i, counting(60), { port: send, peer: LOOPBACK4, peerPort: shim.udpPort(receive) });
    }
    shim.udpTransmit(burst.bytes, burst.words, 0, count);
  };
  return { receive, provoke, close: () => [receive, send].forEach((fd) => shim.close(fd)) };
}

t.test('the callback runs once for what it reads whole', async (t) => {
  const { receive, provoke, close } = listener();
  t.teardown(close);
  let calls = 0;
  let datagrams = 0;
  const watcher = shim.watch(
    receive,
    () => ((calls += 1), (datagrams += receiveAll(shim, receive).length)),
    false,
  );
  t.ok(watcher >= 0);
  provoke(3);
  await soon(() => datagrams === 3);
  t.same([calls, datagrams], [1, 3]);
  provoke(2);
  await soon(() => datagrams === 5);
  t.same([calls, datagrams], [2, 5]);
  t.equal(shim.unwatch(watcher), 0);
  provoke(1);
  await sleep(20);
  t.equal(calls, 2, 'not after unwatch');
  t.equal(shim.unwatch(watcher), ENOENT);
});

t.test('a callback that leaves something is called again', async (t) => {
  const { receive, provoke, close } = listener();
  t.teardown(close);
  const burst = new Burst();
  let calls = 0;
  const watcher = shim.watch(
    receive,
    () => void (calls += shim.udpReceive(receive, burst.bytes, burst.words, 0, 1)),
    false,
  );
  provoke(5);
  await soon(() => calls >= 5);
  t.equal(calls, 5);
  shim.unwatch(watcher);
});

t.test('a callback may end its own watch', async (t) => {
  const { receive, provoke, close } = listener();
  t.teardown(close);
  let calls = 0;
  const watcher: number = shim.watch(receive, () => ((calls += 1), shim.unwatch(watcher)), false);
  provoke(1);
  await soon(() => calls > 0);
  await sleep(20);
  t.equal(calls, 1, 'though the datagram is still there');
});

t.test('descriptors that cannot be watched are refused', async (t) => {
  t.equal(
    shim.watch(-1, () => undefined, false),
    EBADF,
  );
});

/** Runs code in a process of its own, `shim` and a watched listener in scope. */
function child(code: string): string[] {
  const setup = `import { load } from '${URL_OF_SHIM}';
    const shim = load();
    const fd = shim.udpOpen({ family: 4, port: 0, address: Int32Array.of(0, 0, 0xffff, 0x7f000001) });
    const waker = shim.wakerOpen();`;
  return ['--input-type=module', '-e', setup + code];
}

t.test('a watch keeps the process alive only if asked to', async (t) => {
  await promisify(execFile)(process.execPath, child('shim.watch(fd, () => {}, false);'), { timeout: 10_000 });
  const kept = spawn(process.execPath, child(`shim.watch(fd, () => {}, true); console.log('up');`));
  await once(kept.stdout, 'data');
  await sleep(50);
  t.equal(kept.exitCode, null);
  kept.kill();
  const released = child('const w = shim.watch(fd, () => {}, true); setTimeout(() => shim.unwatch(w), 10);');
  await promisify(execFile)(process.execPath, released, { timeout: 10_000 });
});

t.test('what a callback throws is an uncaught exception', async (t) => {
  const code = `shim.watch(waker, () => { throw new Error('from the callback'); }, true); shim.wake(waker);`;
  const { status, stderr } = await new Promise<{ status: unknown; stderr: string }>((resolve) => {
    execFile(process.execPath, child(code), { timeout: 10_000 }, (error, _, stderr) =>
      resolve({ status: error?.code, stderr }),
    );
  });
  t.not(status, 0);
  t.match(stderr, /from the callback/);
});

t.test('threads come and go with their watches', async (t) => {
  const code = `
    import('${URL_OF_SHIM}').then(({ load }) => {
      const shim = load();
      const waker = shim.wakerOpen();
      shim.watch(waker, () => require('node:worker_threads').parentPort.postMessage('rung'), true);
      shim.wake(waker);
    });`;
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(code, { eval: true });
    t.same(await once(worker, 'message'), ['rung']);
    await worker.terminate();
  }
});
