import { execFileSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { GSO_TCPV4, GSO_TYPE, NEEDS_CSUM } from '../../lib/memory/batch.js';
import { EBADF, EBADFD, EFAULT, EINVAL, ENODEV, ENOENT, errnoName } from '../../lib/native/errno.js';
import {
  load,
  OFFLOAD_CSUM,
  OFFLOAD_TSO4,
  OFFLOAD_TSO6,
  type TapInfo,
  type TapOptions,
} from '../../lib/native/shim.js';
import { check, ethernet, ipv4, tcp } from '../support/check.js';
import { Burst, counting, needsRoot } from './burst.js';
import { tcpFrame, udpFrame } from './frames.js';

const shim = load();
const NAMESPACE = `vt${process.pid}-tap`;
const NETNS = `/run/netns/${NAMESPACE}`;

function ip(...words: string[]): string {
  return execFileSync('ip', ['-n', NAMESPACE, ...words], { encoding: 'utf8', stdio: 'pipe' });
}

function open(test: Test, options: Partial<TapOptions> = {}): TapInfo {
  const tap = shim.tapOpen({ name: 'tap%d', netns: NETNS, ...options });
  if (typeof tap === 'number') throw new Error(`tapOpen: ${errnoName(tap)}`);
  test.teardown(() => tap.fds.forEach((fd) => shim.close(fd)));
  return tap;
}

let bridges = 0;

/** Two TAPs on one bridge: what is written to the first is read from the second. */
function bridged(test: Test, options: Partial<TapOptions> = {}): { from: TapInfo; to: TapInfo } {
  const bridge = `br${(bridges += 1)}`;
  const [from, to] = [open(test, options), open(test, options)];
  ip('link', 'add', bridge, 'type', 'bridge');
  for (const { name } of [from, to]) {
    ip('link', 'set', name, 'master', bridge);
    shim.interfaceSet(name, { netns: NETNS, up: true });
  }
  ip('link', 'set', bridge, 'up');
  test.teardown(() => ip('link', 'del', bridge));
  return { from, to };
}

/** Reads until `count` frames came from 10.0.0.1; others (the stack's own) are left out. Copies, as [offload, gso size, frame]. */
function receive(fd: number, count: number): [number, number, Uint8Array][] {
  const burst = new Burst();
  const frames: [number, number, Uint8Array][] = [];
  for (let attempt = 0; frames.length < count && attempt < 100; attempt++) {
    const got = shim.tapReceive(fd, burst.bytes, burst.words, 0, 64);
    for (let i = 0; i < got; i++) {
      const frame = whole(burst, i);
      if (frame[26] === 10) frames.push([burst.get('offload', i), burst.get('gsoSize', i), frame]);
    }
    if (got === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
  return frames;
}

function whole(burst: Burst, index: number): Uint8Array {
  const offset = burst.get('offset', index);
  return burst.bytes.slice(offset, offset + burst.get('length', index));
}

t.test('with root', { skip: needsRoot }, async (t) => {
  execFileSync('ip', ['netns', 'add', NAMESPACE]);
  const remove = () => execFileSync('ip', ['netns', 'del', NAMESPACE]);
  process.once('exit', remove);
  t.teardown(() => {
    process.removeListener('exit', remove);
    remove();
  });
  execFileSync('ip', ['netns', 'exec', NAMESPACE, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);

  t.test('a device is made in its namespace, with every offload, and goes with its descriptor', async (t) => {
    const tap = open(t, { name: 'vtap' });
    t.match(tap, { name: 'vtap', created: true });
    t.equal(tap.fds.length, 1);
    const wanted = OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6;
    t.equal(tap.offloads & wanted, wanted);
    t.match(ip('-o', 'link', 'show', 'vtap'), new RegExp(`^${tap.ifindex}: vtap`));
    t.equal(shim.interfaceIndex('vtap'), ENODEV, 'this thread is where it was');
    shim.close(tap.fds[0]);
    t.throws(() => ip('link', 'show', 'vtap'));
  });

  t.test('a persistent device is attached to, and told from a new one', async (t) => {
    const first = open(t, { name: 'stays' });
    t.equal(shim.tapPersist(first.fds[0], true), 0);
    shim.close(first.fds[0]);
    const second = open(t, { name: 'stays' });
    t.match(second, { created: false, ifindex: first.ifindex });
    t.equal(errnoName(shim.tapOpen({ name: 'stays', netns: NETNS }) as number), 'EBUSY');
    t.equal(shim.tapPersist(second.fds[0], false), 0);
    t.equal(shim.tapPersist(-1, false), EBADF);
    t.equal(shim.tapWhere(-1), EBADF);
  });

  t.test('queues', async (t) => {
    const tap = open(t, { queues: 3 });
    t.equal(new Set(tap.fds).size, 3);
    t.equal(shim.tapOpen({ name: 'many', netns: NETNS, queues: 257 }), EINVAL);
    t.equal(shim.tapOpen({ name: 'none', netns: NETNS, queues: 0 }), EINVAL);
  });

  t.test('names and places that are none leave nothing open', async (t) => {
    t.equal(shim.tapOpen({ name: '', netns: NETNS }), EINVAL);
    t.equal(errnoName(shim.tapOpen({ name: 'sixteen-octets-x', netns: NETNS }) as number), 'ENAMETOOLONG');
    t.equal(shim.tapOpen({ name: 'vtap', netns: '/run/netns/there-is-none' }), ENOENT);
    t.equal(shim.tapOpen({ name: 'vtap', netns: '/dev/null' }), EINVAL);
    t.equal(shim.tapOpen({ name: 'lo', netns: NETNS }), EINVAL, 'a device that is no TAP');
  });

  t.test('MAC, MTU and flags by name', async (t) => {
    const { name } = open(t);
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 7);
    t.equal(shim.interfaceSet(name, { netns: NETNS, mac, mtu: 1450, up: true }), 0);
    t.match(ip('link', 'show', name), /<[^>]*UP[^>]*> mtu 1450[^]*02:00:00:00:00:07/);
    t.equal(shim.interfaceSet(name, { netns: NETNS, up: false }), 0);
    t.notMatch(ip('link', 'show', name), /<[^>]*\bUP\b/);
    t.equal(shim.interfaceSet(name, { netns: NETNS, mtu: 20 }), EINVAL);
    t.equal(shim.interfaceSet('there-is-none', { netns: NETNS, up: true }), ENODEV);
    t.equal(shim.interfaceSet(name, { up: true }), ENODEV, 'not here');
  });

  t.test('frames pass octet for octet', async (t) => {
    const { from, to } = bridged(t);
    const burst = new Burst();
    const sizes = [1, 64, 1000, 1458];
    sizes.forEach((size, i) =>
      burst.putFrame(i, udpFrame({ payload: counting(size, i) }), { port: from.fds[0], gsoSize: 1500 }),
    );
    t.equal(shim.tapTransmit(burst.bytes, burst.words, 0, 4, 0), 4);
    t.same(burst.column('status', 4), [0, 0, 0, 0]);
    const frames = receive(to.fds[0], 4);
    t.same(
      frames.map(([, , frame]) => frame),
      sizes.map((size, i) => udpFrame({ payload: counting(size, i) })),
    );
  });

  t.test('segments of one flow are written as one super-frame and read as one', async (t) => {
    const { from, to } = bridged(t);
    const burst = new Burst();
    for (let i = 0; i < 10; i++) {
      const frame = tcpFrame({ payload: counting(1000, i), sequence: 1 + 1000 * i, id: i });
      burst.putFrame(i, frame, { port: from.fds[0], gsoSize: 1500 });
    }
    t.equal(shim.tapTransmit(burst.bytes, burst.words, 0, 10, 1), 1, 'one write');
    const [[offload, gsoSize, frame]] = receive(to.fds[0], 1);
    t.equal(offload & GSO_TYPE, GSO_TCPV4);
    t.ok(offload & NEEDS_CSUM);
    t.equal(gsoSize, 1000);
    check(frame, ethernet(), ipv4(), tcp({ sequence: 1, checksum: false }));
    t.same(frame.subarray(54 + 9000), counting(1000, 9));
  });

  t.test('a super-frame read from one TAP is written whole to another', async (t) => {
    const { from, to } = bridged(t);
    const burst = new Burst();
    const offload = NEEDS_CSUM | GSO_TCPV4;
    const frame = tcpFrame({ payload: counting(5000), partial: true });
    burst.putFrame(0, frame, { port: from.fds[0], offload, gsoSize: 1400, csum: 34 | (16 << 16) });
    t.equal(shim.tapTransmit(burst.bytes, burst.words, 0, 1, 1), 1);
    const [[, gsoSize, received]] = receive(to.fds[0], 1);
    t.equal(gsoSize, 1400);
    t.equal(received.length, frame.length);
  });

  t.test('a TAP without a vnet header gets complete frames', async (t) => {
    const { from, to } = bridged(t, { vnetHeader: false });
    t.equal(from.offloads, 0);
    const burst = new Burst();
    const gso = { offload: NEEDS_CSUM | GSO_TCPV4, gsoSize: 1000, csum: 34 | (16 << 16) };
    burst.putFrame(0, tcpFrame({ payload: counting(2500), partial: true }), { port: from.fds[0], ...gso });
    burst.putFrame(1, udpFrame({ payload: counting(10), partial: true }), {
      port: from.fds[0],
      gsoSize: 1500,
    });
    t.equal(shim.tapTransmit(burst.bytes, burst.words, 0, 2, 3), 2);
    const frames = receive(to.fds[0], 4);
    t.same(
      frames.map(([offload, , frame]) => [offload, frame.length]),
      [
        [0, 1054],
        [0, 1054],
        [0, 554],
        [0, 52],
      ],
    );
    frames
      .slice(0, 3)
      .forEach(([, , frame], i) => check(frame, ethernet(), ipv4(), tcp({ sequence: 1 + 1000 * i })));
    t.same(frames[3][2], udpFrame({ payload: counting(10) }), 'its checksum was unfinished, too');
  });

  t.test('entries outside the slab, and queues that are gone, are marked', async (t) => {
    const { from } = bridged(t);
    const burst = new Burst();
    burst.put(0, { port: from.fds[0], offset: burst.bytes.length - 10, length: 60 });
    burst.putFrame(1, udpFrame({ payload: counting(60) }), { port: from.fds[0] });
    burst.putFrame(2, udpFrame({ payload: counting(60) }), { port: -1 });
    t.equal(shim.tapTransmit(burst.bytes, burst.words, 0, 3, 3), 1);
    t.same(burst.column('status', 3), [EFAULT, 0, EBADF]);
    t.equal(shim.tapReceive(-1, burst.bytes, burst.words, 0, 64), EBADF);
    t.equal(shim.tapReceive(from.fds[0], burst.bytes, burst.words, 60, 5), EINVAL);
  });

  t.test('a device that was deleted is told', async (t) => {
    const tap = open(t);
    ip('link', 'del', tap.name);
    const burst = new Burst();
    t.equal(shim.tapReceive(tap.fds[0], burst.bytes, burst.words, 0, 64), EBADFD);
    burst.putFrame(0, udpFrame({ payload: counting(60) }), { port: tap.fds[0] });
    t.equal(shim.tapTransmit(burst.bytes, burst.words, 0, 1, 0), 0);
    t.equal(burst.get('status', 0), EBADFD);
  });

  t.test('receiving fills entries from `first` on and leaves the others', async (t) => {
    const { from, to } = bridged(t);
    const burst = new Burst();
    burst.putFrame(0, udpFrame({ payload: counting(60) }), { port: from.fds[0] });
    shim.tapTransmit(burst.bytes, burst.words, 0, 1, 0);
    const into = new Burst();
    let got = 0;
    for (let attempt = 0; got === 0 && attempt < 100; attempt++) {
      got = shim.tapReceive(to.fds[0], into.bytes, into.words, 5, 1);
    }
    t.equal(got, 1);
    t.equal(into.get('offset', 5), into.slab.slotOffset(5));
    t.same([into.get('length', 4), into.get('length', 6)], [-1, -1]);
    t.same(
      [into.get('header', 5), into.get('port', 5), into.get('status', 5), into.get('ttl', 5)],
      [0, 0, 0, 0],
    );
  });
});
