import t from 'tap';
import { PrefixLengths } from '../../lib/table/prefix-lengths.js';
import { scopeOf } from '../../lib/table/prefix.js';

t.test('every length of both families has a bit of its own', async (t) => {
  const lengths = new PrefixLengths();
  const all: [4 | 6, number][] = [];
  for (let length = 0; length <= 32; length++) all.push([4, length]);
  for (let length = 0; length <= 128; length++) all.push([6, length]);
  for (const [family, length] of all) {
    lengths.add(family, length);
    t.same(
      all.filter(([f, l]) => lengths.has(f, l)),
      [[family, length]],
    );
    lengths.remove(family, length);
  }
  t.ok(lengths.words.every((word) => word === 0));
});

t.test('the longest length is the highest bit of its word', async (t) => {
  const lengths = new PrefixLengths();
  lengths.add(4, 32);
  lengths.add(4, 1);
  lengths.add(6, 33);
  t.same([...lengths.words], [0x80000001 | 0, 0, 0, 1, 0, 0, 0]);
});

t.test('a bit stands while there is a route of its length', async (t) => {
  const lengths = new PrefixLengths();
  lengths.add(4, 24);
  lengths.add(4, 24);
  lengths.remove(4, 24);
  t.ok(lengths.has(4, 24));
  t.equal(lengths.count(4, 24), 1);
  lengths.remove(4, 24);
  t.notOk(lengths.has(4, 24));
});

t.test('another view of the share sees the bits; clear unsets them', async (t) => {
  const lengths = new PrefixLengths();
  const reader = new PrefixLengths(lengths.words.buffer as SharedArrayBuffer);
  lengths.add(6, 64);
  t.ok(reader.has(6, 64));
  lengths.clear();
  t.notOk(reader.has(6, 64));
  t.equal(lengths.count(6, 64), 0);
});

t.test('selfCheck finds a count or a bit that is wrong', async (t) => {
  const lengths = new PrefixLengths();
  lengths.add(4, 24);
  lengths.selfCheck([scopeOf(24, 4)]);
  t.throws(() => lengths.selfCheck([]), /0 IPv4 routes of length 24, counted 1/);
  lengths.words[0] = 0;
  t.throws(() => lengths.selfCheck([scopeOf(24, 4)]), /bit of IPv4 length 24/);
});
