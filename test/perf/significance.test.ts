import t from 'tap';
import { leastP, mannWhitney } from '../../perf/suite/significance.js';

/** To the third digit. */
function near(t: Pick<typeof import('tap').t, 'ok'>, found: number, wanted: number, what: string): void {
  t.ok(Math.abs(found - wanted) < 0.0005, `${what}: ${found} is about ${wanted}`);
}

t.test('p of sets that do not overlap is two ways of all', async (t) => {
  near(t, mannWhitney([1, 2, 3], [4, 5, 6]), 2 / 20, 'three and three');
  near(t, mannWhitney([9, 8, 7, 6, 5], [1, 2, 3, 4]), 2 / 126, 'five and four, the other way round');
  t.equal(leastP(3, 3), 2 / 20);
  t.equal(leastP(5, 4), 2 / 126);
  t.equal(leastP(1, 1), 1, 'one and one never tell anything');
});

t.test('p of overlapping sets', async (t) => {
  near(t, mannWhitney([19, 22, 16, 29, 24], [20, 11, 17, 12]), 0.1111, "the example of SciPy's mannwhitneyu");
  // Five of 16 pairs have the first greater: 17 of 70 ways give five or fewer, as many give eleven or more.
  near(t, mannWhitney([1.1, 2.2, 3.3, 4.4], [2.0, 3.0, 5.0, 6.0]), 34 / 70, 'counted by hand');
});

t.test('ties share their ranks', async (t) => {
  t.equal(mannWhitney([5, 5, 5, 5], [5, 5, 5, 5]), 1, 'nothing but ties tells nothing');
  t.equal(mannWhitney([0, 0, 0, 0, 0], [0, 0, 0, 0, 7]), 1, 'one odd sample in ten');
  near(t, mannWhitney([0, 0, 0, 0, 0], [7, 7, 7, 7, 7]), 2 / 252, 'two values, parted');
});

t.test('many samples are judged by the normal approximation, which agrees', async (t) => {
  const a = Array.from({ length: 25 }, (_, index) => index * 2);
  const b = Array.from({ length: 25 }, (_, index) => index * 2 + 7);
  const exact = mannWhitney(a, b);
  const approximate = mannWhitney([...a, 24.5], b);
  t.ok(Math.abs(exact - approximate) < 0.02, `${exact} of 50 samples, ${approximate} of 51`);
  const far = mannWhitney(a, b.map((value) => value + 100).concat(1000));
  t.ok(far < 1e-8, `far apart: ${far}`);
  const same = Array.from({ length: 30 }, () => 4);
  t.equal(mannWhitney(same, same), 1, 'nothing but ties');
});
