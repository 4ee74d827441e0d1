/** The hold queue by itself: who waits for what, in which order they go, and what does not fit or is late. */
import t from 'tap';
import { COUNTERS, EVENT_HELD, EVENT_RELEASED } from '../../lib/dataplane/counters.js';
import { Device, HOLD, L2MISS, UP } from '../../lib/dataplane/device.js';
import {
  DEVICE_FRAMES,
  DEVICE_OCTETS,
  FOR_ADDRESS,
  FOR_ANSWER,
  FOR_MAC,
  HoldQueue,
  MOST_HELD,
} from '../../lib/dataplane/hold-queue.js';
import * as reasons from '../../lib/dataplane/reasons.js';
import { Batch, LENGTH, OFFSET } from '../../lib/memory/batch.js';
import { Slab } from '../../lib/memory/slab.js';
import { NUD_PERMANENT, NUD_STALE } from '../../lib/table/neighbour.js';
import { Bench } from '../support/bench.js';

const HIGH = 0x02000000;
const V4 = 0xffff;

class Bed {
  readonly bench = new Bench({ settings: { features: UP | L2MISS | HOLD, hold: 4, holdTicks: 10 } });
  readonly devices = [this.bench.device, this.#more(1), this.#more(2), this.#more(3), this.#more(4)];
  readonly queue = new HoldQueue(this.devices, this.bench.pending);
  readonly slab = new Slab(4);
  readonly out = new Batch(4);

  constructor() {
    this.queue.prepare();
  }

  #more(index: number): Device {
    const { settings, tables, egress } = this.bench.device;
    return new Device(index, { ...settings }, tables, egress, new Float64Array(COUNTERS));
  }

  /** A frame of one octet, `n`, that waits for a MAC. */
  keep(
    n: number,
    mac: number,
    { device = this.bench.device, since = 0, length = 1, kind = FOR_MAC } = {},
  ): void {
    this.bench.rx.length = 0;
    this.bench.put(Uint8Array.of(n));
    this.bench.rx.set(LENGTH, 0, length);
    const key: [number, number, number, number] = kind === FOR_MAC ? [HIGH, mac, 0, 0] : [0, 0, V4, mac];
    this.queue.keep(this.bench.slab, this.bench.rx, 0, device, kind, ...key, since, false);
  }

  /** An FDB entry for a MAC has come. */
  know(mac: number, vni = 42): void {
    this.bench.device.tables.fdb.insert(HIGH, mac, vni, this.bench.remote('192.0.2.2'), 0, 0, 0);
    this.queue.stale = true;
  }

  /** First octets of what may go, a list a device. */
  taken(now = 0): [device: number, frames: number[]][] {
    const all: [number, number[]][] = [];
    if (!this.queue.look(now)) return all;
    for (
      let number = this.queue.take(this.slab, this.out);
      number >= 0;
      number = this.queue.take(this.slab, this.out)
    ) {
      const frames = Array.from(
        { length: this.out.length },
        (_, i) => this.slab.bytes[this.out.get(OFFSET, i)]!,
      );
      all.push([number, frames]);
    }
    return all;
  }
}

t.test('frames for one MAC go when it is known, in order', async (t) => {
  const bed = new Bed();
  for (const n of [1, 2, 3]) bed.keep(n, 7);
  bed.keep(9, 8);
  bed.queue.stale = true;
  t.same(bed.taken(), []);
  bed.know(7);
  t.same(bed.taken(), [[0, [1, 2, 3]]]);
  t.same(bed.taken(), []);
  t.equal(bed.queue.length, 1);
  bed.know(8);
  t.same(bed.taken(), [[0, [9]]]);
  t.same([bed.queue.length, bed.bench.device.held, bed.bench.device.heldOctets], [0, 0, 0]);
  t.same(
    [EVENT_HELD, EVENT_RELEASED].map((event) => bed.bench.device.counters[event]),
    [4, 4],
  );
});

