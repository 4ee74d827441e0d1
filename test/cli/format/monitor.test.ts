import t from 'tap';
import { monitorJson, monitorText, timestampText } from '../../../lib/cli/format/monitor.js';
import type { VtepEvent } from '../../../lib/engine/types.js';
import { linkState } from '../fixtures.js';

const entry = { router: false, externLearn: false, used: 0, updated: 0 };
const fdb: VtepEvent = {
  type: 'fdb',
  action: 'del',
  dev: 'vx0',
  entry: { ...entry, mac: 'e6:4b:f9:ce:d7:7b', state: 'permanent', learned: false },
  remote: { dst: '192.168.100.3' },
};
const l3: VtepEvent = { type: 'miss', layer: 3, dev: 'vx0', dst: '10.0.0.2' };
const l2: VtepEvent = { type: 'miss', layer: 2, dev: 'vx0', lladdr: '00:00:5e:00:02:02' };

t.test('misses as ip monitor neigh printed them for the kernel device', async (t) => {
  t.equal(monitorText(l3, false), 'miss 10.0.0.2 dev vx0 STALE ');
  t.equal(monitorText(l2, false), 'miss dev vx0 lladdr 00:00:5e:00:02:02 STALE ');
  t.equal(monitorText(l2, true), '[MISS]miss dev vx0 lladdr 00:00:5e:00:02:02 STALE ');
});

t.test('entries as bridge monitor and ip monitor', async (t) => {
  t.equal(monitorText(fdb, true), '[FDB]Deleted e6:4b:f9:ce:d7:7b dev vx0 dst 192.168.100.3 self permanent');
  const neigh: VtepEvent = {
    type: 'neigh',
    action: 'new',
    dev: 'vx0',
    entry: { ...entry, dst: '10.20.1.3', lladdr: 'e6:4b:f9:ce:d7:7b', state: 'permanent', origin: 'own' },
  };
  t.equal(monitorText(neigh, true), '[NEIGH]10.20.1.3 dev vx0 lladdr e6:4b:f9:ce:d7:7b PERMANENT ');
  const route = { dst: '10.20.2.0/24', via: '10.20.2.0', onlink: true, origin: 'own' } as const;
  t.equal(
    monitorText({ type: 'route', action: 'del', dev: 'vx0', entry: route }, true),
    '[ROUTE]Deleted 10.20.2.0/24 via 10.20.2.0 dev vx0 onlink ',
  );
  const link = linkState({ name: 'no-such-netdev', id: 1 });
  t.equal(
    monitorText({ type: 'link', action: 'new', dev: link.name, link }, true),
    '[LINK]4: no-such-netdev: <BROADCAST,MULTICAST> mtu 1500 state DOWN group default \n' +
      '    link/ether a2:53:73:73:3f:e5 brd ff:ff:ff:ff:ff:ff',
  );
  const vni = {
    type: 'vni',
    action: 'del',
    dev: 'vx0',
    entry: { vni: 100, vlan: 10, remote: '192.0.2.9' },
  } as const;
  t.equal(
    monitorText(vni, true),
    '[VNI]Deleted vx0                100            192.0.2.9       vlan 10',
    'as bridge monitor vni, and the VLAN',
  );
  t.match(monitorJson(vni), {
    event: 'vni',
    deleted: true,
    ifname: 'vx0',
    vnis: [{ vni: 100, remote: '192.0.2.9', vlan: 10 }],
  });
  t.equal(monitorText({ type: 'lost', count: 3 }, true), '[LOST]3 events were lost: too slow a reader');
});

t.test('one JSON object an event', async (t) => {
  t.same(JSON.parse(JSON.stringify(monitorJson(l3))), {
    event: 'miss',
    layer: 3,
    dst: '10.0.0.2',
    dev: 'vx0',
    state: ['STALE'],
  });
  t.match(monitorJson(fdb, '2026-01-02T03:04:05.678Z'), {
    timestamp: '2026-01-02T03:04:05.678Z',
    event: 'fdb',
    deleted: true,
    ifname: 'vx0',
    mac: 'e6:4b:f9:ce:d7:7b',
  });
  t.same(JSON.parse(JSON.stringify(monitorJson({ type: 'lost', count: 3 }))), { event: 'lost', count: 3 });
});

t.test('timestamps in local time', async (t) => {
  const at = new Date(2026, 10, 3, 8, 10, 57).getTime() * 1000 + 7;
  t.equal(timestampText('short', at), '[2026-11-03T08:10:57.000007] ');
  t.equal(timestampText('long', at), 'Timestamp: Tue Nov  3 08:10:57 2026 000007 usec\n');
  t.equal(timestampText(undefined, at), '');
});
