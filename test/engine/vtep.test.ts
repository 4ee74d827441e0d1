/** One VTEP: its options, up and down, and what is noticed from outside. */
import t from 'tap';
import { Engine } from '../../lib/engine/engine.js';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import type { SocketRequest } from '../../lib/engine/system.js';
import { FAR, ManualClock, MemoryHost, NEAR, OTHER, PEER, peers, ZERO_MAC } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const TO_FAR = udpFrame(FAR, NEAR);
const refusal = (code: string, errno?: string) => ({ code: `ERR_VTEP_${code}`, ...(errno ? { errno } : {}) });

t.test('state: every option, and what the interface is', async (t) => {
  const host = new MemoryHost({ remote: PEER, address: '02:00:00:00:00:AA'.toLowerCase(), dev: 'eth0' });
  t.match(host.vtep.state(), {
    name: 'vtep0',
    id: 42,
    dstport: 4_789,
    remote: PEER,
    dev: 'eth0',
    ageing: 300,
    address: '02:00:00:00:00:aa',
    mtu: 1_450,
    up: true,
    bridged: false,
    persistent: false,
    missing: [],
  });
});

t.test('mtu: 68 to what the lower device leaves', async (t) => {
  const host = new MemoryHost({ dev: 'eth0' });
  for (const mtu of [67, 1_451]) t.throws(() => host.vtep.set({ mtu }), refusal('ARGUMENT', 'EINVAL'));
  host.vtep.set({ mtu: 1_400 });
  t.equal(host.vtep.state().mtu, 1_400);
  host.vtep.set({ dev: 'eth1', mtu: 8_950 });
  t.equal(host.vtep.state().mtu, 8_950, 'measured against the new device');
  const free = new MemoryHost();
  t.equal(free.vtep.state().mtu, 1_500, 'not less without a device, as in the kernel');
  free.vtep.set({ mtu: 65_521 });
  t.throws(() => free.vtep.set({ mtu: 65_522 }), refusal('ARGUMENT', 'EINVAL'), 'a TAP can have no more');
  free.vtep.set({ dev: 'eth0' });
  t.equal(free.vtep.state().mtu, 1_450, 'not more than a new device leaves');
  free.vtep.set({ mtu: 1_000, dev: 'eth1' });
  free.vtep.set({ dev: 'eth0' });
  t.equal(free.vtep.state().mtu, 1_000, 'less stays');
  const six = new MemoryHost({ remote: '2001:db8::2', dev: 'eth0', mtu: 9_000 });
  t.equal(six.vtep.state().mtu, 1_430, 'clamped at creation');
});

t.test('address: unicast, in force at once', async (t) => {
  const host = new MemoryHost();
  for (const address of ['01:00:00:00:00:01', ZERO_MAC]) {
    t.throws(() => host.vtep.set({ address }), refusal('ARGUMENT', 'EADDRNOTAVAIL'));
  }
  t.throws(() => host.vtep.set({ address: '02' }), refusal('ARGUMENT', 'EINVAL'));
  host.vtep.set({ address: FAR.toUpperCase() });
  t.equal(host.vtep.state().address, FAR);
  t.same(host.arrive(udpFrame(NEAR, FAR)), []);
  t.same(host.reasons(), { local_mac: 1 });
});

t.test('the any-address takes away an address, and the default destination', async (t) => {
  const host = new MemoryHost({ remote: PEER, local: '192.0.2.1' });
  host.vtep.set({ local: '0.0.0.0' });
  t.equal(host.vtep.state().local, undefined);
  t.equal(host.vtep.state().remote, PEER);
  host.vtep.set({ remote: '0.0.0.0' });
  t.equal(host.vtep.state().remote, undefined);
  t.same([...host.vtep.fdb.list()], []);
});

t.test('the family of the underlay stays', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  for (const change of [{ remote: '2001:db8::2' }, { local: '2001:db8::1' }, { group: 'ff02::1' }]) {
    t.throws(() => host.vtep.set(change), refusal('FIXED', 'EINVAL'));
  }
  t.throws(() => host.vtep.set({ dev: 'eth9' }), refusal('NO_DEVICE', 'ENODEV'));
  t.throws(() => host.vtep.set({ remote: 'there' }), refusal('ARGUMENT', 'EINVAL'));
  t.same(host.events(), [], 'nothing changed, nothing told');
});

t.test('remote and group are one option', async (t) => {
  const host = new MemoryHost({ remote: PEER, dev: 'eth0' });
  host.vtep.set({ group: '239.1.1.1' });
  t.match(host.vtep.state(), { group: '239.1.1.1', remote: undefined });
  t.equal(host.entry(ZERO_MAC), '239.1.1.1 permanent');
  host.vtep.set({ remote: PEER });
  t.match(host.vtep.state(), { group: undefined, remote: PEER });
});

