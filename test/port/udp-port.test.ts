import t from 'tap';
import { Batch } from '../../lib/memory/batch.js';
import { Slab } from '../../lib/memory/slab.js';
import { UdpPort, UdpWriter } from '../../lib/port/udp-port.js';
import { noting } from '../support/noting-shim.js';

t.test('a socket receives into slots and entries from 0, as many as both have', async (t) => {
  for (const [slots, capacity] of [
    [2, 5],
    [5, 2],
  ]) {
    const { shim, calls } = noting(1);
    const slab = new Slab(slots);
    const batch = new Batch(capacity);
    t.equal(new UdpPort(shim, 8).receive(slab, batch), 1);
    t.equal(batch.length, 1);
    t.same(calls, [['udpReceive', 8, slab.bytes, batch.words, 0, 2]]);
  }
});

t.test('an error leaves an empty batch', async (t) => {
  const batch = new Batch(2);
  batch.length = 1;
  t.equal(new UdpPort(noting(-9).shim, 8).receive(new Slab(2), batch), -9);
  t.equal(batch.length, 0);
});

t.test('the writer sends the entries of the batch', async (t) => {
  const { shim, calls } = noting(3);
  const slab = new Slab(1);
  const batch = new Batch(4);
  batch.length = 3;
  new UdpWriter(shim).transmit(slab, batch);
  t.same(calls, [['udpTransmit', slab.bytes, batch.words, 0, 3]]);
});
