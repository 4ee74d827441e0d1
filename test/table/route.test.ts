import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import { ROUTE_ONLINK, ROUTE_ORIGIN_KERNEL, ROUTE_ORIGIN_OWN, RouteTable } from '../../lib/table/route.js';

type Words = [number, number, number, number];
const ON_LINK: Words = [0, 0, 0, 0];

function v4(a: number, b: number, c: number, d: number): Words {
  return [0, 0, 0xffff, (a << 24) | (b << 16) | (c << 8) | d];
}

function prefix(table: RouteTable, address: Words): string {
  const entry = table.lookup(...address);
  if (entry < 0) return 'none';
  const words = [table.prefix0(entry), table.prefix1(entry), table.prefix2(entry), table.prefix3(entry)];
  return `${words.map((word) => (word >>> 0).toString(16)).join(':')}/${table.length(entry)}`;
}

t.test('a route holds what was put in', async (t) => {
  const table = new RouteTable();
  const entry = table.set(...v4(10, 20, 2, 0), 24, 4, ...v4(10, 20, 2, 0), ROUTE_ONLINK | ROUTE_ORIGIN_OWN);
  t.equal(table.find(...v4(10, 20, 2, 0), 24, 4), entry);
  t.same(
    [table.length(entry), table.family(entry), table.flags(entry)],
    [24, 4, ROUTE_ONLINK | ROUTE_ORIGIN_OWN],
  );
  t.same(
    [table.nextHop0(entry), table.nextHop1(entry), table.nextHop2(entry), table.nextHop3(entry)],
    v4(10, 20, 2, 0),
  );
  t.same(
    [table.prefix0(entry), table.prefix1(entry), table.prefix2(entry), table.prefix3(entry)],
    v4(10, 20, 2, 0),
  );
});

t.test('IPv4: the longest prefix that covers the address', async (t) => {
  const table = new RouteTable();
  table.set(...v4(0, 0, 0, 0), 0, 4, ...v4(192, 0, 2, 1), 0);
  table.set(...v4(10, 0, 0, 0), 8, 4, ...ON_LINK, 0);
  table.set(...v4(10, 20, 0, 0), 16, 4, ...ON_LINK, 0);
  table.set(...v4(10, 20, 2, 0), 24, 4, ...ON_LINK, 0);
  table.set(...v4(10, 20, 2, 5), 32, 4, ...ON_LINK, 0);
  table.set(...v4(128, 0, 0, 0), 1, 4, ...ON_LINK, 0);
  t.equal(prefix(table, v4(10, 20, 2, 5)), '0:0:ffff:a140205/32');
  t.equal(prefix(table, v4(10, 20, 2, 4)), '0:0:ffff:a140200/24');
  t.equal(prefix(table, v4(10, 20, 3, 5)), '0:0:ffff:a140000/16');
  t.equal(prefix(table, v4(10, 21, 2, 5)), '0:0:ffff:a000000/8');
  t.equal(prefix(table, v4(255, 255, 255, 255)), '0:0:ffff:80000000/1');
  t.equal(prefix(table, v4(9, 0, 0, 1)), '0:0:ffff:0/0');
  table.selfCheck();
});

t.test('IPv6: the longest prefix, with lengths at and around word borders', async (t) => {
  const table = new RouteTable();
  const address: Words = [0x20010db8, -1, -1, -1];
  const cut = (length: number): Words =>
    address.map((word, i) => {
      const bits = Math.min(32, Math.max(0, length - 32 * i));
      return bits === 0 ? 0 : word & (-1 << (32 - bits));
    }) as Words;
  const lengths = [0, 1, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128];
  for (const length of lengths) table.set(...cut(length), length, 6, ...ON_LINK, 0);
  table.selfCheck();
  for (const length of lengths.toReversed()) {
    const entry = table.lookup(...address);
    t.equal(table.length(entry), length);
    table.remove(entry);
    table.selfCheck();
  }
  t.equal(table.lookup(...address), -1);
});

t.test('::/0 is no default route for IPv4, 0.0.0.0/0 none for IPv6', async (t) => {
  const table = new RouteTable();
  table.set(0, 0, 0, 0, 0, 6, ...ON_LINK, 0);
  t.equal(table.lookup(...v4(10, 0, 0, 1)), -1);
  t.ok(table.lookup(0x20010db8, 0, 0, 1) >= 0);
  table.clear();
  table.set(...v4(0, 0, 0, 0), 0, 4, ...ON_LINK, 0);
  t.equal(table.lookup(0x20010db8, 0, 0, 1), -1);
  t.equal(table.lookup(0, 0, 0xfffe, 1), -1);
  t.ok(table.lookup(...v4(10, 0, 0, 1)) >= 0);
});

