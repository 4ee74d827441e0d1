import t from 'tap';
import { prefixes, within } from '../../perf/scale/tables/keys.js';
import { tableScale } from '../../perf/scale/tables/main.js';
import { type Filled, measure, type Subject } from '../../perf/scale/tables/subject.js';
import { verdict } from '../../perf/suite/figure.js';

t.test('every table at every size: ids, curves, samples', async (t) => {
  const said: string[] = [];
  const figures = await tableScale({ seconds: 1, most: 100 }, (what) => said.push(what));
  t.equal(said.length, 8, said.join('; '));
  t.equal(new Set(figures.map(({ id }) => id)).size, figures.length, 'ids are unique');
  for (const table of ['fdb', 'neighbours', 'routes4', 'routes6']) {
    for (const what of ['insert', 'lookup-hit', 'lookup-miss', 'bytes', 'flush']) {
      for (const size of [1, 100]) {
        const figure = figures.find(({ id }) => id === `scale/${table}/${what}/${size}`);
        t.equal(figure?.at?.value, size, `${table} ${what} ${size}`);
        t.equal(figure?.curve, `scale/${table}/${what}`);
        t.ok(figure!.samples.uvtep!.every((sample) => sample > 0 && Number.isFinite(sample)));
        t.equal(figure!.samples.uvtep!.length, what === 'bytes' ? 1 : 3);
      }
    }
  }
  t.equal(figures.find(({ id }) => id === 'scale/fdb/insert/1')!.better, 'more');
  t.ok(
    figures.every(({ bars }) => bars === undefined),
    'bars are for a million',
  );
});

/** A table whose lookups find `found` of 4. */
function subject(found: number): Subject {
  const table: Filled = { bytes: 300, clear: () => undefined };
  const lookup = { id: 'lookup-hit', name: 'x', asked: 4, expected: 4, run: () => found };
  const populate = (): ReturnType<Subject['populate']> => ({
    make: () => table,
    fill: () => undefined,
    lookups: () => [lookup],
  });
  return { id: 'x', axis: 'entries', most: 10, populate, bars: { bytes: { atMost: 40, stretch: 30 } } };
}

t.test('a lookup that does not find what it asks for is no measurement', async (t) => {
  t.throws(() => measure(subject(3), 10, 1), {
    message: 'x, lookup-hit, 10 entries: 3 of 4 found, expected 4',
  });
});

t.test('a bar stands on the figure of the greatest size', async (t) => {
  const figures = measure(subject(4), 10, 2);
  const bytes = figures.find(({ id }) => id === 'scale/x/bytes/10')!;
  t.same(bytes.samples.uvtep, [30]);
  t.equal(verdict(bytes, bytes.bars![0]!), 'stretch');
  t.equal(measure(subject(4), 9, 2).find(({ id }) => id === 'scale/x/bytes/9')!.bars, undefined);
});

t.test(
  'prefixes differ, have no bits beyond their length, and cover what is said to be within',
  async (t) => {
    for (const family of [4, 6] as const) {
      const { words, lengths } = prefixes(family, 5_000);
      const seen = new Set<string>();
      for (let i = 0; i < 5_000; i++) {
        const prefix = words.subarray(4 * i, 4 * i + 4);
        seen.add(`${prefix.join()}/${lengths[i]}`);
        const address = new Int32Array(4);
        within({ words, lengths }, i, () => 0xffffffff, address, 0);
        const length = lengths[i]! + (family === 4 ? 96 : 0);
        const bits = (of: Int32Array): string =>
          Array.from(of, (word) => (word >>> 0).toString(2).padStart(32, '0')).join('');
        if (bits(address) !== bits(prefix).slice(0, length).padEnd(128, '1'))
          t.fail(`${prefix.join()}/${length}`);
      }
      t.equal(seen.size, 5_000);
      t.ok(new Set(lengths).size >= 20, `${new Set(lengths).size} lengths`);
    }
  },
);
