/**
 * `npm start`, `npm test`, `npm run perf` and `npm run conformance` on a fresh clone: installs and builds what is missing, then runs.
 *
 *   node native-shim/bootstrap.mjs demo|test|perf|conformance [arguments]
 *
 * Plain JavaScript without dependencies, because none are there yet. When nothing is missing it adds a few
 * milliseconds. Exit codes and signals pass through.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCurrent } from './build-state.mjs';
import { npm, run } from './child.mjs';
import { prepareTests } from './system-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PROGRAMS = {
  demo: 'dist/test/demo/main.js',
  test: 'test/run.mjs',
  perf: 'dist/perf/main.js',
  conformance: 'dist/test/conformance/main.js',
};

const [command, ...args] = process.argv.slice(2);
process.exitCode = await main();

async function main() {
  if (!Object.hasOwn(PROGRAMS, command ?? ''))
    return refuse('usage: bootstrap.mjs demo|test|perf|conformance [arguments]');
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    return refuse(`Node 20.19 or later is needed, this is ${process.version}`);
  if (process.platform !== 'linux') return refuse(`Linux is needed, this is ${process.platform}`);
  const failed = (await install()) || (await build());
  if (failed) return failed;
  if (command === 'test') await prepareTests(root);
  return run(process.execPath, [join(root, PROGRAMS[command]), ...args]);
}

function refuse(reason) {
  console.error(reason);
  return 1;
}

async function install() {
  if (isInstalled()) return 0;
  console.log('npm ci');
  const code = await npm(root, ['ci', '--no-audit', '--no-fund']);
  return code === 0 ? 0 : refuse('npm ci failed') && code;
}

/** True when every package of package-lock.json is in node_modules in its version; optional ones may have failed to build. */
function isInstalled() {
  const installedLock = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedLock)) return false;
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional),
  );
}

async function build() {
  if (isCurrent(root)) return 0;
  console.log('npm run build');
  const code = await npm(root, ['run', '--silent', 'build']);
  return code === 0 ? 0 : refuse('npm run build failed') && code;
}
