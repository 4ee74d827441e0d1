import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { EXTRA } from '../../lib/memory/batch.js';
import { EADDRINUSE, EINVAL, EMSGSIZE, ENOENT, errnoName, errnoNumber } from '../../lib/native/errno.js';
import { load, type UdpOptions } from '../../lib/native/shim.js';
import { OwnNamespace } from '../support/own-namespace.js';
import { Burst, counting, LOOPBACK4, LOOPBACK6, needsRoot, receiveAll, v4 } from './burst.js';

const shim = load();

function open(test: Test, options: Partial<UdpOptions>): number {
  const fd = shim.udpOpen({ family: 4, port: 0, ...options });
  test.ok(fd >= 0, `udpOpen: ${errnoName(fd)}`);
  test.teardown(() => shim.close(fd));
  return fd;
}

/** A port nobody listens on. */
function closedPort(): number {
  const fd = shim.udpOpen({ family: 4, port: 0 });
  const port = shim.udpPort(fd);
  shim.close(fd);
  return port;
}

t.test('a port is bound once, unless it is shared', async (t) => {
  const fd = open(t, { address: Int32Array.from(LOOPBACK4) });
  const port = shim.udpPort(fd);
  t.ok(port > 0);
  t.equal(shim.udpOpen({ family: 4, port, address: Int32Array.from(LOOPBACK4) }), EADDRINUSE);
  const shared = shim.udpPort(open(t, { reusePort: true }));
  open(t, { port: shared, reusePort: true });
});

t.test('an IPv6 socket leaves the IPv4 port free', async (t) => {
  const port = shim.udpPort(open(t, { family: 6 }));
  open(t, { family: 4, port });
});

t.test('a port that is none is refused', async (t) => {
  t.equal(shim.udpOpen({ family: 4, port: 65_536 }), EINVAL);
  t.equal(shim.udpOpen({ family: 4, port: -1 }), EINVAL);
  t.equal(shim.udpOpen({ family: 4, port: 0, ttl: 256 }), EINVAL);
});

t.test('a socket of another namespace', { skip: needsRoot }, async (t) => {
  const there = new OwnNamespace('socket');
  t.teardown(() => there.remove());
  const netns = `/run/netns/${there.name}`;
  const port = shim.udpPort(open(t, { netns }));
  open(t, { port });
  t.equal(shim.udpOpen({ family: 4, port, netns }), EADDRINUSE, 'taken there, and only there');
  there.ip('addr add 192.0.2.77/32 dev lo');
  const address = Int32Array.from(v4(192, 0, 2, 77));
  open(t, { address, netns });
  t.equal(
    errnoName(shim.udpOpen({ family: 4, port: 0, address })),
    'EADDRNOTAVAIL',
    'this thread is home again',
  );
  t.equal(shim.udpOpen({ family: 4, port: 0, netns: '/run/netns/there-is-none' }), ENOENT);
  t.equal(shim.udpOpen({ family: 4, port: 0, netns: '/dev/null' }), EINVAL);
});

t.test('an egress socket drops what it is sent', async (t) => {
  const egress = open(t, { dropAll: true });
  const sender = open(t, {});
  const burst = new Burst();
  burst.putFrame(0, counting(60), { port: sender, peer: LOOPBACK4, peerPort: shim.udpPort(egress) });
  t.equal(shim.udpTransmit(burst.bytes, burst.words, 0, 1), 1);
  t.equal(shim.udpReceive(egress, burst.bytes, burst.words, 0, 64), 0);
});

t.test('a port unreachable is told in the error queue and costs no innocent datagram', async (t) => {
  const receiver = open(t, { address: Int32Array.from(LOOPBACK4) });
  const sender = open(t, { receiveErrors: true });
  const burst = new Burst();
  const port = closedPort();
  burst.putFrame(0, counting(60), { port: sender, peer: LOOPBACK4, peerPort: port });
  t.equal(shim.udpTransmit(burst.bytes, burst.words, 0, 1), 1, 'it left');
  burst.putFrame(0, counting(60), { port: sender, peer: LOOPBACK4, peerPort: shim.udpPort(receiver) });
  t.equal(
    shim.udpTransmit(burst.bytes, burst.words, 0, 1),
    1,
    'the next one too, though the error was pending',
  );
  t.equal(receiveAll(shim, receiver).length, 1);
  t.equal(shim.udpErrors(sender, burst.words, 64), 1);
  t.equal(burst.get('status', 0), errnoNumber('ECONNREFUSED'));
  t.same(burst.peer(0), LOOPBACK4);
  t.equal(burst.get('peerPort', 0), port);
  t.equal(shim.udpErrors(sender, burst.words, 64), 0, 'drained');
});

