import t from 'tap';
import { ratio, verdict, type Figure } from '../../perf/suite/figure.js';
import { spread } from '../../perf/suite/statistics.js';

const figure = (change: Partial<Figure>): Figure => ({
  name: 'x',
  unit: 'u',
  digits: 1,
  samples: {},
  ...change,
});

t.test('a median is the middle sample, or the mean of the two in the middle', async (t) => {
  t.strictSame(spread([9, 1, 5]), { median: 5, min: 1, max: 9 });
  t.strictSame(spread([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
  t.throws(() => spread([]), RangeError);
});

t.test('a ratio compares medians, not best runs', async (t) => {
  t.equal(ratio(figure({ samples: { uvtep: [1, 2, 30], kernel: [4, 4, 4] } })), 0.5);
  t.equal(ratio(figure({ samples: { uvtep: [1] } })), undefined, 'without the kernel there is none');
  t.equal(ratio(figure({ samples: { uvtep: [0], kernel: [0] } })), undefined, 'nor over nothing');
});

t.test('a bar on the ratio', async (t) => {
  const samples = { uvtep: [4, 5, 6], kernel: [10, 10, 10] };
  t.equal(verdict(figure({ samples, bar: { ratio: 0.5 } })), 'met');
  t.equal(verdict(figure({ samples, bar: { ratio: 0.51 } })), 'missed');
  t.equal(verdict(figure({ samples: { kernel: [1] }, bar: { ratio: 0.5 } })), 'not measured');
});

t.test('a bar on the figure itself holds for the worst sample', async (t) => {
  t.equal(verdict(figure({ samples: { uvtep: [0, 0, 0] }, bar: { atMost: 0 } })), 'met');
  t.equal(verdict(figure({ samples: { uvtep: [0, 1, 0] }, bar: { atMost: 0 } })), 'missed');
  t.equal(verdict(figure({ bar: { atMost: 0 } })), 'not measured');
  const doubtful = figure({
    samples: { uvtep: [0] },
    bar: { atMost: 0 },
    missing: 'the source was too slow',
  });
  t.equal(verdict(doubtful), 'not measured', 'a figure that was not taken as it should be meets nothing');
});
