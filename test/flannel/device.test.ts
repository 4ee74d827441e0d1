import t from 'tap';
import { FlannelDevice, deviceName, type DeviceOptions } from '../../lib/flannel/device.js';
import type { VxlanBackend } from '../../lib/flannel/types.js';
import { ETH0, FakeDaemonClient, FakeHost, TUNNEL, hostAddress, linkInfo } from './fakes.js';

const BACKEND: VxlanBackend = {
  ...{ vni: 1, port: 8472, mtu: undefined, gbp: false, learning: false, directRouting: false },
};
const UNDERLAY = { name: 'eth0', ifindex: ETH0, mtu: 1500, address: '10.99.0.11' };
const MAC = 'ca:9e:8c:9f:17:15';

function scene(change: Partial<DeviceOptions> = {}) {
  const written: string[] = [];
  const host = new FakeHost(written);
  const client = new FakeDaemonClient(host);
  const warnings: string[] = [];
  const options: DeviceOptions = {
    ...{ client, host, family: 4, network: '10.5.0.0/16', backend: BACKEND, underlay: UNDERLAY, mac: MAC },
    warn: (message) => warnings.push(message),
    ...change,
  };
  return { written, host, client, warnings, options, device: new FlannelDevice(options) };
}

const IPV6: Partial<DeviceOptions> = {
  ...{ family: 6, network: 'fd05::/56', backend: { ...BACKEND, vni: 42, port: 4789 } },
  underlay: { ...UNDERLAY, address: 'fd99::11' },
};

t.test('made as flanneld makes it', async (t) => {
  const { written, client, device, host } = scene();
  t.throws(() => device.ifindex, { code: 'ERR_VTEP_NO_DEVICE' }, 'not before');
  t.equal(await device.ensure(), true);
  t.match(client.linkTable.get('flannel.1'), {
    ...{
      id: 1,
      local: '10.99.0.11',
      dev: 'eth0',
      dstport: 8472,
      learning: false,
      gbp: false,
      mtu: 1450,
      up: false,
    },
    ...{
      address: MAC,
      proxy: false,
      l2miss: false,
      l3miss: false,
      srcport: [0, 0],
      ageing: 300,
      udpcsum: true,
    },
  });
  t.match(device, { name: 'flannel.1', ifindex: TUNNEL, mac: MAC, mtu: 1450 });
  t.equal(host.settings.get('ipv6/conf/flannel.1/accept_ra'), '0');
  await device.configure('10.5.74.0/24');
  t.same(written, [
    'link + flannel.1',
    'setting ipv6/conf/flannel.1/accept_ra 0',
    'address + 10.5.74.0/32',
    'link flannel.1 {"up":true}',
  ]);
});

t.test('over IPv6', async (t) => {
  const { written, client, device } = scene(IPV6);
  await device.ensure();
  await device.configure('fd05:0:0:29::/64');
  t.match(client.linkTable.get('flannel-v6.42'), {
    id: 42,
    local: 'fd99::11',
    dstport: 4789,
    mtu: 1430,
    up: true,
  });
  t.ok(written.includes('address + fd05:0:0:29::/128'));
});

t.test('a second time, and adopted by another run: nothing is written', async (t) => {
  const { written, device, options } = scene();
  await device.ensure();
  await device.configure('10.5.74.0/24');
  written.length = 0;
  t.equal(await device.ensure(), false);
  const next = new FlannelDevice({ ...options, mac: '02:00:00:00:00:99' });
  t.equal(await next.ensure(), false);
  await next.configure('10.5.74.0/24');
  t.equal(next.mac, MAC, 'its own MAC, which peers may know');
  t.same(written, []);
});

t.test('made anew where it differs, with the MAC it had', async (t) => {
  const differences: Record<string, Partial<DeviceOptions>> = {
    vni: { underlay: { ...UNDERLAY, address: '10.99.0.12' } },
    interface: { underlay: { ...UNDERLAY, name: 'eth1' } },
    port: { backend: { ...BACKEND, port: 4789 } },
    gbp: { backend: { ...BACKEND, gbp: true } },
    'proxy and misses': { extras: { proxy: true, l2miss: true } },
  };
  for (const [what, change] of Object.entries(differences)) {
    const { written, device, options, client } = scene({ mac: undefined });
    await device.ensure();
    const before = device.mac;
    written.length = 0;
    const next = new FlannelDevice({ ...options, ...change });
    t.equal(await next.ensure(), true, what);
    t.match(written, ['link - flannel.1', 'link + flannel.1']);
    t.equal(next.mac, before);
    const wanted = new FlannelDevice({ ...options, mac: '02:00:00:00:00:99' });
    await wanted.ensure();
    t.equal(wanted.mac, '02:00:00:00:00:99', 'unless another is wanted');
    client.entry('flannel.1', MAC, ['10.99.0.12']);
  }
  const { device, client } = scene();
  await client.addLink({
    name: 'flannel.1',
    id: 1,
    local: '10.99.0.11',
    dev: 'eth0',
    learning: false,
    remote: '10.99.0.12',
  });
  t.equal(await device.ensure(), true, 'a default destination');
});

t.test('MTU and learning are changed on the device', async (t) => {
  const { written, device, options } = scene();
  await device.ensure();
  written.length = 0;
  const next = new FlannelDevice({ ...options, backend: { ...BACKEND, mtu: 1400, learning: true } });
  t.equal(await next.ensure(), false);
  t.same(written, ['link flannel.1 {"mtu":1350,"learning":true}']);
  t.equal(next.mtu, 1350);
});

