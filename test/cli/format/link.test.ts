import t from 'tap';
import { linkJson, linkLines, vxlanJson, vxlanText } from '../../../lib/cli/format/link.js';
import { presumed } from '../../../lib/cli/netdev.js';
import { linkState } from '../fixtures.js';

const full = linkState({
  name: 'vx0',
  id: 42,
  remote: '192.0.2.2',
  local: '192.0.2.1',
  dev: 'd0',
  dstport: 4789,
  srcport: [5000, 6000],
  ttl: 5,
  tos: 0x16,
  df: 'set',
  ageing: 100,
  maxaddress: 50,
  proxy: true,
  rsc: true,
  l2miss: true,
  l3miss: true,
  learning: false,
  udpcsum: false,
  up: true,
});

t.test('as ip -d link show of iproute2 6.1 printed a kernel device with these options', async (t) => {
  t.equal(
    vxlanText(full),
    'vxlan id 42 remote 192.0.2.2 local 192.0.2.1 dev d0 srcport 5000 6000 dstport 4789 nolearning proxy rsc l2miss l3miss ' +
      'tos 0x16 ttl 5 df set ageing 100 maxaddr 50 reserved_bits 0xf7ffffff000000ff noudpcsum noudp6zerocsumtx noudp6zerocsumrx localbypass',
  );
  const v6 = { ttl: 'inherit', tos: 'inherit', flowlabel: 0x123, udp6zerocsumrx: true, dev: 'd0' } as const;
  const group = linkState({ name: 'vx6', id: 43, group: 'ff05::1', dstport: 4789, ...v6 });
  t.equal(
    vxlanText(group),
    'vxlan id 43 group ff05::1 dev d0 srcport 0 0 dstport 4789 tos inherit ttl inherit flowlabel 0x123 ageing 300 ' +
      'reserved_bits 0xf7ffffff000000ff udpcsum noudp6zerocsumtx udp6zerocsumrx localbypass',
  );
  t.match(vxlanJson(group), { group6: 'ff05::1', tos: '0x1', label: '0x123', ttl_inherit: true });
  t.notOk('ttl' in vxlanJson(group));
});

t.test('lines', async (t) => {
  const [head, address, vxlan, own] = linkLines(full, presumed(full), true);
  t.equal(
    head,
    '4: vx0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 state UNKNOWN mode DEFAULT group default qlen 1000',
  );
  t.equal(address, '    link/ether a2:53:73:73:3f:e5 brd ff:ff:ff:ff:ff:ff');
  t.match(vxlan, /^ {4}vxlan id 42 /);
  t.equal(own, '    tap persist off ');
  t.equal(linkLines(full, presumed(full), false).length, 2);
  const without = { ...full, missing: ['UDP_SEGMENT', 'USO'], persistent: true };
  t.equal(linkLines(without, presumed(without), true)[3], '    tap persist on missing UDP_SEGMENT USO ');
  const hold = { ...full, l2miss: true, hold: 4 };
  t.equal(linkLines(hold, presumed(hold), true)[3], '    tap persist off hold 4 holdtime 1000 ');
  const clamp = { ...full, mssclamp: 1400 };
  t.equal(linkLines(clamp, presumed(clamp), true)[3], '    tap persist off mssclamp 1400 ');
  const anycast = {
    ...full,
    neighsnoop: 4096,
    gateway: ['10.0.0.1', 'fd00::1'],
    gatewayMac: '00:00:5e:00:01:01',
  };
  t.equal(
    linkLines(anycast, presumed(anycast), true)[3],
    '    tap persist off neighsnoop 4096 gateway 10.0.0.1,fd00::1 gateway-mac 00:00:5e:00:01:01 ',
  );
  t.match(linkJson(anycast, presumed(anycast), true), {
    vtep: { neighsnoop: 4096, gateway: ['10.0.0.1', 'fd00::1'], gateway_mac: '00:00:5e:00:01:01' },
  });
});

