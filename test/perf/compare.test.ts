import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { compareCommand } from '../../perf/suite/compare-command.js';
import { compare, differ, type Comparison } from '../../perf/suite/compare.js';
import type { Results } from '../../perf/suite/results.js';
import { Random } from '../support/random.js';
import { normal, syntheticResults } from '../support/synthetic-results.js';

const NOISE = 0.03;
const RUNS = 1000;

/** `count` samples about a median, as noisy as a quiet machine is. */
function samples(random: Random, count: number, median: number): number[] {
  return Array.from({ length: count }, () => median * (1 + NOISE * normal(random)));
}

/** Share of runs in which a shift is told. */
function told(count: number, shift: number, seed: number): number {
  const random = new Random(seed);
  let found = 0;
  for (let run = 0; run < RUNS; run++) {
    const { judgement } = differ(samples(random, count, 100), samples(random, count, 100 * shift), 'more');
    if (judgement === 'better' || judgement === 'worse') found++;
  }
  return found / RUNS;
}

t.test('noise is not taken for a change', async (t) => {
  for (const count of [5, 9, 12]) {
    const share = told(count, 1, count);
    t.ok(share < 0.05, `${count} samples a side: ${share * 100} % false alarms`);
  }
});

t.test('a shift of a tenth is told', async (t) => {
  for (const shift of [1.1, 0.9]) {
    const nine = told(9, shift, 7);
    t.ok(nine > 0.97, `nine samples a side, times ${shift}: ${nine * 100} %`);
    const five = told(5, shift, 8);
    t.ok(five > 0.8, `five samples a side, times ${shift}: ${five * 100} %`);
  }
});

t.test('what differs by less than is worth telling is the same, however sure', async (t) => {
  const before = Array.from({ length: 20 }, (_, index) => 100 + index / 100);
  const { judgement, p } = differ(
    before,
    before.map((value) => value + 1),
    'more',
  );
  t.ok(p! < 0.001, 'there is a difference');
  t.equal(judgement, 'same');
});

t.test('with four samples a side nothing can be told, and that is said', async (t) => {
  t.equal(differ([1, 1, 1, 1], [2, 2, 2, 2], 'more').judgement, 'too few samples');
  t.equal(differ([1, 1, 1, 1, 1], [2, 2, 2, 2, 2], 'more').judgement, 'better');
  t.equal(differ([1, 1, 1, 1, 1], [2, 2, 2, 2, 2], 'less').judgement, 'worse');
  t.equal(differ([0, 0, 0, 0, 0], [2, 3, 2, 2, 2], 'less').change, Infinity, 'from nothing');
  t.equal(differ([0, 0, 0, 0, 0], [0, 0, 0, 0, 0], 'less').change, 0, 'from nothing to nothing');
});

const of = (found: { comparisons: Comparison[] }, id: string): Comparison =>
  found.comparisons.find((one) => one.id === id && one.subject === 'uvtep')!;

t.test('when ours moves and its ratio to the kernel too, it is the code', async (t) => {
  const found = compare(syntheticResults({ seed: 3 }), syntheticResults({ seed: 4, scale: 1.2 }));
  const tcp = of(found, 'throughput/tcp/1-stream/veth');
  t.match(tcp, { judgement: 'better', cause: 'code', ratio: { judgement: 'better' } });
  t.match(of(found, 'latency/flood'), { judgement: 'worse', cause: 'code' }, 'a greater latency is worse');
  const alone = of(found, 'micro/encap/unicast');
  t.match(alone, { judgement: 'worse', cause: undefined, ratio: undefined }, 'nothing to compare it with');
});

t.test('when everything moves together, it is the machine', async (t) => {
  const after = syntheticResults({ seed: 6 });
  for (const figure of after.figures)
    for (const values of Object.values(figure.samples))
      values.forEach((value, index) => (values[index] = value * 0.8));
  const found = compare(syntheticResults({ seed: 5 }), after);
  const tcp = of(found, 'throughput/tcp/1-stream/veth');
  t.match(tcp, { judgement: 'worse', cause: 'machine', ratio: { judgement: 'same' } });
});

t.test('ratios are taken round by round', async (t) => {
  const make = (uvtep: number[], kernel: number[]): Results => {
    const results = syntheticResults();
    results.figures = [{ ...results.figures[0]!, samples: { uvtep, kernel } }];
    return results;
  };
  // The machine slows down and recovers within each run: medians wander, neighbours keep their ratio.
  const before = make([10, 6, 10, 5, 9, 10], [20, 12, 20, 10, 18, 20]);
  const after = make([6, 5, 10, 5, 6, 6], [12, 10, 20, 10, 12, 12]);
  const { ratio } = compare(before, after).comparisons[0]!;
  t.match(ratio, { before: 0.5, after: 0.5, change: 0, judgement: 'same' });
});