t.test('another `dev` is another default remote', async (t) => {
  const host = new MemoryHost({ remote: PEER, dev: 'eth0' });
  host.vtep.set({ dev: 'eth1' });
  t.same(host.vtep.fdb.get(ZERO_MAC)?.remotes, [{ dst: PEER, via: 'eth1' }]);
  t.equal(host.send(TO_FAR)[0].ifindex, 2);
});

t.test('a change that fails has changed nothing', async (t) => {
  const host = new MemoryHost({ maxaddress: 1 });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  const before = host.vtep.state();
  host.events();
  t.throws(() => host.vtep.set({ remote: PEER, df: 'set', ttl: 9, mtu: 1_000 }), refusal('LIMIT', 'ENOSPC'));
  t.same(host.vtep.state(), before);
  t.same(host.events(), []);
  t.same(peers(host.send(TO_FAR)), [OTHER], 'and works on');
  host.vtep.set({ up: false });
  host.vtep.set({ up: true });
  t.same(peers(host.send(TO_FAR)), [OTHER]);
});

t.test('no socket is kept by a change that failed, nor after down', async (t) => {
  const open = new Set<number>();
  class Counting extends MemorySystem {
    override openSocket(request: SocketRequest): number {
      const fd = super.openSocket(request);
      open.add(fd);
      return fd;
    }

    override close(fd: number): void {
      super.close(fd);
      open.delete(fd);
    }
  }
  const engine = new Engine(new Counting(), { clock: new ManualClock() });
  const vtep = engine.add({ name: 'vtep0', id: 42, dstport: 4_789, maxaddress: 1 });
  vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  vtep.set({ up: true });
  t.equal(open.size, 1 + 16);
  t.throws(() => vtep.set({ remote: PEER, df: 'set' }), refusal('LIMIT', 'ENOSPC'));
  t.equal(open.size, 1 + 16);
  vtep.set({ df: 'set' });
  t.equal(open.size, 1 + 32);
  vtep.set({ df: 'unset', ttl: 5 });
  t.equal(open.size, 1 + 16);
  vtep.set({ up: false });
  t.equal(open.size, 0);
});

t.test('options take effect on the next frame', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  t.equal(host.send(TO_FAR)[0].ttl, 0);
  host.vtep.set({ ttl: 9, tos: 0x20, local: '192.0.2.1' });
  const [sent] = host.send(TO_FAR);
  t.same([sent.ttl, sent.tos, sent.local?.[3]], [9, 0x20, 0xc0000201 | 0]);
});

t.test('DF while up, with a range of one port', async (t) => {
  const host = new MemoryHost({ remote: PEER, srcport: [5_000, 5_001] });
  host.vtep.set({ df: 'set' });
  t.equal(host.send(TO_FAR)[0].sourcePort, 5_000);
  host.vtep.set({ df: 'unset' });
  t.equal(host.send(TO_FAR)[0].sourcePort, 5_000);
  const second = host.add({ name: 'vtep1', id: 43, srcport: [5_000, 5_001] });
  t.ok(second.state().up, 'another VTEP may have the same range');
});

t.test('down: nothing in, nothing out', async (t) => {
  const host = new MemoryHost({ remote: PEER }, false);
  t.equal(host.vtep.state().up, false);
  t.same(host.send(TO_FAR), []);
  t.same(host.arrive(udpFrame(NEAR, FAR)), []);
  host.vtep.set({ up: true });
  t.equal(host.send(TO_FAR).length, 2, 'what the guest had queued goes first');
  host.vtep.set({ up: true });
  host.vtep.set({ up: false });
  host.vtep.set({ up: false });
  t.same(host.send(TO_FAR), []);
  t.match(
    host
      .events()
      .filter((event) => event.type === 'link')
      .map((event) => event.type === 'link' && event.link.up),
    [true, true, false, false],
  );
});

t.test('two VTEPs on one port with other receive flags: add works, up fails', async (t) => {
  const host = new MemoryHost({ local: '2001:db8::1' });
  const other = host.add({ name: 'vtep1', local: '2001:db8::1', udp6zerocsumrx: true }, false);
  t.throws(() => other.set({ up: true }), refusal('PORT_IN_USE', 'EADDRINUSE'));
  t.equal(other.state().up, false);
  host.vtep.set({ up: false });
  other.set({ up: true });
  t.equal(other.state().up, true, 'once the port is free');
});

