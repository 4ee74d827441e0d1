import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import { RemoteTable } from '../../lib/table/remote.js';

const ADDRESS = [0, 0, 0xffff, 0xc0a86403 | 0] as const;

t.test('one index for one remote, however often it is asked for', async (t) => {
  const table = new RemoteTable();
  const index = table.intern(...ADDRESS, 4789, -1, 0);
  t.equal(table.intern(...ADDRESS, 4789, -1, 0), index);
  t.equal(table.intern(0, 0, 0xffff, 0xc0a86403, 4789, -1, 0), index, 'also by an unsigned word');
  t.equal(table.count, 1);
  t.equal(table.references(index), 3);
});

t.test('workers read its columns', async (t) => {
  const table = new RemoteTable();
  const reader = RemoteTable.attach(table.share());
  const index = table.intern(0x20010db8, 1, 2, 3, 65_535, 0xffffff, 12);
  t.same(
    [reader.address0(index), reader.address1(index), reader.address2(index), reader.address3(index)],
    [0x20010db8, 1, 2, 3],
  );
  t.same([reader.port(index), reader.vni(index), reader.ifindex(index)], [65_535, 0xffffff, 12]);
});

t.test("every part of a remote counts; VNI 0 is not the device's", async (t) => {
  const table = new RemoteTable();
  const values = [
    [...ADDRESS, 0, -1, 0],
    [...ADDRESS, 0, 0, 0],
    [...ADDRESS, 4789, -1, 0],
    [...ADDRESS, 0, -1, 3],
    [1, 0, 0xffff, ADDRESS[3], 0, -1, 0],
    [0, 1, 0xffff, ADDRESS[3], 0, -1, 0],
    [0, 0, 0xfffe, ADDRESS[3], 0, -1, 0],
    [0, 0, 0xffff, 1, 0, -1, 0],
  ] as [number, number, number, number, number, number, number][];
  const indexes = values.map((value) => table.intern(...value));
  t.equal(new Set(indexes).size, values.length);
  values.forEach((value, i) => t.equal(table.find(...value), indexes[i]));
  table.selfCheck();
});

t.test('a port that it was heard from is where to send, and no part of its name', async (t) => {
  const table = new RemoteTable();
  const reader = RemoteTable.attach(table.share());
  const plain = table.intern(...ADDRESS, 0, -1, 0);
  const own = table.intern(...ADDRESS, 4_790, -1, 0);
  table.setHeardPort(plain, 65_535);
  t.same([reader.port(plain), reader.heardPort(plain), reader.sendPort(plain)], [0, 65_535, 65_535]);
  t.same([reader.port(own), reader.heardPort(own), reader.sendPort(own)], [4_790, 0, 4_790]);
  t.equal(table.find(...ADDRESS, 0, -1, 0), plain);
  t.equal(table.intern(...ADDRESS, 0, -1, 0), plain);
  table.setHeardPort(plain, 40_000);
  t.equal(reader.sendPort(plain), 40_000);
  for (let n = 0; n < 500; n++) table.intern(0, 0, 0xffff, n, 1 + n, -1, 0);
  t.equal(table.find(...ADDRESS, 0, -1, 0), plain, 'found after the table grew');
  t.equal(table.sendPort(plain), 40_000);
  table.selfCheck();
  table.setHeardPort(plain, 0);
  t.equal(table.sendPort(plain), 0);
});

t.test('goes with its last reference', async (t) => {
  const table = new RemoteTable();
  const index = table.intern(...ADDRESS, 0, -1, 0);
  table.retain(index);
  table.release(index);
  t.equal(table.references(index), 1);
  table.release(index);
  t.equal(table.references(index), 0);
  t.equal(table.find(...ADDRESS, 0, -1, 0), -1);
  t.throws(() => table.release(index), RangeError);
  t.throws(() => table.retain(index), RangeError);
  t.equal(table.references(table.intern(...ADDRESS, 0, -1, 0)), 1, 'and begins anew');
});

t.test('a released remote can be read until the readers have moved on', async (t) => {
  const epochs = new Epochs(1);
  const table = new RemoteTable({ epochs });
  const reader = RemoteTable.attach(table.share());
  const index = table.intern(...ADDRESS, 0, -1, 0);
  epochs.enter(0);
  table.release(index);
  t.not(table.intern(0, 0, 0xffff, 1, 0, -1, 0), index);
  t.equal(reader.address3(index), ADDRESS[3]);
  epochs.enter(0);
  t.equal(table.intern(0, 0, 0xffff, 2, 0, -1, 0), index);
});

t.test('a thousand remotes, and the limit', async (t) => {
  const table = new RemoteTable({ limit: 1_000 });
  for (let i = 0; i < 1_000; i++) t.ok(table.intern(0, 0, 0xffff, i, 0, -1, 0) >= 0);
  t.equal(table.intern(0, 0, 0xffff, 1_000, 0, -1, 0), -1);
  t.ok(table.intern(0, 0, 0xffff, 999, 0, -1, 0) >= 0, 'a known one is not refused');
  table.selfCheck();
});

/** Loses patience at once. */
class HastyEpochs extends Epochs {
  override synchronize(): void {
    super.synchronize(5);
  }
}

t.test('growing waits for the readers, and refuses to go on without one', async (t) => {
  const epochs = new HastyEpochs(1);
  const table = new RemoteTable({ epochs, capacity: 64 });
  for (let i = 0; i < 64; i++) table.intern(0, 0, 0xffff, i, 0, -1, 0);
  epochs.enter(0);
  for (let i = 0; i < 2; i++) {
    t.throws(() => table.intern(0, 0, 0xffff, 64, 0, -1, 0), { message: /readers 0 are in one burst/ });
    t.equal(table.count, 64);
    table.selfCheck();
  }
  epochs.leave(0);
  t.ok(table.intern(0, 0, 0xffff, 64, 0, -1, 0) >= 0);
  table.selfCheck();
});

t.test('what a path carries is kept while the table grows, and forgotten with the remote', async (t) => {
  const table = new RemoteTable({ seed: 1 });
  const first = table.intern(0, 0, 0xffff, 1, 0, -1, 0);
  t.equal(table.packetLimit(first), 0, 'not known at first');
  table.setPacketLimit(first, 1450);
  for (let i = 2; i < 1000; i++) table.intern(0, 0, 0xffff, i, 0, -1, 0);
  t.equal(table.packetLimit(first), 1450);
  t.equal(RemoteTable.attach(table.share()).packetLimit(first), 1450, 'to a reader as well');
  table.release(first);
  const again = Array.from({ length: 10 }, (_, i) => table.intern(0, 0, 0xffff, 2000 + i, 0, -1, 0));
  t.same(
    again.map((index) => table.packetLimit(index)),
    new Array(10).fill(0),
    'its place is reused clean',
  );
});
