/** Ageing (vxlan_cleanup) by a clock moved by hand, and records that come at the wrong time. */
import t from 'tap';
import { FAR, MemoryHost, NEAR, OTHER, PEER, ZERO_MAC } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const FRAME = udpFrame(NEAR, FAR);

/** Seconds until the entry of FAR is gone, looked at every second. */
function lifetime(host: MemoryHost, everySecond: () => void = () => {}): number {
  for (let seconds = 0; seconds < 1_000; seconds++) {
    host.engine.poll();
    if (host.vtep.fdb.get(FAR) === undefined) return seconds;
    everySecond();
    host.clock.pass(1);
  }
  return Infinity;
}

t.test('an entry lives from `ageing` to ten seconds more', async (t) => {
  for (const [ageing, since, expected] of [
    [3, 0, 10],
    [30, 0, 30],
    [30, 4, 30],
    [300, 7, 300],
  ]) {
    const host = new MemoryHost({ ageing });
    host.clock.pass(since);
    host.arrive(FRAME);
    host.events();
    const lived = lifetime(host);
    t.ok(lived >= Math.min(ageing, expected) && lived <= ageing + 10, `ageing ${ageing}: ${lived} s`);
    t.equal(lived, expected);
    t.same(host.fdbEvents(), [`del ${FAR} ${PEER} stale`]);
    t.equal(host.vtep.statistics().events['aged'], 1);
  }
});

t.test('the first scan is ten seconds after up, later ones when an entry is due', async (t) => {
  const host = new MemoryHost({ ageing: 3 });
  host.clock.pass(9);
  host.arrive(FRAME);
  t.equal(lifetime(host), 3, 'scanned at 10 s, and again when it was due, at 12 s');
});

t.test('with nothing to wait for, the next scan is ten seconds away', async (t) => {
  const host = new MemoryHost({ ageing: 3 });
  host.clock.pass(10);
  host.engine.poll();
  host.clock.pass(1);
  host.arrive(FRAME);
  t.equal(lifetime(host), 9, 'scanned at 10 s and at 20 s, as the kernel does');
});

t.test('frames from it keep it alive, frames to it do not', async (t) => {
  const host = new MemoryHost({ ageing: 20 });
  host.arrive(FRAME);
  t.equal(
    lifetime(host, () => host.send(udpFrame(FAR, NEAR))),
    20,
  );
  host.arrive(FRAME);
  let heard = 0;
  const lived = lifetime(host, () => heard++ < 50 && host.arrive(FRAME));
  t.equal(lived, 69, 'last heard of after 49 s');
});

t.test('exempt: permanent, static, externally learned', async (t) => {
  const host = new MemoryHost({ ageing: 5, remote: PEER });
  const { fdb } = host.vtep;
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:01', dst: PEER });
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:02', dst: PEER, state: 'static' });
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:03', dst: PEER, state: 'dynamic', externLearn: true });
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:04', dst: PEER, state: 'dynamic' });
  for (let i = 0; i < 100; i++) {
    host.clock.pass(1);
    host.engine.poll();
  }
  t.same(
    fdb.list().map((entry) => entry.mac),
    ['02:00:00:00:02:03', '02:00:00:00:02:02', '02:00:00:00:02:01', ZERO_MAC],
  );
});

t.test('an externally learned dynamic entry still moves', async (t) => {
  const host = new MemoryHost();
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER, state: 'dynamic', externLearn: true });
  host.arrive(FRAME);
  t.match(host.vtep.fdb.get(FAR), { externLearn: true, remotes: [{ dst: PEER }] });
});

t.test('a changed `ageing` scans at once', async (t) => {
  const host = new MemoryHost({ ageing: 300 });
  host.arrive(FRAME);
  host.clock.pass(15);
  host.engine.poll();
  t.ok(host.vtep.fdb.get(FAR));
  host.vtep.set({ ageing: 10 });
  host.engine.poll();
  t.equal(host.vtep.fdb.get(FAR), undefined);
  host.vtep.set({ ageing: 0 });
  t.equal(host.vtep.state().ageing, 300, '0 means the default, as in the kernel');
});

t.test('down flushes what is dynamic, and nothing else', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  const { fdb } = host.vtep;
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:03', dst: PEER, state: 'static' });
  fdb.set({ verb: 'add', mac: '02:00:00:00:02:04', dst: PEER, state: 'dynamic', externLearn: true });
  host.arrive(FRAME);
  host.events();
  host.vtep.set({ up: false });
  t.same(
    host.fdbEvents().sort(),
    [`del ${FAR} ${PEER} reachable`, `del 02:00:00:00:02:04 ${PEER} reachable`].sort(),
  );
  t.same(
    fdb.list().map((entry) => entry.mac),
    ['02:00:00:00:02:03', ZERO_MAC],
  );
  host.clock.pass(1_000);
  host.engine.poll();
  host.vtep.set({ up: true });
  host.arrive(FRAME);
  t.ok(lifetime(host) >= 300, 'a new life');
});

t.test('records that arrive after the device went down are not learned', async (t) => {
  const host = new MemoryHost();
  const unsubscribe = host.engine.subscribe((event) => {
    if (event.type === 'fdb' && event.action === 'new') host.vtep.set({ up: false });
  });
  for (let i = 0; i < 20; i++) {
    const mac = `02:00:00:00:03:${(16 + i).toString(16)}`;
    host.system.underlay.send({
      payload: Uint8Array.from([8, 0, 0, 0, 0, 0, 42, 0, ...udpFrame(NEAR, mac)]),
      peer: Int32Array.of(0, 0, 0xffff, 0xc0000202 | 0),
      port: 1,
    });
  }
  host.engine.poll();
  unsubscribe();
  t.same(host.vtep.fdb.list(), []);
  t.equal(host.vtep.statistics().events['learned'], 1);
});

t.test('records of a deleted VTEP do not reach the one that took its number', async (t) => {
  const host = new MemoryHost();
  let successor = host.vtep;
  const unsubscribe = host.engine.subscribe((event) => {
    if (event.type !== 'fdb' || event.action !== 'new') return;
    unsubscribe();
    host.engine.delete('vtep0');
    successor = host.add({ name: 'vtep1', id: 43 });
  });
  for (let i = 0; i < 20; i++) {
    const mac = `02:00:00:00:03:${(16 + i).toString(16)}`;
    host.system.underlay.send({
      payload: Uint8Array.from([8, 0, 0, 0, 0, 0, 42, 0, ...udpFrame(NEAR, mac)]),
      peer: Int32Array.of(0, 0, 0xffff, 0xc0000202 | 0),
      port: 1,
    });
  }
  host.engine.poll();
  t.equal(successor.index, 0);
  t.same(successor.fdb.list(), []);
});

t.test('learning off: entries stay and age, nothing is added', async (t) => {
  const host = new MemoryHost({ ageing: 20 });
  host.arrive(FRAME);
  host.vtep.set({ learning: false });
  host.arrive(udpFrame(NEAR, '02:00:00:00:02:77'));
  t.same(
    host.vtep.fdb.list().map((entry) => entry.mac),
    [FAR],
  );
  t.equal(lifetime(host), 20);
});
