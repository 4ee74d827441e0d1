import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readResults, save } from '../../perf/suite/results-file.js';
import { syntheticResults } from '../support/synthetic-results.js';

function directory(t: Pick<typeof import('tap').t, 'teardown'>): string {
  const path = mkdtempSync(join(tmpdir(), 'uvtep-results-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

t.test('what is saved is read again, every sample of it', async (t) => {
  const results = syntheticResults();
  const inside = directory(t);
  const path = save(results, inside);
  t.equal(path, join(inside, '2026-11-26-example.json'));
  t.strictSame(readResults(path), JSON.parse(JSON.stringify(results)));
  const text = readFileSync(path, 'utf8');
  t.match(text, /^ +"uvtep": \[\d+\.\d+(, \d+\.\d+){8}\],?$/m, 'samples are one line');
  t.strictSame(
    readdirSync(inside).sort(),
    ['2026-11-26-example', '2026-11-26-example.html', '2026-11-26-example.json'],
    'and nothing half written stays',
  );
});

t.test('the report and the images lie beside it, and need nothing else', async (t) => {
  const path = save(syntheticResults(), directory(t));
  const base = path.replace(/\.json$/, '');
  const images = ['cost.svg', 'latency.svg', 'micro.svg', 'scale.svg', 'throughput.svg'];
  t.strictSame(readdirSync(base).sort(), images);
  for (const file of [`${base}.html`, ...images.map((image) => join(base, image))]) {
    const text = readFileSync(file, 'utf8');
    const outside = text
      .replaceAll('http://www.w3.org/2000/svg', '')
      .match(/https?:|src=|@import|url\(|<script|<link/g);
    t.equal(outside, null, `${file} loads nothing`);
    t.match(text, /prefers-color-scheme:dark/);
    t.notMatch(text, /NaN|undefined|Infinity/);
  }
});

t.test('the second run of a day, and the third, are numbered, with their images', async (t) => {
  const inside = directory(t);
  const first = save(syntheticResults(), inside);
  const fewer = syntheticResults();
  fewer.figures = fewer.figures.filter(({ id }) => id.startsWith('micro/'));
  t.equal(save(fewer, inside), join(inside, '2026-11-26-example-2.json'));
  t.equal(save(syntheticResults(), inside), join(inside, '2026-11-26-example-3.json'));
  t.strictSame(readdirSync(join(inside, '2026-11-26-example-2')), ['micro.svg']);
  t.equal(
    readResults(first).figures.length,
    syntheticResults().figures.length,
    'the first one is what it was',
  );
  rmSync(first);
  t.equal(save(fewer, inside), first, 'one that was removed leaves its name');
  t.strictSame(readdirSync(join(inside, '2026-11-26-example')), ['micro.svg'], 'and no image');
});

t.test("a part of the suite takes no whole run's place", async (t) => {
  const inside = directory(t);
  for (const [suite, name] of [
    ['full', '2026-11-26-example.json'],
    ['quick', '2026-11-26-example-quick.json'],
    ['full micro/dataplane latency', '2026-11-26-example-micro-dataplane-latency.json'],
    ['quick micro', '2026-11-26-example-quick-micro.json'],
    [`full ${'x'.repeat(300)}`, `2026-11-26-example-${'x'.repeat(60)}-and-more.json`],
  ] as const)
    t.equal(save({ ...syntheticResults(), suite }, inside), join(inside, name));
});

t.test('a host may be called anything', async (t) => {
  const results = syntheticResults();
  results.machine.host = '../my host';
  const inside = directory(t);
  t.equal(save(results, inside), join(inside, '2026-11-26-.._my_host.json'));
  t.ok(existsSync(join(inside, '2026-11-26-.._my_host.html')));
});

t.test('samples that are no numbers are left out, and that is said', async (t) => {
  const results = syntheticResults();
  results.figures[0]!.samples.uvtep = [1, NaN, 3];
  results.figures[0]!.samples.vde = [Infinity];
  const [figure] = readResults(save(results, directory(t))).figures;
  t.strictSame(figure!.samples.uvtep, [1, 3]);
  t.equal(figure!.samples.vde, undefined);
  t.match(figure!.missing, {
    uvtep: '1 of 3 samples were not numbers',
    vde: '1 of 1 samples were not numbers',
  });
});

t.test('files of another shape are refused, with what, where and a remedy', async (t) => {
  const path = join(directory(t), 'x.json');
  const refused = (change: (value: any) => unknown, message: RegExp): void => {
    const value = JSON.parse(JSON.stringify(syntheticResults()));
    writeFileSync(path, JSON.stringify(change(value) ?? value));
    t.throws(() => readResults(path), { message });
  };
  const start = '^.*/x\\.json: ';
  const says = (text: string): RegExp => new RegExp(start + text);
  refused(() => [], says('holds no results: an object with "figures" is expected; give'));
  refused(
    (value) => void delete value.version,
    says('is of the first shape, without a version, .*; measure again'),
  );
  refused((value) => void (value.version = 3), says('is of version 3, 2 is expected; compare with'));
  refused(
    (value) => void delete value.machine.host,
    says('"machine" is missing or of another type; .* measure again'),
  );
  refused((value) => void (value.seconds = '7'), says('"seconds" is missing or of another type'));
  refused((value) => void (value.figures = {}), says('"figures" is no array'));
  refused((value) => void delete value.figures[3].id, says('figures\\[3\\] has no "id", a path such as'));
  refused(
    (value) => void (value.figures[1].id = value.figures[0].id),
    says('figures\\[1\\] \\("throughput/tcp/1-stream/veth"\\) is there twice'),
  );
  refused((value) => void delete value.figures[0].unit, says('figures\\[0\\] .* lacks "name" or "unit"'));
  refused((value) => void (value.figures[0].better = 'fewer'), says('figures\\[0\\] .* "better" is neither'));
  refused(
    (value) => void (value.figures[0].samples.vpp = [1]),
    says('figures\\[0\\] .* has samples of "vpp", one of uvtep, '),
  );
  refused(
    (value) => void (value.figures[0].samples.uvtep = [1, null]),
    says('figures\\[0\\] .* samples of "uvtep" are not all numbers: \\[1,null\\]'),
  );
});
