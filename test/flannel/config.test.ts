import fc from 'fast-check';
import t from 'tap';
import { parseNetworkConfig, type ConfigOptions } from '../../lib/flannel/config.js';
import { contains, freeSubnets, isInRange, parseSubnet } from '../../lib/flannel/subnet.js';
import type { SubnetRange } from '../../lib/flannel/types.js';
import { VtepError } from '../../lib/errors.js';

const ETCD: ConfigOptions = { source: '/coreos.com/network/config', registry: 'etcd' };
const KUBE: ConfigOptions = { source: 'net-conf.json', registry: 'kube' };
const VXLAN = { Type: 'vxlan' };

const parse = (value: object, options = ETCD) => parseNetworkConfig(JSON.stringify(value), options);
const config = (value: object, options = ETCD) => parse({ Backend: VXLAN, ...value }, options).config;

function refused(text: string, options = ETCD): string {
  try {
    parseNetworkConfig(text, options);
  } catch (error) {
    if (error instanceof VtepError && error.code === 'ERR_VTEP_ARGUMENT') return error.message;
    throw error;
  }
  return 'nothing was wrong';
}

t.test('the least configuration gets the defaults of flanneld', async (t) => {
  t.same(config({ Network: '10.5.0.0/16' }), {
    ipv4: { network: '10.5.0.0/16', subnetLength: 24, subnetMin: '10.5.1.0', subnetMax: '10.5.255.0' },
    ipv6: undefined,
    backend: { vni: 1, port: 8472, mtu: undefined, gbp: false, learning: false, directRouting: false },
  });
});

t.test('everything said', async (t) => {
  const given = {
    Network: '10.0.0.0/8',
    SubnetLen: 20,
    SubnetMin: '10.10.0.0',
    SubnetMax: '10.99.0.0',
    EnableIPv6: true,
    IPv6Network: 'fd05::/56',
    IPv6SubnetLen: 64,
    IPv6SubnetMin: 'fd05:0:0:10::',
    IPv6SubnetMax: 'fd05:0:0:20::',
    EnableNFTables: true,
    Backend: {
      Type: 'VXLAN',
      VNI: 42,
      Port: 4789,
      MTU: 9000,
      GBP: true,
      Learning: true,
      DirectRouting: true,
    },
  };
  t.same(parse(given), {
    config: {
      ipv4: { network: '10.0.0.0/8', subnetLength: 20, subnetMin: '10.10.0.0', subnetMax: '10.99.0.0' },
      ipv6: {
        network: 'fd05::/56',
        subnetLength: 64,
        subnetMin: 'fd05:0:0:10::',
        subnetMax: 'fd05:0:0:20::',
      },
      backend: { vni: 42, port: 4789, mtu: 9000, gbp: true, learning: true, directRouting: true },
    },
    problems: [],
  });
});

t.test('dual stack with defaults', async (t) => {
  t.same(config({ Network: '10.5.0.0/16', EnableIPv6: true, IPv6Network: 'fd05::/56' }).ipv6, {
    network: 'fd05::/56',
    subnetLength: 64,
    subnetMin: 'fd05:0:0:1::',
    subnetMax: 'fd05:0:0:ff::',
  });
});

t.test('SubnetLen follows the network where that is small', async (t) => {
  const lengths: [string, number][] = [
    ['10.0.0.0/8', 24],
    ['10.5.0.0/22', 24],
    ['10.5.0.0/23', 25],
    ['10.5.0.0/28', 30],
  ];
  for (const [Network, length] of lengths) t.equal(config({ Network }).ipv4?.subnetLength, length, Network);
  t.equal(config({ Network: '10.5.0.0/16', SubnetLen: 0 }).ipv4?.subnetLength, 24, '0 is absent');
  const six = { Network: '10.5.0.0/16', EnableIPv6: true };
  t.equal(config({ ...six, IPv6Network: 'fd05::/62' }).ipv6?.subnetLength, 64);
  t.equal(config({ ...six, IPv6Network: 'fd05::/63' }).ipv6?.subnetLength, 65);
  t.equal(config({ ...six, IPv6Network: 'fd05::/124' }).ipv6?.subnetLength, 126);
});

