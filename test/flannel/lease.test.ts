import fc from 'fast-check';
import t from 'tap';
import {
  leaseValue,
  parseLeaseValue,
  parseSubnetKey,
  parseVtepData,
  subnetKey,
  vtepDataText,
} from '../../lib/flannel/lease.js';
import type { LeaseAttributes } from '../../lib/flannel/types.js';

/** Recorded from flanneld 0.20.2 and 0.24.4. */
const RECORDED: { key: string; value: string; subnets: [string, string?]; attributes: LeaseAttributes }[] = [
  {
    key: '10.5.3.0-24',
    value:
      '{"PublicIP":"10.99.0.12","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:56:42:b5:e6:fc"}}',
    subnets: ['10.5.3.0/24'],
    attributes: {
      publicIp: '10.99.0.12',
      publicIpv6: undefined,
      backendType: 'vxlan',
      ipv4: { vni: 1, mac: 'b2:56:42:b5:e6:fc' },
      ipv6: undefined,
    },
  },
  {
    key: '10.5.100.0-24&fd05:0:0:29::-64',
    value:
      '{"PublicIP":"10.99.0.11","PublicIPv6":"fd99::11","BackendType":"vxlan","BackendData":{"VNI":42,"VtepMAC":"82:e0:29:56:da:2d"},"BackendV6Data":{"VNI":42,"VtepMAC":"1a:d9:4b:5a:44:1d"}}',
    subnets: ['10.5.100.0/24', 'fd05:0:0:29::/64'],
    attributes: {
      publicIp: '10.99.0.11',
      publicIpv6: 'fd99::11',
      backendType: 'vxlan',
      ipv4: { vni: 42, mac: '82:e0:29:56:da:2d' },
      ipv6: { vni: 42, mac: '1a:d9:4b:5a:44:1d' },
    },
  },
];

for (const { key, value, subnets, attributes } of RECORDED) {
  t.test(`the recorded lease ${key}, octet for octet`, async (t) => {
    t.equal(subnetKey(...subnets), key);
    t.equal(leaseValue(attributes), value);
    t.same(parseSubnetKey(key), { subnet: subnets[0], subnet6: subnets[1] });
    t.same(parseLeaseValue(value), { attributes });
  });
}

t.test('other keys that were recorded', async (t) => {
  for (const key of ['10.5.74.0-24', '10.5.81.0-24']) {
    const subnets = parseSubnetKey(key);
    if ('fault' in subnets) return t.fail(subnets.fault);
    t.equal(subnetKey(subnets.subnet, subnets.subnet6), key);
  }
});

t.test("an extension's lease is known as one of another type, whatever its data", async (t) => {
  const value =
    '{"PublicIP":"10.99.0.11","PublicIPv6":null,"BackendType":"extension","BackendData":"2a:46:6b:0e:42:43"}';
  const attributes = {
    publicIp: '10.99.0.11',
    publicIpv6: undefined,
    backendType: 'extension',
    ipv4: undefined,
    ipv6: undefined,
  };
  t.same(parseLeaseValue(value), { attributes });
});

t.test('the value of the first versions', async (t) => {
  const value =
    '{"PublicIP":"10.99.0.11","BackendType":"vxlan","BackendData":{"VtepMAC":"5e:3c:60:02:8a:61"}}';
  t.match(parseLeaseValue(value), {
    attributes: { publicIp: '10.99.0.11', ipv4: { vni: 0, mac: '5e:3c:60:02:8a:61' } },
  });
});

t.test('the annotation of a node', async (t) => {
  const text = '{"VNI":1,"VtepMAC":"1a:70:a7:a6:ee:fe"}';
  t.equal(vtepDataText({ vni: 1, mac: '1a:70:a7:a6:ee:fe' }), text);
  t.same(parseVtepData(text), { vni: 1, mac: '1a:70:a7:a6:ee:fe' });
  t.match(parseVtepData('null'), { fault: /BackendData null; expected/ });
  t.match(parseVtepData('{'), { fault: /no JSON/ });
});

t.test('reads what Go would: other case, other spellings of a MAC and an address', async (t) => {
  const value =
    '{"publicip":"10.99.0.12","PUBLICIPV6":"FD99:0::12","backendtype":"vxlan","backendData":{"vni":1,"vtepmac":"B2-56-42-B5-E6-FC"},"BackendV6Data":{"VtepMAC":"1ad9.4b5a.441d","More":1},"Other":[]}';
  t.match(parseLeaseValue(value), {
    attributes: {
      publicIp: '10.99.0.12',
      publicIpv6: 'fd99::12',
      ipv4: { vni: 1, mac: 'b2:56:42:b5:e6:fc' },
      ipv6: { vni: 0, mac: '1a:d9:4b:5a:44:1d' },
    },
  });
});

