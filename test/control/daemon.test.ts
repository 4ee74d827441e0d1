/** The daemon's life, in processes of its own with a fake engine. No root needed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { connect, type Client } from '../../lib/control/client.js';
import { makeRunDirectory } from '../../lib/control/run-files.js';
import { netnsInode } from '../../lib/control/socket-path.js';
import { ensureDaemon, lastWords } from '../../lib/control/start.js';
import { Background } from '../support/lab/background.js';
import { soon } from '../support/soon.js';

const PROGRAM = fileURLToPath(new URL('./fake-daemon.js', import.meta.url));

let directory = '';
let socket = '';
let client: Client;
const started: Background[] = [];

t.beforeEach(() => {
  const base = mkdtempSync(join(tmpdir(), 'vtep-run-'));
  directory = join(base, 'run');
  process.env['VTEP_RUN_DIR'] = directory;
  socket = join(directory, `${netnsInode()}.sock`);
  client = connect();
});
t.afterEach(async () => {
  client.close();
  await Promise.all(started.splice(0).map((daemon) => daemon.stop()));
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

function launch(mood = ''): Background {
  const daemon = new Background([process.execPath, PROGRAM], {
    env: { VTEP_RUN_DIR: directory, FAKE_ENGINE: mood, VTEP_LOG_LEVEL: 'warn' },
  });
  started.push(daemon);
  return daemon;
}

async function serving(): Promise<number> {
  for (let i = 0; i < 500; i++) {
    const info = await client.daemon().catch(() => undefined);
    if (info) return info.pid;
    await sleep(10);
  }
  throw new Error('no daemon answers');
}

function signal(daemon: Background, name: NodeJS.Signals): void {
  process.kill(daemon.pid ?? 0, name);
}

t.test('it serves, privately, and stops on SIGTERM without a trace', async (t) => {
  const daemon = launch();
  t.equal(await serving(), daemon.pid);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  t.equal(statSync(socket).mode & 0o777, 0o600);
  t.same(readdirSync(directory), [`${netnsInode()}.sock`], 'the private name is gone');
  t.match(await client.daemon(), { netns: netnsInode(), workers: 1 });
  signal(daemon, 'SIGTERM');
  t.equal(await daemon.ended, 0);
  t.match(daemon.stderr, 'engine closed');
  t.same(readdirSync(directory), []);
});

for (const name of ['SIGINT', 'SIGHUP'] as const) {
  t.test(`${name} is an orderly stop too`, async (t) => {
    const daemon = launch();
    await serving();
    signal(daemon, name);
    t.equal(await daemon.ended, 0);
    t.notOk(existsSync(socket));
  });
}

t.test('DELETE /v1/daemon stops it', async (t) => {
  const daemon = launch();
  await serving();
  const stream = await client.monitor([], () => {});
  await client.stopDaemon();
  t.equal(await daemon.ended, 0);
  await t.rejects(stream.closed, { code: 'ERR_VTEP_DAEMON' });
  await t.rejects(client.links(), { code: 'ERR_VTEP_DAEMON', errno: 'ENOENT' });
});

t.test('while it stops it says so, and the next one waits', async (t) => {
  const daemon = launch('slow');
  const pid = await serving();
  signal(daemon, 'SIGTERM');
  await sleep(50);
  await t.rejects(client.links(), {
    code: 'ERR_VTEP_DAEMON',
    errno: 'ESHUTDOWN',
    message: 'the daemon is stopping',
  });
  const next = await ensureDaemon({ program: [PROGRAM] });
  t.not(next.pid, pid);
  t.equal(await daemon.ended, 0);
  t.equal((await client.daemon()).pid, next.pid, 'its socket was not taken away by the one that ended');
  await client.stopDaemon();
});

t.test('a second daemon is refused and disturbs nothing', async (t) => {
  const first = launch();
  const pid = await serving();
  const second = launch();
  t.equal(await second.ended, 1);
  t.match(second.stderr, `vtep daemon already running as pid ${pid}`);
  t.equal(await serving(), first.pid);
  t.equal(readdirSync(directory).length, 1);
});

t.test("of several that start at once over a dead one's socket, one serves", async (t) => {
  const dead = launch();
  await serving();
  signal(dead, 'SIGKILL');
  await dead.ended;
  t.ok(existsSync(socket), 'SIGKILL leaves the socket');
  const all = [launch(), launch(), launch(), launch()];
  const codes = await Promise.race([
    Promise.all(all.map((daemon) => daemon.ended)),
    sleep(60_000, undefined, { ref: false }),
    (async () => {
      const pid = await serving();
      const losers = all.filter((daemon) => daemon.pid !== pid);
      return Promise.all(losers.map((daemon) => daemon.ended));
    })(),
  ]);
  t.same(codes, [1, 1, 1], 'the others say that one is running');
  t.same(readdirSync(directory), [`${netnsInode()}.sock`]);
});

t.test('an error nobody caught ends it with status 1', async (t) => {
  const daemon = launch('mad');
  t.equal(await daemon.ended, 1);
  t.match(daemon.stderr, 'nobody caught this');
  t.notOk(existsSync(socket));
});

t.test('a part that cannot stop does not keep the others from it', async (t) => {
  const daemon = launch('unclosable');
  await serving();
  signal(daemon, 'SIGTERM');
  t.equal(await daemon.ended, 0);
  t.match(daemon.stderr, 'cannot stop engine');
  t.notOk(existsSync(socket));
});

t.test('ensureDaemon starts one, once', async (t) => {
  const program = [PROGRAM];
  const [a, b, c] = await Promise.all([
    ensureDaemon({ program }),
    ensureDaemon({ program }),
    ensureDaemon({ program }),
  ]);
  t.equal(a.pid, b.pid);
  t.equal(b.pid, c.pid);
  t.equal((await ensureDaemon({ program })).pid, a.pid);
  t.equal(statSync(join(directory, `${netnsInode()}.log`)).mode & 0o777, 0o600);
  await client.stopDaemon();
  await soon(() => !existsSync(socket));
  t.notOk(existsSync(socket));
});

t.test('ensureDaemon tells why the daemon did not start', async (t) => {
  process.env['FAKE_ENGINE'] = 'absent';
  t.teardown(() => delete process.env['FAKE_ENGINE']);
  const start = ensureDaemon({ program: [PROGRAM] });
  await t.rejects(start, { code: 'ERR_VTEP_SHIM', errno: 'ENOENT', message: 'no usable native shim' });
  await t.rejects(ensureDaemon({ program: ['--nonsense'] }), {
    code: 'ERR_VTEP_DAEMON',
    message: /did not start/,
  });
});

t.test('last words', (t) => {
  const words = (text: string) => lastWords(text, '/run/vtep/1.log');
  t.match(words('{"msg":"a"}\n{"code":"ERR_VTEP_PERMISSION","errno":"EPERM","msg":"cannot"}\n'), {
    code: 'ERR_VTEP_PERMISSION',
    errno: 'EPERM',
    message: 'cannot',
  });
  t.match(words('Segmentation fault\n'), {
    code: 'ERR_VTEP_DAEMON',
    message: 'the vtep daemon did not start: Segmentation fault; see /run/vtep/1.log',
  });
  const crash =
    'node:internal/errors:540\n      throw error;\n\nTypeError: no such thing\n    at x (y.js:1:1)\n\nNode.js v20.20.2\n';
  t.match(words(crash), { message: /did not start: TypeError: no such thing;/ });
  t.match(words(''), { message: /it said nothing/ });
  t.end();
});

t.test('names of namespaces', (t) => {
  t.throws(() => connect({ netns: 'no-such-namespace' }), {
    code: 'ERR_VTEP_ARGUMENT',
    errno: 'ENOENT',
    word: 'no-such-namespace',
  });
  t.equal(connect({ netns: '/proc/self/ns/net' }).socketPath, socket);
  process.env['VTEP_RUN_DIR'] = `/tmp/${'x'.repeat(100)}`;
  t.throws(() => connect(), { code: 'ERR_VTEP_ARGUMENT', errno: 'ENAMETOOLONG' });
  t.end();
});

t.test('a run directory that cannot be made, or is not ours', (t) => {
  t.throws(() => makeRunDirectory('/proc/vtep'), {
    code: /ERR_VTEP_(SYSTEM|PERMISSION)/,
    word: '/proc/vtep',
  });
  mkdirSync(directory);
  symlinkSync(directory, `${directory}.link`);
  t.throws(() => makeRunDirectory(`${directory}.link`), { code: 'ERR_VTEP_PERMISSION' });
  t.end();
});
