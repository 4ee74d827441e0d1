/** The engine's view of the kernel: interfaces, TAPs and sockets, in a namespace of this test's own. */
import { readdirSync } from 'node:fs';
import t from 'tap';
import { NativeSystem, randomAddress } from '../../lib/engine/native-system.js';
import type { SocketRequest, TapRequest } from '../../lib/engine/system.js';
import { load } from '../../lib/native/load.js';
import { getLink } from '../../lib/native/netlink/request.js';
import { parseAddress } from '../../lib/wire/text.js';
import { NEEDS_ROOT } from '../support/kernel-shim.js';
import { OwnNamespace } from '../support/own-namespace.js';

interface Link {
  ifname: string;
  ifindex: number;
  mtu: number;
  address: string;
  flags: string[];
  gso_max_segs?: number;
  txqlen?: number;
}

t.test('random addresses are unicast and locally administered', async (t) => {
  const seen = new Set(Array.from({ length: 100 }, randomAddress));
  t.ok(seen.size > 95);
  for (const address of seen) {
    t.match(address, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
    t.equal(Number.parseInt(address.slice(0, 2), 16) & 3, 2, address);
  }
});

t.test('on the kernel', { skip: NEEDS_ROOT }, async (t) => {
  const shim = load();
  const namespace = new OwnNamespace('system');
  t.teardown(() => namespace.remove());
  namespace.enter();
  namespace.ip('link add u0 mtu 1400 type veth peer name u1');
  namespace.ip('link set u1 up');
  const system = new NativeSystem(shim);
  const link = (name: string) => namespace.ipJson<Link[]>(`-d link show dev ${name}`)[0];
  const open = (request: Partial<TapRequest> = {}) =>
    system.openTap({ name: 'vtep0', mtu: 1_450, queues: 1, ...request });
  const close = (fds: readonly number[]) => fds.forEach((fd) => system.close(fd));

  t.test('interfaces by name and number', async (t) => {
    t.equal(system.indexOf('lo'), 1);
    t.equal(system.indexOf('u9'), 0);
    t.equal(system.nameOf(1), 'lo');
    t.equal(system.nameOf(999), 'if999');
    t.equal(system.mtuOf('u0'), 1_400);
    t.throws(() => system.mtuOf('u9'), { code: 'ERR_VTEP_NO_DEVICE', errno: 'ENODEV' });
  });

  t.test('another namespace: its interfaces, routes and sockets', async (t) => {
    const other = new OwnNamespace('system-lower');
    t.teardown(() => other.remove());
    other.ip('link add only-there mtu 1300 type veth peer name peer');
    other.ip('addr add 192.0.2.1/24 dev only-there');
    other.ip('link set peer up');
    other.ip('link set only-there up');
    other.ip('route add 192.0.2.9/32 dev only-there mtu 1280');
    t.equal(system.reach(namespace.name), undefined, 'its own');
    const reached = system.reach(other.name)!;
    const again = system.reach(`/run/netns/${other.name}`)!;
    t.equal(again.id, reached.id, 'whatever it is called');
    system.close(again.fd);
    const there = reached.system;
    t.ok(there.indexOf('only-there') > 0 && system.indexOf('only-there') === 0);
    t.equal(there.indexOf('u0'), 0);
    t.equal(there.nameOf(there.indexOf('only-there')), 'only-there');
    t.equal(there.mtuOf('only-there'), 1_300);
    t.throws(() => there.mtuOf('u0'), { code: 'ERR_VTEP_NO_DEVICE', word: 'u0' });
    const carries = (address: string) => there.pathMtu(parseAddress(address)!, 0);
    t.same(['192.0.2.2', '192.0.2.9', '203.0.113.1'].map(carries), [1_300, 1_280, 0]);
    const request: SocketRequest = {
      ...{ family: 4, port: 4_789, shared: false, use: 'listen', checksum: true, df: false },
    };
    const fds = [system.openSocket(request), there.openSocket(request)];
    t.throws(() => there.openSocket(request), {
      code: 'ERR_VTEP_PORT_IN_USE',
      message: /UDP port 4789 is held by another socket/,
    });
    other.remove();
    t.equal(there.mtuOf('only-there'), 1_300, 'it stays as long as it is held');
    close(fds);
    system.close(reached.fd);
    t.throws(() => system.reach('there-is-none'), { code: 'ERR_VTEP_ARGUMENT', errno: 'ENOENT' });
    t.throws(() => system.reach('/dev/null'), {
      code: 'ERR_VTEP_ARGUMENT',
      errno: 'EINVAL',
      word: '/dev/null',
    });
    const open = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 20; i++) t.throws(() => system.reach('/dev/null'));
    t.equal(readdirSync('/proc/self/fd').length, open, 'no descriptor is left behind');
  });

  t.test('what paths carry: interface, route, nothing', async (t) => {
    namespace.ip('link set lo up');
    namespace.ip('addr add 192.0.2.1/24 dev u0');
    namespace.ip('addr add 2001:db8::1/64 dev u0 nodad');
    namespace.ip('link set u0 up');
    namespace.ip('route add 192.0.2.9/32 dev u0 mtu 1300');
    namespace.ip('-6 route add 2001:db8::9/128 dev u0 mtu 1290');
    const carries = (address: string, ifindex = 0) => system.pathMtu(parseAddress(address)!, ifindex);
    t.equal(carries('192.0.2.2'), 1_400, 'the interface');
    t.equal(carries('192.0.2.9'), 1_300, 'a route of its own');
    t.equal(carries('2001:db8::2'), 1_400);
    t.equal(carries('2001:db8::9'), 1_290);
    t.equal(carries('198.51.100.1'), 0, 'no route');
    t.equal(carries('239.1.1.1', system.indexOf('u0')), 1_400, 'a group, by its interface');
    t.equal(carries('127.0.0.1'), 65_536);
  });

  t.test('a TAP that is a port of a bridge', async (t) => {
    const tap = open();
    t.notOk(tap.bridged);
    namespace.ip('link add br0 type bridge');
    namespace.ip('link set vtep0 master br0');
    t.ok(getLink(shim, 'vtep0')?.bridged);
    t.notOk(getLink(shim, 'br0')?.bridged);
    namespace.ip('link set vtep0 nomaster');
    t.notOk(getLink(shim, 'vtep0')?.bridged);
    close(tap.fds);
  });

  t.test('a TAP: as asked for, down, gone when it is removed', async (t) => {
    const tap = open({ address: '02:00:00:00:00:aa', mtu: 1_300, queues: 2 });
    t.match(tap, { name: 'vtep0', created: true, address: '02:00:00:00:00:aa', mtu: 1_300, up: false });
    t.equal(tap.fds.length, 2);
    const shown = link('vtep0');
    t.match(shown, { ifindex: tap.ifindex, mtu: 1_300, address: '02:00:00:00:00:aa' });
    t.notOk(shown.flags.includes('UP'));
    t.equal(shown.gso_max_segs, 256, 'no more segments than the shim cuts');
    t.equal(shown.txqlen, 4_000, 'room for what comes while the worker is off its core');
    system.removeTap(tap);
    t.equal(system.indexOf('vtep0'), 0);
    close(tap.fds);
  });

  t.test('a TAP without an address gets a random one, which the kernel keeps', async (t) => {
    const tap = open();
    t.equal(link('vtep0').address, tap.address);
    t.equal(Number.parseInt(tap.address.slice(0, 2), 16) & 3, 2);
    close(tap.fds);
  });

  t.test('changes', async (t) => {
    const tap = open();
    system.changeInterface(tap, { address: '02:00:00:00:00:bb', mtu: 9_000, up: true });
    t.match(link('vtep0'), { address: '02:00:00:00:00:bb', mtu: 9_000, gso_max_segs: 256 });
    t.ok(link('vtep0').flags.includes('UP'));
    t.throws(() => system.changeInterface({ ...tap, name: 'u9' }, { up: true }), { code: 'ERR_VTEP_SYSTEM' });
    close(tap.fds);
  });

  t.test('what stands on what', async (t) => {
    const tap = open();
    const other = new OwnNamespace('system-stack');
    t.teardown(() => other.remove());
    namespace.ip('link add br1 type bridge');
    namespace.ip('link set vtep0 master br1');
    namespace.ip('link add vx1 type vxlan id 1 dstport 4790 dev br1');
    namespace.ip(`link add vx2 link-netns ${other.name} type vxlan id 2 dstport 4790`);
    const on = (upper: string, lower: string, more: readonly [string, string][] = []): boolean => {
      const indexes = more.map((pair) => pair.map((name) => system.indexOf(name)) as [number, number]);
      return system.standsOn(system.indexOf(upper), system.indexOf(lower), new Map(indexes));
    };
    t.ok(on('vtep0', 'vtep0') && on('br1', 'vtep0') && on('vx1', 'vtep0'));
    t.notOk(on('vtep0', 'br1') || on('br1', 'vx1') || on('u0', 'vtep0') || on('lo', 'vtep0'));
    t.notOk(on('vx2', 'vtep0'));
    t.ok(on('vx2', 'vtep0', [['vx2', 'u0'], ['u0', 'vx1']]), 'what the kernel does not know'); // prettier-ignore
    t.notOk(on('u0', 'u1'), 'a veth does not stand on its peer');
    t.notOk(on('u0', 'lo', [['u0', 'u1'], ['u1', 'u0']]), 'a circle of others has an end'); // prettier-ignore
    namespace.ip('link del vx1');
    namespace.ip('link del vx2');
    namespace.ip('link del br1');
    close(tap.fds);
  });

  t.test('a TAP in another namespace is seen, changed and removed there', async (t) => {
    const other = new OwnNamespace('system-away');
    t.teardown(() => other.remove());
    const tap = open();
    t.match(system.look(tap), { ifindex: tap.ifindex, mtu: tap.mtu, up: false, away: false });
    const open0 = readdirSync('/proc/self/fd').length;
    namespace.ip(`link set vtep0 netns ${other.name} name eth0`);
    t.match(system.look(tap), { address: tap.address, mtu: tap.mtu, up: false, away: true });
    const reached = system.reach(other.name)!;
    t.match(system.look(tap), { netns: reached.system.netns });
    t.not(system.netns, reached.system.netns);
    system.close(reached.fd);
    const away = { ...tap, away: true };
    system.changeInterface(away, { mtu: 1_234, up: true });
    t.match(system.look(tap), { mtu: 1_234, up: true });
    t.throws(() => system.changeInterface(away, { mtu: 7 }), { code: 'ERR_VTEP_SYSTEM' });
    system.removeTap(away);
    t.equal(system.look(tap), 'gone');
    t.throws(() => system.changeInterface(away, { up: true }), { code: 'ERR_VTEP_NO_DEVICE' });
    t.equal(readdirSync('/proc/self/fd').length, open0, 'no descriptor is left behind');
    close(tap.fds);
  });

  t.test('many TAPs are removed together, and nothing else', async (t) => {
    const taps = Array.from({ length: 20 }, (_, i) => open({ name: `many${i}` }));
    namespace.ip('link set u0 group 7');
    const began = performance.now();
    system.removeTogether(taps.map(({ ifindex }) => ifindex));
    t.comment(`${(performance.now() - began).toFixed(0)} ms`);
    t.same(
      taps.filter(({ name }) => system.indexOf(name) !== 0),
      [],
    );
    t.ok(system.indexOf('u0') > 0 && system.indexOf('lo') > 0);
    for (const tap of taps) {
      system.removeTap(tap);
      close(tap.fds);
    }
    const left = open();
    system.removeTogether([left.ifindex, 999_999]);
    system.removeTap(left);
    t.equal(system.indexOf('vtep0'), 0, 'what could not be removed together is removed by itself');
    close(left.fds);
  });

  t.test('a persistent TAP is taken over and left behind', async (t) => {
    namespace.ip('tuntap add vtep9 mode tap vnet_hdr');
    namespace.ip('link set vtep9 address 02:00:00:00:00:99 mtu 1234 up');
    const tap = open({ name: 'vtep9' });
    t.match(tap, { created: false, address: '02:00:00:00:00:99', mtu: 1_234, up: true });
    system.removeTap(tap);
    close(tap.fds);
    t.ok(system.indexOf('vtep9') > 0);
    namespace.ip('link del vtep9');
  });

  t.test('a name that is taken', async (t) => {
    t.throws(() => open({ name: 'u0' }), { code: 'ERR_VTEP_NAME_IN_USE', errno: 'EEXIST', word: 'u0' });
    const tap = open();
    t.throws(() => open(), { code: 'ERR_VTEP_NAME_IN_USE' });
    close(tap.fds);
  });

  t.test('a TAP that cannot be set up leaves nothing', async (t) => {
    t.throws(() => open({ mtu: 70_000 }), { code: 'ERR_VTEP_SYSTEM' });
    t.equal(system.indexOf('vtep0'), 0);
  });

  const socket = (request: Partial<SocketRequest>) =>
    system.openSocket({
      family: 4,
      port: 4_789,
      shared: false,
      use: 'listen',
      checksum: true,
      df: false,
      ...request,
    });

  t.test('a port in use names its owner', async (t) => {
    const fd = socket({});
    t.throws(() => socket({}), {
      code: 'ERR_VTEP_PORT_IN_USE',
      errno: 'EADDRINUSE',
      word: '4789',
      message: new RegExp(`UDP port 4789 is held by .*${process.pid}`),
    });
    const six = socket({ family: 6 });
    t.pass('the families have ports of their own');
    close([fd, six]);
    close([socket({})]);
  });

  t.test('egress sockets share a port, with and without DF', async (t) => {
    const fds = [false, true, false].map((df) => socket({ port: 50_001, use: 'egress', shared: true, df }));
    for (const fd of fds) t.equal(shim.udpPort(fd), 50_001);
    close(fds);
  });

  t.test('groups are joined once and left', async (t) => {
    const fd = socket({});
    const group = parseAddress('239.1.2.3')!;
    namespace.ip('link set u0 up');
    const members = () => namespace.ip('maddr show dev u0').includes('239.1.2.3');
    system.join(fd, group, system.indexOf('u0'));
    system.join(fd, group, system.indexOf('u0'));
    t.ok(members());
    system.leave(fd, group, system.indexOf('u0'));
    t.notOk(members());
    system.leave(fd, group, system.indexOf('u0'));
    t.throws(() => system.join(fd, group, 999), { code: 'ERR_VTEP_SYSTEM' });
    close([fd]);
  });
});
