import t from 'tap';
import * as fdb from '../../lib/table/fdb.js';
import { RemoteLists } from '../../lib/table/remote-list.js';
import { collidingPair } from './collision.js';

const { FdbTable } = fdb;

t.test('an entry holds what was put in', async (t) => {
  const table = new FdbTable();
  const entry = table.insert(
    0xe64bf9ce,
    0xd77b,
    0xabcdef,
    ~7,
    fdb.STATE_PERMANENT,
    fdb.FLAG_LEARNED | 0x90,
    0xfffffff0,
  );
  t.equal(table.find(0xe64bf9ce | 0, 0xd77b, 0xabcdef), entry);
  t.equal(table.find(0xe64bf9ce, 0xd77b, 0xabcdef), entry, 'also by an unsigned word');
  t.equal(table.macHigh(entry), 0xe64bf9ce | 0);
  t.equal(table.macLow(entry), 0xd77b);
  t.equal(table.vni(entry), 0xabcdef);
  t.equal(table.remotes(entry), ~7);
  t.equal(table.state(entry), fdb.STATE_PERMANENT);
  t.equal(table.flags(entry), fdb.FLAG_LEARNED | fdb.FLAG_ROUTER | fdb.FLAG_EXT_LEARNED);
  t.equal(table.used(entry), 0xfffffff0);
  t.equal(table.updated(entry), 0xfffffff0);
});

t.test('every part of the key counts', async (t) => {
  const table = new FdbTable();
  table.insert(0x02000000, 1, 0x010001, 0, 2, 0, 0);
  for (const [high, low, vni] of [
    [0x02000001, 1, 0x010001],
    [0x02000000, 2, 0x010001],
    [0x02000000, 1, 0x010000],
    [0x02000000, 1, 0x000001],
    [0x02000000, 1, 0x020001],
  ]) {
    t.equal(table.find(high, low, vni), -1, `${high} ${low} ${vni}`);
  }
});

t.test('the extremes of the key', async (t) => {
  const table = new FdbTable();
  const keys = [
    [0, 0, 0],
    [-1, 0xffff, 0xffffff],
    [0, 0xffff, 0],
    [-1, 0, 0xffffff],
    [0x80000000 | 0, 0x8000, 0x800000],
    [0x7fffffff, 0x7fff, 0x7fffff],
  ];
  keys.forEach(([high, low, vni], i) => table.insert(high, low, vni, i, 0xff, 0xffff, -1));
  keys.forEach(([high, low, vni], i) => {
    const entry = table.find(high, low, vni);
    t.equal(table.remotes(entry), i);
    t.same([table.macHigh(entry), table.macLow(entry), table.vni(entry)], [high, low, vni]);
  });
  table.selfCheck();
});

t.test('changing one field leaves the others', async (t) => {
  const table = new FdbTable();
  const entry = table.insert(0x02000000, 1, 0xffffff, 3, fdb.STATE_REACHABLE, fdb.FLAG_LEARNED, 5);
  const picture = (): number[] => [
    table.remotes(entry),
    table.state(entry),
    table.flags(entry),
    table.used(entry),
    table.updated(entry),
    table.vni(entry),
  ];
  table.setRemotes(entry, -9);
  t.same(picture(), [-9, 2, 0x100, 5, 5, 0xffffff]);
  table.setState(entry, fdb.STATE_NOARP | fdb.STATE_PERMANENT);
  t.same(picture(), [-9, 0xc0, 0x100, 5, 5, 0xffffff]);
  table.setFlags(entry, 0x8000 | fdb.FLAG_ROUTER);
  t.same(picture(), [-9, 0xc0, 0x8080, 5, 5, 0xffffff]);
  table.touchUsed(entry, 6);
  t.same(picture(), [-9, 0xc0, 0x8080, 6, 5, 0xffffff]);
  table.touchUpdated(entry, 0xfffffffe);
  t.same(picture(), [-9, 0xc0, 0x8080, 6, 0xfffffffe, 0xffffff]);
  table.selfCheck();
});

