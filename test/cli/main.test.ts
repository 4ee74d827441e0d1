import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { FakeDaemon } from './fake-daemon.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

/** Runs a shell line with $VTEP as the command. */
function shell(line: string): Promise<{ exit: number | null; out: string; err: string }> {
  const child = spawn('sh', ['-c', line], { env: { ...process.env, VTEP: `${process.execPath} ${MAIN}` } });
  const text = { out: '', err: '' };
  child.stdout.on('data', (part) => (text.out += String(part)));
  child.stderr.on('data', (part) => (text.err += String(part)));
  return new Promise((resolve) => child.once('close', (exit) => resolve({ exit, ...text })));
}

const daemon = await FakeDaemon.start();
t.teardown(() => daemon.stop());
const device = daemon.add({ name: 'vx0', id: 1 });
for (let i = 0; i < 20_000; i++) {
  const octets = [i >> 8, i & 0xff].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
  const flags = { router: false, externLearn: false, learned: true };
  const ages = { used: 0, updated: 0 };
  device.fdb.push({
    mac: `02:00:00:00:${octets}`,
    remotes: [{ dst: '192.0.2.3' }],
    state: 'reachable',
    ...flags,
    ...ages,
  });
}

t.test('prints all there is, also into a pipe', async (t) => {
  const all = await shell('$VTEP fdb show dev vx0 | wc -l');
  t.equal(all.out.trim(), '20000');
  t.equal(all.err, '');
});

t.test('a reader that leaves is no error', async (t) => {
  const broken = await shell('{ $VTEP fdb show dev vx0; echo "exit $?" >&2; } | head -1');
  t.equal(broken.out, '02:00:00:00:00:00 dst 192.0.2.3 self \n');
  t.equal(broken.err, 'exit 0\n');
});

t.test('exit codes and one line on stderr', async (t) => {
  t.same(await shell('$VTEP fdb show dev nope'), { exit: 1, out: '', err: 'Cannot find device "nope"\n' });
  const wrong = await shell('$VTEP fdb add zz dev vx0 dst 192.0.2.3');
  t.equal(wrong.exit, 1);
  t.match(wrong.err, /^Error: argument "zz" is wrong: [^\n]*\n$/);
  t.notMatch(wrong.err, ' at ');
});
