import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import * as neighbour from '../../lib/table/neighbour.js';

const { NeighbourTable, NUD_PERMANENT, NUD_REACHABLE, NUD_STALE, NTF_ROUTER, ORIGIN_KERNEL, ORIGIN_OWN } =
  neighbour;
const IPV4 = [0, 0, 0xffff, 0x0a140103] as const;

t.test('an entry holds what was put in', async (t) => {
  const table = new NeighbourTable();
  const entry = table.set(
    0x20010db8,
    0,
    0,
    0x80000001,
    0xe64bf9ce,
    0xd77b,
    NUD_PERMANENT,
    NTF_ROUTER | ORIGIN_OWN,
    9,
  );
  t.equal(table.find(0x20010db8, 0, 0, 0x80000001), entry);
  t.equal(table.find(0x20010db8, 0, 0, 0x80000001 | 0), entry);
  t.same(
    [table.address0(entry), table.address1(entry), table.address2(entry), table.address3(entry)],
    [0x20010db8, 0, 0, 0x80000001 | 0],
  );
  t.equal(table.macHigh(entry), 0xe64bf9ce | 0);
  t.equal(table.macLow(entry), 0xd77b);
  t.equal(table.state(entry), NUD_PERMANENT);
  t.equal(table.flags(entry), NTF_ROUTER | ORIGIN_OWN);
  t.same([table.used(entry), table.updated(entry)], [9, 9]);
});

t.test('every word of the address counts', async (t) => {
  const table = new NeighbourTable();
  table.set(1, 2, 3, 4, 5, 6, 2, 0, 0);
  for (const other of [
    [0, 2, 3, 4],
    [1, 0, 3, 4],
    [1, 2, 0, 4],
    [1, 2, 3, 0],
    [4, 3, 2, 1],
  ] as [number, number, number, number][]) {
    t.equal(table.find(...other), -1, other.join());
  }
});

t.test('setting again changes the entry: state and low octets in place', async (t) => {
  const table = new NeighbourTable();
  const entry = table.set(...IPV4, 0x02000000, 1, NUD_REACHABLE, ORIGIN_KERNEL, 1);
  t.equal(table.set(...IPV4, 0x02000000, 2, NUD_STALE, ORIGIN_OWN, 3), entry);
  t.same([table.macLow(entry), table.state(entry), table.flags(entry)], [2, NUD_STALE, ORIGIN_OWN]);
  t.same([table.used(entry), table.updated(entry)], [1, 3]);
  t.equal(table.count, 1);
});

t.test('another MAC never mixes with the old one in a reader', async (t) => {
  const epochs = new Epochs(1);
  const table = new NeighbourTable({ epochs });
  const reader = NeighbourTable.attach(table.share());
  table.set(0, 0, 0xffff, 1, 7, 7, NUD_REACHABLE, 0, 1);
  table.set(...IPV4, 0x11111111, 0x1111, NUD_REACHABLE, 0, 1);
  table.set(0, 0, 0xffff, 2, 7, 7, NUD_REACHABLE, 0, 1);
  epochs.enter(0);
  const held = reader.find(...IPV4);
  reader.touchUsed(held, 5);
  const entry = table.set(...IPV4, 0x22222222, 0x2222, NUD_REACHABLE, 0, 2);
  t.same(
    [reader.macHigh(held), reader.macLow(held)],
    [0x11111111, 0x1111],
    'who holds the old one reads the old one',
  );
  const found = reader.find(...IPV4);
  t.equal(found, entry);
  t.same([reader.macHigh(found), reader.macLow(found)], [0x22222222, 0x2222]);
  t.same([table.used(entry), table.updated(entry)], [5, 2], 'the stamp of last use goes along');
  t.equal(table.count, 3);
  t.same(
    [...table.entries()].map((e) => table.address3(e)),
    [2, IPV4[3], 1],
    'and so does its place',
  );
  table.selfCheck();
});

t.test('a MAC may change at the limit, a new address may not come', async (t) => {
  const table = new NeighbourTable({ limit: 1 });
  table.set(...IPV4, 1, 1, NUD_REACHABLE, 0, 0);
  t.ok(table.set(...IPV4, 2, 1, NUD_REACHABLE, 0, 0) >= 0);
  t.equal(table.set(0, 0, 0xffff, 1, 1, 1, NUD_REACHABLE, 0, 0), -1);
  t.equal(table.macHigh(table.find(...IPV4)), 2);
});

t.test('changing one field leaves the others', async (t) => {
  const table = new NeighbourTable();
  const entry = table.set(...IPV4, 3, 0xffff, NUD_REACHABLE, ORIGIN_OWN, 0);
  table.setState(entry, 0xff);
  t.same([table.macLow(entry), table.state(entry), table.flags(entry)], [0xffff, 0xff, ORIGIN_OWN]);
  table.setFlags(entry, 0xff);
  table.setState(entry, 0);
  t.same([table.macLow(entry), table.state(entry), table.flags(entry)], [0xffff, 0, 0xff]);
  table.touchUpdated(entry, 0xffffffff);
  t.same([table.used(entry), table.updated(entry)], [0, 0xffffffff]);
});

t.test('refuses a malformed MAC', async (t) => {
  const table = new NeighbourTable();
  t.throws(() => table.set(...IPV4, 1, 0x10000, 2, 0, 0), RangeError);
  t.equal(table.count, 0);
});

t.test('only connected states are answered for', async (t) => {
  t.equal(neighbour.NUD_CONNECTED, 0xc2);
});