t.test('a reader may stamp', async (t) => {
  const table = new FdbTable();
  const entry = table.insert(0x02000000, 1, 1, 0, 2, 0, 5);
  const reader = FdbTable.attach(table.share());
  reader.touchUsed(reader.find(0x02000000, 1, 1), 9);
  reader.touchUpdated(reader.find(0x02000000, 1, 1), 8);
  t.same([table.used(entry), table.updated(entry)], [9, 8]);
});

t.test('the first remote, of one or of a list', async (t) => {
  const lists = new RemoteLists();
  const table = new FdbTable();
  const one = table.insert(0x02000000, 1, 1, 17, 2, 0, 0);
  const many = table.insert(0, 0, 1, ~lists.create([4, 5, 6]), 0x80, 0, 0);
  t.equal(table.firstRemote(one, lists), 17);
  t.equal(table.firstRemote(many, lists), 4);
});

t.test('a burst finds what single lookups find', async (t) => {
  const table = new FdbTable({ seed: 7 });
  const vniOf = (i: number): number => (i % 5 === 0 ? 0x123456 : 42);
  for (let i = 0; i < 3_000; i++) table.insert(i * 77, i & 0xffff, vniOf(i), i, 2, 0, 0);
  for (let i = 0; i < 3_000; i += 3) table.remove(table.find(i * 77, i & 0xffff, vniOf(i)));
  const highs = Int32Array.from({ length: 4_000 }, (_, i) => i * 77);
  const lows = Int32Array.from({ length: 4_000 }, (_, i) => i & 0xffff);
  for (const vni of [42, 0x123456]) {
    for (const count of [0, 1, 63, 64, 65, 128, 4_000]) {
      const found = new Int32Array(4_000).fill(-2);
      table.findBurst(highs, lows, vni, count, found);
      const expected = found.map((_, i) => (i < count ? table.find(highs[i], lows[i], vni) : -2));
      t.same(found, expected, `${count} keys of VNI ${vni}`);
    }
  }
});

t.test('a burst tells keys apart whose whole hash is equal', async (t) => {
  const table = new FdbTable({ seed: 7 });
  const [a, b] = collidingPair(7, 42);
  for (const i of [a, b]) table.insert(i, i & 0xffff, 42, i, 2, 0, 0);
  const found = new Int32Array(3);
  const highs = Int32Array.of(a, b, 0x7fffffff);
  const lows = Int32Array.of(a & 0xffff, b & 0xffff, 1);
  table.findBurst(highs, lows, 42, 3, found);
  t.same([table.remotes(found[0]), table.remotes(found[1]), found[2]], [a, b, -1]);
  table.remove(found[0]);
  table.findBurst(highs, lows, 42, 3, found);
  t.same([found[0], table.remotes(found[1])], [-1, b]);
});

t.test('refuses a key that is malformed or taken', async (t) => {
  const table = new FdbTable();
  table.insert(1, 1, 1, 0, 2, 0, 0);
  t.throws(() => table.insert(1, 1, 1, 0, 2, 0, 0), { name: 'RangeError', message: /has an entry/ });
  t.throws(() => table.insert(1, 0x10000, 1, 0, 2, 0, 0), RangeError);
  t.throws(() => table.insert(1, -1, 1, 0, 2, 0, 0), RangeError);
  t.throws(() => table.insert(1, 1, 0x1000000, 0, 2, 0, 0), RangeError);
  t.throws(() => table.insert(1, 1, -1, 0, 2, 0, 0), RangeError);
  t.equal(table.count, 1);
});

t.test('states and flags are those of linux/neighbour.h', async (t) => {
  t.same(
    [
      fdb.STATE_PERMANENT,
      fdb.STATE_NOARP,
      fdb.STATE_REACHABLE,
      fdb.STATE_STALE,
      fdb.FLAG_ROUTER,
      fdb.FLAG_EXT_LEARNED,
    ],
    [0x80, 0x40, 0x02, 0x04, 0x80, 0x10],
  );
});