t.test('what is no lease is told', async (t) => {
  const values: [string, RegExp][] = [
    ['', /^it is empty$/],
    ['{"PublicIP":', /^no JSON: /],
    ['[]', /^\[\] is no object$/],
    ['null', /^null is no object$/],
    ['{"PublicIP":5,"BackendType":"vxlan"}', /^PublicIP 5 is no text$/],
    ['{"BackendType":7}', /^BackendType 7 is no text$/],
    [
      '{"BackendType":"vxlan","BackendData":"2a:46:6b:0e:42:43"}',
      /^BackendData "2a:46:6b:0e:42:43"; expected \{"VNI":number,"VtepMAC":"address"\}$/,
    ],
    ['{"BackendType":"vxlan","BackendData":{"VNI":"1","VtepMAC":"x"}}', /^BackendData /],
    ['{"BackendType":"vxlan","BackendV6Data":{"VNI":1}}', /^BackendV6Data /],
  ];
  for (const [value, fault] of values) t.match(parseLeaseValue(value), { fault }, value);
});

t.test('keys as the expression of flanneld takes them', async (t) => {
  t.same(
    parseSubnetKey('odd/10.5.3.0-24'),
    { subnet: '10.5.3.0/24', subnet6: undefined },
    'only the end counts',
  );
  const bad: [string, RegExp][] = [
    ['', /is no subnet/],
    ['config', /is no subnet/],
    ['fd05::-64', /is no subnet/],
    ['10.5.3.0-24&', /is no subnet/],
    ['10.5.3.0-24 ', /is no subnet/],
    ['10.5.3.0', /is no subnet/],
    ['10.5.3.0-33', /10\.5\.3\.0\/33 is no IPv4 subnet/],
    ['10.5.300.0-24', /10\.5\.300\.0\/24 is no IPv4 subnet/],
    ['10.5.3.7-24', /10\.5\.3\.7\/24 has host bits set; the subnet is 10\.5\.3\.0\/24/],
    ['10.5.3.0-24&fd05:::1-64', /is no IPv6 subnet/],
    ['10.5.3.0-24&fd05::1-64', /host bits/],
    ['1'.repeat(10_000), /is no subnet/],
  ];
  for (const [key, fault] of bad) t.match(parseSubnetKey(key), { fault }, key.slice(0, 40));
});

t.test('fields that are absent', async (t) => {
  const none = {
    publicIp: undefined,
    publicIpv6: undefined,
    backendType: '',
    ipv4: undefined,
    ipv6: undefined,
  };
  t.equal(leaseValue(none), '{"PublicIP":"0.0.0.0","PublicIPv6":null}');
});

t.test('any JSON, and any text, is read or refused in words', async () => {
  const reads = (text: string): boolean => {
    const value = parseLeaseValue(text);
    return 'attributes' in value || (typeof value.fault === 'string' && value.fault !== '');
  };
  const name = fc.constantFrom(
    'PublicIP',
    'publicipv6',
    'BackendType',
    'BackendData',
    'BackendV6Data',
    '__proto__',
  );
  const value = fc.oneof(
    fc.json().map((text) => JSON.parse(text) as unknown),
    fc.constant('vxlan'),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (fields) =>
      reads(JSON.stringify(Object.fromEntries(fields))),
    ),
  );
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), reads));
});

t.test('what is written is read again', async () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const hex = (octets: number[]) => octets.map((one) => one.toString(16).padStart(2, '0')).join(':');
  const data = fc.record({
    vni: fc.integer({ min: 1, max: 16_777_215 }),
    mac: fc.array(octet, { minLength: 6, maxLength: 6 }).map(hex),
  });
  const attributes = fc.record({
    publicIp: fc.ipV4(),
    publicIpv6: fc.constantFrom(undefined, 'fd99::11', '2001:db8::1'),
    backendType: fc.constant('vxlan'),
    ipv4: fc.option(data, { nil: undefined }),
    ipv6: fc.option(data, { nil: undefined }),
  });
  fc.assert(
    fc.property(attributes, (wanted) => {
      const read = parseLeaseValue(leaseValue(wanted));
      return 'attributes' in read && leaseValue(read.attributes) === leaseValue(wanted);
    }),
  );
});
