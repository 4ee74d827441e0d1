import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Sooner } from '../../lib/flannel/sooner.js';
import { soon } from '../support/soon.js';

t.test('never twice at once, and once more when it was asked for meanwhile', async (t) => {
  let running = 0;
  let runs = 0;
  const sooner = new Sooner(5, async () => {
    t.equal(++running, 1);
    runs++;
    await sleep(20);
    running--;
  });
  sooner.now();
  sooner.now();
  sooner.now();
  await soon(() => runs === 2 && running === 0);
  await sleep(40);
  t.equal(runs, 2, 'three times asked: one that runs, one after it');
});

t.test('what happens together is one', async (t) => {
  let runs = 0;
  const sooner = new Sooner(10, async () => void runs++);
  for (let i = 0; i < 5; i++) sooner.soon();
  t.equal(runs, 0);
  await soon(() => runs > 0);
  await sleep(30);
  t.equal(runs, 1);
});

t.test('asked for at once while it waits, it does not wait', async (t) => {
  let runs = 0;
  const sooner = new Sooner(10, async () => void runs++);
  sooner.in(50_000);
  sooner.now();
  await soon(() => runs > 0);
  t.equal(runs, 1);
  sooner.in(50_000);
  sooner.close();
  sooner.now();
  await sleep(5);
  t.equal(runs, 1, 'nothing after it was closed, and no timer is left');
});
