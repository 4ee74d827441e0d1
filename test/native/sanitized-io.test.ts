/**
 * The parts of native-shim that make system calls, and its N-API glue, under AddressSanitizer and
 * UndefinedBehaviorSanitizer: the tests of this folder once more, on a binary compiled with both.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = new URL('../../../', import.meta.url);
const path = (relative: string) => fileURLToPath(new URL(relative, ROOT));
const CC = process.env['CC'] || 'cc';
const FILES = [
  'arguments',
  'dry-run',
  'netlink',
  'path-mtu',
  'tap',
  'tap-ring',
  'udp-socket',
  'udp-transmit',
  'wait',
  'watch',
];

/** Path of the runtime that must be loaded before node; undefined where the compiler has none. */
function runtime(): string | undefined {
  const { stdout } = spawnSync(CC, ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  return stdout?.startsWith('/') && existsSync(stdout.trim()) ? stdout.trim() : undefined;
}

const libasan = runtime();
t.test('system calls and glue', { skip: libasan ? false : `${CC} has no libasan` }, async (t) => {
  const built = spawnSync(process.execPath, [path('native-shim/build.mjs'), '--sanitized'], {
    encoding: 'utf8',
  });
  t.equal(built.status, 0, 'compiles');
  const env = {
    ...process.env,
    LD_PRELOAD: libasan,
    VTEP_SHIM: path('native-shim/build/sanitized/vtep.node'),
    // V8 frees nothing at the end; handle_segv would take its stack guard for a fault.
    ASAN_OPTIONS: 'detect_leaks=0:handle_segv=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  for (const file of FILES) {
    const result = spawnSync(process.execPath, [path(`dist/test/native/${file}.test.js`)], {
      encoding: 'utf8',
      env,
    });
    const report = /(?:ERROR: AddressSanitizer|runtime error)[\s\S]*/
      .exec(result.stderr)?.[0]
      .slice(0, 4_000);
    if (report !== undefined) t.comment(report);
    t.equal(report, undefined, `${file}: nothing reported`);
    t.equal(result.status, 0, `${file}: passes`);
  }
});
