/** The multicast table: keys of a group, a source and a VNI. */
import t from 'tap';
import { MdbTable, NOBODY } from '../../lib/table/mdb.js';
import { parseAddress } from '../../lib/wire/text.js';

const words = (text: string): Int32Array => parseAddress(text)!;
const ANY = new Int32Array(4);

function find(table: MdbTable, group: string, source: string | undefined, vni = 42): number {
  const [g0, g1, g2, g3] = words(group);
  const [s0, s1, s2, s3] = source === undefined ? ANY : words(source);
  return table.find(g0, g1, g2, g3, s0, s1, s2, s3, vni);
}

t.test('each part of the key tells entries apart', async (t) => {
  const table = new MdbTable({ seed: 1 });
  const keys: [string, string | undefined, number][] = [
    ['239.1.1.1', undefined, 42],
    ['239.1.1.1', undefined, 43],
    ['239.1.1.2', undefined, 42],
    ['239.1.1.1', '10.0.0.1', 42],
    ['239.1.1.1', '10.0.0.2', 42],
    ['ff0e::1', undefined, 42],
    ['ff0e::1', '2001:db8::1', 42],
    ['0.0.0.0', undefined, 42],
    ['::', undefined, 42],
  ];
  const entries = keys.map(([group, source, vni], i) =>
    table.insert(words(group), source === undefined ? ANY : words(source), vni, i),
  );
  t.equal(new Set(entries).size, keys.length);
  keys.forEach(([group, source, vni], i) => {
    t.equal(find(table, group, source, vni), entries[i], `${group} ${source} ${vni}`);
    t.equal(table.remotes(entries[i]), i);
  });
  t.equal(find(table, '239.1.1.3', undefined), -1);
  table.selfCheck();
});

t.test('remotes change at once, an entry goes, a key is there once', async (t) => {
  const table = new MdbTable({ seed: 2 });
  const entry = table.insert(words('239.1.1.1'), ANY, 42, ~5);
  t.equal(table.remotes(entry), ~5);
  table.setRemotes(entry, NOBODY);
  t.equal(table.remotes(entry), NOBODY);
  t.throws(() => table.insert(words('239.1.1.1'), ANY, 42, 1), /has an entry/);
  table.remove(entry);
  t.equal(find(table, '239.1.1.1', undefined), -1);
  table.selfCheck();
});

t.test('a reader follows growth', async (t) => {
  let share = undefined as ReturnType<MdbTable['share']> | undefined;
  const table = new MdbTable({ seed: 3, capacity: 4, onGrow: (next) => (share = next) });
  const reader = MdbTable.attach(table.share());
  for (let i = 0; i < 500; i++) table.insert(Int32Array.of(0, 0, 0xffff, 0xef000000 | i), ANY, 42, i);
  t.ok(share);
  reader.adopt(share!);
  for (let i = 0; i < 500; i++) {
    if (reader.remotes(reader.find(0, 0, 0xffff, 0xef000000 | i, 0, 0, 0, 0, 42)) !== i) t.fail(`group ${i}`);
  }
  t.equal(table.count, 500);
});