t.test('keys in any case, null as absent, host bits cleared: as Go does', async (t) => {
  const strange = {
    NETWORK: '10.5.7.9/16',
    subnetlen: 25,
    SubnetMin: null,
    backend: { type: 'vxlan', vni: 7, PORT: 0 },
  };
  const { config, problems } = parse(strange);
  t.same(config.ipv4, {
    network: '10.5.0.0/16',
    subnetLength: 25,
    subnetMin: '10.5.0.128',
    subnetMax: '10.5.255.128',
  });
  t.match(config.backend, { vni: 7, port: 8472 });
  t.same(problems, []);
  t.equal(
    parseNetworkConfig('{"Network":"10.5.0.0/16","network":"10.6.0.0/16","Backend":{"Type":"vxlan"}}', ETCD)
      .config.ipv4?.network,
    '10.6.0.0/16',
    'the last of two counts',
  );
});

t.test('keys that mean nothing are told of, those for Windows are not', async (t) => {
  const { problems } = parse({
    Network: '10.5.0.0/16',
    Netwrok: 1,
    Backend: { ...VXLAN, MacPrefix: '0E-2A', Name: 'x', Vnid: 4 },
  });
  t.same(problems, [
    '"Netwrok" means nothing to Flannel and is not used',
    '"Vnid" in "Backend" means nothing to Flannel and is not used',
  ]);
});

