import t from 'tap';
import { flannelLines } from '../../../lib/cli/format/flannel.js';
import type { FlannelStatus } from '../../../lib/flannel/status.js';

const status: FlannelStatus = {
  pid: 12,
  version: '0.1.0',
  started: '2026-01-01T00:00:00.000Z',
  mode: 'static',
  network: '10.5.0.0/16',
  ipv6Network: 'fd05::/56',
  vni: 1,
  port: 8472,
  devices: [
    { name: 'flannel.1', mac: '02:00:00:00:00:01', mtu: 1450, underlay: 'eth0', local: '10.99.0.11' },
    { name: 'flannel-v6.1', mac: '02:00:00:00:00:02', mtu: 1430, underlay: 'eth0', local: 'fd99::11' },
  ],
  lease: {
    key: '10.5.74.0-24&fd05:0:0:29::-64',
    subnet: '10.5.74.0/24',
    subnet6: 'fd05:0:0:29::/64',
    expires: '2026-01-02T00:00:00.000Z',
  },
  registry: {
    name: 'etcd http://127.0.0.1:2379',
    lastContact: '2026-01-01T00:01:00.000Z',
    revision: '17',
    error: undefined,
  },
  peers: [
    {
      key: '10.5.3.0-24',
      ipv4: {
        subnet: '10.5.3.0/24',
        publicIp: '10.99.0.12',
        mac: 'b2:56:42:b5:e6:fc',
        fdb: true,
        neighbour: true,
        route: false,
      },
      ipv6: undefined,
      error: 'cannot set route',
    },
    {
      key: '10.5.4.0-24',
      ipv4: {
        subnet: '10.5.4.0/24',
        publicIp: '10.99.0.13',
        mac: 'b2:56:42:b5:e6:fd',
        fdb: undefined,
        neighbour: undefined,
        route: true,
      },
      ipv6: undefined,
      error: undefined,
    },
  ],
  problems: [{ key: '10.5.9.0-24', reason: 'its value: no JSON' }],
  misses: undefined,
};

t.test('what a host is, whom it asks, and whom it reaches', async (t) => {
  t.same(flannelLines(status), [
    'pid 12 version 0.1.0 started 2026-01-01T00:00:00.000Z mode static network 10.5.0.0/16 network fd05::/56 vni 1 port 8472',
    'lease 10.5.74.0/24 fd05:0:0:29::/64 expires 2026-01-02T00:00:00.000Z',
    'registry etcd http://127.0.0.1:2379 last_contact 2026-01-01T00:01:00.000Z revision 17',
    'flannel.1 lladdr 02:00:00:00:00:01 mtu 1450 dev eth0 local 10.99.0.11',
    'flannel-v6.1 lladdr 02:00:00:00:00:02 mtu 1430 dev eth0 local fd99::11',
    '2 peers',
    '10.5.3.0/24 dst 10.99.0.12 lladdr b2:56:42:b5:e6:fc fdb ok neigh ok route missing',
    '    10.5.3.0-24: cannot set route',
    '10.5.4.0/24 dst 10.99.0.13 lladdr b2:56:42:b5:e6:fd route ok',
    'problem 10.5.9.0-24: its value: no JSON',
  ]);
});

t.test('while it has nothing yet', async (t) => {
  const lines = flannelLines({
    ...status,
    network: undefined,
    ipv6Network: undefined,
    vni: undefined,
    port: undefined,
    devices: [],
    lease: undefined,
    registry: { name: 'etcd x', lastContact: undefined, revision: undefined, error: 'ECONNREFUSED' },
    peers: [],
    problems: [],
    misses: { l2: 1, l3: 2 },
  });
  t.same(lines, [
    'pid 12 version 0.1.0 started 2026-01-01T00:00:00.000Z mode static',
    'lease none yet',
    'registry etcd x last_contact none yet error ECONNREFUSED',
    'misses l2 1 l3 2',
    '0 peers',
  ]);
});
