import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { EBADF, EINVAL } from '../../lib/native/errno.js';
import { load, WAKER } from '../../lib/native/shim.js';
import { Burst, counting, LOOPBACK4 } from './burst.js';

const shim = load();

function poller(fds: [number, number][]): number {
  const fd = shim.pollerOpen();
  for (const [watched, token] of fds) shim.pollerAdd(fd, watched, token);
  return fd;
}

t.test('wait ends after its timeout, to the microsecond rather than the millisecond', async (t) => {
  const fd = poller([]);
  t.teardown(() => shim.close(fd));
  for (const spin of [0, 300, 10_000]) {
    const before = process.hrtime.bigint();
    t.equal(shim.wait(fd, new Int32Array(4), 300, spin), 0);
    const micros = Number(process.hrtime.bigint() - before) / 1000;
    t.ok(micros >= 300, `spin ${spin}: ${micros} us`);
  }
  t.equal(shim.wait(fd, new Int32Array(4), 0, 0), 0);
});

t.test('a short wait lasts no longer by the slack of 50 us that timers have', async (t) => {
  const fd = poller([]);
  t.teardown(() => shim.close(fd));
  shim.wait(fd, new Int32Array(4), 200, 0);
  t.equal(readFileSync('/proc/self/timerslack_ns', 'utf8'), '1000\n');
  t.equal(shim.giveWay(), 0);
});

t.test('tokens of what is readable come back', async (t) => {
  const a = shim.udpOpen({ family: 4, port: 0, address: Int32Array.from(LOOPBACK4) });
  const b = shim.udpOpen({ family: 4, port: 0 });
  const fd = poller([
    [a, 7],
    [b, 8],
  ]);
  t.teardown(() => [a, b, fd].forEach((each) => shim.close(each)));
  const burst = new Burst();
  burst.putFrame(0, counting(60), { port: b, peer: LOOPBACK4, peerPort: shim.udpPort(a) });
  shim.udpTransmit(burst.bytes, burst.words, 0, 1);
  const ready = new Int32Array(4);
  t.equal(shim.wait(fd, ready, -1, 0), 1);
  t.equal(ready[0], 7);
  t.equal(shim.wait(fd, ready, -1, 50), 1, 'until it is read');
  t.equal(shim.pollerRemove(fd, a), 0);
  t.equal(shim.wait(fd, ready, 0, 0), 0);
});

t.test('a waker is drained by the wait that tells it', async (t) => {
  const waker = shim.wakerOpen();
  const fd = poller([[waker, 3 | WAKER]]);
  t.teardown(() => [waker, fd].forEach((each) => shim.close(each)));
  t.equal(shim.wake(waker), 0);
  t.equal(shim.wake(waker), 0);
  const ready = new Int32Array(1);
  t.equal(shim.wait(fd, ready, 0, 0), 1);
  t.equal(ready[0], 3 | WAKER);
  t.equal(shim.wait(fd, ready, 0, 0), 0);
});

t.test('a thread that waits for ever is woken by another', async (t) => {
  const waker = shim.wakerOpen();
  const fd = poller([[waker, 5 | WAKER]]);
  t.teardown(() => [waker, fd].forEach((each) => shim.close(each)));
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.url).then(({ load }) => {
      const ready = new Int32Array(4);
      parentPort.postMessage('waiting');
      const count = load().wait(workerData.fd, ready, -1, 0);
      parentPort.postMessage([count, ready[0]]);
    });`;
  const url = new URL('../../lib/native/shim.js', import.meta.url).href;
  const worker = new Worker(code, { eval: true, workerData: { fd, url } });
  t.same(await once(worker, 'message'), ['waiting']);
  const told = once(worker, 'message');
  setTimeout(() => shim.wake(waker), 20);
  t.same(await told, [[1, 5 | WAKER]]);
  await once(worker, 'exit');
});

t.test('wrong descriptors and tokens are refused', async (t) => {
  const fd = poller([]);
  t.teardown(() => shim.close(fd));
  t.equal(shim.pollerAdd(fd, -1, 1), EBADF);
  t.equal(shim.pollerAdd(fd, fd, -1), EINVAL);
  t.equal(shim.wait(-1, new Int32Array(4), 0, 0), EBADF);
  t.equal(shim.wait(fd, new Int32Array(0), 0, 0), EINVAL);
  t.equal(shim.close(-1), EBADF);
});