t.test('nothing is looked for until something has changed', async (t) => {
  const bed = new Bed();
  bed.keep(1, 7);
  bed.know(7);
  bed.queue.stale = false;
  t.same(bed.taken(), []);
  t.same(bed.taken(1), [], 'a later tick is for those that are late alone');
  bed.queue.stale = true;
  t.same(bed.taken(1), [[0, [1]]]);
});

t.test('has: this device, this kind, this key', async (t) => {
  const bed = new Bed();
  const { device } = bed.bench;
  t.notOk(bed.queue.has(device, FOR_MAC, HIGH, 7, 0, 0), 'empty');
  bed.keep(1, 7);
  t.ok(bed.queue.has(device, FOR_MAC, HIGH, 7, 0, 0));
  t.notOk(bed.queue.has(device, FOR_MAC, HIGH, 8, 0, 0));
  t.notOk(bed.queue.has(device, FOR_ADDRESS, HIGH, 7, 0, 0));
  t.notOk(bed.queue.has(bed.devices[1]!, FOR_MAC, HIGH, 7, 0, 0));
});

t.test('a default destination and a MAC learned a moment ago are as good as an entry', async (t) => {
  const bed = new Bed();
  bed.keep(1, 7);
  bed.keep(2, 8);
  bed.bench.pending.remember(HIGH, 8, 42, 0, 0, 0, V4, 1, 0);
  bed.queue.stale = true;
  t.same(bed.taken(), [[0, [2]]]);
  bed.bench.learn('00:00:00:00:00:00', [bed.bench.remote('192.0.2.2')]);
  bed.queue.stale = true;
  t.same(bed.taken(), [[0, [1]]]);
});

t.test('an address to be routed to: its neighbour, or that of its route’s next hop', async (t) => {
  const bed = new Bed();
  const { neighbours, routes } = bed.bench.device.tables;
  bed.keep(1, 0x0a000001, { kind: FOR_ADDRESS });
  bed.keep(2, 0x0a000002, { kind: FOR_ADDRESS });
  neighbours.set(0, 0, V4, 0x0a000001, HIGH, 1, NUD_STALE, 0, 0);
  bed.queue.stale = true;
  t.same(bed.taken(), [[0, [1]]], 'in whatever state');
  routes.set(0, 0, V4, 0x0a000000, 24, 4, 0, 0, V4, 0x0a000009, 0);
  bed.queue.stale = true;
  t.same(bed.taken(), []);
  neighbours.set(0, 0, V4, 0x0a000009, HIGH, 9, NUD_STALE, 0, 0);
  bed.queue.stale = true;
  t.same(bed.taken(), [[0, [2]]]);
});

t.test('who asks the proxy waits for a neighbour that it may answer for', async (t) => {
  const bed = new Bed();
  const { neighbours } = bed.bench.device.tables;
  bed.keep(1, 0x0a000001, { kind: FOR_ANSWER });
  neighbours.set(0, 0, V4, 0x0a000001, HIGH, 1, NUD_STALE, 0, 0);
  bed.queue.stale = true;
  t.same(bed.taken(), []);
  neighbours.set(0, 0, V4, 0x0a000001, HIGH, 1, NUD_PERMANENT, 0, 0);
  bed.queue.stale = true;
  t.same(bed.taken(), [[0, [1]]]);
});

t.test('devices: each has its own VNI, and a batch is of one of them', async (t) => {
  const bed = new Bed();
  bed.devices[1]!.settings.vni = 43;
  bed.keep(1, 7);
  bed.keep(2, 7, { device: bed.devices[1]! });
  bed.know(7, 43);
  t.same(bed.taken(), [[1, [2]]]);
  bed.keep(3, 7, { device: bed.devices[1]! });
  bed.know(7, 42);
  t.same(bed.taken().sort(([a], [b]) => a - b), [[0, [1]], [1, [3]]]); // prettier-ignore
});

t.test('more than a batch: several, in order', async (t) => {
  const bed = new Bed();
  bed.bench.device.settings.hold = 100;
  for (let n = 0; n < 10; n++) bed.keep(n, 7);
  bed.know(7);
  t.same(bed.taken(), [[0, [0, 1, 2, 3]], [0, [4, 5, 6, 7]], [0, [8, 9]]]); // prettier-ignore
});

