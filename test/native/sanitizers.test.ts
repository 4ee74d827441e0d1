/**
 * The parts of native-shim that are pure functions over memory, under AddressSanitizer and
 * UndefinedBehaviorSanitizer: unit tests in C, and 1,000,000 mutated frames. See native-shim/test/run.mjs.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const script = fileURLToPath(new URL('../../../native-shim/test/run.mjs', import.meta.url));

t.test('segmentation, coalescing and checksums in C', (t) => {
  const result = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  const tests = [...result.stdout.matchAll(/^(ok|not ok) \d+ - (.*)$/gm)];
  for (const [, verdict, name] of tests) t.equal(verdict, 'ok', name);
  for (const [, reason] of result.stdout.matchAll(/^# skipped: (.*)$/gm))
    t.pass('with sanitizers', { skip: reason });
  if (result.status !== 0) t.comment(result.stdout + result.stderr);
  t.equal(result.status, 0, 'exit status');
  t.end();
});
