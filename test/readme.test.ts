/** The README's library example is a program: it is run as it stands. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const DIST = dirname(fileURLToPath(import.meta.url));
const README = join(DIST, '../../README.md');

/** What the comment in the example promises: an answer to 02:…:0b goes to the VTEP it was learned from. */
const EXPECTED = '192.0.2.7 4789 0800000000002a00' + '02000000000b' + '02000000000a' + '88b5' + '776f726c64';

t.test('the library example learns, encapsulates and prints a frame', async (t) => {
  const example = /```js\n(.*?)```/s.exec(readFileSync(README, 'utf8'))![1];
  t.ok(example.trimEnd().split('\n').length <= 15, 'at most 15 lines');
  // Inside the package, so that 'uvtep' is found by its own name, as it is by a dependent.
  const file = join(DIST, `readme-example-${process.pid}.mjs`);
  writeFileSync(file, example);
  t.teardown(() => rmSync(file, { force: true }));
  t.equal(execFileSync(process.execPath, [file], { encoding: 'utf8' }).trim(), EXPECTED);
});
