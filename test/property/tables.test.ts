/** Every table against a Map: any sequence of changes, each followed by a self check and a comparison. */
import fc from 'fast-check';
import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import { FdbTable } from '../../lib/table/fdb.js';
import { MdbTable } from '../../lib/table/mdb.js';
import { NeighbourTable } from '../../lib/table/neighbour.js';
import { RemoteLists } from '../../lib/table/remote-list.js';
import { RemoteTable } from '../../lib/table/remote.js';
import { maskOf } from '../../lib/table/prefix.js';
import { type RouteShare, RouteTable } from '../../lib/table/route.js';

/** Few seeds, so that some sequences fall into clusters; few keys, so that they meet again and again. */
const seed = fc.constantFrom(0, 1, 0xdeadbeef);
/** What the reader of the table does between two changes: nothing, or pass a quiescent state. */
const quiescent = fc.boolean();

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function same<T>(actual: T[], expected: T[], what: string): void {
  check(actual.join() === expected.join(), `${what}: ${actual.join()}, expected ${expected.join()}`);
}

t.test('FDB', async () => {
  const step = fc.record({
    do: fc.constantFrom(
      'put' as const,
      'put' as const,
      'remove' as const,
      'remotes' as const,
      'state' as const,
    ),
    key: fc.nat(11),
    value: fc.integer({ min: -1_000, max: 1_000 }),
    quiescent,
  });
  interface Model {
    remotes: number;
    state: number;
  }
  fc.assert(
    fc.property(seed, fc.array(step, { maxLength: 120 }), (seed, steps) => {
      const epochs = new Epochs(1);
      const table = new FdbTable({ seed, epochs, limit: 9 });
      const reader = FdbTable.attach(table.share());
      /** Insertion order, as Map keeps it. */
      const model = new Map<number, Model>();
      const key = (n: number): [number, number, number] => [n & 1, (n >> 1) % 3, n >> 2];
      epochs.enter(0);
      for (const { do: action, key: n, value, quiescent } of steps) {
        const entry = table.find(...key(n));
        const known = model.get(n);
        check(entry >= 0 === (known !== undefined), `key ${n} is${known ? ' not' : ''} found`);
        if (action === 'put' && entry < 0) {
          const added = table.insert(...key(n), value, value & 0xff, value & 0xffff, 0);
          check(added >= 0 === model.size < 9, 'the limit is kept');
          if (added >= 0) model.set(n, { remotes: value, state: value & 0xff });
        } else if (known && action === 'remove') {
          table.remove(entry);
          model.delete(n);
        } else if (known && action === 'remotes') {
          table.setRemotes(entry, (known.remotes = value));
        } else if (known && action === 'state') {
          table.setState(entry, (known.state = value & 0xff));
        }
        if (quiescent) epochs.enter(0);
        table.selfCheck();
        check(table.count === model.size, `count ${table.count}`);
        const newest = [...model].reverse();
        const numbers = [...table.entries()];
        const picture = (view: FdbTable): string[] =>
          numbers.map((e) => `${view.remotes(e)}/${view.state(e)}`);
        const expected = newest.map(([, { remotes, state }]) => `${remotes}/${state}`);
        same(picture(table), expected, 'the writer sees');
        same(picture(reader), expected, 'a reader sees');
        newest.forEach(([n], i) => check(reader.find(...key(n)) === numbers[i], `a reader finds key ${n}`));
      }
    }),
    { numRuns: 200 },
  );
});

