/** What a worker learned and control has not written yet. */
import t from 'tap';
import { PendingLearns } from '../../lib/dataplane/pending.js';
import { LEARN_PORT, LEARNING, UP } from '../../lib/dataplane/device.js';
import { PEER0, PEER3, PEER_PORT } from '../../lib/memory/batch.js';
import { Bench } from '../support/bench.js';
import { FAR, MemoryHost, NEAR, OTHER, PEER, peers } from '../support/memory-host.js';
import { udpFrame, vxlanPacket } from '../support/packets.js';

const HIGH = 0x02000000;
const A = [0, 0, 0xffff, 0xc0000202 | 0] as const;
const B = [0, 0, 0xffff, 0xc0000203 | 0] as const;

t.test('remembers, and says whether that is new', async (t) => {
  const pending = new PendingLearns();
  t.equal(pending.find(HIGH, 1, 42, 0, 0), -1);
  t.ok(pending.remember(HIGH, 1, 42, 0, ...A, 0));
  t.notOk(pending.remember(HIGH, 1, 42, 0, ...A, 1), 'the same again, a tick later');
  t.ok(pending.remember(HIGH, 1, 42, 0, ...B, 1), 'another address');
  const at = pending.find(HIGH, 1, 42, 0, 1);
  t.same([...pending.words.slice(at + 4, at + 8)], [...B]);
});

t.test('MAC, VNI and device are the key', async (t) => {
  const pending = new PendingLearns();
  pending.remember(HIGH, 1, 42, 0, ...A, 0);
  t.ok(pending.find(HIGH, 1, 42, 0, 0) >= 0);
  t.equal(pending.find(HIGH, 2, 42, 0, 0), -1);
  t.equal(pending.find(HIGH + 1, 1, 42, 0, 0), -1);
  t.equal(pending.find(HIGH, 1, 43, 0, 0), -1);
  t.equal(pending.find(HIGH, 1, 42, 1, 0), -1);
});

t.test('the zero MAC of VNI 0 is not there before it was seen', async (t) => {
  t.equal(new PendingLearns().find(0, 0, 0, 0, 0), -1);
});

t.test('believed for two ticks, also across the wrap of the clock', async (t) => {
  for (const start of [0, 2 ** 31 - 1]) {
    const pending = new PendingLearns();
    pending.remember(HIGH, 1, 42, 0, ...A, start);
    t.ok(pending.find(HIGH, 1, 42, 0, (start + 1) | 0) >= 0);
    t.equal(pending.find(HIGH, 1, 42, 0, (start + 2) | 0), -1);
    t.ok(pending.remember(HIGH, 1, 42, 0, ...A, (start + 2) | 0), 'told anew');
  }
});

t.test('clear forgets', async (t) => {
  const pending = new PendingLearns();
  pending.remember(HIGH, 1, 42, 0, ...A, 0);
  pending.clear();
  t.equal(pending.find(HIGH, 1, 42, 0, 0), -1);
});

t.test('more MACs than slots: what is found is right', async (t) => {
  const pending = new PendingLearns();
  for (let i = 0; i < 5_000; i++) pending.remember(HIGH, i, 42, 0, 0, 0, 0xffff, i, 0);
  let found = 0;
  for (let i = 0; i < 5_000; i++) {
    const at = pending.find(HIGH, i, 42, 0, 0);
    if (at < 0) continue;
    found++;
    if (pending.words[at + 7] !== i) t.fail(`MAC ${i} leads to ${pending.words[at + 7]}`);
  }
  t.ok(found > 500 && found <= 1_024, `${found} of 1024 slots in use`);
});

