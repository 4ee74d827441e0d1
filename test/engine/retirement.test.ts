import t from 'tap';
import { Retirement } from '../../lib/engine/retirement.js';
import { Epochs } from '../../lib/memory/epoch.js';
import { soon } from '../support/soon.js';

t.test('without workers a descriptor is closed at once', async (t) => {
  const closed: number[] = [];
  const retirement = new Retirement(undefined, (fd) => closed.push(fd));
  const retired = retirement.retire(7);
  t.same(closed, [7]);
  t.notOk(retirement.reclaim(retired));
});

t.test('with a worker in its burst it waits, and is closed without being asked', async (t) => {
  const closed: number[] = [];
  const epochs = new Epochs(1);
  const retirement = new Retirement(epochs, (fd) => closed.push(fd));
  epochs.enter(0);
  retirement.retire(7);
  retirement.retire(8);
  t.same(closed, []);
  epochs.leave(0);
  await soon(() => closed.length === 2);
  t.same(closed, [7, 8]);
});

t.test('taken back, it stays open', async (t) => {
  const closed: number[] = [];
  const epochs = new Epochs(1);
  const retirement = new Retirement(epochs, (fd) => closed.push(fd));
  epochs.enter(0);
  const first = retirement.retire(7);
  const second = retirement.retire(7);
  t.ok(retirement.reclaim(first));
  t.notOk(retirement.reclaim(first), 'once');
  epochs.leave(0);
  retirement.reap();
  t.same(closed, [7], 'the other one of the same number is another matter');
  t.notOk(retirement.reclaim(second));
});

t.test('closeAll waits for nobody', async (t) => {
  const closed: number[] = [];
  const epochs = new Epochs(1);
  const retirement = new Retirement(epochs, (fd) => closed.push(fd));
  epochs.enter(0);
  retirement.retire(7);
  retirement.closeAll();
  t.same(closed, [7]);
});
