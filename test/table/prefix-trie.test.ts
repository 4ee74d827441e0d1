import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import * as trie from '../../lib/table/prefix-trie.js';
import { type RouteShare, RouteTable } from '../../lib/table/route.js';

/** A table and the buffers it has posted. */
function tableWith(epochs?: Epochs): { table: RouteTable; shares: RouteShare[] } {
  const shares: RouteShare[] = [];
  const table = new RouteTable({ seed: 1, epochs, onGrow: (share) => shares.push(share) });
  return { table, shares };
}

function set(table: RouteTable, address: number, length: number, hop = 1): number {
  return table.set(0, 0, 0xffff, address, length, 4, 0, 0, 0xffff, hop, 0);
}

function hopOf(table: RouteTable, address: number): number {
  const entry = table.lookup(0, 0, 0xffff, address);
  return entry < 0 ? -1 : table.nextHop3(entry);
}

t.test('slots and values keep what is packed into them, at their extremes', async (t) => {
  const bucket = trie.bucketSlot(2 ** 27 - 2, 15);
  t.ok(trie.isBucket(bucket) && !trie.isNode(bucket));
  t.same([trie.offsetOf(bucket), trie.countOf(bucket)], [2 ** 27 - 2, 15]);
  const node = trie.nodeSlot(2 ** 27 - 4, 18);
  t.ok(trie.isNode(node) && !trie.isBucket(node));
  t.same([trie.offsetOf(node), trie.strideOf(node)], [2 ** 27 - 4, 18]);
  const value = trie.valueOf(trie.MOST_TRIE_ENTRIES - 1, 127);
  t.same([trie.entryOf(value), trie.hostOf(value)], [trie.MOST_TRIE_ENTRIES - 1, 127]);
  t.equal(trie.entryOf(0), -1, 'nothing covers');
});

t.test('one prefix more than a bucket holds, all behind the same bits', async (t) => {
  const { table } = tableWith();
  for (let i = 0; i <= trie.MOST_ITEMS; i++) set(table, 0x0a000000 + i, 32, 100 + i);
  table.selfCheck();
  for (let i = 0; i <= trie.MOST_ITEMS; i++) t.equal(hopOf(table, 0x0a000000 + i), 100 + i);
  t.equal(hopOf(table, 0x0a000000 + trie.MOST_ITEMS + 1), -1);
});

t.test(
  'a prefix that ends within a node covers what has nothing longer, and uncovers it when it goes',
  async (t) => {
    const { table } = tableWith();
    for (let i = 0; i < 16; i++) set(table, i << 28, 32, 100 + i); // a root of 16 slots
    set(table, 0, 0, 1);
    set(table, 0x80000000, 1, 2);
    set(table, 0xc0000000, 2, 3);
    table.selfCheck();
    t.same(
      [1, 0x90000001, 0xd0000001].map((address) => hopOf(table, address)),
      [1, 2, 3],
    );
    t.equal(hopOf(table, 0xd0000000), 113, 'the longer one is still there');
    table.remove(table.find(0, 0, 0xffff, 0xc0000000 | 0, 2, 4));
    t.equal(hopOf(table, 0xd0000001), 2, 'the next shorter one comes to light');
    table.remove(table.find(0, 0, 0xffff, 0x80000000 | 0, 1, 4));
    t.equal(hopOf(table, 0xd0000001), 1);
    table.remove(table.find(0, 0, 0xffff, 0, 0, 4));
    t.equal(hopOf(table, 0xd0000001), -1);
    table.selfCheck();
  },
);

t.test('a change of next hop reaches every slot of a short prefix', async (t) => {
  const { table } = tableWith();
  for (let i = 0; i < 16; i++) set(table, i << 28, 32, 100);
  set(table, 0x80000000, 1, 2);
  const before = set(table, 0x80000000, 1, 3);
  for (let i = 8; i < 16; i++) t.equal(hopOf(table, (i << 28) | 1), 3);
  t.equal(table.count, 17);
  t.ok(table.has(before));
  table.selfCheck();
});

t.test('the root widens and narrows with the routes', async (t) => {
  const { table } = tableWith();
  const empty = table.bytes;
  for (let i = 0; i < 20_000; i++) set(table, i << 12, 24, i & 63);
  table.selfCheck();
  for (let i = 0; i < 20_000; i++) if (hopOf(table, (i << 12) | 5) !== (i & 63)) t.fail(`route ${i}`);
  t.ok(table.bytes / 20_000 < 40, `${(table.bytes / 20_000).toFixed(1)} bytes a route`);
  for (const entry of table.entries()) table.remove(entry);
  table.selfCheck();
  t.equal(table.count, 0);
  table.clear();
  t.equal(table.bytes, empty);
});

t.test('a block that a reader may be in is not used again', async (t) => {
  const epochs = new Epochs(1);
  const { table, shares } = tableWith(epochs);
  for (let i = 0; i < 8; i++) set(table, i << 24, 8, i);
  const reader = RouteTable.attach(shares.at(-1) ?? table.share());
  epochs.enter(0);
  const seen = new Int32Array((shares.at(-1) ?? table.share()).v4.trie);
  const bucket = trie.offsetOf(seen[0]);
  const before = seen.slice(bucket, bucket + 17);
  table.remove(table.find(0, 0, 0xffff, 7 << 24, 8, 4));
  for (let i = 0; i < 4; i++) set(table, i << 24, 8, 50 + i);
  set(table, 7 << 24, 8, 7);
  t.equal(reader.nextHop3(reader.lookup(0, 0, 0xffff, 6 << 24)), 6);
  t.same(seen.slice(bucket, bucket + 17), before, 'within the burst');
  table.selfCheck();
});
