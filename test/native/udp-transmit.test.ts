import t, { type Test } from 'tap';
import { GSO_TCPV4, NEEDS_CSUM } from '../../lib/memory/batch.js';
import { EBADF, EFAULT, EINVAL, EMSGSIZE, errnoName } from '../../lib/native/errno.js';
import { load, type UdpOptions } from '../../lib/native/shim.js';
import { check, ethernet, ipv4, tcp } from '../support/check.js';
import {
  Burst,
  counting,
  LOOPBACK4,
  LOOPBACK6,
  receiveAll,
  VXLAN_HEADER,
  v4,
  type Address,
} from './burst.js';
import { tcpFrame, udpFrame } from './frames.js';

const shim = load();

function open(test: Test, options: Partial<UdpOptions>): number {
  const fd = shim.udpOpen({ family: 4, port: 0, ...options });
  test.ok(fd >= 0, `udpOpen: ${errnoName(fd)}`);
  test.teardown(() => shim.close(fd));
  return fd;
}

/** A sender and a listener of one family on loopback. */
function pair(
  test: Test,
  family: 4 | 6,
  receiver: Partial<UdpOptions> = {},
  sender: Partial<UdpOptions> = {},
) {
  const address = family === 4 ? LOOPBACK4 : LOOPBACK6;
  const receive = open(test, {
    family,
    address: Int32Array.from(address),
    receiveBuffer: 4 << 20,
    ...receiver,
  });
  const send = open(test, { family, dropAll: true, ...sender });
  return { receive, send, peer: address, peerPort: shim.udpPort(receive) };
}

function transmit(burst: Burst, count: number): number {
  return shim.udpTransmit(burst.bytes, burst.words, 0, count);
}

function lengths(datagrams: Uint8Array[]): number[] {
  return datagrams.map(({ length }) => length);
}

for (const family of [4, 6] as const) {
  t.test(`IPv${family}: header and frame arrive as one datagram`, async (t) => {
    const { receive, send, peer, peerPort } = pair(t, family);
    const burst = new Burst();
    burst.putFrame(0, counting(60), { port: send, peer, peerPort });
    t.equal(transmit(burst, 1), 1);
    t.equal(burst.get('status', 0), 0);
    const [datagram] = receiveAll(shim, receive);
    t.same(datagram, Uint8Array.from([...VXLAN_HEADER, ...counting(60)]));
  });

  t.test(`IPv${family}: a header away from its frame is joined to it`, async (t) => {
    const { receive, send, peer, peerPort } = pair(t, family);
    const burst = new Burst();
    burst.putFrame(0, counting(60), { port: send, peer, peerPort, header: 16 });
    burst.bytes.set([1, 2, 3, 4, 5, 6, 7, 8], 16);
    t.equal(transmit(burst, 1), 1);
    t.same(receiveAll(shim, receive)[0], Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, ...counting(60)]));
  });

  t.test(
    `IPv${family}: a run of equal size is one send, and still separate datagrams to a plain receiver`,
    async (t) => {
      const { receive, send, peer, peerPort } = pair(t, family);
      const burst = new Burst();
      for (let i = 0; i < 64; i++)
        burst.putFrame(i, counting(100 + (i === 63 ? -40 : 0), i), { port: send, peer, peerPort });
      t.equal(transmit(burst, 64), 64);
      const datagrams = receiveAll(shim, receive);
      t.same(lengths(datagrams), [...Array(63).fill(108), 68]);
      t.ok(
        datagrams.every((datagram, i) => datagram[8] === i),
        'in order',
      );
    },
  );

  t.test(`IPv${family}: a receiver with GRO is handed the run whole`, async (t) => {
    const { receive, send, peer, peerPort } = pair(t, family, { gro: true });
    const burst = new Burst();
    for (let i = 0; i < 10; i++) burst.putFrame(i, counting(100, i), { port: send, peer, peerPort });
    t.equal(transmit(burst, 10), 10);
    const into = new Burst();
    t.equal(shim.udpReceive(receive, into.bytes, into.words, 0, 64), 1);
    t.equal(into.get('length', 0), 1080);
    t.equal(into.get('gsoSize', 0), 108);
    t.same(into.datagrams(0)[9], Uint8Array.from([...VXLAN_HEADER, ...counting(100, 9)]));
  });

  t.test(`IPv${family}: TOS, TTL and source address go out and come in`, async (t) => {
    const reports = { receiveTos: true, receiveTtl: true, receiveLocal: true };
    const { receive, send, peer, peerPort } = pair(t, family, reports);
    const local: Address = family === 4 ? v4(127, 0, 0, 9) : LOOPBACK6;
    const lo = shim.interfaceIndex('lo');
    const burst = new Burst();
    burst.putFrame(0, counting(60), { port: send, peer, peerPort, tos: 0xb8, ttl: 9, local, ifindex: lo });
    burst.putFrame(1, counting(60), { port: send, peer, peerPort });
    t.equal(transmit(burst, 2), 2);
    const into = new Burst();
    t.equal(shim.udpReceive(receive, into.bytes, into.words, 0, 64), 2);
    t.same(into.column('tos', 2), [0xb8, 0]);
    t.same(into.column('ttl', 2), [9, 64]);
    t.same(into.column('ifindex', 2), [lo, lo]);
    t.same(into.peer(0), local);
    t.same(into.peer(1), peer);
    t.same(into.local(0), peer);
    t.equal(into.get('peerPort', 0), shim.udpPort(send));
    for (const field of ['offload', 'csum', 'header', 'port', 'status', 'gsoSize'] as const) {
      t.equal(into.get(field, 0), 0, field);
    }
  });

  t.test(`IPv${family}: a socket without checksums sends run by run, datagram by datagram`, async (t) => {
    const { receive, send, peer, peerPort } = pair(t, family, { zeroChecksum6Rx: true }, { checksum: false });
    const burst = new Burst();
    for (let i = 0; i < 5; i++) burst.putFrame(i, counting(80, i), { port: send, peer, peerPort });
    t.equal(transmit(burst, 5), 5);
    t.same(lengths(receiveAll(shim, receive)), Array(5).fill(88));
  });
}