t.test('FDB: growth and tombstones', async () => {
  const round = fc.record({ add: fc.nat(300), remove: fc.nat(300), stride: fc.integer({ min: 1, max: 7 }) });
  fc.assert(
    fc.property(seed, fc.array(round, { minLength: 1, maxLength: 12 }), (seed, rounds) => {
      const table = new FdbTable({ seed });
      const model = new Map<number, number>();
      let next = 0;
      for (const { add, remove, stride } of rounds) {
        for (let i = 0; i < add; i++, next++) {
          model.set(next, table.insert(0x02000000, next, 1, next, 2, 0, 0));
        }
        const present = [...model.keys()];
        for (let i = 0; i < Math.min(remove, present.length); i++) {
          const key = present[(i * stride) % present.length];
          const entry = model.get(key);
          if (entry === undefined) continue;
          table.remove(entry);
          model.delete(key);
        }
        table.selfCheck();
        for (let key = 0; key < next; key++) {
          check(table.find(0x02000000, key, 1) === (model.get(key) ?? -1), `key ${key}`);
        }
        same(
          [...table.entries()].map((entry) => table.remotes(entry)),
          [...model.keys()].reverse(),
          'order',
        );
      }
    }),
    { numRuns: 40 },
  );
});

t.test('MDB', async () => {
  const step = fc.record({
    remove: fc.boolean(),
    group: fc.nat(3),
    source: fc.nat(2),
    vni: fc.nat(1),
    value: fc.integer({ min: -1_000, max: 1_000 }),
    quiescent,
  });
  type Words = [number, number, number, number];
  const groups: Words[] = [
    [0, 0, 0xffff, 0xef010101 | 0],
    [0, 0, 0xffff, 0],
    [0, 0, 0, 0],
    [0xff0e0000 | 0, 0, 0, 1],
  ];
  const sources: Words[] = [
    [0, 0, 0, 0],
    [0, 0, 0xffff, 0x0a000001],
    [0x20010db8, 0, 0, 1],
  ];
  fc.assert(
    fc.property(seed, fc.array(step, { maxLength: 120 }), (seed, steps) => {
      const epochs = new Epochs(1);
      const table = new MdbTable({ seed, epochs, limit: 9 });
      const reader = MdbTable.attach(table.share());
      const model = new Map<string, number>();
      epochs.enter(0);
      for (const { remove, group, source, vni, value, quiescent } of steps) {
        const key = `${group} ${source} ${vni}`;
        const entry = table.find(...groups[group], ...sources[source], vni);
        check(entry >= 0 === model.has(key), `${key} is${model.has(key) ? ' not' : ''} found`);
        if (entry < 0) {
          const added = table.insert(groups[group], sources[source], vni, value);
          check(added >= 0 === model.size < 9, 'the limit is kept');
          if (added >= 0) model.set(key, value);
        } else if (remove) {
          table.remove(entry);
          model.delete(key);
        } else {
          table.setRemotes(entry, value);
          model.set(key, value);
        }
        if (quiescent) epochs.enter(0);
        table.selfCheck();
        for (const [known, remotes] of model) {
          const [g, s, v] = known.split(' ').map(Number);
          const found = reader.find(...groups[g], ...sources[s], v);
          check(found >= 0 && reader.remotes(found) === remotes, `a reader finds ${known}`);
        }
        same([...table.entries()].map((e) => table.remotes(e)).sort(), [...model.values()].sort(), 'remotes');
      }
    }),
    { numRuns: 200 },
  );
});

t.test('neighbours', async () => {
  const step = fc.record({
    remove: fc.boolean(),
    address: fc.nat(7),
    mac: fc.nat(3),
    state: fc.nat(255),
    quiescent,
  });
  fc.assert(
    fc.property(seed, fc.array(step, { maxLength: 100 }), (seed, steps) => {
      const epochs = new Epochs(1);
      const table = new NeighbourTable({ seed, epochs });
      const model = new Map<number, string>();
      epochs.enter(0);
      for (const { remove, address, mac, state, quiescent } of steps) {
        const words = [address & 1, 0, address & 2, address] as const;
        if (remove) {
          const entry = table.find(...words);
          check(entry >= 0 === model.delete(address), `address ${address}`);
          if (entry >= 0) table.remove(entry);
        } else {
          table.set(...words, mac, mac & 1, state, 0, 0);
          model.set(address, `${mac}/${mac & 1}/${state}`);
        }
        if (quiescent) epochs.enter(0);
        table.selfCheck();
        same(
          [...table.entries()].map((e) => `${table.macHigh(e)}/${table.macLow(e)}/${table.state(e)}`),
          [...model.values()].reverse(),
          'newest first, a changed one in its place',
        );
      }
    }),
    { numRuns: 200 },
  );
});

