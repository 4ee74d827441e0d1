/** One turn of the data plane: what is received, transmitted and accounted for, and in which order. */
import t from 'tap';
import { TX_PACKETS } from '../../lib/dataplane/counters.js';
import { PROXY, UP } from '../../lib/dataplane/device.js';
import { BURST, Loop } from '../../lib/engine/loop.js';
import { type Batch, LENGTH, OFFSET, STATUS } from '../../lib/memory/batch.js';
import { MemoryDatagrams, MemoryFrames } from '../../lib/port/memory-port.js';
import type { ReceivePort, TransmitPort } from '../../lib/port/port.js';
import { NUD_PERMANENT } from '../../lib/table/neighbour.js';
import { Bench } from '../support/bench.js';
import { FAR, NEAR } from '../support/memory-host.js';
import { arpPacket, BROADCAST, ethernetFrame, udpFrame, vxlanPacket } from '../support/packets.js';

const ARP = ethernetFrame(
  BROADCAST,
  NEAR,
  0x0806,
  arpPacket({ senderMac: NEAR, senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
);

/** A loop on the bench's device, whose transmissions are noted as "frames 3", and answered with `status`. */
function loop(bench: Bench, status = 0): { loop: Loop; calls: string[] } {
  const calls: string[] = [];
  const writer = (name: string): TransmitPort => ({
    transmit: (_, batch: Batch) => {
      calls.push(`${name} ${batch.length}`);
      for (let j = 0; j < batch.length; j++) batch.set(STATUS, j, status);
    },
  });
  const made = new Loop({
    devices: [bench.device],
    ring: bench.ring,
    frames: writer('frames'),
    datagrams: writer('datagrams'),
    seed: 1,
    unclaimed: bench.unclaimed,
  });
  return { loop: made, calls };
}

function proxyBench(): Bench {
  const bench = new Bench({ settings: { features: UP | PROXY } });
  bench.learn('00:00:00:00:00:00', [bench.remote('192.0.2.2')]);
  bench.device.tables.neighbours.set(0, 0, 0xffff, 0x0a000002, 0x02000000, 0x0202, NUD_PERMANENT, 0, 0);
  return bench;
}

t.test('frames: datagrams out, then replies up', async (t) => {
  const bench = proxyBench();
  const { loop: made, calls } = loop(bench);
  const frames = new MemoryFrames();
  for (const frame of [ARP, udpFrame(FAR, NEAR), ARP, udpFrame(FAR, NEAR), udpFrame(FAR, NEAR)])
    frames.send(frame);
  t.equal(made.frames(frames, bench.device, 0), 5);
  t.same(calls, ['datagrams 3', 'frames 2']);
  t.equal(bench.device.counters[TX_PACKETS], 3);
});

t.test('nothing received, nothing transmitted; errors are the caller’s', async (t) => {
  const bench = proxyBench();
  const { loop: made, calls } = loop(bench);
  t.equal(made.frames(new MemoryFrames(), bench.device, 0), 0);
  t.equal(made.frames({ receive: () => -9 }, bench.device, 0), -9);
  t.equal(made.datagrams({ receive: () => -9 }, bench.vnis, 0), -9);
  t.same(calls, []);
});

t.test('a burst at a time', async (t) => {
  const bench = proxyBench();
  const { loop: made } = loop(bench);
  const frames = new MemoryFrames();
  for (let i = 0; i < BURST + 1; i++) frames.send(udpFrame(FAR, NEAR));
  t.equal(made.frames(frames, bench.device, 0), BURST);
  t.equal(made.frames(frames, bench.device, 0), 1);
});

t.test(
  'a burst of super-frames is shorter, so that the first of them need not wait for the last',
  async (t) => {
    const bench = proxyBench();
    const { loop: made } = loop(bench);
    const big = new Uint8Array(65_000);
    big.set(udpFrame(FAR, NEAR));
    const burst = (frame: Uint8Array): number => {
      const frames = new MemoryFrames();
      for (let i = 0; i < 2 * BURST; i++) frames.send(frame);
      const handled = made.frames(frames, bench.device, 0);
      t.equal(made.drained, false);
      return handled;
    };
    t.equal(burst(big), BURST, 'nothing is known of the first');
    t.equal(burst(big), 17, '1 MiB');
    t.equal(burst(udpFrame(FAR, NEAR)), 17);
    t.equal(burst(udpFrame(FAR, NEAR)), BURST, 'small ones again');
    const few = new MemoryFrames();
    few.send(big);
    t.equal(made.frames(few, bench.device, 0), 1);
    t.equal(made.drained, true);
  },
);

t.test('where frames come one by one, whether there are more is asked after the first is sent', async (t) => {
  const bench = proxyBench();
  const { loop: made } = loop(bench);
  const limits: number[] = [];
  /** Bursts until the port with so many frames is drained. */
  const drain = (waiting: number): void => {
    const port: ReceivePort = {
      receive: (slab, batch) => {
        limits.push(batch.limit);
        batch.length = Math.min(waiting, batch.limit);
        waiting -= batch.length;
        for (let i = 0; i < batch.length; i++) {
          const frame = udpFrame(FAR, NEAR);
          slab.bytes.set(frame, slab.slotOffset(i));
          batch.set(OFFSET, i, slab.slotOffset(i));
          batch.set(LENGTH, i, frame.length);
          batch.set(STATUS, i, 0);
        }
        return batch.length;
      },
    };
    do made.frames(port, bench.device, 0);
    while (!made.drained);
  };
  for (const waiting of [1, 1, 3, 3]) drain(waiting);
  t.same(limits, [BURST, 1, BURST, 1, BURST, BURST]);
  t.equal(bench.device.counters[TX_PACKETS], 8);
});

t.test('datagrams: frames up, refused ones counted', async (t) => {
  const bench = new Bench();
  const { loop: made, calls } = loop(bench, -5);
  const wire = new MemoryDatagrams();
  for (let i = 0; i < 3; i++) {
    wire.send({
      payload: vxlanPacket(42, udpFrame(NEAR, FAR)),
      peer: Int32Array.of(0, 0, 0xffff, 1),
      port: 1,
    });
  }
  t.equal(made.datagrams(wire, bench.vnis, 0), 3);
  t.same(calls, ['frames 3']);
  t.same(bench.reasons(), { rx_device_down: 3 });
});

t.test('replies that are refused count, too', async (t) => {
  const bench = proxyBench();
  const { loop: made } = loop(bench, -11);
  const frames = new MemoryFrames();
  frames.send(ARP);
  frames.send(udpFrame(FAR, NEAR));
  made.frames(frames, bench.device, 0);
  t.same(bench.reasons(), { tap_full: 1, socket_full: 1 });
});

t.test('more replicas than are gathered at once', async (t) => {
  const bench = new Bench({ settings: { features: UP } });
  bench.learn(
    '00:00:00:00:00:00',
    Array.from({ length: 600 }, (_, i) => bench.remote(`10.1.${i >> 8}.${i & 255}`)),
  );
  const { loop: made, calls } = loop(bench);
  const frames = new MemoryFrames();
  for (let i = 0; i < 4; i++) frames.send(udpFrame(FAR, NEAR));
  t.equal(made.frames(frames, bench.device, 0), 4);
  t.same(calls, ['datagrams 1040', 'datagrams 1040', 'datagrams 320']);
  t.equal(bench.device.counters[TX_PACKETS], 2_400);
});
