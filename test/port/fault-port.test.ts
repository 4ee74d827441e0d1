/** The bad wire by itself, and a pair of learning VTEPs that find each other across it. */
import t from 'tap';
import { Engine } from '../../lib/engine/engine.js';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import type { PortFactory, System } from '../../lib/engine/system.js';
import { Batch, EXTRA, LENGTH, OFFSET, PEER3 } from '../../lib/memory/batch.js';
import { Slab } from '../../lib/memory/slab.js';
import { FaultPort, type Faults } from '../../lib/port/fault-port.js';
import { MemoryDatagrams } from '../../lib/port/memory-port.js';
import type { ReceivePort } from '../../lib/port/port.js';
import { parseAddress } from '../../lib/wire/text.js';
import { ManualClock } from '../support/memory-host.js';
import { ethernetFrame } from '../support/packets.js';

const BURST = 64;

/** Sends datagrams 0 to count - 1, four octets each; what came out, as [number, octets]. */
function pass(faults: Faults, count: number, seed = 1): { out: [number, Uint8Array][]; port: FaultPort } {
  const wire = new MemoryDatagrams();
  const port = new FaultPort(wire, faults, seed);
  const slab = new Slab(BURST);
  const batch = new Batch(BURST);
  for (let i = 0; i < count; i++) {
    wire.send({ payload: Uint8Array.of(i >> 8, i, 7, 7), peer: Int32Array.of(0, 0, 0xffff, i), port: i });
  }
  const out: [number, Uint8Array][] = [];
  while (port.receive(slab, batch) > 0) {
    for (let i = 0; i < batch.length; i++) {
      const at = batch.get(OFFSET, i);
      out.push([batch.get(PEER3, i), slab.bytes.slice(at, at + batch.get(LENGTH, i))]);
    }
  }
  return { out, port };
}

const numbers = (out: readonly [number, Uint8Array][]) => out.map(([n]) => n);
const whole = ([n, octets]: [number, Uint8Array]) =>
  Buffer.compare(octets, Uint8Array.of(n >> 8, n, 7, 7)) === 0;

t.test('no faults: nothing changes', async (t) => {
  const { out, port } = pass({}, 200);
  t.same(numbers(out), [...Array(200).keys()]);
  t.ok(out.every(whole));
  t.same(port.counts, { dropped: 0, corrupted: 0, duplicated: 0, reordered: 0 });
});

t.test('drop', async (t) => {
  const { out, port } = pass({ drop: 25 }, 4_000);
  t.ok(port.counts.dropped > 800 && port.counts.dropped < 1_200, `${port.counts.dropped} of 4000`);
  t.equal(out.length, 4_000 - port.counts.dropped);
  t.same(
    numbers(out),
    numbers(out).sort((a, b) => a - b),
    'the rest in order',
  );
  t.ok(out.every(whole));
  t.same(pass({ drop: 100 }, 200).out, [], 'all of it, over several bursts');
});

t.test('corrupt: one bit, the columns stay', async (t) => {
  const { out, port } = pass({ corrupt: 100 }, 100);
  t.equal(port.counts.corrupted, 100);
  t.same(numbers(out), [...Array(100).keys()]);
  t.notOk(out.some(whole));
  t.equal(pass({ corrupt: 100 }, 0).port.counts.corrupted, 0);
  const wire = new MemoryDatagrams();
  wire.send({ payload: new Uint8Array(0), peer: new Int32Array(4), port: 1 });
  const empty = new FaultPort(wire, { corrupt: 100 });
  t.equal(empty.receive(new Slab(1), new Batch(1)), 1, 'an empty datagram has nothing to damage');
  t.equal(empty.counts.corrupted, 0);
});

t.test('duplicate, where the burst has room', async (t) => {
  const { out, port } = pass({ duplicate: 100 }, 20);
  t.equal(out.length, 40);
  t.same(
    numbers(out).sort((a, b) => a - b),
    [...Array(40).keys()].map((i) => i >> 1),
  );
  t.ok(out.every(whole), 'whole, both of them');
  t.equal(port.counts.duplicated, 20);
  t.equal(pass({ duplicate: 100 }, BURST).out.length, BURST, 'a full burst has none');
  const mixed = pass({ duplicate: 100, drop: 50 }, BURST);
  t.ok(mixed.port.counts.duplicated > 0 && mixed.out.every(whole), 'lost ones make room');
});

t.test('reorder: nothing is lost', async (t) => {
  const { out, port } = pass({ reorder: 30 }, BURST);
  t.ok(port.counts.reordered > 5);
  t.not(numbers(out).join(), [...Array(BURST).keys()].join());
  t.same(
    numbers(out).sort((a, b) => a - b),
    [...Array(BURST).keys()],
  );
  t.ok(out.every(whole));
});

