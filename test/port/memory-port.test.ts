import t from 'tap';
import {
  Batch,
  GSO_SIZE,
  HEADER,
  IFINDEX,
  LENGTH,
  LOCAL3,
  OFFLOAD,
  OFFSET,
  PEER0,
  PEER3,
  PEER_PORT,
  PORT,
  SOURCE_PORT,
  STATUS,
  TOS,
  TTL,
} from '../../lib/memory/batch.js';
import { Slab, SLOT_BYTES } from '../../lib/memory/slab.js';
import { MemoryDatagrams, MemoryFrames, MemoryFrameWriter } from '../../lib/port/memory-port.js';

const PEER = Int32Array.of(0, 0, 0xffff, 0xc0000202 | 0);

t.test('frames are received in order, a burst at a time', async (t) => {
  const slab = new Slab(2);
  const batch = new Batch(4);
  const port = new MemoryFrames();
  const frame = Uint8Array.of(1, 2, 3);
  port.send(frame);
  port.send(Uint8Array.of(4));
  port.send(new Uint8Array(0));
  frame.fill(9);
  t.equal(port.receive(slab, batch), 2, 'not more than the slab has slots');
  t.equal(batch.length, 2);
  t.equal(batch.get(OFFSET, 1), slab.slotOffset(1));
  t.same([batch.get(LENGTH, 0), batch.get(LENGTH, 1)], [3, 1]);
  t.same(slab.bytes.slice(slab.slotOffset(0), slab.slotOffset(0) + 3), [1, 2, 3], 'a copy was queued');
  t.same([batch.get(OFFLOAD, 0), batch.get(GSO_SIZE, 0), batch.get(STATUS, 0)], [0, 0, 0]);
  t.equal(port.receive(slab, batch), 1);
  t.equal(batch.get(LENGTH, 0), 0);
  t.equal(port.receive(slab, batch), 0);
  t.equal(batch.length, 0);
});

t.test('a frame as long as a slot, and one longer', async (t) => {
  const slab = new Slab(1);
  const batch = new Batch(1);
  const port = new MemoryFrames();
  port.send(new Uint8Array(SLOT_BYTES));
  t.equal(port.receive(slab, batch), 1);
  t.equal(batch.get(LENGTH, 0), SLOT_BYTES);
  t.throws(() => port.send(new Uint8Array(SLOT_BYTES + 1)), { message: /65601 bytes: at most 65600/ });
});

t.test('the frame writer goes by the PORT column', async (t) => {
  const slab = new Slab(1);
  const batch = new Batch(2);
  const ports = new Map([
    [3, new MemoryFrames()],
    [4, new MemoryFrames()],
  ]);
  slab.bytes.set([1, 2, 3], slab.slotOffset(0));
  for (const [j, fd] of [4, 5].entries()) {
    batch.set(OFFSET, j, slab.slotOffset(0));
    batch.set(LENGTH, j, 3);
    batch.set(PORT, j, fd);
    batch.set(STATUS, j, -1);
  }
  batch.length = 2;
  new MemoryFrameWriter((fd) => ports.get(fd)).transmit(slab, batch);
  t.same(ports.get(3)?.take(), []);
  t.same(ports.get(4)?.take(), [Uint8Array.of(1, 2, 3)]);
  t.same(ports.get(4)?.take(), [], 'taken');
  t.equal(batch.get(STATUS, 0), 0);
  t.equal(batch.get(STATUS, 1), -19, 'an interface that is gone: ENODEV');
});

t.test('datagrams arrive with what their outer headers say', async (t) => {
  const slab = new Slab(4);
  const batch = new Batch(4);
  const port = new MemoryDatagrams();
  port.send({ payload: Uint8Array.of(7), peer: PEER, port: 5, tos: 3, ttl: 9, ifindex: 2 });
  port.send({ payload: new Uint8Array(SLOT_BYTES + 1), peer: PEER, port: 6 });
  t.equal(port.receive(slab, batch), 2);
  t.same(
    [PEER0, PEER3, PEER_PORT, TOS, TTL, IFINDEX, STATUS, LENGTH].map((column) => batch.get(column, 0)),
    [0, PEER[3], 5, 3, 9, 2, 0, 1],
  );
  t.same(
    [batch.get(TOS, 1), batch.get(STATUS, 1), batch.get(LENGTH, 1)],
    [0, -90, SLOT_BYTES],
    'cut: EMSGSIZE',
  );
});

t.test('datagrams leave with header and frame from where the columns say', async (t) => {
  const slab = new Slab(1);
  const batch = new Batch(1);
  const port = new MemoryDatagrams();
  const frame = slab.slotOffset(0);
  slab.bytes.set([1, 2, 3, 4, 5, 6, 7, 8], frame - 40);
  slab.bytes.set([9, 10], frame);
  const columns = {
    [OFFSET]: frame,
    [LENGTH]: 2,
    [HEADER]: frame - 40,
    [PEER_PORT]: 4_789,
    [SOURCE_PORT]: 50_000,
    [TOS]: 1 | (0xbeef << 8),
    [TTL]: 2,
    [IFINDEX]: 3,
    [LOCAL3]: 4,
    [PEER3]: 5,
  };
  for (const [column, value] of Object.entries(columns)) batch.set(Number(column), 0, value);
  batch.length = 1;
  port.transmit(slab, batch);
  t.same(port.take(), [
    {
      payload: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
      peer: Int32Array.of(0, 0, 0, 5),
      port: 4_789,
      sourcePort: 50_000,
      local: Int32Array.of(0, 0, 0, 4),
      tos: 1,
      flowLabel: 0xbeef,
      ttl: 2,
      ifindex: 3,
    },
  ]);
  t.equal(batch.get(STATUS, 0), 0);
});
