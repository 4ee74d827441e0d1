import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { binaryPaths, loadFirst } from '../../lib/native/load.js';
import { SHIM_VERSION } from '../../lib/native/shim.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SHIM = join(ROOT, 'native-shim');

/** native-shim alone, the binary that is in use already built. */
const copy = mkdtempSync(join(tmpdir(), 'vtep-build-'));
t.teardown(() => rmSync(copy, { recursive: true }));
for (const name of readdirSync(SHIM).filter((file) => /\.(c|h|mjs)$/.test(file))) {
  cpSync(join(SHIM, name), join(copy, 'native-shim', name));
}
symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
const BUILT = join(copy, 'native-shim/build/vtep.node');

function build(args: string[], env: Record<string, string> = {}): Promise<{ code: number; stderr: string }> {
  const options = { env: { ...process.env, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(copy, 'native-shim/build.mjs'), ...args], options, (error, _, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stderr }),
    );
  });
}

/** Path of the prebuilt binary below the copy. */
function prebuiltPath(): string {
  const path = binaryPaths(new URL(`file://${copy}/`))[1];
  mkdirSync(join(path, '..'), { recursive: true });
  return path;
}

t.test('without a compiler there is a code and a remedy', async (t) => {
  const { code, stderr } = await build([], { CC: '/there/is/no/cc' });
  t.equal(code, 1);
  t.match(stderr, /^ERR_VTEP_SHIM: no C compiler "\/there\/is\/no\/cc"; .*apt-get install gcc libc6-dev/);
});

t.test('a compiler that fails is quoted', async (t) => {
  const { code, stderr } = await build([], { CC: 'false' });
  t.equal(code, 1);
  t.match(stderr, /^ERR_VTEP_SHIM: "false" could not compile build\/vtep\.node/);
  t.notOk(existsSync(BUILT));
});

t.test('an unknown option is refused', async (t) => {
  t.match(await build(['--fast']), { code: 1, stderr: /usage/ });
});

t.test('a prebuilt binary that loads needs no compiler', async (t) => {
  const prebuilt = prebuiltPath();
  const inUse = binaryPaths(new URL(`file://${ROOT}`)).find((path) => existsSync(path));
  if (inUse === undefined) throw new Error('no binary is built');
  cpSync(inUse, prebuilt);
  t.match(await build(['--prebuilt-first'], { CC: 'false' }), { code: 0, stderr: '' });
  t.notOk(existsSync(BUILT));
});

t.test('one that does not load is compiled anew, once', async (t) => {
  writeFileSync(prebuiltPath(), 'for another machine');
  t.match(await build(['--prebuilt-first']), { code: 0, stderr: '' });
  const { mtimeMs } = statSync(BUILT);
  t.match(await build([]), { code: 0, stderr: '' });
  t.equal(statSync(BUILT).mtimeMs, mtimeMs, 'up to date');
  t.same(readdirSync(join(copy, 'native-shim/build')).sort(), ['vtep.node', 'vtep.node.stamp']);
});

t.test('a binary for the tarball is all that its directory holds, and loads', async (t) => {
  rmSync(prebuiltPath());
  t.match(await build(['--prebuild']), { code: 0, stderr: '' });
  t.same(readdirSync(join(prebuiltPath(), '..')), ['vtep.node']);
  t.equal(loadFirst([prebuiltPath()]).version, SHIM_VERSION);
});
