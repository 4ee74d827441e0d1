import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { EINVAL, ENODEV, ENOENT } from '../../lib/native/errno.js';
import { load } from '../../lib/native/shim.js';
import { needsRoot } from './burst.js';

const shim = load();

t.test('paths that are no namespace', async (t) => {
  t.equal(shim.setNamespace('/run/netns/there-is-none'), ENOENT);
  t.equal(shim.setNamespace('/dev/null'), EINVAL);
});

t.test('one thread moves, the others stay', { skip: needsRoot }, async (t) => {
  const name = `vt${process.pid}-thread`;
  const ip = (...words: string[]) => execFileSync('ip', words, { stdio: 'pipe' });
  ip('netns', 'add', name);
  const remove = () => ip('netns', 'del', name);
  process.once('exit', remove);
  t.teardown(() => {
    process.removeListener('exit', remove);
    remove();
  });
  ip('-n', name, 'link', 'add', 'only-there', 'type', 'bridge');
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.url).then(({ load }) => {
      const shim = load();
      const moved = shim.setNamespace(workerData.path);
      parentPort.postMessage([moved, shim.interfaceIndex('only-there')]);
    });`;
  const url = new URL('../../lib/native/shim.js', import.meta.url).href;
  const worker = new Worker(code, { eval: true, workerData: { url, path: `/run/netns/${name}` } });
  const [[moved, ifindex]] = (await once(worker, 'message')) as [[number, number]];
  t.equal(moved, 0);
  t.ok(ifindex > 0);
  t.equal(shim.interfaceIndex('only-there'), ENODEV);
  await once(worker, 'exit');
});
