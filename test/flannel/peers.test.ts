import fc from 'fast-check';
import t from 'tap';
import { parseNetworkConfig } from '../../lib/flannel/config.js';
import { parseLeaseValue, parseSubnetKey, subnetKey } from '../../lib/flannel/lease.js';
import { PeerTable } from '../../lib/flannel/peers.js';
import { overlaps, parseSubnet, subnetText } from '../../lib/flannel/subnet.js';
import type { Lease, LeaseAttributes, Peer } from '../../lib/flannel/types.js';

const DUAL =
  '{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd05::/56","Backend":{"Type":"vxlan"}}';
const CONFIG = parseNetworkConfig(DUAL, { source: 'test', registry: 'etcd' }).config;

function lease(key: string, change: Partial<LeaseAttributes> = {}): Lease {
  const subnets = parseSubnetKey(key);
  if ('fault' in subnets) throw new Error(subnets.fault);
  const third = Number(key.split('.')[2]);
  const mac = (family: string) => `02:00:00:00:${family}:${third.toString(16).padStart(2, '0')}`;
  const isDual = subnets.subnet6 !== undefined;
  const attributes: LeaseAttributes = {
    publicIp: `10.99.0.${third}`,
    publicIpv6: isDual ? `fd99::${third}` : undefined,
    backendType: 'vxlan',
    ipv4: { vni: 1, mac: mac('04') },
    ipv6: isDual ? { vni: 1, mac: mac('06') } : undefined,
    ...change,
  };
  return { key, ...subnets, attributes, expires: undefined };
}

function table(config = CONFIG) {
  const problems: string[] = [];
  const peers = new PeerTable(config, (key, reason) => problems.push(`${key}: ${reason}`));
  return { peers, problems, told: () => problems.splice(0) };
}

const keys = (list: readonly { key: string }[]) => list.map(({ key }) => key);

t.test('a recorded lease becomes a peer', async (t) => {
  const { peers, told } = table();
  const key = '10.5.100.0-24&fd05:0:0:29::-64';
  const value =
    '{"PublicIP":"10.99.0.11","PublicIPv6":"fd99::11","BackendType":"vxlan","BackendData":{"VNI":42,"VtepMAC":"82:e0:29:56:da:2d"},"BackendV6Data":{"VNI":42,"VtepMAC":"1a:d9:4b:5a:44:1d"}}';
  const read = parseLeaseValue(value);
  const subnets = parseSubnetKey(key);
  if ('fault' in read || 'fault' in subnets) return t.fail('cannot be read');
  peers.snapshot([{ key, ...subnets, ...read, expires: undefined }]);
  const ipv4 = { subnet: '10.5.100.0/24', publicIp: '10.99.0.11', mac: '82:e0:29:56:da:2d' };
  const ipv6 = { subnet: 'fd05:0:0:29::/64', publicIp: 'fd99::11', mac: '1a:d9:4b:5a:44:1d' };
  t.same(peers.all(), [{ key, ipv4, ipv6 }]);
  t.same(told(), []);
});

t.test('only what differs is told', async (t) => {
  const { peers } = table();
  const [a, b] = [lease('10.5.1.0-24'), lease('10.5.2.0-24')];
  t.same(keys(peers.snapshot([a, b]).peers), [a.key, b.key]);
  t.same(peers.snapshot([a, b]), { peers: [], gone: [] }, 'the same list again');
  t.same(peers.changed([lease('10.5.2.0-24')], []), { peers: [], gone: [] }, 'the same lease again');
  const moved = lease(b.key, { publicIp: '10.99.9.9' });
  t.match(peers.changed([moved], []), { peers: [{ key: b.key, ipv4: { publicIp: '10.99.9.9' } }], gone: [] });
  t.same(peers.changed([], [a.key, 'never seen']), { peers: [], gone: [a.key] });
  t.same(peers.snapshot([]), { peers: [], gone: [b.key] });
});

t.test('a change of one family alone is a change', async (t) => {
  const { peers } = table();
  const key = '10.5.1.0-24&fd05:0:0:1::-64';
  peers.snapshot([lease(key)]);
  const { peers: changed } = peers.changed([lease(key, { ipv4: { vni: 1, mac: '02:00:00:00:aa:01' } })], []);
  t.match(changed, [{ ipv4: { mac: '02:00:00:00:aa:01' }, ipv6: { mac: '02:00:00:00:06:01' } }]);
});

