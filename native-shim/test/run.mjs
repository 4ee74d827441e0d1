/**
 * Builds the parts of native-shim that are pure functions over memory (checksum, packet, segment, arrival,
 * coalesce) with their tests under AddressSanitizer and UndefinedBehaviorSanitizer, and runs them.
 *
 *   node native-shim/test/run.mjs [frames] [seed]     frames for the fuzz driver, default 1,000,000; seed, default 1
 *
 * Prints TAP lines and exits 1 when a test failed. Without the sanitizers' runtime libraries the tests run all the
 * same, built plainly, after a line `# skipped: …` with the reason; without a compiler only that line is printed.
 * $CC names the compiler (default cc). Nothing is left behind.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const CC = process.env.CC || 'cc';
const FLAGS = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror'];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const PARTS = ['checksum', 'packet', 'segment', 'arrival', 'coalesce'].map((name) =>
  join(here, '..', `${name}.c`),
);
const UNIT = [
  'main',
  'frames',
  'checksum-test',
  'packet-test',
  'segment-test',
  'coalesce-burst',
  'coalesce-test',
  'super-frame-test',
];
const FUZZ = ['fuzz', 'frames'];
/** Nothing under test allocates; the leak check needs ptrace, which containers often forbid. */
const ENVIRONMENT = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' };

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', env: ENVIRONMENT });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  return {
    ok: result.status === 0,
    output,
    error: result.error?.message ?? `exit ${result.signal ?? result.status}`,
  };
}

function compile(directory, name, sources, flags) {
  const files = sources.map((source) => join(here, `${source}.c`));
  return run(CC, [...FLAGS, ...flags, ...files, ...PARTS, '-o', join(directory, name)]);
}

/** Why programs cannot be built and run with `flags`; undefined when they can. */
function obstacle(directory, flags) {
  const source = join(directory, 'probe.c');
  const program = join(directory, 'probe');
  writeFileSync(source, 'int main(void) { return 0; }\n');
  const built = run(CC, [...flags, source, '-o', program]);
  if (!built.ok) return built.output.trim().split('\n').pop() || built.error;
  const ran = run(program, []);
  return ran.ok ? undefined : ran.output.trim().split('\n').shift() || ran.error;
}

function comment(text) {
  return text.trimEnd().replace(/^/gm, '# ');
}

/** Runs both programs; returns how many tests failed. */
function test(directory, flags, fuzzArguments) {
  let number = 0;
  let failed = 0;
  const report = (ok, name, output) => {
    number++;
    failed += ok ? 0 : 1;
    console.log(`${ok ? 'ok' : 'not ok'} ${number} - ${name}`);
    if (output) console.log(comment(output));
  };
  for (const [name, sources, args] of [
    ['unit', UNIT, []],
    ['fuzz', FUZZ, fuzzArguments],
  ]) {
    const built = compile(directory, name, sources, flags);
    if (!built.ok || built.output) {
      report(false, `${name} tests compile without a warning`, built.output || built.error);
      if (!built.ok) continue;
    }
    const ran = run(join(directory, name), args);
    let aside = '';
    for (const line of ran.output.split('\n')) {
      const match = /^(ok|not ok) \d+ - (.*)$/.exec(line);
      if (match) {
        report(match[1] === 'ok', match[2], aside);
        aside = '';
      } else if (!/^(1\.\.\d+)?$/.test(line)) {
        aside += `${line}\n`;
      }
    }
    if (name === 'fuzz' || aside || (!ran.ok && failed === 0))
      report(ran.ok, `${name} program ends without a fault`, aside);
  }
  console.log(`1..${number}`);
  return failed;
}

const directory = mkdtempSync(join(tmpdir(), 'vtep-offloads-'));
try {
  const compiler = obstacle(directory, []);
  if (compiler !== undefined) {
    console.log(`# skipped: no C compiler: ${compiler}`);
    console.log('1..0');
  } else {
    const reason = obstacle(directory, SANITIZERS);
    if (reason !== undefined) console.log(`# skipped: sanitizers: ${reason}`);
    process.exitCode =
      test(directory, reason === undefined ? SANITIZERS : [], process.argv.slice(2)) > 0 ? 1 : 0;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
