import t from 'tap';
import { run } from '../../../lib/cli/run.js';
import { FakeDaemon } from '../fake-daemon.js';
import { collector } from '../fixtures.js';

const daemon = await FakeDaemon.start();
t.teardown(() => daemon.stop());
t.beforeEach(() => {
  daemon.devices.clear();
  daemon.requests.length = 0;
  daemon.refusals.clear();
});

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { exit, ...streams.text };
}

t.test('add sends what was said, defaults are the daemon’s', async (t) => {
  const line = 'link add vtep0 type vxlan id 1 dstport 4789 dev eth0 nolearning proxy l2miss l3miss';
  t.same(await vtep(line), { exit: 0, out: '', err: '' });
  t.same(daemon.bodies('POST /v1/links'), [
    {
      name: 'vtep0',
      id: 1,
      dstport: 4789,
      dev: 'eth0',
      learning: false,
      proxy: true,
      l2miss: true,
      l3miss: true,
    },
  ]);
  daemon.requests.length = 0;
  await vtep(
    'l a name vx1 address 02:00:00:00:00:01 mtu 1400 type vxlan id 2 dstport 0 remote 0.0.0.0 ttl auto tos inherit',
  );
  t.same(daemon.bodies('POST /v1/links'), [
    { name: 'vx1', address: '02:00:00:00:00:01', mtu: 1400, id: 2, ttl: 0, tos: 'inherit' },
  ]);
});

t.test('add up is one command: when it cannot come up it is not there', async (t) => {
  t.equal((await vtep('link add vx0 up type vxlan id 1 dstport 4789')).exit, 0);
  t.same(daemon.bodies('PATCH /v1/links/vx0'), [{ up: true }]);
  daemon.refusals.set('PATCH /v1/links/vx1', {
    code: 'ERR_VTEP_PORT_IN_USE',
    message: 'port 4789 is in use by another process; choose another dstport',
    errno: 'EADDRINUSE',
  });
  t.match(await vtep('link add vx1 up type vxlan id 2 dstport 4789'), {
    exit: 2,
    err: 'RTNETLINK answers: Address already in use: port 4789 is in use by another process; choose another dstport\n',
  });
  t.notOk(daemon.devices.has('vx1'));
});

t.test('warnings stay on stderr', async (t) => {
  t.match(await vtep('link add vx0 type vxlan id 1'), {
    exit: 0,
    out: '',
    err: /^vxlan: destination port not specified: 8472/,
  });
  t.match(await vtep('link add link eth0 name vx1 type vxlan id 2 dstport 4789'), {
    exit: 0,
    err: /"link eth0" is ignored, as by the kernel: "type vxlan … dev eth0" is meant/,
  });
});

t.test('contradictions ask nothing', async (t) => {
  for (const [words, says] of [
    ['group 239.1.1.1', '"group 239.1.1.1" requires "dev"'],
    ['group 239.1.1.1 dev eth0 remote 192.0.2.1', 'exclude each other'],
    ['local 192.0.2.1 remote ::1', 'different families'],
    ['remote 239.1.1.1', '"remote" expects a unicast'],
  ] as const)
    t.match(await vtep(`link add vx0 type vxlan id 1 dstport 4789 ${words}`), { exit: 1, err: says });
  t.same(daemon.requests, []);
});

t.test('split-horizon', async (t) => {
  await vtep('link add vx0 type vxlan id 1 dstport 4789 split-horizon 7');
  t.same(daemon.bodies('POST /v1/links'), [{ name: 'vx0', id: 1, dstport: 4789, splitHorizon: 7 }]);
  await vtep('link set vx0 type vxlan split-horizon off');
  t.same(daemon.bodies('PATCH /v1/links/vx0'), [{ splitHorizon: 0 }]);
  t.match(await vtep('link add vx1 type vxlan id 2 split-horizon 256'), {
    exit: 1,
    err: /"split-horizon" expects a number from 0 to 255, or off/,
  });
});

t.test('a DNS name as remote; -4 and -6 choose among its addresses', async (t) => {
  await vtep('link add vx0 type vxlan id 1 dstport 4789 remote vtep2.example.org resolve-interval 10');
  await vtep('-6 link add vx1 type vxlan id 2 dstport 4789 local 2001:db8::1 remote vtep2');
  await vtep('-4 link add vx2 type vxlan id 3 dstport 4789 remote 192.0.2.2');
  await vtep('link set vx0 type vxlan remote vtep3 resolve-interval 60');
  t.same(daemon.bodies('POST /v1/links'), [
    { name: 'vx0', id: 1, dstport: 4789, remote: 'vtep2.example.org', resolveInterval: 10 },
    { name: 'vx1', id: 2, dstport: 4789, local: '2001:db8::1', remote: 'vtep2', family: 6 },
    { name: 'vx2', id: 3, dstport: 4789, remote: '192.0.2.2' },
  ]);
  t.same(daemon.bodies('PATCH /v1/links/vx0'), [{ remote: 'vtep3', resolveInterval: 60 }]);
  for (const [words, says] of [
    ['remote 192.0.2.300', '"remote" expects a unicast IPv4 or IPv6 address, or a DNS name'],
    ['group vtep2 dev eth0', '"group" expects a multicast'],
    ['resolve-interval 0', '"resolve-interval" expects a number from 1 to 86400'],
  ] as const)
    t.match(await vtep(`link add vx9 type vxlan id 9 dstport 4789 ${words}`), { exit: 1, err: says });
});