t.test('remotes and their lists', async () => {
  const list = fc.array(fc.nat(5), { minLength: 1, maxLength: 6 });
  const step = fc.record({ list, key: fc.nat(4), remove: fc.boolean(), quiescent });
  fc.assert(
    fc.property(seed, fc.array(step, { maxLength: 80 }), (seed, steps) => {
      const epochs = new Epochs(1);
      const remotes = new RemoteTable({ seed, epochs });
      const lists = new RemoteLists({ epochs, capacity: 1_024 });
      const model = new Map<number, { id: number; addresses: number[] }>();
      epochs.enter(0);
      for (const { list: addresses, key, remove, quiescent } of steps) {
        const old = model.get(key);
        if (!remove) {
          const id = lists.create(
            addresses.map((address) => remotes.intern(0, 0, 0xffff, address, 0, -1, 0)),
          );
          model.set(key, { id, addresses });
        } else model.delete(key);
        if (old) {
          const indexes = old.addresses.map((_, i) => lists.at(old.id, i));
          lists.free(old.id);
          for (const index of indexes) remotes.release(index);
        }
        if (quiescent) epochs.enter(0);
        remotes.selfCheck();
        lists.selfCheck();
        const references = [0, 0, 0, 0, 0, 0];
        for (const { id, addresses } of model.values()) {
          const found = addresses.map((_, i) => remotes.address3(lists.at(id, i)));
          same(found, addresses, `list ${id}`);
          check(lists.length(id) === addresses.length, `length of list ${id}`);
          for (const address of addresses) references[address]++;
        }
        references.forEach((count, address) => {
          const index = remotes.find(0, 0, 0xffff, address, 0, -1, 0);
          check(count === (index < 0 ? 0 : remotes.references(index)), `${count} references to ${address}`);
        });
      }
    }),
    { numRuns: 200 },
  );
});

