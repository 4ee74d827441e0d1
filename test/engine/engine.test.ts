/** The VTEPs of one host: adding, finding, refusing, removing; events and records. */
import t from 'tap';
import type { Dataplane } from '../../lib/engine/dataplane.js';
import { Engine } from '../../lib/engine/engine.js';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import type { WorkerMessage } from '../../lib/engine/messages.js';
import type { System, Tap, TapRequest } from '../../lib/engine/system.js';
import { FAR, ManualClock, MemoryHost, NEAR, PEER } from '../support/memory-host.js';
import { udpFrame, vxlanPacket } from '../support/packets.js';

const refusal = (code: string, errno?: string) => ({ code: `ERR_VTEP_${code}`, ...(errno ? { errno } : {}) });

/** A system that answers some calls in its own way. */
function altered(system: MemorySystem, other: Partial<System>): System {
  return new Proxy(system, {
    get: (target, key) => {
      const value: unknown = Reflect.get(other, key) ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

t.test('found by name and by number', async (t) => {
  const host = new MemoryHost();
  const second = host.add({ name: 'vtep1', id: 43 });
  t.equal(host.engine.get('vtep0'), host.vtep);
  t.equal(host.engine.byIndex(second.ifindex), second);
  t.same(host.engine.list(), [host.vtep, second]);
  t.equal(host.engine.get('vtep9'), undefined);
  t.equal(host.engine.byIndex(999), undefined);
});

t.test('one VNI a port, receive flags and family', async (t) => {
  const host = new MemoryHost();
  t.throws(() => host.add({ name: 'twin' }), refusal('VNI_IN_USE', 'EEXIST'));
  t.throws(() => host.add({ name: 'twin', local: '192.0.2.9' }), refusal('VNI_IN_USE', 'EEXIST'));
  for (const [i, config] of [{ id: 43 }, { dstport: 8_472 }, { local: '2001:db8::1' }].entries()) {
    t.ok(host.add({ name: `other${i}`, ...config }), JSON.stringify(config));
  }
  host.engine.delete('vtep0');
  t.ok(host.add({ name: 'heir' }), 'free after deletion');
});

t.test('other receive flags: another device, which cannot come up on the same port', async (t) => {
  const host = new MemoryHost();
  for (const [i, config] of [
    { gbp: true },
    { gpe: true, learning: false },
    { udp6zerocsumrx: true },
  ].entries()) {
    const other = host.add({ name: `other${i}`, ...config }, false);
    t.throws(() => other.set({ up: true }), refusal('PORT_IN_USE', 'EADDRINUSE'), JSON.stringify(config));
    t.notOk(other.state().up);
  }
  t.throws(() => host.add({ name: 'twin', gbp: true }), refusal('VNI_IN_USE', 'EEXIST'), 'same flags');
  host.vtep.set({ up: false });
  host.engine.get('other0')!.set({ up: true });
  t.throws(() => host.vtep.set({ up: true }), refusal('PORT_IN_USE', 'EADDRINUSE'));
  t.ok(host.add({ name: 'other3', gbp: true, id: 43 }).state().up, 'the same flags share the socket');
});

t.test('localbind: one socket an address, each with its VNIs', async (t) => {
  const host = new MemoryHost({ local: '192.0.2.1', localbind: true });
  const second = host.add({ name: 'vtep1', local: '192.0.2.9', localbind: true });
  t.ok(second.state().up, 'the same VNI and port on another address');
  t.throws(
    () => host.add({ name: 'twin', local: '192.0.2.9', localbind: true }),
    refusal('VNI_IN_USE', 'EEXIST'),
  );
  const wide = host.add({ name: 'wide' }, false);
  t.throws(
    () => wide.set({ up: true }),
    refusal('PORT_IN_USE', 'EADDRINUSE'),
    'any address is taken in part',
  );
});

t.test('names', async (t) => {
  const host = new MemoryHost();
  t.throws(() => host.add({ name: 'vtep0', id: 43 }), refusal('NAME_IN_USE', 'EEXIST'));
  host.vtep.noticed({ name: 'renamed' });
  t.equal(host.engine.get('vtep0'), undefined);
  t.equal(host.engine.get('renamed'), host.vtep);
  const heir = host.add({ name: 'vtep0', id: 43 });
  t.same(host.engine.list(), [host.vtep, heir], 'the old name is free, and nobody is lost');
  host.engine.delete('renamed');
  t.same(host.engine.list(), [heir]);
  t.throws(() => host.engine.delete('renamed'), refusal('NO_DEVICE', 'ENODEV'));
});

t.test('names that swap', async (t) => {
  const host = new MemoryHost();
  const other = host.add({ name: 'vtep1', id: 43 });
  host.vtep.noticed({ name: 'aside' });
  other.noticed({ name: 'vtep0' });
  host.vtep.noticed({ name: 'vtep1' });
  t.equal(host.engine.get('vtep0'), other);
  t.equal(host.engine.get('vtep1'), host.vtep);
  t.equal(host.engine.get('aside'), undefined);
});

t.test('what the workers are told of a VTEP does not grow with the number there are', async (t) => {
  let posted = 0;
  const dataplane = {
    workers: 1,
    epochs: undefined,
    rings: [],
    unclaimed: [],
    onRecords() {},
    tablesChanged() {},
    post: (_worker: number, message: WorkerMessage) => void (posted += JSON.stringify(message).length),
    close: async () => {},
  } satisfies Dataplane;
  const engine = new Engine(new MemorySystem(), { dataplane, clock: new ManualClock() });
  t.teardown(() => engine.close());
  const costs = Array.from({ length: 200 }, (_, i) => {
    const before = posted;
    const name = `vtep${i}`;
    engine.add({ name, id: 1_000 + i, address: NEAR }).set({ up: true });
    engine.get(name)!.set({ up: false });
    engine.get(name)!.set({ up: true });
    return posted - before;
  });
  t.ok(costs[0] > 100);
  // The digits of its number are all that differs.
  t.ok(costs[199] < costs[0] + 100, `${costs[0]} octets for the first, ${costs[199]} for the last`);
});

t.test('VNIs of one socket come and go between two bursts', async (t) => {
  const host = new MemoryHost();
  const vteps = Array.from({ length: 99 }, (_, i) => host.add({ name: `v${i}`, id: 1_001 + i }));
  const received = () => vteps.map((vtep) => vtep.statistics().rxPackets);
  for (const vtep of vteps) host.arrive(udpFrame(FAR, NEAR), { vni: vtep.config.id });
  t.same(
    received(),
    vteps.map(() => 1),
  );
  for (const vtep of vteps.slice(1, 98)) vtep.set({ up: false });
  host.engine.delete('v98');
  for (const vtep of vteps) host.arrive(udpFrame(FAR, NEAR), { vni: vtep.config.id });
  t.equal(received()[0], 2);
  t.match(host.reasons(), { vni_not_found: 98 });
  t.equal(host.arrive(udpFrame(FAR, NEAR)).length, 1, 'the others are served on');
});

t.test('a refused VTEP leaves nothing', async (t) => {
  const host = new MemoryHost();
  for (const [config, errno] of [
    [{ remote: 'there' }, 'EINVAL'],
    [{ remote: PEER, local: '2001:db8::1' }, 'EINVAL'],
    [{ address: '01:00:00:00:00:01' }, 'EADDRNOTAVAIL'],
    [{ address: 'me' }, 'EINVAL'],
    [{ dev: 'eth9' }, 'ENODEV'],
  ] as const) {
    t.throws(
      () => host.add({ name: 'bad', id: 43, ...config }),
      { message: /./, errno },
      JSON.stringify(config),
    );
    t.throws(() => host.system.frames('bad'), 'no interface');
  }
  t.equal(host.engine.list().length, 1);
  t.same(host.events(), []);
});

t.test('a maxaddress beyond what a table holds is no limit, and no error', async (t) => {
  const host = new MemoryHost();
  t.ok(host.add({ name: 'roomy', id: 43, maxaddress: 4_294_967_295 }));
});

t.test('an interface that was there and is up begins at once, or is left alone', async (t) => {
  const memory = new MemorySystem();
  const removed: Tap[] = [];
  const system = altered(memory, {
    openTap: (request: TapRequest) => {
      const tap = memory.openTap(request);
      tap.up = true;
      tap.created = false;
      return tap;
    },
    removeTap: (tap: Tap) => void removed.push(tap),
  });
  const engine = new Engine(system, { clock: new ManualClock() });
  const vtep = engine.add({ name: 'vtep0', id: 42, local: '2001:db8::1' });
  t.match(vtep.state(), { up: true, persistent: true });
  const busy = { name: 'vtep1', id: 42, local: '2001:db8::1', udp6zerocsumrx: true };
  t.throws(() => engine.add(busy), refusal('PORT_IN_USE'));
  t.same(engine.list(), [vtep], 'not half added');
  t.equal(removed.length, 1);
});

t.test('mtu at creation is clamped in silence', async (t) => {
  const host = new MemoryHost();
  t.equal(host.add({ name: 'a', id: 1, dev: 'eth0', mtu: 9_000 }).state().mtu, 1_450);
  t.equal(host.add({ name: 'b', id: 2, dev: 'eth0', mtu: 1_000 }).state().mtu, 1_000);
  t.equal(host.add({ name: 'c', id: 3, mtu: 9_000 }).state().mtu, 9_000);
});

t.test('subscribers', async (t) => {
  const host = new MemoryHost();
  const seen: string[] = [];
  const unsubscribe = host.engine.subscribe((event) => seen.push(event.type));
  host.add({ name: 'vtep1', id: 43, remote: PEER }, false);
  t.same(seen, ['link', 'fdb'], 'the link, then its default destination');
  unsubscribe();
  host.engine.delete('vtep1');
  t.equal(seen.length, 2);
});

t.test('a subscriber that throws is not told again, and the rest is not lost', async (t) => {
  const host = new MemoryHost();
  let told = 0;
  const unsubscribe = host.engine.subscribe((event) => {
    if (event.type !== 'fdb') return;
    told++;
    throw new Error('not my day');
  });
  for (const last of ['01', '02']) {
    host.system.underlay.send({
      payload: vxlanPacket(42, udpFrame(NEAR, `02:00:00:00:03:${last}`)),
      peer: Int32Array.of(0, 0, 0xffff, 1),
      port: 1,
    });
  }
  t.throws(() => host.engine.poll(), { message: 'not my day' });
  t.throws(() => host.engine.poll(), { message: 'not my day' });
  t.doesNotThrow(() => host.engine.poll());
  unsubscribe();
  t.equal(told, 2);
  t.equal(host.vtep.fdb.list().length, 2);
});

t.test('poll says how much it handled', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  for (let i = 0; i < 100; i++) host.system.frames('vtep0').send(udpFrame(FAR, NEAR));
  t.equal(host.engine.poll(), 100);
  t.equal(host.engine.poll(), 0);
});

t.test('equal seeds give equal source ports', async (t) => {
  const ports = (seed: number) => {
    const system = new MemorySystem();
    const engine = new Engine(system, { seed, clock: new ManualClock() });
    engine.add({ name: 'vtep0', id: 1, remote: PEER, srcport: [5_000, 5_016] }).set({ up: true });
    for (let i = 0; i < 20; i++) system.frames('vtep0').send(udpFrame(FAR, NEAR, {}, [i, 53]));
    engine.poll();
    return system.underlay.take().map((datagram) => datagram.sourcePort);
  };
  t.same(ports(7), ports(7));
  t.notSame(ports(7), ports(8));
});

t.test('drops that belong to no device', async (t) => {
  const host = new MemoryHost();
  host.arriveRaw(vxlanPacket(99, udpFrame(NEAR, FAR)));
  host.arriveRaw(new Uint8Array(3));
  t.same(host.engine.unclaimed(), { vni_not_found: 1, pkt_too_small: 1 });
  t.equal(host.engine.recordsDropped, 0);
});

t.test('a system without ports of its own needs a data plane', async (t) => {
  const system = altered(new MemorySystem(), { ports: null as never });
  const bare = new Proxy(system, {
    get: (target, key) => (key === 'ports' ? undefined : Reflect.get(target, key)),
  });
  t.throws(() => new Engine(bare), refusal('ARGUMENT'));
});

t.test('close removes everything', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.add({ name: 'vtep1', id: 43 });
  host.events();
  await host.engine.close();
  t.same(host.engine.list(), []);
  t.equal(host.events().filter((event) => event.type === 'link').length, 2);
  t.throws(() => host.system.frames('vtep0'));
  await host.engine.close();
  const again = new Engine(host.system, { clock: host.clock });
  again.add({ name: 'vtep0', id: 42, dstport: 4_789 }).set({ up: true });
  t.pass('the port is free');
});

t.test('VTEPs on one socket: each gets its own VNI, going and coming', async (t) => {
  const host = new MemoryHost();
  const second = host.add({ name: 'vtep1', id: 43 });
  const frame = udpFrame(NEAR, FAR);
  host.arrive(frame, { vni: 43 });
  t.equal(host.system.frames('vtep1').take().length, 1);
  host.engine.delete('vtep0');
  host.system.underlay.send({
    payload: vxlanPacket(43, frame),
    peer: Int32Array.of(0, 0, 0xffff, 1),
    port: 1,
  });
  host.engine.poll();
  t.equal(host.system.frames('vtep1').take().length, 1, 'the socket stays with its last user');
  t.equal(second.statistics().rxPackets, 2);
});

t.test('a VTEP does not stand on itself', async (t) => {
  const busy = { code: 'ERR_VTEP_ARGUMENT', errno: 'EBUSY' };
  const host = new MemoryHost({ dev: 'eth0' });
  const { vtep } = host;
  t.throws(() => vtep.set({ dev: 'vtep0' }), { ...busy, word: 'vtep0', message: /its own lower device/ });
  const upper = host.add({ name: 'vtep1', id: 1, dev: 'vtep0' });
  const top = host.add({ name: 'vtep2', id: 2, dev: 'vtep1' });
  t.throws(() => vtep.set({ dev: 'vtep2' }), { ...busy, word: 'vtep2', message: /vtep2 stands on vtep0/ });
  t.throws(() => upper.set({ dev: 'vtep2', ttl: 9 }), busy);
  t.match(
    [vtep.state().dev, upper.state().dev, upper.state().ttl],
    ['eth0', 'vtep0', 0],
    'nothing has changed',
  );
  top.set({ dev: 'eth0' });
  vtep.set({ dev: 'vtep2' });
  t.equal(vtep.state().dev, 'vtep2', 'once it stands on something else');
});

t.test('closing removes the interfaces it made together, and no others', async (t) => {
  const host = new MemoryHost();
  const asked: number[][] = [];
  Object.assign(host.system, { removeTogether: (ifindexes: number[]) => void asked.push(ifindexes) });
  const [second, moved, kept] = ['vtep1', 'vtep2', 'vtep3'].map((name, i) => host.add({ name, id: i }));
  moved!.noticed({ away: true });
  const state = kept!.state.bind(kept);
  Object.assign(kept!, { state: () => ({ ...state(), persistent: true }) });
  await host.engine.close();
  t.same(asked, [[host.vtep.ifindex, second!.ifindex]]);
  t.same(host.engine.list(), []);
  const alone = new MemoryHost();
  Object.assign(alone.system, { removeTogether: () => t.fail('of one there is no together') });
  await alone.engine.close();
});