t.test(
  'what cannot be used is refused with the key, the value, what is expected and the remedy',
  async (t) => {
    const cases: [object, string][] = [
      [
        {},
        '"Network" is nothing, expected an IPv4 prefix; give the network that hosts have subnets of, such as "10.5.0.0/16"',
      ],
      [{ Network: 'fd05::/56' }, '"Network" is "fd05::/56", expected an IPv4 prefix; '],
      [{ Network: '10.5.0.0' }, '"Network" is "10.5.0.0", expected an IPv4 prefix; '],
      [{ Network: 5 }, '"Network" is 5, expected a text; write it in quotes'],
      [
        { Network: '10.5.0.0/29' },
        '"Network" is "10.5.0.0/29", expected a prefix of /28 or shorter; give a larger network',
      ],
      [
        { SubnetLen: 31 },
        '"SubnetLen" is 31, expected a number from 18 to 30; leave it out, or give what lets 10.5.0.0/16 hold four subnets',
      ],
      [{ SubnetLen: 17 }, '"SubnetLen" is 17, expected a number from 18 to 30; '],
      [{ SubnetLen: '24' }, '"SubnetLen" is "24", expected a number from 18 to 30; '],
      [{ SubnetLen: 24.5 }, '"SubnetLen" is 24.5, expected a number from 18 to 30; '],
      [{ SubnetMin: '10.6.0.0' }, '"SubnetMin" is "10.6.0.0", expected an address in 10.5.0.0/16; '],
      [
        { SubnetMin: '10.5.1.7' },
        '"SubnetMin" is "10.5.1.7", expected the first address of a subnet; 10.5.1.0 is one',
      ],
      [{ SubnetMax: 'fd05::' }, '"SubnetMax" is "fd05::", expected an IPv4 address; '],
      [
        { SubnetMin: '10.5.9.0', SubnetMax: '10.5.8.0' },
        '"SubnetMax" is "10.5.8.0", expected 10.5.9.0 or more; ',
      ],
      [{ EnableIPv6: 'true' }, '"EnableIPv6" is "true", expected true or false; write it without quotes'],
      [{ EnableIPv6: true }, '"IPv6Network" is nothing, expected an IPv6 prefix; '],
      [
        { EnableIPv6: true, IPv6Network: 'fd05::/125' },
        '"IPv6Network" is "fd05::/125", expected a prefix of /124 or shorter; ',
      ],
      [
        { EnableIPv6: true, IPv6Network: 'fd05::/56', IPv6SubnetLen: 127 },
        '"IPv6SubnetLen" is 127, expected a number from 58 to 126; ',
      ],
      [{ Backend: { ...VXLAN, VNI: 0 } }, '"Backend.VNI" is 0, expected a number from 1 to 16777215; '],
      [{ Backend: { ...VXLAN, VNI: 16777216 } }, '"Backend.VNI" is 16777216, expected '],
      [
        { Backend: { ...VXLAN, Port: 65536 } },
        '"Backend.Port" is 65536, expected a number from 1 to 65535; ',
      ],
      [{ Backend: { ...VXLAN, MTU: 117 } }, '"Backend.MTU" is 117, expected a number from 118 to 65535; '],
      [
        { EnableIPv6: true, IPv6Network: 'fd05::/56', Backend: { ...VXLAN, MTU: 1349 } },
        '"Backend.MTU" is 1349, expected a number from 1350 to 65535; ',
      ],
      [{ Backend: { ...VXLAN, GBP: 1 } }, '"Backend.GBP" is 1, expected true or false; '],
      [{ Backend: 'vxlan' }, 'Backend is "vxlan", expected an object; '],
      [{ Backend: {} }, '"Backend.Type" is nothing, expected "vxlan"; '],
      [
        { Backend: { Type: 'host-gw' } },
        '"Backend.Type" is "host-gw", expected "vxlan"; set "Backend":{"Type":"vxlan"} on all hosts',
      ],
      [
        { Backend: { Type: 'extension' } },
        '"Backend.Type" is "extension", expected "vxlan"; with this type flanneld calls `vtep flannel-ext` instead',
      ],
    ];
    for (const [change, message] of cases) {
      const isEmpty = Object.keys(change).length === 0;
      const value = { ...(isEmpty ? {} : { Network: '10.5.0.0/16' }), Backend: VXLAN, ...change };
      const said = refused(JSON.stringify(value));
      t.ok(said.startsWith(`/coreos.com/network/config: ${message}`), said);
    }
    t.match(refused('{"Network":'), /^\/coreos\.com\/network\/config: no JSON: .*; put \{"Network"/);
    t.match(refused(''), /^\/coreos\.com\/network\/config: it is empty; /);
    t.match(refused('[1]'), /^\/coreos\.com\/network\/config: it is \[1\], expected an object; /);
  },
);

t.test('no Backend is "udp" to flanneld: refused unless vxlan is to be assumed', async (t) => {
  const text = '{"Network":"10.5.0.0/16"}';
  t.match(
    refused(text),
    /flanneld takes as type "udp".*set "Backend":\{"Type":"vxlan"\}, or give --assume-vxlan/,
  );
  t.equal(parseNetworkConfig(text, { ...ETCD, assumeVxlan: true }).config.backend.vni, 1);
  t.match(
    refused('{"Network":"10.5.0.0/16","Backend":{"Type":"udp"}}', { ...ETCD, assumeVxlan: true }),
    /"udp", expected "vxlan"/,
  );
});

t.test('etcd always has IPv4; in Kubernetes either family, and podCIDR decides on subnets', async (t) => {
  const six = { EnableIPv4: false, EnableIPv6: true, IPv6Network: 'fd05::/56', Backend: VXLAN };
  t.match(refused(JSON.stringify(six)), /"Network" is nothing/);
  t.same(parse(six, KUBE).config.ipv4, undefined);
  t.match(
    refused(JSON.stringify({ EnableIPv4: false, Backend: VXLAN }), KUBE),
    /^net-conf\.json: "EnableIPv4" is false, expected true, or EnableIPv6 true/,
  );
  t.same(config({ Network: '10.244.0.0/16', SubnetLen: 31, SubnetMin: '1.2.3.4' }, KUBE).ipv4, {
    network: '10.244.0.0/16',
    subnetLength: 24,
    subnetMin: '10.244.0.0',
    subnetMax: '10.244.255.0',
  });
  t.equal(config({ Network: '10.244.0.0/26' }, KUBE).ipv4?.subnetMax, '10.244.0.0', 'a network of one host');
});

t.test('any configuration is taken or refused in words; what is taken holds together', async () => {
  const name = fc.constantFrom(
    'Network',
    'SubnetLen',
    'SubnetMin',
    'SubnetMax',
    'EnableIPv6',
    'IPv6Network',
    'Backend',
    'x',
  );
  const value = fc.oneof(
    fc.json().map((text) => JSON.parse(text) as unknown),
    fc.constantFrom(
      '10.5.0.0/16',
      '10.5.0.0/28',
      '0.0.0.0/1',
      '10.5.16.0',
      '10.5.0.8',
      'fd05::/56',
      'fd05::/124',
      true,
    ),
    fc.integer({ min: 0, max: 130 }),
    fc.record({ Type: fc.constant('vxlan') }),
  );
  const holds = (range: SubnetRange | undefined): boolean =>
    range === undefined ||
    freeSubnets(range, [], 3).every(
      (subnet) => isInRange(range, subnet) && contains(parseSubnet(range.network)!, subnet),
    );
  const start = [
    ['Network', '10.5.0.0/16'],
    ['Backend', { Type: 'vxlan' }],
  ] as const;
  let taken = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 5 }),
      fc.constantFrom(ETCD, KUBE),
      (fields, options) => {
        const text = JSON.stringify(Object.fromEntries([...start, ...fields]));
        try {
          const { ipv4, ipv6 } = parseNetworkConfig(text, options).config;
          taken++;
          return holds(ipv4) && holds(ipv6);
        } catch (error) {
          return error instanceof VtepError && error.code === 'ERR_VTEP_ARGUMENT';
        }
      },
    ),
    { numRuns: 1000 },
  );
  t.ok(taken > 50, `${taken} of 1000 could be taken`);
});