t.test('the first so many for a destination', async (t) => {
  const bed = new Bed();
  for (let n = 0; n < 6; n++) bed.keep(n, 7);
  bed.keep(9, 8);
  t.same(bed.bench.reasons(), { hold_full: 2 });
  bed.know(7);
  t.same(bed.taken(), [[0, [0, 1, 2, 3]]]);
});

t.test('so many frames and octets a device, so many frames in all', async (t) => {
  const bed = new Bed();
  for (let n = 0; n <= DEVICE_FRAMES; n++) bed.keep(0, n);
  t.same(bed.bench.reasons(), { hold_full: 1 });
  t.equal(bed.bench.device.held, DEVICE_FRAMES);
  for (const device of bed.devices.slice(1))
    for (let n = 0; n < DEVICE_FRAMES; n++) bed.keep(0, n, { device });
  t.equal(bed.queue.length, MOST_HELD);
  bed.queue.look(11);
  t.equal(bed.queue.length, 0);

  const other = new Bed();
  const length = 65_000;
  const fit = Math.floor(DEVICE_OCTETS / length);
  for (let n = 0; n <= fit; n++) other.keep(0, n, { length });
  t.same(other.bench.reasons(), { hold_full: 1 });
  t.equal(other.bench.device.heldOctets, fit * length);
  other.keep(0, 500, { device: other.devices[1]! });
  t.equal(other.queue.length, fit + 1, 'of another device there is room');
});

t.test('octets in all', async (t) => {
  const bed = new Bed();
  const length = 65_000;
  let kept = 0;
  for (const device of bed.devices) for (let n = 0; n < 16; n++) bed.keep(0, n, { length, device });
  for (const device of bed.devices) kept += device.held;
  t.equal(kept, Math.floor(8_192 / Math.ceil(length / 512)));
  t.equal(bed.queue.length, kept);
});

t.test('late ones are counted, the others stay in order', async (t) => {
  const bed = new Bed();
  bed.keep(1, 7, { since: 0 });
  bed.keep(2, 7, { since: 5 });
  bed.keep(3, 7, { since: 1 });
  bed.keep(4, 7, { since: 5 });
  t.same(bed.taken(10), []);
  t.equal(bed.queue.length, 4, 'ten ticks are not more than ten');
  bed.taken(11);
  t.same(bed.bench.reasons(), { hold_timeout: 1 });
  bed.taken(12);
  t.same(bed.bench.reasons(), { hold_timeout: 2 }, 'also one that stands behind younger ones');
  bed.keep(5, 7, { since: 12 });
  bed.know(7);
  t.same(bed.taken(12), [[0, [2, 4, 5]]]);
});

t.test('an entry that comes too late finds nobody', async (t) => {
  const bed = new Bed();
  bed.keep(1, 7, { since: 0 });
  bed.know(7);
  t.same(bed.taken(11), []);
  t.same(bed.bench.reasons(), { hold_timeout: 1 });
  t.same([bed.queue.length, bed.bench.device.held], [0, 0]);
});

t.test('the clock wraps', async (t) => {
  const bed = new Bed();
  bed.keep(1, 7, { since: 0x7fffffff });
  bed.taken(-0x80000000 + 9);
  t.equal(bed.queue.length, 1);
  bed.taken(-0x80000000 + 10);
  t.equal(bed.queue.length, 0);
});

t.test('a device without: its frames are counted as told, others wait on', async (t) => {
  const bed = new Bed();
  for (const mac of [7, 8, 9]) bed.keep(mac, mac);
  bed.keep(10, 7, { device: bed.devices[1]! });
  bed.queue.empty(bed.bench.device, reasons.TX_DEVICE_DOWN);
  t.same(bed.bench.reasons(), { tx_device_down: 3 });
  t.same([bed.queue.length, bed.bench.device.held, bed.bench.device.heldOctets], [1, 0, 0]);
  bed.know(7);
  t.same(bed.taken(), [[1, [10]]]);
});
