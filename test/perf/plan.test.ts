import t from 'tap';
import { BENCHES } from '../../perf/suite/benches.js';
import { DEFAULT_LAYOUT, NO_TUNNEL } from '../../perf/suite/layouts.js';
import {
  choose,
  estimate,
  figureIds,
  grouped,
  secondsOf,
  subjectsOf,
  type Bench,
} from '../../perf/suite/plan.js';

const bench = (id: string, change: Partial<Bench> = {}): Bench => ({
  id,
  name: id,
  subjects: ['uvtep', 'kernel'],
  full: { rounds: 5, seconds: 3 },
  run: async () => [],
  ...change,
});

const ids = (...args: Parameters<typeof choose>): string[] => choose(...args).map((one) => one.bench.id);

t.test('a run takes the suite, or what a name begins', async (t) => {
  const quick = { rounds: 1, seconds: 0.5 };
  const benches = [
    bench('a/udp/64', { quick }),
    bench('a/udp6/64'),
    bench('b/cost', { figures: ['b/cost/whole', 'a/lost'] }),
  ];
  t.same(ids(benches, 'full', []), ['a/udp/64', 'a/udp6/64', 'b/cost']);
  t.same(ids(benches, 'quick', []), ['a/udp/64'], 'the quick one takes what has a quick effort');
  t.same(ids(benches, 'full', ['a/udp']), ['a/udp/64'], 'a name ends where a part of the path does');
  t.same(ids(benches, 'full', ['a']), ['a/udp/64', 'a/udp6/64', 'b/cost'], 'a figure names its bench too');
  t.same(ids(benches, 'full', ['b/cost/', 'a/udp/64']), ['a/udp/64', 'b/cost'], 'in the order of the list');
  t.throws(() => choose(benches, 'full', ['a', 'x/y']), {
    message: '"x/y" begins no bench; `npm run perf -- list` shows them, such as a/udp/64',
  });
});

t.test('what is no part of the quick run is shortened when it is named', async (t) => {
  const quick = { rounds: 1, seconds: 0.5, subjects: ['uvtep'] as const };
  const [named, own] = choose([bench('a'), bench('b', { quick })], 'quick', ['a', 'b']);
  t.same(named!.effort, { rounds: 2, seconds: 1 });
  t.same(own!.effort, quick);
  t.same(subjectsOf(named!), ['uvtep', 'kernel']);
  t.same(subjectsOf(own!), ['uvtep']);
});

t.test('neighbours on one layout share their beds', async (t) => {
  const choices = choose(
    [
      bench('a', { layout: DEFAULT_LAYOUT }),
      bench('b', { layout: { ...DEFAULT_LAYOUT }, subjects: ['uvtep', 'vde'] }),
      bench('c'),
      bench('d', { layout: DEFAULT_LAYOUT }),
      bench('e', { layout: NO_TUNNEL }),
    ],
    'full',
    [],
  );
  const groups = grouped(choices).map((group) => group.choices.map((one) => one.bench.id).join());
  t.same(groups, ['a,b', 'c', 'd', 'e']);
  t.same(grouped(choices)[0]!.subjects, ['uvtep', 'kernel', 'vde']);
  t.same(grouped(choices)[1]!.subjects, [], 'a bench without a layout has no beds');
});

t.test('the estimate counts samples and beds', async (t) => {
  const one = choose([bench('a', { layout: DEFAULT_LAYOUT })], 'full', []);
  const samples = secondsOf(one[0]!);
  t.ok(samples > 5 * 2 * 3 && samples < 5 * 2 * 3 + 3, 'rounds x subjects x seconds, and a little');
  t.ok(estimate(one) > samples + 1, 'and its daemons have to start');
});

t.test('the suite itself', async (t) => {
  const quick = choose(BENCHES, 'quick', []);
  t.ok(estimate(quick) <= 120, `the quick run takes two minutes at most: ${estimate(quick).toFixed(0)} s`);
  const full = estimate(choose(BENCHES, 'full', []));
  t.ok(full <= 1800, `the full one half an hour at most: ${full.toFixed(0)} s`);
  const all = BENCHES.flatMap(figureIds);
  t.same(all, [...new Set(all)], 'every figure has an id of its own');
  t.same(BENCHES.map(({ id }) => id).length, new Set(BENCHES.map(({ id }) => id)).size);
  const names = BENCHES.map(({ name }) => name);
  t.same(names, [...new Set(names)], 'the progress line tells benches apart');
  for (const { id, quick: effort, subjects } of BENCHES)
    for (const subject of effort?.subjects ?? [])
      t.ok(subjects.includes(subject), `${id}: its quick run measures what it measures`);
  for (const name of ['throughput', 'latency/flood', 'scale', 'micro', 'cost'])
    t.ok(choose(BENCHES, 'full', [name]).length > 0, name);
});