t.test('noticed from outside: up, down, MTU, MAC, name', async (t) => {
  const host = new MemoryHost({ remote: PEER }, false);
  host.vtep.noticed({ up: true });
  t.equal(host.send(TO_FAR).length, 1);
  host.vtep.noticed({ up: true, mtu: 1_234, address: '02:00:00:00:00:bb' });
  t.match(host.vtep.state(), { mtu: 1_234, address: '02:00:00:00:00:bb' });
  host.arrive(udpFrame(NEAR, FAR));
  host.vtep.noticed({ up: false });
  t.equal(host.vtep.fdb.get(FAR), undefined, 'dynamic entries go');
  t.equal(host.entry(ZERO_MAC), `${PEER} permanent`);
});

t.test('noticed to be elsewhere, and back under another index', async (t) => {
  const { vtep, engine } = new MemoryHost({ remote: PEER });
  const { ifindex } = vtep;
  vtep.noticed({ up: false, away: true });
  t.match(vtep.state(), { away: true, up: false, ifindex });
  t.equal(engine.byIndex(ifindex), vtep);
  vtep.noticed({ up: true, away: false, ifindex: 77 });
  t.match(vtep.state(), { away: false, up: true, ifindex: 77 });
  t.equal(engine.byIndex(77), vtep);
  t.equal(engine.byIndex(ifindex), undefined);
});

t.test('noticed up, but the port is in use: down again', async (t) => {
  const host = new MemoryHost({ local: '2001:db8::1' });
  const other = host.add({ name: 'vtep1', local: '2001:db8::1', udp6zerocsumrx: true }, false);
  t.throws(() => other.noticed({ up: true }), refusal('PORT_IN_USE'));
  t.equal(other.state().up, false);
});

t.test('deleted: one event an entry, then the link', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER, state: 'dynamic' });
  host.events();
  host.engine.delete('vtep0');
  const events = host.events();
  t.same(
    events.map((event) =>
      event.type === 'fdb' ? `${event.action} ${event.entry.mac} ${event.remote?.dst}` : `${event.type}`,
    ),
    [`del ${FAR} ${OTHER}`, `del ${ZERO_MAC} ${PEER}`, `del ${ZERO_MAC} ${OTHER}`, 'link'],
    'measured on the kernel: DELNEIGH for what is static, too',
  );
});

t.test('one source port, the one it receives on: the listening socket sends', async (t) => {
  const requests: SocketRequest[] = [];
  class Noting extends MemorySystem {
    override openSocket(request: SocketRequest): number {
      requests.push(request);
      return super.openSocket(request);
    }
  }
  const engine = new Engine(new Noting({ eth0: 1_500 }), { seed: 1 });
  t.teardown(() => engine.close());
  const own = { dstport: 4_789, srcport: [4_789, 4_790] as [number, number], remote: PEER };
  const vtep = engine.add({ name: 'vtep0', id: 42, ...own });
  engine.add({ name: 'vtep1', id: 43, ...own }).set({ up: true });
  vtep.set({ up: true });
  t.match(requests, [{ use: 'listen', port: 4_789 }], 'one socket for both directions and both devices');
  const refused = {
    ...refusal('ARGUMENT', 'EINVAL'),
    message: /srcport 4789 4790 and .* exclude each other/,
  };
  t.throws(() => vtep.set({ df: 'set' }), { ...refused, word: 'set' });
  t.equal(vtep.state().df, 'unset');
  t.throws(() => engine.add({ name: 'vtep2', id: 44, ...own, df: 'inherit' }), refused);
  t.throws(() => engine.add({ name: 'vtep2', id: 44, ...own, udpcsum: false }), {
    ...refused,
    word: 'noudpcsum',
  });
  vtep.set({ ttl: 9 });
  vtep.set({ up: false });
  vtep.set({ up: true });
  t.equal(requests.length, 1);

  const six = { ...own, remote: '2001:db8::1', df: 'set' as const };
  engine.add({ name: 'vtep3', id: 45, ...six }).set({ up: true });
  t.match(requests[1], { family: 6, use: 'listen', df: true }, 'over IPv6 nothing is fragmented');
  t.throws(() => engine.add({ name: 'vtep4', id: 46, ...six, udp6zerocsumtx: true }), {
    ...refused,
    word: 'udp6zerocsumtx',
  });
});

t.test('its datagrams have that port', async (t) => {
  const host = new MemoryHost({ srcport: [4_789, 4_790], remote: PEER });
  t.same(
    host.send(TO_FAR, TO_FAR).map(({ sourcePort }) => sourcePort),
    [4_789, 4_789],
  );
});
