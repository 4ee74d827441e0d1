import t from 'tap';
import { isMapped, maskOf } from '../../lib/table/prefix.js';

t.test('masks at and around the borders of words', async (t) => {
  const mask = (length: number): string =>
    [0, 1, 2, 3].map((word) => (maskOf(word, length) >>> 0).toString(16)).join();
  t.equal(mask(0), '0,0,0,0');
  t.equal(mask(1), '80000000,0,0,0');
  t.equal(mask(31), 'fffffffe,0,0,0');
  t.equal(mask(32), 'ffffffff,0,0,0');
  t.equal(mask(33), 'ffffffff,80000000,0,0');
  t.equal(mask(120), 'ffffffff,ffffffff,ffffffff,ffffff00');
  t.equal(mask(128), 'ffffffff,ffffffff,ffffffff,ffffffff');
});

t.test('only ::ffff:0:0/96 is IPv4', async (t) => {
  t.ok(isMapped(0, 0, 0xffff));
  t.notOk(isMapped(0, 0, 0));
  t.notOk(isMapped(1, 0, 0xffff));
  t.notOk(isMapped(0, 0x80000000 | 0, 0xffff));
  t.notOk(isMapped(0, 0, 0x1ffff));
});
