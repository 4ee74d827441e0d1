/** The short form of `npm run conformance`: some of its cases on the kernel's device and on ours. */
import t from 'tap';
import { isFailure } from '../conformance/case.js';
import { choose } from '../conformance/cases/index.js';
import { rowLine } from '../conformance/report.js';
import { kernelMissing, runGroups } from '../conformance/run.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';

const why = labMissing() || missingFor(['kernel', 'uvtep']) || kernelMissing();

t.test('ours beside the kernel’s', why ? { skip: why } : {}, async (t) => {
  await runGroups(choose(true), (group, row) =>
    t.notOk(isFailure(row.verdict), `${group.title}: ${row.what}: ${row.verdict}`, {
      found: isFailure(row.verdict) ? rowLine(row) : '',
    }),
  );
});
