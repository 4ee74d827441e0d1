import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { VtepError } from '../../lib/errors.js';
import { binaryPaths, load, loadFirst } from '../../lib/native/load.js';
import { SHIM_VERSION } from '../../lib/native/shim.js';

const directory = mkdtempSync(join(tmpdir(), 'vtep-load-'));
t.teardown(() => rmSync(directory, { recursive: true }));

/** Stands for a binary: require() takes it likewise. */
function module(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function reason(paths: string[]): VtepError {
  try {
    loadFirst(paths);
  } catch (error) {
    if (error instanceof VtepError) return error;
  }
  throw new Error('loaded');
}

t.test('what was compiled here goes before what came with the package', async (t) => {
  const [built, prebuilt] = binaryPaths(pathToFileURL(`${directory}/`));
  t.equal(built, join(directory, 'native-shim/build/vtep.node'));
  t.match(prebuilt, /native-shim\/prebuilt\/linux-(x64|arm64)-(glibc|musl)\/vtep\.node$/);
});

t.test('the shim has our version and is loaded once', async (t) => {
  t.equal(load().version, SHIM_VERSION);
  t.equal(load(), load());
});

t.test('one that does not load is passed over', async (t) => {
  const broken = module('broken.node', 'not an object file');
  const good = module('good.cjs', `exports.version = ${SHIM_VERSION}`);
  t.equal(loadFirst([join(directory, 'missing.node'), broken, good]).version, SHIM_VERSION);
});

t.test('without a usable one the error names each and the remedy', async (t) => {
  const broken = module('broken.node', 'not an object file');
  const old = module('old.cjs', 'exports.version = 0');
  const error = reason([join(directory, 'missing.node'), broken, old]);
  t.equal(error.code, 'ERR_VTEP_SHIM');
  t.match(
    error.message,
    /missing\.node is missing; .*broken\.node does not load: .*; .*old\.cjs has version 0/s,
  );
  t.match(error.message, /apt-get install gcc libc6-dev$/);
  t.ok(error.cause);
});