t.test('flows that alternate travel in runs, each in its own order', async (t) => {
  const a = pair(t, 4, { gro: true });
  const b = pair(t, 4, { gro: true });
  const burst = new Burst();
  for (let i = 0; i < 40; i++) {
    const to = i % 2 ? b : a;
    burst.putFrame(i, counting(50, i), { port: a.send, peer: to.peer, peerPort: to.peerPort });
  }
  t.equal(transmit(burst, 40), 40);
  for (const [parity, { receive }] of [a, b].entries()) {
    const into = new Burst();
    t.equal(shim.udpReceive(receive, into.bytes, into.words, 0, 64), 1, 'one run');
    t.same(
      into.datagrams(0).map((d) => d[8]),
      Array.from({ length: 20 }, (_, i) => 2 * i + parity),
    );
  }
});

t.test('sizes that change keep the order', async (t) => {
  const { receive, send, peer, peerPort } = pair(t, 4);
  const sizes = [100, 100, 60, 60, 100, 200, 100, 100, 14, 1400, 1400, 1401];
  const burst = new Burst();
  sizes.forEach((size, i) => burst.putFrame(i, counting(size, i), { port: send, peer, peerPort }));
  t.equal(transmit(burst, sizes.length), sizes.length);
  const datagrams = receiveAll(shim, receive);
  t.same(
    lengths(datagrams),
    sizes.map((size) => size + 8),
  );
  t.same(
    datagrams.map((d) => d[8]),
    sizes.map((_, i) => i),
  );
});

t.test('more destinations than sends are kept open', async (t) => {
  const { receive, send, peer, peerPort } = pair(t, 4, { receiveTtl: true });
  const burst = new Burst(200);
  for (let i = 0; i < 200; i++)
    burst.putFrame(i, counting(40, i), { port: send, peer, peerPort, ttl: 1 + (i % 50) });
  t.equal(transmit(burst, 200), 200);
  t.equal(receiveAll(shim, receive).length, 200);
});

t.test('a super-frame becomes datagrams with final checksums', async (t) => {
  const { receive, send, peer, peerPort } = pair(t, 4);
  const payload = counting(4200);
  const offload = NEEDS_CSUM | GSO_TCPV4;
  const csum = 34 | (16 << 16);
  const burst = new Burst();
  burst.putFrame(0, tcpFrame({ payload, partial: true }), {
    port: send,
    peer,
    peerPort,
    offload,
    gsoSize: 1000,
    csum,
  });
  t.equal(transmit(burst, 1), 1);
  const datagrams = receiveAll(shim, receive);
  t.same(lengths(datagrams), [1062, 1062, 1062, 1062, 262]);
  datagrams.forEach((datagram, i) => {
    t.same(datagram.subarray(0, 8), VXLAN_HEADER);
    check(datagram.subarray(8), ethernet(), ipv4(), tcp({ sequence: 1 + 1000 * i }));
  });
});