t.test('set', async (t) => {
  daemon.add({ name: 'vx0', id: 1 });
  t.same(await vtep('link set vx0 up mtu 1300'), { exit: 0, out: '', err: '' });
  await vtep('link set dev vx0 type vxlan ttl 7 nolearning dev eth1 mssclamp auto');
  t.same(daemon.bodies('PATCH /v1/links/vx0'), [
    { mtu: 1300, up: true },
    { ttl: 7, learning: false, dev: 'eth1', mssclamp: 'auto' },
  ]);
  await vtep('link set vx0 type vxlan neighsnoop on gateway 10.0.0.1,FD00::1 gateway-mac 0:0:5e:0:1:1');
  await vtep('link set vx0 type vxlan neighsnoop off gateway none');
  t.same(daemon.bodies('PATCH /v1/links/vx0').slice(2), [
    { neighsnoop: 4096, gateway: ['10.0.0.1', 'fd00::1'], gatewayMac: '00:00:5e:00:01:01' },
    { neighsnoop: 0, gateway: [] },
  ]);
  t.match(await vtep('link set vx0 type vxlan gateway 10.0.0.1,ff02::1'), {
    exit: 1,
    err: /argument "10.0.0.1,ff02::1" is wrong: "gateway" expects up to 64 unicast/,
  });
  t.match(await vtep('link set vx0 type vxlan id 6'), {
    exit: 2,
    err: /^RTNETLINK answers: Operation not supported: id /,
  });
  t.match(await vtep('link set vx0 type vxlan'), { exit: 1, err: /"type vxlan" expects what to change/ });
  t.match(await vtep('link set vx0 master br0'), { exit: 1, err: /use `ip link set vx0 master br0`/ });
  t.same(await vtep('link set nope up'), { exit: 1, out: '', err: 'Cannot find device "nope"\n' });
});

t.test('del', async (t) => {
  daemon.add({ name: 'vx0', id: 1 });
  t.same(await vtep('link del vx0'), { exit: 0, out: '', err: '' });
  t.same(await vtep('link d dev vx0'), { exit: 1, out: '', err: 'Cannot find device "vx0"\n' });
});

t.test('show', async (t) => {
  daemon.add({ name: 'no-netdev0', id: 1, remote: '192.0.2.2', dstport: 4789 });
  daemon.add({ name: 'no-netdev1', id: 2, up: true });
  const plain = await vtep('link show no-netdev0');
  t.equal(plain.out.split('\n').length, 3);
  t.match(
    plain.out,
    /^4: no-netdev0: <BROADCAST,MULTICAST> mtu 1500 state DOWN mode DEFAULT group default qlen 1000\n/,
  );
  t.match((await vtep('-d link')).out, 'vxlan id 1 remote 192.0.2.2 srcport 0 0 dstport 4789 ttl auto');
  t.match(
    (await vtep('-d -o link show no-netdev0')).out,
    /^4: [^\n]*\\ {4}link\/ether [^\n]*\\ {4}vxlan id 1[^\n]*\n$/,
  );
  t.match((await vtep('link show -s no-netdev0')).out, 'RX:  bytes packets', 'options may follow the verb');
  t.match((await vtep('link show up')).out, /^5: no-netdev1: /);
  t.same(
    (JSON.parse((await vtep('-j link ls')).out) as { ifname: string }[]).map((link) => link.ifname),
    ['no-netdev0', 'no-netdev1'],
  );
  t.match(JSON.parse((await vtep('-j -d -s link show no-netdev0')).out), [
    {
      linkinfo: { info_data: { id: 1, remote: '192.0.2.2', port: 4789 } },
      stats64: { rx: { bytes: 0 } },
      drops: {},
    },
  ]);
  t.same(await vtep('link show nope'), { exit: 1, out: '', err: 'Device "nope" does not exist.\n' });
});

t.test('link-netns stands before the type, as in `ip link add`', async (t) => {
  await vtep('link add vx2 link-netns blue type vxlan id 7 dstport 4789');
  t.same(daemon.bodies('POST /v1/links'), [{ name: 'vx2', linkNetns: 'blue', id: 7, dstport: 4789 }]);
  const self = await vtep('link add vx3 link-netns /proc/self/ns/net type vxlan id 7 dstport 4789');
  t.equal(self.exit, 1);
  t.match(
    self.err,
    /"link-netns" expects a name of `ip netns list`, or an absolute path .*not of \/proc\/self/,
  );
  t.equal(daemon.bodies('POST /v1/links').length, 1);
});