t.test('prefixes of one address and different lengths are different routes', async (t) => {
  const table = new RouteTable();
  const short = table.set(...v4(10, 0, 0, 0), 8, 4, ...ON_LINK, 0);
  const long = table.set(...v4(10, 0, 0, 0), 24, 4, ...ON_LINK, 0);
  t.equal(table.find(...v4(10, 0, 0, 0), 8, 4), short);
  t.equal(table.find(...v4(10, 0, 0, 0), 24, 4), long);
  t.equal(table.find(...v4(10, 0, 0, 0), 16, 4), -1);
});

t.test('another next hop never mixes with the old one in a reader', async (t) => {
  const epochs = new Epochs(1);
  const table = new RouteTable({ epochs });
  const reader = RouteTable.attach(table.share());
  table.set(...v4(10, 0, 0, 0), 8, 4, 1, 1, 1, 1, ROUTE_ORIGIN_KERNEL);
  epochs.enter(0);
  const held = reader.lookup(...v4(10, 0, 0, 1));
  table.set(...v4(10, 0, 0, 0), 8, 4, 2, 2, 2, 2, ROUTE_ORIGIN_OWN);
  const found = reader.lookup(...v4(10, 0, 0, 1));
  const hop = (e: number): Words => [
    reader.nextHop0(e),
    reader.nextHop1(e),
    reader.nextHop2(e),
    reader.nextHop3(e),
  ];
  t.same(hop(held), [1, 1, 1, 1]);
  t.same(hop(found), [2, 2, 2, 2]);
  t.equal(reader.flags(found), ROUTE_ORIGIN_OWN);
  t.equal(table.count, 1);
  table.selfCheck();
});

t.test('other flags and the same next hop change the route in place', async (t) => {
  const table = new RouteTable();
  const entry = table.set(...v4(10, 0, 0, 0), 8, 4, ...ON_LINK, 0);
  t.equal(table.set(...v4(10, 0, 0, 0), 8, 4, ...ON_LINK, 0xffff), entry);
  t.same([table.flags(entry), table.length(entry), table.family(entry)], [0xffff, 8, 4]);
});

t.test('a reader adopts what the table has grown into', async (t) => {
  let share;
  const table = new RouteTable({ onGrow: (grown) => (share = grown) });
  const reader = RouteTable.attach(table.share());
  for (let i = 0; i < 300; i++) table.set(...v4(10, i >> 8, i & 255, 0), 24, 4, ...ON_LINK, 0);
  t.ok(share);
  reader.adopt(share!);
  for (let i = 0; i < 300; i++) t.ok(reader.lookup(...v4(10, i >> 8, i & 255, 7)) >= 0);
  table.selfCheck();
});

t.test('limit: a next hop may change, a new prefix may not come', async (t) => {
  const table = new RouteTable({ limit: 1 });
  table.set(...v4(10, 0, 0, 0), 8, 4, ...ON_LINK, 0);
  t.ok(table.set(...v4(10, 0, 0, 0), 8, 4, ...v4(1, 2, 3, 4), 0) >= 0);
  t.equal(table.set(...v4(11, 0, 0, 0), 8, 4, ...ON_LINK, 0), -1);
  table.selfCheck();
});

t.test('refuses what is no prefix', async (t) => {
  const table = new RouteTable();
  const bad: [Words, number, 4 | 6, RegExp][] = [
    [v4(10, 0, 0, 1), 24, 4, /24 bits: expected no bits set beyond/],
    [v4(10, 0, 0, 0), 33, 4, /33: expected 0 to 32 for IPv4/],
    [v4(10, 0, 0, 0), -1, 4, /-1/],
    [v4(10, 0, 0, 0), 8.5, 4, /8.5/],
    [[0x20010db8, 0, 0, 0], 32, 4, /v4-mapped/],
    [[0x20010db8, 0, 0, 1], 127, 6, /127 bits/],
    [[0x20010db8, 1, 0, 0], 32, 6, /32 bits/],
    [[0, 0, 0, 0], 129, 6, /129: expected 0 to 128 for IPv6/],
    [v4(10, 0, 0, 0), 104, 6, /give it as an IPv4 prefix/],
  ];
  for (const [words, length, family, message] of bad) {
    t.throws(() => table.set(...words, length, family, ...ON_LINK, 0), { name: 'RangeError', message });
  }
  t.equal(table.count, 0);
});