t.test('a frame whose checksum is unfinished can go to several peers', async (t) => {
  const { receive, send, peer, peerPort } = pair(t, 4);
  const frame = udpFrame({ payload: counting(100), partial: true });
  const burst = new Burst();
  const entry = { port: send, peer, peerPort, offload: NEEDS_CSUM, csum: 34 | (6 << 16) };
  burst.putFrame(0, frame, entry);
  for (let i = 1; i < 3; i++) {
    burst.put(i, {
      ...entry,
      offset: burst.get('offset', 0),
      length: frame.length,
      header: burst.get('header', 0),
    });
  }
  t.equal(transmit(burst, 3), 3);
  const whole = Uint8Array.from([...VXLAN_HEADER, ...udpFrame({ payload: counting(100) })]);
  t.same(receiveAll(shim, receive), [whole, whole, whole]);
});

t.test('many small super-frames need more header room than there is at once', async (t) => {
  const { receive, send, peer, peerPort } = pair(t, 4, { receiveBuffer: 32 << 20 });
  const offload = NEEDS_CSUM | GSO_TCPV4;
  const burst = new Burst(16);
  for (let i = 0; i < 16; i++) {
    const frame = tcpFrame({ payload: counting(200 * 50, i), sequence: 1 + i * 10000, partial: true });
    burst.putFrame(i, frame, { port: send, peer, peerPort, offload, gsoSize: 50, csum: 34 | (16 << 16) });
  }
  t.equal(transmit(burst, 16), 16);
  const into = new Burst();
  const datagrams = receiveAll(shim, receive, into);
  t.equal(datagrams.length, 16 * 200);
  datagrams.forEach((datagram, i) =>
    check(datagram.subarray(8), ethernet(), ipv4(), tcp({ sequence: 1 + 50 * i })),
  );
});

t.test('an entry outside the slab is refused and the rest goes on', async (t) => {
  const { receive, send, peer, peerPort } = pair(t, 4);
  const burst = new Burst();
  const size = burst.bytes.length;
  const to = { port: send, peer, peerPort };
  const wrong = [
    { offset: -1, length: 60, header: 0 },
    { offset: size - 59, length: 60, header: 0 },
    { offset: 0x7fffffff, length: 0x7fffffff, header: 0 },
    { offset: 64, length: -1, header: 0 },
    { offset: 64, length: 60, header: -8 },
    { offset: 64, length: 60, header: size - 7 },
    { offset: 64, length: size, header: 0 },
  ];
  wrong.forEach((entry, i) => burst.put(i, { ...to, ...entry }));
  burst.putFrame(wrong.length, counting(60), to);
  t.equal(transmit(burst, wrong.length + 1), 1);
  t.same(burst.column('status', wrong.length + 1), [...Array(wrong.length).fill(EFAULT), 0]);
  t.equal(receiveAll(shim, receive).length, 1);
});

t.test('entries outside the batch are refused as a whole', async (t) => {
  const burst = new Burst();
  t.equal(shim.udpTransmit(burst.bytes, burst.words, 0, 65), EINVAL);
  t.equal(shim.udpTransmit(burst.bytes, burst.words, -1, 1), EINVAL);
  t.equal(shim.udpTransmit(burst.bytes, burst.words, 2, 1), EINVAL);
  t.equal(shim.udpReceive(0, burst.bytes, burst.words, 60, 5), EINVAL);
});

t.test('a datagram longer than UDP allows has its own verdict', async (t) => {
  const { receive, send, peer, peerPort } = pair(t, 4);
  const burst = new Burst();
  burst.putFrame(0, counting(60), { port: send, peer, peerPort });
  burst.putFrame(1, counting(65_500), { port: send, peer, peerPort });
  burst.putFrame(2, counting(65_499), { port: send, peer, peerPort });
  t.equal(transmit(burst, 3), 2);
  t.same(burst.column('status', 3), [0, EMSGSIZE, 0]);
  t.same(lengths(receiveAll(shim, receive)), [68, 65_507]);
});

t.test('a descriptor that is no socket spoils only its own entries', async (t) => {
  const { receive, send, peer, peerPort } = pair(t, 4);
  const burst = new Burst();
  burst.putFrame(0, counting(60), { port: -1, peer, peerPort });
  burst.putFrame(1, counting(60), { port: send, peer, peerPort });
  t.equal(transmit(burst, 2), 1);
  t.same(burst.column('status', 2), [EBADF, 0]);
  t.equal(receiveAll(shim, receive).length, 1);
});
