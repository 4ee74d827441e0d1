import t from 'tap';
import type { Figure } from '../../perf/suite/figure.js';
import { table } from '../../perf/suite/report.js';
import type { Results } from '../../perf/suite/results.js';
import { syntheticResults } from '../support/synthetic-results.js';

const figure = (id: string, change: Partial<Figure>): Figure => ({
  id,
  name: id,
  unit: 'u',
  digits: 1,
  better: 'more',
  samples: {},
  ...change,
});

const results = (figures: Figure[], change: Partial<Results> = {}): Results => ({
  ...syntheticResults(),
  skipped: [],
  figures,
  ...change,
});

/** Lines that begin with a text. */
const linesOf = (text: string, start: string): string[] =>
  text.split('\n').filter((line) => line.startsWith(start));

t.test('medians with least and greatest, the ratio, and the bar with its verdict', async (t) => {
  const text = table(
    results([
      figure('throughput/a', {
        samples: { uvtep: [4, 5, 9], kernel: [10, 10, 10] },
        bars: [{ against: 'kernel', atLeast: 0.6, stretch: 0.8 }],
      }),
      figure('throughput/b', { samples: { uvtep: [1234.5] }, bars: [{ atMost: 2000, stretch: 1300 }] }),
      figure('latency/c', { samples: { veth: [1] }, bars: [{ atMost: 60, worst: true }] }),
    ]),
    140,
  );
  t.match(
    linesOf(text, 'throughput/a')[0],
    /^throughput\/a +u +5.0 \(4.0-9.0\) +10.0 \(10.0-10.0\) +0.50 +>= 0.6 x kernel: missed by 17 %$/,
  );
  t.match(linesOf(text, 'throughput/b')[0], /^throughput\/b +u +1,234.5 +- +- +<= 2,000 u: stretch$/);
  t.match(linesOf(text, 'latency/c')[0], /^latency\/c +u +1.0 +<= 60 u, every sample: not measured$/);
  t.match(
    text,
    /^THROUGHPUT\n.*uvtep +kernel +ours\/kernel +bar$/m,
    'only subjects with samples in the group have a column',
  );
  t.match(text, /^LATENCY\n +unit +bare veth +bar$/m);
  t.match(text, /^1 bar met \(1 of them the stretch goal too\), 1 missed, 1 not measured$/m);
});

t.test('a curve is one row, its sizes across', async (t) => {
  const at = (value: number, median: number): Figure =>
    figure(`scale/fdb/hit/${value}`, {
      name: `FDB lookup, hit, ${value.toLocaleString('en-US')} entries`,
      samples: { uvtep: [median, median - 1, median + 1] },
      curve: 'scale/fdb/hit',
      at: { axis: 'FDB entries', value },
      bars: value === 1e6 ? [{ atMost: 60 }] : undefined,
      disturbed: value === 1000 ? { busyBefore: 0.3, stolen: 0 } : undefined,
    });
  const text = table(results([at(1e6, 52), at(1, 5), at(1000, 11.5)]), 140);
  t.match(text, /^by FDB entries +unit +1 +1k +1M +bar$/m);
  t.match(text, /^FDB lookup, hit +u +uvtep +5.0 +11.5\* +52.0 +at 1M <= 60 u: met$/m);
  t.match(
    text,
    /^\* disturbed: FDB lookup, hit, 1,000 entries: 30 % of the CPUs used by others before, 0 % stolen meanwhile$/m,
  );
});

t.test('figures that one look found disturbed share a line', async (t) => {
  const disturbed = { busyBefore: 0.3, stolen: 0 };
  const text = table(results(['cost/a', 'cost/b', 'cost/c'].map((id) => figure(id, { disturbed }))), 140);
  t.match(
    text,
    /^\* disturbed: cost\/a and 2 more: 30 % of the CPUs used by others before, 0 % stolen meanwhile$/m,
  );
});

t.test('percentiles told by ids alone are a curve too', async (t) => {
  const ids = ['p99.9', 'p50', 'p99'].map((end, index) =>
    figure(`latency/loaded/${end}`, { name: `RTT under load, ${end}`, samples: { kernel: [index + 1] } }),
  );
  const text = table(results(ids), 140);
  t.match(text, /^by percentile +unit +50 +99 +99.9$/m);
  t.match(text, /^RTT under load +u +kernel +2.0 +3.0 +1.0$/m);
});

t.test('what is missing, skipped, noted or disturbed is told with the reason', async (t) => {
  const text = table(
    results(
      [
        figure('cost/a', { missing: { all: 'no cgroup' }, note: 'with the generator' }),
        figure('cost/b', { samples: { uvtep: [1] }, missing: { ovs: 'ovs-vswitchd is not installed' } }),
      ],
      { skipped: [{ name: 'scale/vni', why: 'only 1,024 files may be open' }], busyBefore: 0.4 },
    ),
    140,
  );
  for (const line of [
    'not measured: cost/a: no cgroup',
    'not measured: cost/b, OVS: ovs-vswitchd is not installed',
    'skipped: scale/vni: only 1,024 files may be open',
    'cost/a: with the generator',
    'NB the machine was busy with something else: 40 % of the CPUs used by others before, 0 % stolen meanwhile',
    'example: AMD EPYC 9B14, 2 CPUs, 24 GiB, Linux 6.18.44, Node v20.20.2',
    'virtual machine (QEMU); mitigations: spectre_v1 spectre_v2',
    'uvtep 0.1.0, commit abcdef0, iproute2 6.1.0, ovs 3.1.0, vde 2.3.2',
  ])
    t.ok(text.split('\n').includes(line), line);
});

t.test('a full run fits the terminal', async (t) => {
  for (const width of [110, 120, 140, 160, 400]) {
    const long = table(syntheticResults(), width)
      .split('\n')
      .filter((line) => line.length > width);
    t.strictSame(long, [], `${width} columns`);
  }
  t.match(
    table(syntheticResults(), 400),
    /^TCP, one stream, default veth .*14.44 \(14.05-15.07\)/m,
    'where there is room, on one line',
  );
  t.match(table(syntheticResults(), 110), /^TCP, one stream, +Gbit\/s +14.44 /m);
  t.match(
    table(syntheticResults(), 110),
    /^ {4}>= 0.5 x kernel: missed by [\d.]+ %$/m,
    'bars in lines of their own',
  );
});

t.test('a curve that was not measured anywhere is no table, but told', async (t) => {
  const text = table(
    results([
      figure('scale/a/1', {
        curve: 'scale/a',
        at: { axis: 'routes', value: 1 },
        missing: { all: 'no memory' },
        bars: [{ atMost: 1 }],
      }),
    ]),
    140,
  );
  t.notMatch(text, /by routes/);
  t.match(text, /^not measured: scale\/a\/1: no memory$/m);
  t.match(text, /^0 bars met, 0 missed, 1 not measured$/m);
});

t.test('nothing measured is a table too', async (t) => {
  t.match(table(results([]), 80), /^0 bars met, 0 missed, 0 not measured$/m);
});