t.test('a lease that is wrong is told of and left out; its neighbours are not', async (t) => {
  const cases: [Lease, string][] = [
    [
      lease('10.5.1.0-24', { backendType: 'extension' }),
      'its BackendType is "extension"; only "vxlan" can be reached',
    ],
    [lease('10.6.1.0-24'), '10.6.1.0/24 is outside the network 10.5.0.0/16'],
    [lease('10.0.0.0-8'), '10.0.0.0/8 is outside the network 10.5.0.0/16'],
    [lease('10.5.1.0-24', { publicIp: undefined }), 'it has no PublicIP'],
    [lease('10.5.1.0-24', { publicIp: 'host1' }), 'PublicIP "host1" is no IPv4 address'],
    [lease('10.5.1.0-24', { publicIp: 'fd99::1' }), 'PublicIP "fd99::1" is no IPv4 address'],
    [lease('10.5.1.0-24', { publicIp: '0.0.0.0' }), 'PublicIP "0.0.0.0" is the unspecified address'],
    [lease('10.5.1.0-24', { publicIp: '127.0.0.1' }), 'PublicIP "127.0.0.1" is a loopback address'],
    [lease('10.5.1.0-24', { publicIp: '239.1.1.1' }), 'PublicIP "239.1.1.1" is a multicast address'],
    [
      lease('10.5.1.0-24', { publicIp: '255.255.255.255' }),
      'PublicIP "255.255.255.255" is the broadcast address',
    ],
    [lease('10.5.1.0-24', { ipv4: undefined }), 'it has no BackendData'],
    [
      lease('10.5.1.0-24', { ipv4: { vni: 1, mac: 'nonsense' } }),
      'BackendData has VtepMAC "nonsense", which is no MAC address',
    ],
    [
      lease('10.5.1.0-24', { ipv4: { vni: 1, mac: '00:00:00:00:00:00' } }),
      'BackendData has VtepMAC "00:00:00:00:00:00", which is all zeros',
    ],
    [
      lease('10.5.1.0-24', { ipv4: { vni: 1, mac: '01:00:5e:00:00:01' } }),
      'BackendData has VtepMAC "01:00:5e:00:00:01", which is a group address',
    ],
    [lease('10.5.1.0-24', { publicIp: '10.99.0.100' }), 'it has our own address 10.99.0.100'],
    [
      lease('10.5.100.0-24', { publicIp: '10.99.0.7' }),
      '10.5.100.0/24 overlaps our own subnet 10.5.100.0/24',
    ],
    [
      lease('10.5.100.128-25', { publicIp: '10.99.0.7' }),
      '10.5.100.128/25 overlaps our own subnet 10.5.100.0/24',
    ],
    [
      lease('10.5.1.0-24', { ipv4: { vni: 1, mac: '02:00:00:00:04:64' } }),
      'it has our own VtepMAC 02:00:00:00:04:64',
    ],
    [lease('10.5.2.0-23'), '10.5.2.0/23 overlaps the older 10.5.3.0-24'],
    [lease('10.5.3.128-25'), '10.5.3.128/25 overlaps the older 10.5.3.0-24'],
    [
      lease('10.5.1.0-24', { ipv4: { vni: 1, mac: '02:00:00:00:04:03' } }),
      'it has the VtepMAC 02:00:00:00:04:03 of the older 10.5.3.0-24',
    ],
  ];
  for (const [wrong, reason] of cases) {
    const { peers, told } = table();
    peers.own(lease('10.5.100.0-24'));
    const good = lease('10.5.3.0-24');
    t.same(keys(peers.snapshot([good, wrong]).peers), [good.key], reason);
    t.same(told(), [`${wrong.key}: ${reason}`]);
    peers.snapshot([good, wrong]);
    peers.changed([wrong], []);
    t.same(told(), [], 'once');
  }
});

t.test('IPv6: each family is checked by itself', async (t) => {
  const key = '10.5.1.0-24&fd05:0:0:1::-64';
  const cases: [Partial<LeaseAttributes>, string][] = [
    [{ publicIpv6: undefined }, 'it has no PublicIPv6'],
    [{ publicIpv6: '10.99.0.1' }, 'PublicIPv6 "10.99.0.1" is no IPv6 address'],
    [{ publicIpv6: '::' }, 'PublicIPv6 "::" is the unspecified address'],
    [{ publicIpv6: '::1' }, 'PublicIPv6 "::1" is a loopback address'],
    [{ publicIpv6: 'ff02::1' }, 'PublicIPv6 "ff02::1" is a multicast address'],
    [
      { publicIpv6: 'fe80::1' },
      'PublicIPv6 "fe80::1" is a link-local address, which means nothing without an interface',
    ],
    [{ ipv6: undefined }, 'it has no BackendV6Data'],
  ];
  for (const [change, reason] of cases) {
    const { peers, told } = table();
    t.match(
      peers.snapshot([lease(key, change)]).peers,
      [{ ipv4: { subnet: '10.5.1.0/24' }, ipv6: undefined }],
      reason,
    );
    t.same(told(), [`${key}: ${reason}`]);
  }
});

t.test('a family the network does without is not looked at', async (t) => {
  const { peers, told } = table({ ...CONFIG, ipv6: undefined });
  peers.snapshot([lease('10.5.1.0-24&fd05:0:0:1::-64', { publicIpv6: 'nonsense' })]);
  t.match(peers.all(), [{ ipv4: { subnet: '10.5.1.0/24' }, ipv6: undefined }]);
  t.same(told(), []);
});

t.test('a lease of the other family alone', async (t) => {
  const { peers, told } = table({ ...CONFIG, ipv6: undefined });
  const six = { ...lease('10.5.1.0-24&fd05:0:0:1::-64'), key: 'node1', subnet: undefined };
  t.same(peers.snapshot([six]), { peers: [], gone: [] });
  t.same(told(), ['node1: it has no subnet of a family that the network has']);
});

