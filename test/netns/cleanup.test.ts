/** The laboratory leaves nothing behind, however it ends. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { sweepAbandoned } from '../support/lab/namespace.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { ROOT } from '../support/lab/tools.js';

const LAB = new URL('../support/lab/lab.js', import.meta.url).href;

/** Opens a laboratory with a guest, says so, and then does `ending`. */
const script = (ending: string): string => `
  import { Lab } from ${JSON.stringify(LAB)};
  const lab = await Lab.open({ hosts: ['kernel', 'kernel'] });
  await lab.hosts[0].bridge();
  const guest = await lab.hosts[0].guest({ address: '10.0.0.1/24' });
  guest.namespace.start(['sleep', '60']);
  console.log('open');
  ${ending}
  setInterval(() => {}, 1000);
`;

/** Names of what a process made and did not remove. */
function left(pid: number): string[] {
  const prefix = `vt${pid}-`;
  const namespaces = readdirSync('/run/netns').filter((name) => name.startsWith(prefix));
  return [...namespaces, ...readdirSync(tmpdir()).filter((name) => name.startsWith(prefix))];
}

interface Ended {
  pid: number;
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Runs node until it ends; `after` is done once it printed what matches `when`. */
function runUntil(
  args: string[],
  when: RegExp,
  after: (kill: (signal: NodeJS.Signals) => void) => void,
  env = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    let out = '';
    let done = false;
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (!done && when.test(out)) {
        done = true;
        after((signal) => child.kill(signal));
      }
    });
    child.on('close', (code, signal) => resolve({ pid: child.pid!, code, signal }));
  });
}

const why = labMissing() || missingFor(['kernel']);
const options = why ? { skip: why } : {};
const inline = (ending: string): string[] => ['--input-type=module', '-e', script(ending)];

t.test('an error that nobody catches', options, async (t) => {
  const { pid, code } = await runUntil(inline(`throw new Error('trouble');`), /open/, () => {});
  t.equal(code, 1);
  t.strictSame(left(pid), []);
});

t.test('SIGTERM', options, async (t) => {
  const { pid, code } = await runUntil(inline(''), /open/, (kill) => kill('SIGTERM'));
  t.equal(code, 143);
  t.strictSame(left(pid), []);
});

t.test('SIGKILL: the next run sweeps', options, async (t) => {
  const { pid, signal } = await runUntil(inline(''), /open/, (kill) => kill('SIGKILL'));
  t.equal(signal, 'SIGKILL');
  t.ok(left(pid).length > 0, 'nobody could clean up');
  sweepAbandoned();
  t.strictSame(left(pid), []);
});

t.test('Ctrl-C in the demo', options, async (t) => {
  const main = join(ROOT, 'dist/test/demo/main.js');
  const { pid, code } = await runUntil([main], /type vxlan/, (kill) => kill('SIGINT'), {
    DEMO_KIND: 'kernel',
  });
  t.equal(code, 130);
  t.strictSame(left(pid), []);
});
