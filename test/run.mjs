/**
 * Runs the compiled tests: dist/test, two files at a time; then those of dist/test/netns one by one, because they
 * use the whole machine.
 *
 *   npm test                       everything
 *   npm test -- wire/arp netns     files whose path contains one of the words
 *
 * Each file is a program that speaks TAP (https://testanything.org) and ends by itself. It is run by node directly:
 * tap's own command would first install its set of plug-ins, and takes half a second a file. The last line is
 * "N passed, N failed", counting assertions; what was skipped is listed with its reason and not counted.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCode } from '../native-shim/child.mjs';
import { Tally } from './tally.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const JOBS = 2;
/** Seconds a file may take. */
const TIMEOUT = 120;
const NETNS_TIMEOUT = 300;
/** Seconds between asking a file that hangs to clean up and killing it. */
const GRACE = 15;

const running = new Set();
let interrupted;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));

const words = process.argv
  .slice(2)
  .map((word) => word.replace(/^(?:\.\/)?(?:dist\/)?test\//, '').replace(/\.(?:test\.)?[tj]s$/, ''));
const files = find().filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
const total = new Tally();
const started = performance.now();

await runAll(
  files.filter((file) => !file.startsWith('netns/')),
  JOBS,
);
await runAll(
  files.filter((file) => file.startsWith('netns/')),
  1,
);
report();

/** Test files relative to dist/test, without .test.js. */
function find() {
  const folder = join(root, 'dist/test');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith('.test.js'))
    .map((path) => path.slice(0, -'.test.js'.length))
    .sort();
}

async function runAll(queue, jobs) {
  const waiting = [...queue];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined && !interrupted; file = waiting.shift())
      await runFile(file);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

async function runFile(file) {
  const began = performance.now();
  const seconds = file.startsWith('netns/') ? NETNS_TIMEOUT : TIMEOUT;
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', join(root, 'dist/test', `${file}.test.js`)],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // tap's own limit reports which test hung; ours comes after it.
      env: { ...process.env, TAP_TIMEOUT: String(seconds - GRACE) },
    },
  );
  running.add(child);
  const tally = new Tally(file);
  const lines = tally.read(child.stdout);
  const errors = collect(child.stderr);
  const timers = limit(child, seconds);
  const code = await exitCode(child);
  timers.forEach(clearTimeout);
  running.delete(child);
  await lines;
  if (!interrupted) tally.end(code, child.killed ? `no end after ${seconds} s` : `exit code ${code}`);
  total.add(tally);
  tell(file, tally, await errors, (performance.now() - began) / 1000);
}

function limit(child, seconds) {
  return [
    setTimeout(() => child.kill('SIGTERM'), seconds * 1000),
    setTimeout(() => child.kill('SIGKILL'), (seconds + GRACE) * 1000),
  ];
}

async function collect(stream) {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text = (text + chunk).slice(-8000);
  return text;
}

function tell(file, tally, errors, seconds) {
  const verdict = tally.failed > 0 ? 'FAILED' : tally.passed === 0 ? 'skipped' : 'ok';
  const counts = [`${tally.passed} passed`];
  if (tally.failed > 0) counts.push(`${tally.failed} failed`);
  if (tally.skipped.length > 0) counts.push(`${tally.skipped.length} skipped`);
  console.log(
    `${verdict.padEnd(8)}${file.padEnd(44)} ${`${seconds.toFixed(1)} s`.padStart(7)}  ${counts.join(', ')}`,
  );
  if (tally.failed === 0) return;
  for (const failure of tally.failures) console.log(failure.replaceAll(/^/gm, '    '));
  if (errors !== '') console.log(errors.trimEnd().replaceAll(/^/gm, '    '));
}

/** Asks the running files to clean up, once: a terminal's Ctrl-C arrives here both directly and passed on. */
function stop(signal) {
  if (interrupted) return;
  interrupted = signal;
  for (const child of running) {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), GRACE * 1000).unref();
  }
}

function report() {
  if (total.skipped.length > 0) console.log('\nskipped:');
  for (const [reason, names] of groupByReason(total.skipped)) {
    console.log(`  ${reason}`);
    for (const name of names) console.log(`    ${name}`);
  }
  if (interrupted) console.log(`\nended by ${interrupted}`);
  if (files.length === 0) console.log(`no test matches ${words.join(' ')}`);
  console.log(`\n${files.length} files, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = interrupted || total.failed > 0 || total.passed + total.skipped.length === 0 ? 1 : 0;
}

function groupByReason(skipped) {
  const groups = new Map();
  for (const { name, reason } of skipped) groups.set(reason, [...(groups.get(reason) ?? []), name]);
  return groups;
}
