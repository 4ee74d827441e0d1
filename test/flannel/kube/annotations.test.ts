import t from 'tap';
import {
  annotationNames,
  annotationPatch,
  availablePatch,
  overwritten,
} from '../../../lib/flannel/kube/annotations.js';
import { readNode, subnetsOf } from '../../../lib/flannel/kube/node-lease.js';
import { Backoff } from '../../../lib/flannel/backoff.js';
import { DUAL, IPV4, managed, OURS, prefixed } from './fixtures.js';

t.test('prefixes', async (t) => {
  t.equal(annotationNames().backendData, 'flannel.alpha.coreos.com/backend-data');
  t.equal(annotationNames('example.org/').publicIp, 'example.org/public-ip');
  t.equal(annotationNames('example.org/blue').nodePublicIpv6, 'example.org/blue-node-public-ipv6');
  t.equal(annotationNames('example.org/blue-').publicIpOverwrite, 'example.org/blue-public-ip-overwrite');
  for (const prefix of ['', 'example', 'Example.org', 'example.org/a/b', 'example.org/a b'])
    t.throws(() => annotationNames(prefix), {
      code: 'ERR_VTEP_ARGUMENT',
      word: prefix,
      message: /expected a domain such as/,
    });
});

t.test('another prefix is another network on the same nodes', async (t) => {
  const names = annotationNames('example.org/blue');
  const node = {
    metadata: { name: 'h1', annotations: managed('10.99.0.12', '02:00:00:00:00:02') },
    spec: { podCIDR: '10.5.2.0/24' },
  };
  t.same(readNode(node, names, IPV4), {});
  t.match(annotationPatch(OURS, node, names), /"example\.org\/blue-backend-type":"vxlan"/);
});

t.test('a host of IPv6 alone says nothing of IPv4', async (t) => {
  const names = annotationNames();
  const only6 = { ...OURS, ipv4: undefined };
  const node = { metadata: { name: 'h1' } };
  t.equal(
    annotationPatch(overwritten(only6, node, names), node, names),
    '{"metadata":{"annotations":{"flannel.alpha.coreos.com/backend-type":"vxlan",' +
      '"flannel.alpha.coreos.com/backend-v6-data":"{\\"VNI\\":1,\\"VtepMAC\\":\\"b6:0b:95:cd:d6:04\\"}",' +
      '"flannel.alpha.coreos.com/kube-subnet-manager":"true","flannel.alpha.coreos.com/public-ipv6":"fd99::11"}}}',
  );
});

t.test('times are seconds, as Go writes them', async (t) => {
  t.match(
    availablePatch(new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678))),
    '"lastHeartbeatTime":"2026-01-02T03:04:05Z"',
  );
});

t.test('podCIDRs by family, of any spelling', async (t) => {
  const of = (spec: { podCIDR?: string; podCIDRs?: string[] } | undefined) =>
    subnetsOf({ metadata: { name: 'h1' }, spec }, DUAL);
  t.same(of({ podCIDR: '10.5.2.0/24' }), { subnet: '10.5.2.0/24', subnet6: undefined });
  t.same(of({ podCIDR: 'x', podCIDRs: ['fd05:0:0:02:0::/64', '10.5.2.0/24'] }), {
    subnet: '10.5.2.0/24',
    subnet6: 'fd05:0:0:2::/64',
  });
  t.same(of({ podCIDRs: ['10.5.2.0', 'nonsense/24', '/'] }), { subnet: undefined, subnet6: undefined });
  t.same(of(undefined), { subnet: undefined, subnet6: undefined });
});

t.test('backend data: keys in any case, none of the first generation, nonsense', async (t) => {
  const read = (data: string) =>
    readNode(
      {
        metadata: {
          name: 'h2',
          annotations: { ...managed('10.99.0.12', ''), ...prefixed({ 'backend-data': data }) },
        },
        spec: { podCIDR: '10.5.2.0/24' },
      },
      annotationNames(),
      IPV4,
    );
  t.match(read('{"vni":7,"vtepmac":"02:00:00:00:00:02"}').lease?.attributes.ipv4, {
    vni: 7,
    mac: '02:00:00:00:00:02',
  });
  t.match(read('{"VtepMAC":"02:00:00:00:00:02"}'), {
    lease: { attributes: { ipv4: { mac: '02:00:00:00:00:02' } } },
    problem: undefined,
  });
  for (const data of ['null', '"x"', '{"VNI":1}', '[]'])
    t.match(read(data), { lease: { attributes: { ipv4: undefined } }, problem: /backend-data/ }, data);
});

t.test('pauses double up to the longest, and begin anew', async (t) => {
  const backoff = new Backoff(() => 1, 100, 500);
  t.same(
    [1, 2, 3, 4, 5].map(() => backoff.next()),
    [100, 200, 400, 500, 500],
  );
  backoff.reset();
  t.equal(backoff.next(), 100);
  t.equal(new Backoff(() => 0, 100, 500).next(), 50);
});
