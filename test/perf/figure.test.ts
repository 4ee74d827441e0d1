import t from 'tap';
import { ratio, reached, verdict, type Figure } from '../../perf/suite/figure.js';
import { spread } from '../../perf/suite/statistics.js';

const figure = (change: Partial<Figure>): Figure => ({
  id: 'group/x',
  name: 'x',
  unit: 'u',
  digits: 1,
  better: 'more',
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
  t.equal(ratio(figure({ samples: { vde: [8], veth: [16] } }), 'vde', 'veth'), 0.5);
  t.equal(ratio(figure({ samples: { uvtep: [1] } })), undefined, 'without the kernel there is none');
  t.equal(ratio(figure({ samples: { uvtep: [0], kernel: [0] } })), undefined, 'nor over nothing');
});

t.test('a bar on the ratio', async (t) => {
  const samples = { uvtep: [4, 5, 6], kernel: [10, 10, 10] };
  t.equal(verdict(figure({ samples }), { against: 'kernel', atLeast: 0.5 }), 'met');
  t.equal(verdict(figure({ samples }), { against: 'kernel', atLeast: 0.4, stretch: 0.5 }), 'stretch');
  t.equal(verdict(figure({ samples }), { against: 'kernel', atLeast: 0.51, stretch: 0.6 }), 'missed');
  t.equal(verdict(figure({ samples: { kernel: [1] } }), { against: 'kernel', atLeast: 0.5 }), 'not measured');
  t.equal(verdict(figure({ samples }), { against: 'kernel', atMost: 0.95, stretch: 0.4 }), 'met');
});

t.test('a bar on the figure itself judges the median, or every sample', async (t) => {
  const samples = { uvtep: [10, 50, 70], 'uvtep-spin': [18] };
  t.equal(verdict(figure({ samples }), { atMost: 60 }), 'met');
  t.equal(verdict(figure({ samples }), { atMost: 60, worst: true }), 'missed');
  t.equal(verdict(figure({ samples }), { atLeast: 10, worst: true }), 'met');
  t.equal(verdict(figure({ samples }), { of: 'uvtep-spin', atMost: 30, stretch: 18 }), 'stretch');
  t.equal(reached(figure({ samples }), { atMost: 60, worst: true }), 70);
  t.equal(verdict(figure({}), { atMost: 0 }), 'not measured');
  const doubtful = figure({ samples: { uvtep: [0] }, missing: { all: 'the source was too slow' } });
  t.equal(
    verdict(doubtful, { atMost: 0 }),
    'not measured',
    'a figure that was not taken as it should be meets nothing',
  );
});