t.test('routes: the same answer as trying every prefix', async () => {
  const word = fc.constantFrom(0, -1, 0x20010db8, 0x0a140200, 0x0a140000, 1, 0x80000000 | 0);
  const address = fc.oneof(
    fc.record({
      family: fc.constant(4 as const),
      words: fc.tuple(fc.constant(0), fc.constant(0), fc.constant(0xffff), word),
    }),
    fc.record({ family: fc.constant(6 as const), words: fc.tuple(word, word, word, word) }),
  );
  const step = fc.record({ address, length: fc.nat(128), remove: fc.boolean(), hop: fc.nat(3), quiescent });
  const bits = (words: readonly number[], count: number): string =>
    words
      .map((word) => (word >>> 0).toString(2).padStart(32, '0'))
      .join('')
      .slice(0, count);
  const isMapped = (words: readonly number[]): boolean =>
    words[0] === 0 && words[1] === 0 && words[2] === 0xffff;

  fc.assert(
    fc.property(
      seed,
      fc.array(step, { maxLength: 60 }),
      fc.array(address, { maxLength: 20 }),
      (seed, steps, probes) => {
        const epochs = new Epochs(1);
        const table = new RouteTable({ seed, epochs });
        /** Leading bits of the prefix, within its family -> next hop. */
        const model = new Map<string, number>();
        epochs.enter(0);
        for (const { address, length: wanted, remove, hop, quiescent } of steps) {
          const { family } = address;
          const length = family === 4 ? wanted % 33 : wanted;
          const offset = family === 4 ? 96 : 0;
          const kept = bits(address.words, offset + length).padEnd(128, '0');
          const words = [0, 32, 64, 96].map((at) => Number.parseInt(kept.slice(at, at + 32), 2) | 0);
          const prefix = words as [number, number, number, number];
          if (family === 6 && isMapped(prefix) && length >= 96) continue;
          const key = `${family}:${bits(prefix, offset + length)}`;
          const entry = table.find(...prefix, length, family);
          check(entry >= 0 === model.has(key), `${key} is${entry < 0 ? ' not' : ''} found`);
          if (!remove) {
            table.set(...prefix, length, family, hop, 0, 0, hop, hop);
            model.set(key, hop);
          } else if (entry >= 0) {
            table.remove(entry);
            model.delete(key);
          }
          if (quiescent) epochs.enter(0);
          table.selfCheck();
          for (const { words } of [...probes, address]) {
            const family = isMapped(words) ? 4 : 6;
            let expected: number | undefined;
            for (let length = 128; length >= (family === 4 ? 96 : 0) && expected === undefined; length--) {
              expected = model.get(`${family}:${bits(words, length)}`);
            }
            const found = table.lookup(words[0], words[1], words[2], words[3]);
            check(
              (found < 0 ? undefined : table.nextHop3(found)) === expected,
              `${words.join()}: expected ${expected}`,
            );
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

t.test('routes: growth, dense and scattered, and back', async () => {
  const round = fc.record({
    add: fc.nat(1_500),
    remove: fc.nat(1_500),
    /** Bits of the addresses that differ: few make them dense. */
    spread: fc.integer({ min: 4, max: 24 }),
    family: fc.constantFrom(4 as const, 6 as const),
    random: fc.integer(),
    quiescent,
  });
  fc.assert(
    fc.property(seed, fc.array(round, { minLength: 1, maxLength: 6 }), (seed, rounds) => {
      const epochs = new Epochs(1);
      let share: RouteShare | undefined;
      const table = new RouteTable({ seed, epochs, onGrow: (grown) => (share = grown) });
      const reader = RouteTable.attach(table.share());
      const model = new Map<
        string,
        { words: [number, number, number, number]; length: number; hop: number }
      >();
      epochs.leave(0);
      for (const { add, remove, spread, family, random, quiescent } of rounds) {
        const next = xorshift(random);
        for (let i = 0; i < add; i++) {
          const length = family === 4 ? 32 - (next() % 25) : 64 - (next() % 40);
          const bits = (0x0a000000 | (next() % 2 ** spread)) & maskOf(0, family === 4 ? length : length - 32);
          const words: [number, number, number, number] =
            family === 4
              ? [0, 0, 0xffff, bits]
              : [0xfd000000 & maskOf(0, length), bits & maskOf(1, length), 0, 0];
          const hop = next() % 40;
          table.set(...words, length, family, 0, 0, 0, hop, hop);
          model.set(`${family}/${words.join()}/${length}`, { words, length, hop });
        }
        for (const [key, { words, length }] of [...model].slice(0, remove)) {
          table.remove(table.find(...words, length, key[0] === '4' ? 4 : 6));
          model.delete(key);
        }
        if (quiescent && share) reader.adopt(share);
        table.selfCheck();
        check(table.count === model.size, `${table.count} routes, expected ${model.size}`);
        if (share) reader.adopt(share);
        for (const [key, { words, length, hop }] of model) {
          const found = reader.lookup(...words);
          // A longer prefix may begin with the same bits and zeroes; otherwise it is this one.
          check(reader.length(found) >= length, `${key} is not found`);
          if (reader.length(found) === length)
            check(reader.nextHop3(found) === hop, `${key} has another hop`);
        }
      }
    }),
    { numRuns: 25 },
  );
});

/** Unsigned numbers without pattern, the same for the same start. */
function xorshift(start: number): () => number {
  let x = start | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}
