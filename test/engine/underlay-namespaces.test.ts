/** VTEPs of one engine whose underlays are in different network namespaces. */
import t from 'tap';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import type { ReachedNamespace, SocketRequest } from '../../lib/engine/system.js';
import { FAR, MemoryHost, NEAR } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const OWN = '192.0.2.1';

/** Another namespace: interfaces of its own, and sockets that cannot be taken for the host's. */
class Elsewhere extends MemorySystem {
  readonly open = new Set<number>();

  override openSocket(request: SocketRequest): number {
    const fd = super.openSocket(request) + 10_000;
    this.open.add(fd);
    return fd;
  }

  override close(fd: number): void {
    if (this.open.delete(fd)) super.close(fd - 10_000);
  }
}

/** A host with namespaces `blue` and `red`; `azure` is another name of blue's, `here` of the host's own. */
function hostOfThree() {
  const spaces = { blue: new Elsewhere({ eth9: 9_000 }), red: new Elsewhere() };
  const held = new Set<number>();
  let next = 500;
  const host = new MemoryHost();
  const { system } = host;
  const close = system.close.bind(system);
  system.close = (fd) => {
    if (held.delete(fd)) return;
    for (const each of [
      close,
      (there: number) => spaces.blue.close(there),
      (there: number) => spaces.red.close(there),
    ])
      each(fd);
  };
  const reach = (netns: string): ReachedNamespace | undefined => {
    if (netns === 'here') return undefined;
    const id = netns === 'azure' ? 'blue' : netns;
    if (id !== 'blue' && id !== 'red') throw new Error(`no namespace ${id}`);
    const fd = next++;
    held.add(fd);
    return { id, fd, path: `/fd/${fd}`, system: spaces[id] };
  };
  Object.assign(system, { reach });
  return { host, held, spaces };
}

t.test('interfaces are looked for there, and there alone', async (t) => {
  const { host, held } = hostOfThree();
  const vtep = host.add({ name: 'vtep1', linkNetns: 'blue', dev: 'eth9' });
  t.equal(vtep.state().mtu, 8_950);
  t.equal(vtep.state().linkNetns, 'blue');
  const noDevice = { code: 'ERR_VTEP_NO_DEVICE', word: 'eth0' };
  t.throws(() => host.add({ name: 'vtep2', id: 7, linkNetns: 'blue', dev: 'eth0' }), noDevice);
  t.throws(() => vtep.set({ dev: 'eth0' }), noDevice);
  vtep.fdb.set({ verb: 'add', mac: FAR, dst: '192.0.2.9', via: 'eth9' });
  t.match(vtep.fdb.get(FAR), { remotes: [{ dst: '192.0.2.9', via: 'eth9' }] });
  t.throws(() => vtep.fdb.set({ verb: 'add', mac: NEAR, dst: '192.0.2.9', via: 'eth0' }), noDevice);
  t.equal(held.size, 1, 'what was refused holds nothing');
});

t.test('VNI and port are taken in one namespace, free in the others', async (t) => {
  const { host, spaces } = hostOfThree();
  host.add({ name: 'vtep1', linkNetns: 'blue' });
  host.add({ name: 'vtep2', linkNetns: 'red' });
  t.ok(spaces.blue.open.size > 0 && spaces.red.open.size > 0, 'each has its sockets');
  for (const linkNetns of ['blue', 'azure', 'here', undefined]) {
    const again = { name: 'twin', ...(linkNetns === undefined ? {} : { linkNetns }) };
    t.throws(() => host.add(again), { code: 'ERR_VTEP_VNI_IN_USE' }, String(linkNetns));
  }
  host.engine.delete('vtep1');
  t.ok(host.add({ name: 'vtep3', linkNetns: 'azure' }), 'free again');
});

t.test('an address of one namespace is not one of the others', async (t) => {
  const { host } = hostOfThree();
  const here = host.add({ name: 'vtep1', id: 43 });
  const there = host.add({ name: 'vtep2', id: 43, linkNetns: 'blue' });
  const sender = host.add({ name: 'vtep3', id: 44, linkNetns: 'azure' });
  sender.fdb.set({ verb: 'add', mac: FAR, dst: OWN, vni: 43 });
  const send = (): number => {
    host.system.frames('vtep3').send(udpFrame(FAR, NEAR));
    host.engine.poll();
    return host.system.underlay.take().length;
  };
  host.engine.setLocalAddresses([{ address: OWN, ifindex: 1 }]);
  t.equal(send(), 1, 'the host has it, blue does not: it is sent');
  host.engine.setLocalAddresses([{ address: OWN, ifindex: 1 }], 1);
  t.equal(send(), 0);
  t.same(
    [here, there].map((vtep) => vtep.statistics().rxPackets),
    [0, 1],
    "blue's VTEP gets it",
  );
  host.engine.delete('vtep2');
  t.equal(send(), 0);
  t.equal(here.statistics().rxPackets, 0, 'nobody but those of blue');
});

t.test('a namespace is held once, as long as a VTEP needs it', async (t) => {
  const { host, held, spaces } = hostOfThree();
  t.same(host.engine.underlays(), []);
  host.add({ name: 'vtep1', id: 1, linkNetns: 'blue' });
  host.add({ name: 'vtep2', id: 2, linkNetns: 'azure' });
  t.same(host.engine.underlays(), [{ number: 1, path: '/fd/500' }]);
  t.same([...held], [500]);
  host.engine.delete('vtep1');
  t.same([...held], [500]);
  host.engine.delete('vtep2');
  t.same([...held], []);
  t.same(host.engine.underlays(), []);
  t.ok(host.add({ name: 'vtep1', id: 1, linkNetns: 'blue' }));
  t.match(
    host.engine.underlays(),
    [{ number: 2 }],
    'addresses told of the one before are not taken for its own',
  );
  t.ok(spaces.blue.open.size > 0);
});

t.test('a system without namespaces says so', async (t) => {
  const host = new MemoryHost();
  t.throws(() => host.add({ name: 'vtep1', id: 1, linkNetns: 'blue' }), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /link-netns blue: this host has no network namespaces/,
  });
  t.equal(host.engine.get('vtep1'), undefined);
});
