import t from 'tap';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import type { SocketRequest } from '../../lib/engine/system.js';
import { FAR, MemoryHost, NEAR, PEER } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const refusal = (code: string, errno: string) => ({ code: `ERR_VTEP_${code}`, errno });

t.test('interfaces have names, numbers and MTUs', async (t) => {
  const system = new MemorySystem({ eth0: 1_500, eth1: 9_000 });
  t.same([system.indexOf('eth0'), system.indexOf('eth1'), system.indexOf('eth2')], [1, 2, 0]);
  t.same([system.nameOf(2), system.nameOf(9)], ['eth1', 'if9']);
  t.equal(system.mtuOf('eth1'), 9_000);
  t.throws(() => system.mtuOf('eth2'), refusal('NO_DEVICE', 'ENODEV'));
  const tap = system.openTap({ name: 'vtep0', mtu: 1_400, queues: 1 });
  t.equal(system.indexOf('vtep0'), tap.ifindex);
  t.equal(system.nameOf(tap.ifindex), 'vtep0');
  t.notOk([1, 2].includes(tap.ifindex));
  system.removeTap(tap);
  t.equal(system.indexOf('vtep0'), 0);
});

t.test('a port is held until it is closed; sockets may agree to share', async (t) => {
  const system = new MemorySystem();
  const request: SocketRequest = {
    family: 4,
    port: 1,
    shared: false,
    use: 'listen',
    checksum: true,
    df: false,
  };
  const fd = system.openSocket(request);
  t.throws(() => system.openSocket(request), refusal('PORT_IN_USE', 'EADDRINUSE'));
  t.throws(() => system.openSocket({ ...request, shared: true }), refusal('PORT_IN_USE', 'EADDRINUSE'));
  system.openSocket({ ...request, family: 6 });
  system.close(fd);
  const shared = { ...request, shared: true };
  t.not(system.openSocket(shared), system.openSocket(shared));
});

t.test('what interfaces are missing', async (t) => {
  const system = new MemorySystem();
  t.throws(() => system.frames('vtep0'), refusal('NO_DEVICE', 'ENODEV'));
  const tap = system.openTap({ name: 'vtep0', mtu: 1_500, queues: 1 });
  system.removeTap(tap);
  t.throws(() => system.changeInterface(tap, { up: true }), refusal('NO_DEVICE', 'ENODEV'));
});

t.test('frames sent before the VTEP is up wait', async (t) => {
  const host = new MemoryHost({ remote: PEER }, false);
  t.same(host.send(udpFrame(FAR, NEAR)), []);
  host.vtep.set({ up: true });
  host.engine.poll();
  t.equal(host.system.underlay.take().length, 1);
});
