/** Bursts of a TAP by one system call (native-shim/ring.h): what is moved is the same, and nothing is lost in between. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { EBADF, errnoName } from '../../lib/native/errno.js';
import { load, type TapInfo } from '../../lib/native/shim.js';
import { tool } from '../support/lab/tools.js';
import { OwnNamespace } from '../support/own-namespace.js';
import { soon } from '../support/soon.js';
import { Burst, counting, needsRoot } from './burst.js';
import { udpFrame } from './frames.js';

const FRAMES = 20_000;
/** Frames on their way at most: no queue overflows. */
const UNDERWAY = 200;

const shim = load();

/** Two TAPs on one bridge: what is written to the first is read from the second. */
function bridged(test: Test): { from: TapInfo; to: TapInfo } {
  const namespace = new OwnNamespace('ring');
  execFileSync(...namespace.command('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1'));
  namespace.ip('link add br0 type bridge');
  const taps = ['tap0', 'tap1'].map((name) => {
    const tap = shim.tapOpen({ name, netns: `/run/netns/${namespace.name}` });
    if (typeof tap === 'number') throw new Error(`tapOpen: ${errnoName(tap)}`);
    namespace.ip(`link set ${name} master br0 up`);
    return tap;
  });
  namespace.ip('link set br0 up');
  test.teardown(() => {
    for (const { fds } of taps) fds.forEach((fd) => shim.close(fd));
    namespace.remove();
  });
  return { from: taps[0]!, to: taps[1]! };
}

/** Rings that this process has open. */
function rings(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('io_uring');
    } catch {
      return false; // that of the directory itself
    }
  }).length;
}

/** Whether a program may have a ring here, as the generator of the benchmarks found. */
function mayHaveRing(): boolean {
  const words = ['source', '-p', '9', '-c', '1', '127.0.0.1'];
  return execFileSync(tool('datagrams'), words, { encoding: 'utf8' }).includes('"via":"io_uring"');
}

/** The numbers that frames of `numbered` carry, in the order they are read; others (the stack's own) are left out. */
function read(fd: number, max: number, burst: Burst): number[] {
  const got = shim.tapReceive(fd, burst.bytes, burst.words, 0, max);
  const numbers: number[] = [];
  for (let i = 0; i < got; i++) {
    const offset = burst.get('offset', i);
    if (offset !== burst.slab.slotOffset(i)) throw new Error(`frame ${i} is in another slot`);
    const frame = Buffer.from(burst.bytes.buffer, burst.bytes.byteOffset + offset, burst.get('length', i));
    if (frame[26] === 10) numbers.push(frame.readUInt32BE(42));
  }
  return numbers;
}

function numbered(number: number): Uint8Array {
  const payload = counting(60);
  new DataView(payload.buffer, payload.byteOffset).setUint32(0, number);
  return udpFrame({ payload });
}

t.test('with root', { skip: needsRoot }, async (t) => {
  const { from, to } = bridged(t);
  const burst = new Burst();
  const before = rings();

  await t.test('a lone frame needs no ring, a burst makes one', async (t) => {
    burst.putFrame(0, numbered(1), { port: from.fds[0] });
    t.equal(shim.tapTransmit(burst.bytes, burst.words, 0, 1, 0), 1);
    t.ok(await soon(() => read(to.fds[0], 1, burst).includes(1)));
    t.equal(rings(), before);
    read(to.fds[0], 64, burst);
    if (process.env['VTEP_IO_URING'] === 'off' || !mayHaveRing())
      return t.comment('this machine has no io_uring for us');
    t.equal(rings(), before + 1);
  });

  await t.test('one that is refused has its errno, and those behind it arrive, in order', async (t) => {
    for (let i = 0; i < 20; i++) burst.putFrame(i, numbered(100 + i), { port: i === 4 ? -1 : from.fds[0] });
    t.equal(shim.tapTransmit(burst.bytes, burst.words, 0, 20, 0), 19);
    t.same(burst.column('status', 20), [0, 0, 0, 0, EBADF, ...Array<number>(15).fill(0)]);
    const seen: number[] = [];
    await soon(() => (seen.push(...read(to.fds[0], 64, new Burst())), seen.length >= 19));
    t.same(
      seen,
      Array.from({ length: 20 }, (_, i) => 100 + i).filter((number) => number !== 104),
    );
  });

  await t.test('frames that come while a burst is read are all seen, once, in order', async (t) => {
    const counts = new Int32Array(new SharedArrayBuffer(8)); // written, read
    const writer = new Worker(fileURLToPath(new URL('./tap-ring-writer.js', import.meta.url)), {
      workerData: { fd: from.fds[0], counts, frames: FRAMES, underway: UNDERWAY },
    });
    const ended = new Promise((resolve, reject) => writer.once('exit', resolve).once('error', reject));
    let next = 0;
    let wrong = 0;
    const readAll = (): boolean => {
      for (let turn = 0; turn < 1_000; turn++) {
        for (const number of read(to.fds[0], 1 + (turn % 64), burst)) if (number !== next++) wrong++;
        Atomics.store(counts, 1, next);
        Atomics.notify(counts, 1);
      }
      return next >= FRAMES;
    };
    t.ok(await soon(readAll), `${next} of ${Atomics.load(counts, 0)}`);
    t.same([next, wrong], [FRAMES, 0]);
    t.same(read(to.fds[0], 64, burst), []);
    await ended;
  });
});