t.test('equal seeds make equal mistakes', async (t) => {
  const faults = { drop: 10, corrupt: 10, duplicate: 10, reorder: 10 };
  t.same(pass(faults, 500, 3).out, pass(faults, 500, 3).out);
  t.notSame(pass(faults, 500, 3).out, pass(faults, 500, 4).out);
});

t.test('every column moves with its entry; errors pass', async (t) => {
  const inner: ReceivePort = {
    receive: (_, batch) => {
      for (let i = 0; i < 8; i++) batch.set(EXTRA, i, i);
      for (let i = 0; i < 8; i++) batch.set(PEER3, i, i);
      return (batch.length = 8);
    },
  };
  const batch = new Batch(8);
  new FaultPort(inner, { reorder: 50 }).receive(new Slab(8), batch);
  for (let i = 0; i < 8; i++) t.equal(batch.get(EXTRA, i), batch.get(PEER3, i));
  t.equal(new FaultPort({ receive: () => -9 }, {}).receive(new Slab(1), batch), -9);
});

t.test('percentages are checked', async (t) => {
  for (const drop of [-1, 101, NaN]) {
    t.throws(() => new FaultPort(new MemoryDatagrams(), { drop }), { message: /expected 0 to 100/ });
  }
});

/** A system whose datagrams arrive through `wrap`. */
function overWire(system: MemorySystem, wrap: (port: ReceivePort) => ReceivePort): System {
  const { ports } = system;
  const wrapped: PortFactory = {
    carry: (offloads) => ports.carry(offloads),
    frames: (fd) => ports.frames(fd),
    datagrams: (fd) => wrap(ports.datagrams(fd)),
    frameWriter: () => ports.frameWriter(),
    datagramWriter: () => ports.datagramWriter(),
  };
  return new Proxy(system, {
    get: (target, key) => {
      const value: unknown = key === 'ports' ? wrapped : Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

class Side {
  readonly system = new MemorySystem();
  readonly engine: Engine;
  readonly port: { faults?: FaultPort } = {};
  readonly address: string;
  readonly guest: string;

  constructor(n: number, clock: ManualClock, faults: Faults) {
    this.address = `192.0.2.${n}`;
    this.guest = `02:00:00:00:0${n}:01`;
    const system = overWire(this.system, (port) => (this.port.faults = new FaultPort(port, faults, n)));
    this.engine = new Engine(system, { seed: n, clock });
    const vtep = this.engine.add({ name: 'vtep0', id: 42, dstport: 4_789, remote: `192.0.2.${3 - n}` });
    vtep.set({ up: true });
  }

  get fdb() {
    return this.engine.get('vtep0')!.fdb;
  }

  say(to: Side): void {
    this.system.frames('vtep0').send(ethernetFrame(to.guest, this.guest, 0x1234, new Uint8Array(50)));
  }

  /** What left goes to the other side's underlay. */
  deliver(to: Side): void {
    this.engine.poll();
    for (const { payload, sourcePort } of this.system.underlay.take()) {
      to.system.underlay.send({ payload, peer: parseAddress(this.address)!, port: sourcePort! });
    }
  }
}

t.test('two learning VTEPs find each other over a lossy wire', async (t) => {
  const clock = new ManualClock();
  const faults = { drop: 30, corrupt: 10, duplicate: 10, reorder: 20 };
  const a = new Side(1, clock, faults);
  const b = new Side(2, clock, faults);
  let heard = 0;
  for (let second = 0; second < 400; second++) {
    a.say(b);
    b.say(a);
    a.deliver(b);
    b.deliver(a);
    a.engine.poll();
    heard += a.system.frames('vtep0').take().length;
    b.system.frames('vtep0').take();
    clock.pass(1);
  }
  t.ok(heard > 200, `${heard} of 400 frames and their doubles`);
  for (const [side, other] of [
    [a, b],
    [b, a],
  ]) {
    t.same(side.fdb.get(other.guest)?.remotes, [{ dst: other.address }]);
    const { dropped, corrupted, duplicated } = side.port.faults!.counts;
    t.ok(dropped > 50 && corrupted > 10 && duplicated > 10);
  }
  // Sources that were damaged on the way have been learned as well, and age out; the guests stay.
  const damaged = a.fdb.list().length;
  clock.pass(290);
  for (let second = 0; second < 60; second++) {
    b.say(a);
    b.deliver(a);
    a.engine.poll();
    clock.pass(1);
  }
  t.ok(a.fdb.list().length < damaged, `${damaged} entries, then ${a.fdb.list().length}`);
  t.same(a.fdb.get(b.guest)?.remotes, [{ dst: b.address }]);
});
