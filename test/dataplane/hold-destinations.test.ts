/** The destinations of the hold queue against a Map: any sequence of begin, remove and find. */
import fc from 'fast-check';
import t from 'tap';
import {
  COUNT,
  FIRST,
  HoldDestinations,
  KEY,
  KIND,
  LAST,
  NONE,
  OF_DEVICE,
} from '../../lib/dataplane/hold-destinations.js';

type Key = [number, number, number, number, number, number];

/** Few devices, kinds and words, so that keys differ in one place only. */
const key: fc.Arbitrary<Key> = fc.tuple(
  fc.nat(1),
  fc.integer({ min: 1, max: 2 }),
  fc.constantFrom(0, 0x02000000, -1),
  fc.nat(1),
  fc.constantFrom(0, 0xffff),
  fc.nat(1),
);

t.test('like a Map', async (t) => {
  const step = fc.record({ remove: fc.boolean(), key });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new HoldDestinations();
      table.prepare(8);
      const model = new Map<string, number>();
      for (const { remove, key } of steps) {
        const at = table.find(...key);
        if (at !== (model.get(key.join()) ?? NONE)) throw new Error(`${key.join()} is at ${at}`);
        if (remove && at !== NONE) {
          table.remove(at);
          table.free(at);
          model.delete(key.join());
        } else if (!remove && at === NONE && model.size < 8) {
          const made = table.begin(...key);
          const w = table.words.slice(made, made + 10);
          const expected = [key[0], key[1], ...key.slice(2)];
          if ([w[OF_DEVICE], w[KIND], ...w.slice(KEY, KEY + 4)].join() !== expected.join())
            throw new Error('key');
          if (w[FIRST] !== NONE || w[LAST] !== NONE || w[COUNT] !== 0) throw new Error('not empty');
          if ([...model.values()].includes(made)) throw new Error('two in one place');
          model.set(key.join(), made);
        }
        const places = Array.from({ length: table.count }, (_, place) => table.at(place)).sort(
          (a, b) => a - b,
        );
        if (places.join() !== [...model.values()].sort((a, b) => a - b).join()) throw new Error('places');
      }
    }),
    { numRuns: 300 },
  );
  t.pass('300 sequences');
});

t.test('all of many are found, and none else', async (t) => {
  const table = new HoldDestinations();
  table.prepare(4_096);
  for (let n = 0; n < 4_096; n++) table.begin(n & 3, 1, 0x02000000 + (n >> 8), n & 255, 0, 0);
  t.equal(table.count, 4_096);
  let found = 0;
  for (let n = 0; n < 4_096; n++)
    if (table.find(n & 3, 1, 0x02000000 + (n >> 8), n & 255, 0, 0) !== NONE) found++;
  t.equal(found, 4_096);
  t.equal(table.find(0, 1, 0x02000000, 1, 0, 0), NONE);
});