t.test('JSON', async (t) => {
  const down = linkState({ name: 'vx1', id: 1, remote: '0.0.0.0' });
  const json = linkJson(down, { ...presumed(down), master: 'br0', queues: { tx: 2, rx: 2 } }, true);
  t.match(json, {
    ifindex: 4,
    ifname: 'vx1',
    flags: ['BROADCAST', 'MULTICAST'],
    mtu: 1500,
    master: 'br0',
    operstate: 'DOWN',
    txqlen: 1000,
    linkinfo: { info_kind: 'vxlan' },
    num_tx_queues: 2,
    vtep: { persistent: false, missing: [] },
  });
  t.notOk(/mssclamp|hold|neighsnoop|gateway/.test(JSON.stringify(json)), 'only where it is on');
  const hold = { ...down, hold: 4, holdtime: 500 };
  t.match(linkJson(hold, presumed(hold), true), { vtep: { hold: 4, holdtime: 500 } });
  const clamp = { ...down, mssclamp: 'auto' as const };
  t.match(linkJson(clamp, presumed(clamp), true), { vtep: { mssclamp: 'auto' } });
  t.notOk('remote' in vxlanJson(down), '0.0.0.0 is no destination');
});

t.test('options of the header and of the receive path', async (t) => {
  const gbp = linkState({
    name: 'vx0',
    id: 1,
    gbp: true,
    gbpId: 7,
    reserved_bits: '0x77000000000000ff',
    localbypass: false,
    localbind: true,
    allow: 'known',
    learnLimit: 100,
    learnPort: true,
    remoteStats: true,
  });
  t.match(vxlanText(gbp), / ageing 300 reserved_bits 0x77000000000000ff udpcsum .* gbp nolocalbypass$/);
  t.equal(
    linkLines(gbp, presumed(gbp), true)[3],
    '    tap persist off gbp-id 7 localbind allow known learn-limit 100 learn-port remote-stats ',
  );
  t.match(vxlanJson(gbp), { gbp: true, reserved_bits: '0x77000000000000ff', localbypass: false });
  const { vtep } = linkJson(gbp, presumed(gbp), true);
  t.match(vtep, {
    gbp_id: 7,
    localbind: true,
    allow: 'known',
    learn_limit: 100,
    learn_port: true,
    remote_stats: true,
  });
  const plain = vxlanJson(linkState({ name: 'vx1', id: 1 }));
  t.same([plain['gbp'], plain['gpe'], plain['localbypass']], [undefined, undefined, true]);
  t.match(vxlanText(linkState({ name: 'vx2', id: 1, gpe: true })), / gpe localbypass$/);
});

t.test('the namespace of the underlay stands where `ip` has it, in JSON under vtep', async (t) => {
  const link = linkState({ name: 'vx0', id: 1, linkNetns: 'blue' });
  for (const details of [false, true])
    t.equal(
      linkLines(link, presumed(link), details)[1],
      '    link/ether a2:53:73:73:3f:e5 brd ff:ff:ff:ff:ff:ff link-netns blue',
    );
  t.match(linkJson(link, presumed(link), true), { vtep: { link_netns: 'blue' } });
});

t.test('a remote that was given by name', async (t) => {
  const link = { ...linkState({ name: 'vx0', id: 1, remote: '192.0.2.2' }), remoteName: 'vtep2.example.org' };
  const lines = linkLines({ ...link, resolveInterval: 5 }, presumed(link), true);
  t.match(lines[2], /^    vxlan id 1 remote 192\.0\.2\.2 srcport/, 'this line is that of `ip`');
  t.equal(lines[3], '    tap persist off remote-name vtep2.example.org resolve-interval 5 ');
  t.match(linkJson(link, presumed(link), true), { vtep: { remote_name: 'vtep2.example.org' } });
});

t.test('a split-horizon group', async (t) => {
  const link = linkState({ name: 'vx0', id: 1, splitHorizon: 7 });
  t.equal(linkLines(link, presumed(link), true)[3], '    tap persist off split-horizon 7 ');
  t.match(linkJson(link, presumed(link), true), { vtep: { split_horizon: 7 } });
});

t.test('an interface in another namespace', async (t) => {
  const link = linkState({ name: 'vx0', id: 1, away: true });
  t.match(linkLines(link, presumed(link), true).at(-1), /^ {4}tap persist off away $/);
  t.match(linkJson(link, presumed(link), true), { vtep: { away: true } });
});