t.test('addresses of the network that are not the wanted one go', async (t) => {
  const { written, device, host } = scene();
  await device.ensure();
  host.onInterfaces.push(
    hostAddress(TUNNEL, '10.5.9.0/32'),
    hostAddress(TUNNEL, '10.5.74.0/16'),
    hostAddress(TUNNEL, '192.168.7.1/24'),
    hostAddress(ETH0, '10.5.8.0/32'),
  );
  written.length = 0;
  await device.configure('10.5.74.0/24');
  t.same(written, [
    'address - 10.5.9.0',
    'address - 10.5.74.0',
    'address + 10.5.74.0/32',
    'link flannel.1 {"up":true}',
  ]);
  await device.configure('10.5.75.0/24');
  t.same(written.slice(4), ['address - 10.5.74.0', 'address + 10.5.75.0/32'], 'another lease');
  await t.rejects(device.configure('10.6.0.0/24'), { code: 'ERR_VTEP_ARGUMENT', word: '10.6.0.0/24' });
});

t.test('the address of the first generation has the network’s length', async (t) => {
  const { written, device } = scene();
  await device.ensure();
  await device.configure('10.5.5.0/24', 16);
  t.ok(written.includes('address + 10.5.5.0/16'));
});

t.test('gone with the daemon, and back as it was', async (t) => {
  const { written, device, client } = scene({ mac: undefined });
  await device.ensure();
  await device.configure('10.5.74.0/24');
  const { mac } = device;
  client.isGone = true;
  await t.rejects(device.ensure(), { code: 'ERR_VTEP_DAEMON' });
  client.restart();
  written.length = 0;
  t.equal(await device.ensure(), true);
  t.equal(device.mac, mac);
  t.equal(device.ifindex, TUNNEL + 1);
  t.match(written, ['link + flannel.1', 'address + 10.5.74.0/32', 'link flannel.1 {"up":true}']);
});

t.test('a MAC that was changed from outside is the one to be told', async (t) => {
  const { device, client } = scene();
  await device.ensure();
  await client.setLink('flannel.1', { address: '02:00:00:00:00:77' });
  await device.ensure();
  t.equal(device.mac, '02:00:00:00:00:77');
});

t.test('another underlay address: made anew', async (t) => {
  const { device, client } = scene();
  await device.ensure();
  t.throws(() => device.setUnderlay({ ...UNDERLAY, mtu: 100 }), { code: 'ERR_VTEP_ARGUMENT' });
  t.equal(await device.ensure(), false, 'what is refused changes nothing');
  device.setUnderlay({ ...UNDERLAY, address: '10.99.0.77' });
  t.equal(await device.ensure(), true);
  t.match(client.linkTable.get('flannel.1'), { local: '10.99.0.77', address: MAC });
});

t.test('an interface that is not the daemon’s is not touched', async (t) => {
  for (const [kind, words] of [
    [
      'vxlan',
      /flannel\.1 is a vxlan device of the kernel, as flanneld makes it.*stop flanneld, then remove it: `ip link del flannel\.1`/,
    ],
    ['veth', /flannel\.1 is a veth interface and not the vtep daemon's/],
  ] as const) {
    const { device, host, written } = scene();
    host.interfaces.push(linkInfo({ name: 'flannel.1', ifindex: 9, kind }));
    await t.rejects(device.ensure(), {
      code: 'ERR_VTEP_NAME_IN_USE',
      errno: 'EEXIST',
      word: 'flannel.1',
      message: words,
    });
    t.same(written, []);
  }
  const { device, host } = scene();
  host.interfaces.push(linkInfo({ name: 'flannel.1', ifindex: 9, kind: 'tun' }));
  t.equal(await device.ensure(), true, 'a TAP that was left behind is the daemon’s to take');
});

t.test('an MTU too small, a name too long', (t) => {
  const small = (change: Partial<DeviceOptions>, mtu: number) => () =>
    scene({ ...change, underlay: { ...UNDERLAY, mtu } });
  t.throws(small({}, 117), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /MTU of 67: eth0.* leaves 117 octets, IPv4 needs 118/,
  });
  t.doesNotThrow(small({}, 118));
  t.throws(small(IPV6, 1349), { message: /flannel-v6\.42 would have an MTU of 1279.*IPv6 needs 1350/ });
  t.doesNotThrow(small(IPV6, 1350));
  const backend = { ...BACKEND, mtu: 9000 };
  t.equal(scene({ backend }).device.mtu, 1450, 'no more than the interface carries');
  t.equal(deviceName(4, 9_999_999), 'flannel.9999999');
  t.equal(deviceName(6, 9_999), 'flannel-v6.9999');
  t.throws(() => deviceName(4, 10_000_000), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /needs a VNI of up to 9999999$/,
  });
  t.throws(() => deviceName(6, 10_000), { code: 'ERR_VTEP_ARGUMENT', word: '10000' });
  t.end();
});

t.test('a setting that cannot be written is told once', async (t) => {
  const { device, host, warnings } = scene();
  host.refuses.set('setting ipv6/conf/flannel.1/accept_ra', 'EROFS');
  await device.ensure();
  await device.ensure();
  t.match(warnings, [/EROFS/]);
  t.equal(warnings.length, 1);
});
