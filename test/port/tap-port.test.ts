import t from 'tap';
import { Batch } from '../../lib/memory/batch.js';
import { Slab } from '../../lib/memory/slab.js';
import { OFFLOAD_CSUM, OFFLOAD_TSO4, OFFLOAD_TSO6, OFFLOAD_USO } from '../../lib/native/shim.js';
import { TapPort, TapWriter } from '../../lib/port/tap-port.js';
import { noting } from '../support/noting-shim.js';

t.test('a queue receives into slots and entries from 0, as many as both have', async (t) => {
  for (const [slots, capacity] of [
    [2, 5],
    [5, 2],
  ]) {
    const { shim, calls } = noting(2);
    const slab = new Slab(slots);
    const batch = new Batch(capacity);
    t.equal(new TapPort(shim, 7).receive(slab, batch), 2);
    t.equal(batch.length, 2);
    t.same(calls, [['tapReceive', 7, slab.bytes, batch.words, 0, 2]]);
  }
});

t.test('an error leaves an empty batch', async (t) => {
  const batch = new Batch(2);
  batch.length = 1;
  t.equal(new TapPort(noting(-9).shim, 7).receive(new Slab(2), batch), -9);
  t.equal(batch.length, 0);
});

t.test('frames are joined as far as the TAPs carry super-frames', async (t) => {
  const { shim, calls } = noting(1);
  const batch = new Batch(4);
  batch.length = 3;
  const writer = new TapWriter(shim);
  const offloads = [
    undefined,
    OFFLOAD_CSUM,
    OFFLOAD_TSO4 | OFFLOAD_TSO6,
    OFFLOAD_TSO4 | OFFLOAD_USO,
    OFFLOAD_USO,
  ];
  for (const bits of offloads) {
    if (bits !== undefined) writer.carry(bits);
    writer.transmit(new Slab(1), batch);
  }
  t.same(
    calls.map(([name, , , from, to, coalesce]) => [name, from, to, coalesce]),
    [0, 0, 1, 3, 2].map((coalesce) => ['tapTransmit', 0, 3, coalesce]),
  );
});
