/** Fallbacks for kernels and devices we do not have: system calls are refused by test/fixtures/refusing-kernel.c. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { errnoNumber } from '../../lib/native/errno.js';
import { needsRoot } from './burst.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const needsCompiler = spawnSync('cc', ['--version']).error ? 'needs cc' : false;

interface Outcome {
  /** What the child printed, as JSON. */
  told: unknown;
  refused: number;
}

/** Runs `code` (a module that prints JSON) on a kernel that refuses. */
function onRefusingKernel(library: string, env: Record<string, string>, code: string): Promise<Outcome> {
  const imports = `
    import { load } from '${ROOT}dist/lib/native/shim.js';
    import * as burst from '${ROOT}dist/test/native/burst.js';
    import * as frames from '${ROOT}dist/test/native/frames.js';
    const shim = load();`;
  const options = { env: { ...process.env, ...env, LD_PRELOAD: library }, timeout: 20_000 };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['--input-type=module', '-e', imports + code],
      options,
      (error, stdout, stderr) => {
        if (error) reject(new Error(stderr, { cause: error }));
        else resolve({ told: JSON.parse(stdout), refused: Number(/refused (\d+)/.exec(stderr)?.[1] ?? 0) });
      },
    );
  });
}

const SEND_TWO_RUNS = `
  const receive = shim.udpOpen({ family: 4, port: 0, address: Int32Array.from(burst.LOOPBACK4) });
  const send = shim.udpOpen({ family: 4, port: 0 });
  const b = new burst.Burst();
  const to = { port: send, peer: burst.LOOPBACK4, peerPort: shim.udpPort(receive) };
  const sizes = [100, 100, 60, 200, 300, 300];
  const rounds = [];
  for (let round = 0; round < 2; round++) {
    sizes.forEach((size, i) => b.putFrame(i, burst.counting(size, i), to));
    rounds.push([
      shim.udpTransmit(b.bytes, b.words, 0, 6),
      b.column('status', 6),
      burst.receiveAll(shim, receive).map((d) => [d.length - 8, d[8]]),
    ]);
  }
  console.log(JSON.stringify(rounds));`;

const ROUND = [6, [0, 0, 0, 0, 0, 0], [100, 100, 60, 200, 300, 300].map((size, i) => [size, i])];

/** Makes a bridge with two TAPs in a namespace, writes to one and prints what can be read from the other. */
const WRITE_TO_TAP = `
  import { execFileSync } from 'node:child_process';
  const name = 'vt' + process.pid + '-refuse';
  const ip = (...words) => execFileSync('ip', words, { env: { PATH: process.env.PATH } });
  ip('netns', 'add', name);
  try {
    shim.setNamespace('/run/netns/' + name);
    const [from, to] = ['tap0', 'tap1'].map((name) => shim.tapOpen({ name }));
    ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge');
    for (const { name: tap } of [from, to]) {
      ip('-n', name, 'link', 'set', tap, 'master', 'br0');
      shim.interfaceSet(tap, { up: true });
    }
    shim.interfaceSet('br0', { up: true });
    const b = new burst.Burst();
    for (let i = 0; i < 3; i++) {
      const frame = frames.tcpFrame({ payload: burst.counting(i === 2 ? 50 : 100, i), sequence: 1 + 100 * i, id: i });
      b.putFrame(i, frame, { port: from.fds[0], gsoSize: 1500 });
    }
    const gso = { offload: 0x101, gsoSize: 1000, csum: 34 | (16 << 16) };
    b.putFrame(3, frames.tcpFrame({ payload: burst.counting(2500), partial: true }), { port: from.fds[0], ...gso });
    const writes = shim.tapTransmit(b.bytes, b.words, 0, 4, 3);
    const statuses = b.column('status', 4);
    const lengths = [];
    for (let i = 0; i < 50 && lengths.length < 6; i++) {
      const got = shim.tapReceive(to.fds[0], b.bytes, b.words, 0, 64);
      for (let k = 0; k < got; k++) if (b.bytes[b.get('offset', k) + 26] === 10) lengths.push(b.get('length', k));
      if (got === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
    console.log(JSON.stringify([writes, statuses, lengths]));
  } finally {
    ip('netns', 'del', name);
  }`;

t.test('with a compiler', { skip: needsCompiler }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vtep-refuse-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const library = join(directory, 'refusing-kernel.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(ROOT, 'test/fixtures/refusing-kernel.c')]);

  for (const [name, refusals, why] of [
    ['EINVAL', 4, 'each run is tried: the next may be of a size that fits'],
    ['EMSGSIZE', 8, 'twice, because an older error may have been told'],
    ['EIO', 2, 'once: the first burst had both runs under way, later ones are not tried'],
  ] as const) {
    t.test(`UDP_SEGMENT refused with ${name}: datagrams leave one by one, in order`, async (t) => {
      const env = { REFUSE_SEGMENT: String(errnoNumber(name)) };
      const { told, refused } = await onRefusingKernel(library, env, SEND_TWO_RUNS);
      t.same(told, [ROUND, ROUND]);
      t.equal(refused, refusals, why);
    });
  }

  t.test('super-frames refused by the TAP: frames are written one by one', { skip: needsRoot }, async (t) => {
    const env = { REFUSE_WRITE: String(errnoNumber('EINVAL')), VTEP_IO_URING: 'off' };
    const { told, refused } = await onRefusingKernel(library, env, WRITE_TO_TAP);
    t.same(told, [4, [0, 0, 0, 0], [154, 154, 104, 1054, 1054, 554]]);
    t.equal(refused, 2);
  });

  for (const name of ['EPERM', 'ENOSYS'] as const) {
    t.test(`io_uring refused with ${name}: frames pass one by one`, { skip: needsRoot }, async (t) => {
      const env = { REFUSE_RING: String(errnoNumber(name)) };
      const { told, refused } = await onRefusingKernel(library, env, WRITE_TO_TAP);
      t.same(told, [2, [0, 0, 0, 0], [254 + 50, 2554]]);
      t.equal(refused, 1, 'it is asked for once');
    });
  }
});