t.test('an answer sent before control has drained the ring', async (t) => {
  const bench = new Bench();
  bench.learn('00:00:00:00:00:00', [bench.remote('192.0.2.9', 1)]);
  bench.put(vxlanPacket(42, udpFrame(NEAR, FAR)));
  t.ok(bench.runDecap());
  bench.rx.length = bench.tx.length = 0;
  for (let i = 0; i < 3; i++) bench.put(udpFrame(FAR, NEAR));
  t.ok(bench.runEncap(1));
  t.equal(bench.tx.length, 3);
  for (let j = 0; j < 3; j++) {
    t.equal(bench.tx.get(PEER3, j), A[3], 'to where it came from, not to the default');
    t.equal(bench.tx.get(PEER0, j), 0);
    t.equal(bench.tx.get(PEER_PORT, j), 4_789, 'the device’s port');
    t.same(bench.datagram(j).slice(4, 8), [0, 0, 42, 0]);
  }
  bench.tx.length = 0;
  t.ok(bench.runEncap(2));
  t.equal(bench.tx.get(PEER3, 0), 0xc0000209 | 0, 'after a moment the FDB alone counts');
});

t.test('with learn-port to the port that it came from', async (t) => {
  const bench = new Bench({ settings: { features: UP | LEARNING | LEARN_PORT } });
  for (const port of [40_001, 40_001, 40_002, 0]) {
    bench.rx.length = bench.tx.length = 0;
    bench.put(vxlanPacket(42, udpFrame(NEAR, FAR)));
    bench.rx.set(PEER_PORT, 0, port);
    t.ok(bench.runDecap());
    bench.rx.length = bench.tx.length = 0;
    bench.put(udpFrame(FAR, NEAR));
    t.ok(bench.runEncap());
    t.equal(bench.tx.get(PEER_PORT, 0), port || 4_789);
  }
  t.equal(bench.ring.length, 3, 'the same again is not told again');
});

t.test('a full batch: the pending address survives the interruption', async (t) => {
  const bench = new Bench({ txCapacity: 1 });
  bench.put(vxlanPacket(42, udpFrame(NEAR, FAR)));
  bench.runDecap();
  bench.rx.length = bench.tx.length = 0;
  bench.put(udpFrame(FAR, NEAR));
  bench.put(udpFrame(FAR, NEAR));
  t.notOk(bench.runEncap());
  t.equal(bench.tx.get(PEER3, 0), A[3]);
  bench.tx.length = 0;
  t.ok(bench.runEncap());
  t.equal(bench.tx.get(PEER3, 0), A[3]);
});

t.test('deleting or flushing an entry forgets it here too', async (t) => {
  const forget: [string, (host: MemoryHost) => void][] = [
    ['del', (host) => host.vtep.fdb.delete({ mac: FAR })],
    ['flush', (host) => host.vtep.fdb.flush({ dynamic: true })],
    ['down and up', (host) => (host.vtep.set({ up: false }), host.vtep.set({ up: true }))],
  ];
  for (const [name, act] of forget) {
    const host = new MemoryHost({ remote: OTHER });
    host.arrive(udpFrame(NEAR, FAR));
    t.same(peers(host.send(udpFrame(FAR, NEAR))), [PEER]);
    act(host);
    t.same(peers(host.send(udpFrame(FAR, NEAR))), [OTHER], `${name}: flooded at once`);
  }
});

t.test('learning switched off: at once', async (t) => {
  const bench = new MemoryHost({ remote: OTHER, maxaddress: 1 });
  bench.arrive(udpFrame(NEAR, FAR));
  bench.vtep.set({ learning: false });
  t.same(peers(bench.send(udpFrame(FAR, NEAR))), [OTHER]);
});

t.test('over maxaddress a MAC stays unknown', async (t) => {
  const host = new MemoryHost({ remote: OTHER, maxaddress: 1 });
  host.arrive(udpFrame(NEAR, FAR));
  for (let i = 0; i < 3; i++) {
    t.same(peers(host.send(udpFrame(FAR, NEAR))), [OTHER], 'flooded, as where it cannot be learned');
    host.clock.pass(1);
    host.arrive(udpFrame(NEAR, FAR));
  }
});