t.test('a pending error does not hide datagrams that arrived', async (t) => {
  const fd = open(t, { receiveErrors: true });
  const burst = new Burst();
  burst.putFrame(0, counting(60), { port: fd, peer: LOOPBACK4, peerPort: shim.udpPort(fd) });
  burst.putFrame(1, counting(60), { port: fd, peer: LOOPBACK4, peerPort: closedPort() });
  t.equal(shim.udpTransmit(burst.bytes, burst.words, 0, 2), 2);
  t.equal(shim.udpReceive(fd, burst.bytes, burst.words, 0, 64), 1);
});

t.test('the longest datagram fits a slot', async (t) => {
  const receiver = open(t, { address: Int32Array.from(LOOPBACK4) });
  const sender = open(t, {});
  const burst = new Burst();
  burst.putFrame(0, counting(65_499), { port: sender, peer: LOOPBACK4, peerPort: shim.udpPort(receiver) });
  shim.udpTransmit(burst.bytes, burst.words, 0, 1);
  t.equal(shim.udpReceive(receiver, burst.bytes, burst.words, 0, 1), 1);
  t.equal(burst.get('length', 0), 65_507, 'the longest of UDP fits');
  t.equal(burst.get('status', 0), 0);
});

t.test("a group's datagrams come only to the socket that joined it", async (t) => {
  const member = open(t, { reusePort: true });
  const port = shim.udpPort(member);
  const other = open(t, { reusePort: true, port });
  t.equal(shim.udpJoin(member, Int32Array.from(v4(239, 1, 2, 4)), shim.interfaceIndex('lo')), 0);
  const sender = createSocket('udp4').bind(0, '127.0.0.1');
  t.teardown(() => sender.close());
  await once(sender, 'listening');
  sender.setMulticastInterface('127.0.0.1');
  sender.send('to the group', port, '239.1.2.4');
  let arrived: Uint8Array[] = [];
  for (let tries = 0; tries < 100 && arrived.length === 0; tries++) {
    await sleep(10);
    arrived = receiveAll(shim, member);
  }
  t.equal(Buffer.concat(arrived).toString(), 'to the group');
  t.equal(receiveAll(shim, other).length, 0);
});

t.test('groups are joined and left once', async (t) => {
  const lo = shim.interfaceIndex('lo');
  const fd4 = open(t, { family: 4 });
  const group4 = Int32Array.from(v4(239, 1, 2, 3));
  t.equal(shim.udpJoin(fd4, group4, lo), 0);
  t.equal(shim.udpJoin(fd4, group4, lo), EADDRINUSE);
  t.equal(shim.udpLeave(fd4, group4, lo), 0);
  t.equal(errnoName(shim.udpLeave(fd4, group4, lo)), 'EADDRNOTAVAIL');
  const fd6 = open(t, { family: 6 });
  const group6 = Int32Array.of(0xff02_0000 | 0, 0, 0, 0x1234);
  t.equal(shim.udpJoin(fd6, group6, lo), 0);
  t.equal(shim.udpLeave(fd6, group6, lo), 0);
  t.equal(shim.udpJoin(fd4, Int32Array.from(LOOPBACK4), lo), EINVAL, 'no group');
});

t.test('buffers beyond the system limit', { skip: needsRoot }, async (t) => {
  const receiver = open(t, { address: Int32Array.from(LOOPBACK4), receiveBuffer: 64 << 20 });
  const sender = open(t, {});
  const burst = new Burst();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 64; i++) {
      burst.putFrame(i, counting(8000), { port: sender, peer: LOOPBACK4, peerPort: shim.udpPort(receiver) });
    }
    t.equal(shim.udpTransmit(burst.bytes, burst.words, 0, 64), 64);
  }
  t.equal(receiveAll(shim, receiver).length, 640, 'five megabytes waited in the socket');
});

for (const [mode, statuses] of [
  ['dont', [0, 0]],
  ['do', [0, EMSGSIZE]],
] as const) {
  t.test(`mtuDiscover ${mode}: beyond the interface's MTU`, async (t) => {
    const receiver = open(t, { family: 6, address: Int32Array.from(LOOPBACK6), receiveBuffer: 1 << 20 });
    const sender = open(t, { family: 6, mtuDiscover: mode, receiveErrors: true });
    const burst = new Burst();
    const to = { port: sender, peer: LOOPBACK6, peerPort: shim.udpPort(receiver) };
    burst.putFrame(0, counting(1000), to);
    burst.putFrame(1, counting(65_510), to);
    shim.udpTransmit(burst.bytes, burst.words, 0, 2);
    t.same(burst.column('status', 2), statuses, 'loopback has an MTU of 65,536: IPv6 leaves 65,488 to UDP');
    const [, long] = receiveAll(shim, receiver);
    t.equal(
      long?.length,
      mode === 'dont' ? 65_518 : undefined,
      'fragmented and put together again, or not sent',
    );
    if (mode === 'dont') return;
    t.ok(shim.udpErrors(sender, burst.words, 64) > 0);
    t.equal(burst.batch.get(EXTRA, 0), 65_536, 'the error tells the MTU');
  });
}