t.test('figures of one run alone, disturbances and other machines are told', async (t) => {
  const before = syntheticResults({ seed: 1 });
  const after = syntheticResults({ seed: 2 });
  after.machine.kernel = '6.12.0';
  after.machine.host = 'elsewhere';
  after.versions['commit'] = '1234567';
  before.figures = before.figures.filter(({ id }) => id !== 'cost/memory');
  delete after.figures.find(({ id }) => id === 'latency/flood')!.samples.vde;
  const { onlyBefore, onlyAfter, warnings, comparisons } = compare(before, after);
  t.strictSame(onlyBefore, ['flood RTT, vde']);
  t.strictSame(onlyAfter, ['resident memory of a daemon, uvtep']);
  t.match(warnings, [
    /^other machine: example .*, elsewhere/,
    /^other kernel: 6.18.44 before, 6.12.0 after/,
    /^other commit: abcdef0 before, 1234567 after/,
  ]);
  const disturbed = comparisons.filter((one) => one.disturbed.length).map(({ id }) => id);
  t.strictSame([...new Set(disturbed)], ['throughput/tcp/1-stream/guests']);
});

t.test('the command', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'uvtep-compare-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const run = (...words: string[]): { status: number; out: string; error: string } => {
    let [out, error] = ['', ''];
    const streams = {
      out: (text: string) => void (out += text),
      error: (text: string) => void (error += text),
    };
    const status = compareCommand(words, streams);
    return { status, out, error };
  };
  const a = file('a.json', JSON.stringify(syntheticResults({ seed: 3 })));
  const b = file('b.json', JSON.stringify(syntheticResults({ seed: 4, scale: 1.2 })));

  await t.test('prints what changed', async (t) => {
    const { status, out } = run(a, b);
    t.equal(status, 0);
    t.match(out, /^Changed beyond noise \(p < 0.01, medians at least 3 % apart\)$/m);
    t.match(
      out,
      /^TCP, one stream, default veth +uvtep +Gbit\/s .*\+\d+\.\d % +<0.001 +better +0\.\d\d -> 0\.\d\d .*better$/m,
    );
    t.notMatch(out, /The same within noise/);
    t.match(
      run(a, a).out,
      /^0 changed, 0 with the machine, 0 in the ratio alone, \d+ the same, 0 cannot be told$/m,
    );
    t.match(run(a, a, '--all').out, /^The same within noise$/m);
  });

  await t.test('prints JSON', async (t) => {
    const { status, out } = run('--json', a, b);
    t.equal(status, 0);
    t.match(of(JSON.parse(out), 'latency/flood'), { judgement: 'worse', cause: 'code' });
  });

  await t.test('refuses what it cannot compare, with a sentence', async (t) => {
    const refused = (words: string[], message: RegExp): void => {
      const { status, out, error } = run(...words);
      t.equal(status, 1);
      t.equal(out, '');
      t.match(error, message);
    };
    refused([], /^0 files given, two are needed; usage: /);
    refused([a], /^1 file given, two are needed; usage: /);
    refused([a, b, '--colour'], /^"--colour" is no option; usage: /);
    refused(
      [a, join(directory, 'none.json')],
      /none\.json: cannot be read \(ENOENT\); give the \.json of a run/,
    );
    refused(
      [a, file('report.html', '<!doctype html>')],
      /report\.html: is no JSON \(.*\); give the \.json of a run, not its report/,
    );
    refused([a, file('other.json', '[]')], /other\.json: holds no results/);
  });
});

t.test('the results that were committed first are refused by their shape', async (t) => {
  const old = { ...syntheticResults(), version: undefined };
  const path = join(mkdtempSync(join(tmpdir(), 'uvtep-compare-')), 'old.json');
  t.teardown(() => rmSync(join(path, '..'), { recursive: true }));
  writeFileSync(path, JSON.stringify(old));
  let error = '';
  const status = compareCommand([path, path], {
    out: () => undefined,
    error: (text) => void (error += text),
  });
  t.equal(status, 1);
  t.match(error, /is of the first shape, without a version, .*; measure again/);
  t.equal(JSON.parse(readFileSync(path, 'utf8')).version, undefined);
});