t.test(
  'whatever leases say, peers never overlap, and what comes step by step is what a list gives',
  async () => {
    const some = fc.record({
      third: fc.integer({ min: 0, max: 5 }),
      length: fc.constantFrom(22, 23, 24, 25),
      ip: fc.constantFrom('10.99.0.1', '10.99.0.2', '10.99.0.100', 'x', undefined),
      mac: fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02', '00:00:00:00:00:00', 'x'),
      isGone: fc.boolean(),
    });
    const own = lease('10.5.100.0-24');
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), (steps) => {
        const { peers } = table();
        peers.own(own);
        const model = new Map<string, Lease>();
        const built = new Map<string, Peer>();
        for (const { third, length, ip, mac, isGone } of steps) {
          const subnet = parseSubnet(`10.5.${third}.0/${length}`)!;
          const key = subnetKey(subnetText(subnet));
          model.delete(key);
          const now = isGone ? [] : [lease(key, { publicIp: ip, ipv4: { vni: 1, mac } })];
          for (const one of now) model.set(key, one);
          const { peers: changed, gone } = peers.changed(now, [key]);
          for (const one of gone) built.delete(one);
          for (const one of changed) built.set(one.key, one);
        }
        const listed = table().peers;
        listed.own(own);
        listed.snapshot([...model.values()]);
        const all = listed.all().map(({ ipv4 }) => parseSubnet(ipv4!.subnet)!);
        const apart = all.every((a, i) => all.every((b, j) => i === j || !overlaps(a, b)));
        const byKey = (list: Peer[]) => JSON.stringify(list.sort((a, b) => (a.key < b.key ? -1 : 1)));
        return (
          apart &&
          byKey(listed.all()) === byKey([...built.values()]) &&
          byKey(peers.all()) === byKey(listed.all())
        );
      }),
    );
  },
);

t.test('of two that overlap the older is kept, and the younger takes its place', async (t) => {
  const { peers, told } = table();
  const [older, younger] = [
    lease('10.5.1.0-24'),
    lease('10.5.1.0-24&fd05:0:0:1::-64', { publicIp: '10.99.0.9' }),
  ];
  t.match(peers.snapshot([older, younger]).peers, [
    { key: older.key },
    { key: younger.key, ipv4: undefined },
  ]);
  t.same(told(), [`${younger.key}: 10.5.1.0/24 overlaps the older ${older.key}`]);
  peers.changed([lease(older.key, { publicIp: '10.99.0.8' })], []);
  t.same(told(), [], 'a change does not make it younger');
  const after = peers.changed([], [older.key]);
  t.match(after, { peers: [{ key: younger.key, ipv4: { publicIp: '10.99.0.9' } }], gone: [older.key] });
  peers.changed([older], []);
  t.same(told(), [`${older.key}: 10.5.1.0/24 overlaps the older ${younger.key}`], 'now it is the younger');
});

t.test('a problem is told again once it is another, or comes back', async (t) => {
  const { peers, told } = table();
  const key = '10.5.1.0-24';
  const [a, b] = [lease(key, { publicIp: 'a' }), lease(key, { publicIp: 'b' })];
  peers.snapshot([a]);
  peers.changed([b], []);
  peers.changed([lease(key)], []);
  t.same(keys(peers.all()), [key], 'right now');
  peers.changed([b], []);
  t.same(told().length, 3);
  peers.snapshot([]);
  peers.snapshot([b]);
  t.same(told().length, 1, 'it had gone');
});

t.test('the own lease may come late', async (t) => {
  const { peers, told } = table();
  const [own, other] = [lease('10.5.1.0-24'), lease('10.5.2.0-24', { publicIp: '10.99.0.1' })];
  peers.snapshot([other]);
  t.same(peers.own(own), { peers: [], gone: [other.key] });
  t.same(told(), [`${other.key}: it has our own address 10.99.0.1`]);
  t.same(keys(peers.own(undefined).peers), [other.key]);
});

t.test('1,000 leases are settled in a few milliseconds', async (t) => {
  const { peers, told } = table({ ...CONFIG, ipv4: { ...CONFIG.ipv4!, network: '10.0.0.0/8' } });
  const many = Array.from({ length: 1000 }, (_, i) => {
    const key = `10.${i >> 8}.${i & 255}.0-24`;
    return lease(key, {
      publicIp: `10.99.${i >> 8}.${i & 255}`,
      ipv4: { vni: 1, mac: `02:00:00:00:0${i >> 8}:${(i & 255).toString(16).padStart(2, '0')}` },
    });
  }).slice(1);
  const start = performance.now();
  t.equal(peers.snapshot(many).peers.length, 999);
  for (const one of many.slice(0, 100)) t.same(peers.changed([one], []), { peers: [], gone: [] });
  t.same(told(), []);
  t.ok(
    performance.now() - start < 2000,
    `${(performance.now() - start).toFixed(0)} ms for a list and 100 changes`,
  );
});
