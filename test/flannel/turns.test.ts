import t from 'tap';
import { Turns } from '../../lib/flannel/turns.js';

t.test('one after the other, in order, also after one that failed', async (t) => {
  const turns = new Turns();
  const told: string[] = [];
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const first = turns.take(async () => {
    told.push('first begins');
    await held;
    told.push('first ends');
    throw new Error('it failed');
  });
  const second = turns.take(async () => told.push('second'));
  const end = turns.end().then(() => told.push('end'));
  await new Promise(setImmediate);
  t.same(told, ['first begins']);
  release();
  await t.rejects(first, { message: 'it failed' });
  t.equal(await second, 3, 'what it gives');
  await end;
  t.same(told, ['first begins', 'first ends', 'second', 'end']);
});
