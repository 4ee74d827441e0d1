/** The short form of `npm run conformance`, and that the committed page is of the cases there are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { choose, GROUPS } from '../conformance/cases/index.js';
import { isFailure } from '../conformance/case.js';
import { casesOf, expectedCases, rowLine } from '../conformance/report.js';
import { runGroups } from '../conformance/run.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { ROOT } from '../support/lab/tools.js';

t.test('docs/conformance.md has the cases of the code', async (t) => {
  const page = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8');
  t.same(casesOf(page), expectedCases(GROUPS), 'otherwise: npm run conformance');
  t.notMatch(page, /\*\*DIFFERENT\*\*/, 'nothing in it is unexplained');
});

t.test('no group has a case twice', async (t) => {
  for (const { title, cases } of GROUPS) {
    const seen = cases.map(({ what }) => what);
    t.same(
      seen.filter((what, i) => seen.indexOf(what) !== i),
      [],
      title,
    );
  }
});

const why = labMissing() || missingFor(['kernel', 'uvtep']);

t.test('ours beside the kernel’s', why ? { skip: why } : {}, async (t) => {
  await runGroups(choose(true), (group, row) =>
    t.notOk(isFailure(row.verdict), `${group.title}: ${row.what}: ${row.verdict}`, {
      found: isFailure(row.verdict) ? rowLine(row) : '',
    }),
  );
});
