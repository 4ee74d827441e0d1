import t from 'tap';

interface Tally {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
  failures: string[];
  line(line: string): void;
  end(code: number, how: string): void;
}

// test/tally.mjs is plain JavaScript, run from where it lies: it must work before anything is built.
const source = new URL('../../test/tally.mjs', import.meta.url).href;
const { Tally } = (await import(source)) as { Tally: new (file: string) => Tally };

function count(tap: string): Tally {
  const tally = new Tally('area/file');
  for (const line of tap.split('\n')) tally.line(line);
  return tally;
}

t.test('assertions count, subtests do not', async (t) => {
  const tally = count(`TAP version 14
# Subtest: outer
    ok 1 - one
    # Subtest: inner
        ok 1 - two
        1..1
    ok 2 - inner # time=1.2ms

    1..2
ok 1 - outer # time=2.5ms

ok 2 - three
1..2`);
  t.same([tally.passed, tally.failed, tally.skipped], [3, 0, []]);
});

t.test('a test that asserts by throwing counts by itself', async (t) => {
  const tally = count(`# Subtest: outer
    # Subtest: a property
        1..0
    ok 1 - a property # time=9ms
    1..1
ok 1 - outer
# Subtest: another
    1..0
ok 2 - another # time=1ms
1..2`);
  t.same([tally.passed, tally.failed, tally.skipped], [2, 0, []]);
});

t.test('a failure is told with its path and its explanation', async (t) => {
  const tally = count(`# Subtest: outer
    not ok 1 - wrong
      ---
      wanted: 1
      not ok: 2
      ...

    ok 2 - right
    1..2
not ok 1 - outer # time=2ms
  ---
  at: elsewhere
  ...

1..1`);
  t.same([tally.passed, tally.failed], [1, 1], 'the outer test is no second failure');
  t.same(tally.failures, ['not ok area/file > outer > wrong\n      wanted: 1\n      not ok: 2']);
});

t.test('a subtest that fails without a failed assertion is one failure', async (t) => {
  const tally = count('# Subtest: hangs\n    ok 1 - a\nnot ok 1 - hangs # time=9ms\n1..1');
  t.same([tally.passed, tally.failed, tally.failures], [1, 1, ['not ok area/file > hangs']]);
});

t.test('skips keep their reason', async (t) => {
  const tally = count(`ok 1 - netns # SKIP needs root
# Subtest: outer
    ok 1 - not now # SKIP
    1..1
ok 2 - outer # time=1ms
ok 3 - later # TODO not written
1..3`);
  t.equal(tally.passed, 0);
  t.same(tally.skipped, [
    { name: 'area/file > netns', reason: 'needs root' },
    { name: 'area/file > outer > not now', reason: 'not now' },
    { name: 'area/file > later', reason: 'not written' },
  ]);
  tally.end(0, '');
  t.equal(tally.failed, 0, 'a file may skip everything');
  t.same(count('1..0 # needs root').skipped, [{ name: 'area/file', reason: 'needs root' }], 'a whole file');
});

t.test('a program that ends badly has failed', async (t) => {
  const crashed = count('ok 1 - fine');
  crashed.end(134, 'exit code 134');
  t.same([crashed.passed, crashed.failures], [1, ['not ok area/file > exit code 134']]);
  const empty = count('TAP version 14\n1..0 # no tests found');
  empty.end(0, '');
  t.same(empty.failures, ['not ok area/file > no test ran']);
  const known = count('not ok 1 - wrong');
  known.end(1, 'exit code 1');
  t.equal(known.failed, 1, 'its exit code is no second failure');
});
