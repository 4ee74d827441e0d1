/**
 * Builds native-shim with the C compiler and node-api-headers, nothing else.
 *
 *   node native-shim/build.mjs                    build/vtep.node and the tools, where they are out of date
 *   node native-shim/build.mjs --prebuilt-first   take prebuilt/<platform>-<arch>-<libc>/vtep.node if it loads, else compile
 *   node native-shim/build.mjs --prebuild         compile that prebuilt binary (for npm pack)
 *   node native-shim/build.mjs --sanitized        build/sanitized/vtep.node, with address and undefined-behaviour checks;
 *                                                 loaded with VTEP_SHIM and libasan preloaded (test/native/sanitized-io)
 *
 * $CC names the compiler (default cc). Everything is compiled under another name and renamed, so builds may run side
 * by side. Exit code 1 and a line that begins with ERR_VTEP_SHIM when there is no usable binary in the end.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const CC = process.env.CC || 'cc';
const REMEDY = 'install a C compiler and the C library headers: apt-get install gcc libc6-dev';
const FLAGS = ['-std=gnu11', '-O3', '-g', '-fPIC', '-fvisibility=hidden', '-pthread', '-Wall', '-Wextra'];
/** -z now: a symbol that is missing shows when the binary is loaded, not when a packet meets it. */
const SHARED = ['-shared', '-DNAPI_VERSION=8', '-Wl,-z,now', '-lm'];
const TOOL = ['-std=gnu11', '-O2', '-pthread', '-Wall', '-Wextra'];

/** A fault ends the process; -O1 keeps the checks readable in a report and the tests quick. */
const SANITIZERS = [
  '-O1',
  '-fno-omit-frame-pointer',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
];

/** Name of the system a binary is for, such as linux-x64-glibc. */
function target() {
  process.report.excludeNetwork = true; // else it resolves the names of all our peers
  const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
  return `${process.platform}-${process.arch}-${libc}`;
}

/** A failure that has been put in words. */
class BuildError extends Error {}

function refuse(what) {
  throw new BuildError(`ERR_VTEP_SHIM: ${what}`);
}

/** Version of the call list that the sources have. */
function sourceVersion() {
  return Number(/#define SHIM_VERSION (\d+)/.exec(readFileSync(join(here, 'shim.h'), 'utf8'))[1]);
}

/** True when the binary at `path` is there, loads, and has the sources' version. */
function loads(path) {
  try {
    return existsSync(path) && require(path).version === sourceVersion();
  } catch {
    return false;
  }
}

function includeDirectory() {
  try {
    return require('node-api-headers').include_dir;
  } catch {
    return refuse('node-api-headers is not installed; run npm ci');
  }
}

function files(folder, suffix) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => join(folder, name));
}

/** What a binary is made of: its flags, the compiler, and every octet of its sources. */
function fingerprint(flags, sources) {
  const hash = createHash('sha256');
  const compiler = spawnSync(CC, ['--version'], { encoding: 'utf8' });
  hash.update(JSON.stringify([target(), CC, compiler.stdout?.split('\n')[0] ?? '', flags]));
  for (const source of sources) hash.update(`\0${source.slice(here.length)}\0`).update(readFileSync(source));
  return hash.digest('hex');
}

function compile(output, inputs, flags) {
  const half = `${output}.${process.pid}`;
  mkdirSync(dirname(output), { recursive: true });
  // Libraries stand behind what needs them.
  const result = spawnSync(CC, ['-o', half, ...inputs, ...flags], { encoding: 'utf8' });
  if (result.error || result.status !== 0) {
    rmSync(half, { force: true });
    if (result.error?.code === 'ENOENT') refuse(`no C compiler "${CC}"; ${REMEDY}`);
    const reason = result.error?.message ?? result.stderr.trim();
    refuse(`"${CC}" could not compile ${output.slice(here.length + 1)}; ${REMEDY}\n${reason}`);
  }
  if (result.stderr) process.stderr.write(result.stderr);
  renameSync(half, output);
}

/** Compiles `output` unless it is as its sources, kept in a stamp beside it, say. Returns true when it compiled. */
function makeCurrent(output, inputs, headers, flags) {
  const stamp = `${output}.stamp`;
  const wanted = fingerprint(flags, [...inputs, ...headers]);
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false;
  compile(output, inputs, flags);
  writeFileSync(`${stamp}.${process.pid}`, wanted);
  renameSync(`${stamp}.${process.pid}`, stamp);
  return true;
}

/** Asked of another process: this one would keep the first binary it loaded under a name. */
function mustLoad(path) {
  const script = `process.exit(require(${JSON.stringify(path)}).version === ${sourceVersion()} ? 0 : 1)`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  if (status !== 0) refuse(`${path} was compiled but does not load\n${stderr.trim()}`);
}

function shimFlags() {
  return [...FLAGS, `-I${includeDirectory()}`, ...SHARED];
}

function compileShim() {
  const output = join(here, 'build', 'vtep.node');
  if (makeCurrent(output, files(here, '.c'), files(here, '.h'), shimFlags())) mustLoad(output);
}

/** Always anew: what is packed must be what the sources say now. */
function compilePrebuilt(output) {
  compile(output, files(here, '.c'), [...shimFlags(), '-s']);
  mustLoad(output);
}

/** Not tried: without libasan in front of the process it does not load. */
function compileSanitized() {
  const output = join(here, 'build', 'sanitized', 'vtep.node');
  makeCurrent(output, files(here, '.c'), files(here, '.h'), [...shimFlags(), ...SANITIZERS]);
}

function compileTools() {
  const folder = join(here, 'tools');
  if (!existsSync(folder)) return;
  for (const source of files(folder, '.c')) {
    const name = `vtep-${source.slice(folder.length + 1, -2)}`;
    makeCurrent(join(here, 'build', name), [source], files(folder, '.h'), TOOL);
  }
}

function main([mode = '', ...rest]) {
  if (rest.length > 0 || !['', '--prebuilt-first', '--prebuild', '--sanitized'].includes(mode)) {
    refuse('usage: build.mjs [--prebuilt-first | --prebuild | --sanitized]');
  }
  if (mode === '--sanitized') return compileSanitized();
  const prebuilt = join(here, 'prebuilt', target(), 'vtep.node');
  if (mode === '--prebuild') return compilePrebuilt(prebuilt);
  if (mode === '--prebuilt-first' && loads(prebuilt)) return;
  compileShim();
  if (mode === '') compileTools();
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
