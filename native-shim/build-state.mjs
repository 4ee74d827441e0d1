/**
 * Is what was built still what the sources say?
 *
 * After a build, dist/build-state.json holds one line for each source: path, size and time of change. A stale build
 * is one whose list differs. Comparing a few hundred stat() results takes milliseconds; asking tsc takes seconds.
 */
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STATE = 'dist/build-state.json';
const SOURCES = ['lib', 'test', 'perf', 'native-shim'];
const FILES = ['package.json', 'package-lock.json', 'tsconfig.json'];
const NATIVE = /\.(?:c|h|mjs)$/;
/** What tsc writes for a module; anything else in dist was put there by somebody else. */
const EMITTED = /\.(?:js|d\.ts|js\.map)$/;

/** True when every source is as the last build found it. */
export function isCurrent(root) {
  const state = join(root, STATE);
  return existsSync(state) && readFileSync(state, 'utf8') === describe(root);
}

/** Notes that a build has succeeded, and removes output whose source is gone: its tests would still run. */
export function record(root) {
  for (const folder of ['lib', 'test', 'perf']) prune(root, folder);
  writeFileSync(join(root, STATE), describe(root));
}

function describe(root) {
  const paths = SOURCES.flatMap((folder) => files(root, folder).filter(isSource));
  const lines = [...FILES, ...paths].map((path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    return `${path} ${size} ${mtimeMs}`;
  });
  return `${JSON.stringify([process.version, process.arch, ...lines.sort()], undefined, 1)}\n`;
}

function isSource(path) {
  if (path.startsWith('native-shim/'))
    return NATIVE.test(path) && !/^native-shim\/(?:build|prebuilt)\//.test(path);
  return path.endsWith('.ts');
}

function prune(root, folder) {
  for (const path of files(root, join('dist', folder))) {
    const source = path.slice('dist/'.length).replace(EMITTED, '.ts');
    if (EMITTED.test(path) && !existsSync(join(root, source))) rmSync(join(root, path));
  }
}

function files(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
