import t from 'tap';
import { wantedEntries } from '../../lib/flannel/entries.js';
import type { PeerFamily } from '../../lib/flannel/types.js';

const H2: PeerFamily = { subnet: '10.5.3.0/24', publicIp: '10.99.0.12', mac: 'b2:56:42:b5:e6:fc' };
const tunnelled = (peers: [string, PeerFamily][]) => wantedEntries(new Map(peers), 4, () => undefined);

t.test('one FDB entry, one neighbour, one onlink route', (t) => {
  const { entries, peers, conflicts } = tunnelled([['10.5.3.0-24', H2]]);
  t.same(entries, {
    fdb: new Map([['b2:56:42:b5:e6:fc', '10.99.0.12']]),
    neighbours: new Map([['10.5.3.0', 'b2:56:42:b5:e6:fc']]),
    routes: new Map([['10.5.3.0/24', { via: '10.5.3.0', ifindex: 4, onlink: true }]]),
  });
  t.same(peers.get('10.5.3.0-24'), {
    fdb: { mac: 'b2:56:42:b5:e6:fc', dst: '10.99.0.12' },
    neighbour: { address: '10.5.3.0', mac: 'b2:56:42:b5:e6:fc' },
    route: { dst: '10.5.3.0/24', via: '10.5.3.0', ifindex: 4, onlink: true },
  });
  t.equal(conflicts.size, 0);
  t.end();
});

t.test('IPv6', (t) => {
  const peer = { subnet: 'fd05:0:0:58::/64', publicIp: 'fd98::13', mac: 'b6:53:e8:82:2e:c2' };
  t.same(tunnelled([['n', peer]]).entries, {
    fdb: new Map([['b6:53:e8:82:2e:c2', 'fd98::13']]),
    neighbours: new Map([['fd05:0:0:58::', 'b6:53:e8:82:2e:c2']]),
    routes: new Map([['fd05:0:0:58::/64', { via: 'fd05:0:0:58::', ifindex: 4, onlink: true }]]),
  });
  t.end();
});

t.test('a peer on the link: a route and nothing else', (t) => {
  const far = { subnet: '10.5.4.0/24', publicIp: '10.98.0.13', mac: '02:00:00:00:00:03' };
  const { entries } = wantedEntries(
    new Map([
      ['h2', H2],
      ['h3', far],
    ]),
    4,
    (ip) => (ip === H2.publicIp ? 2 : undefined),
  );
  t.same(
    entries.routes,
    new Map([
      ['10.5.3.0/24', { via: '10.99.0.12', ifindex: 2, onlink: false }],
      ['10.5.4.0/24', { via: '10.5.4.0', ifindex: 4, onlink: true }],
    ]),
  );
  t.same([...entries.fdb.keys()], [far.mac]);
  t.same([...entries.neighbours.keys()], ['10.5.4.0']);
  t.end();
});

t.test('one host with two leases shares its FDB entry', (t) => {
  const { entries, conflicts } = tunnelled([
    ['a', H2],
    ['b', { ...H2, subnet: '10.5.9.0/24' }],
  ]);
  t.equal(entries.fdb.size, 1);
  t.equal(entries.routes.size, 2);
  t.equal(conflicts.size, 0);
  t.end();
});

t.test('of two that want the same entry the one told last has it', (t) => {
  const moved = tunnelled([
    ['old', H2],
    ['new', { ...H2, subnet: '10.5.9.0/24', publicIp: '10.99.0.99' }],
  ]);
  t.equal(moved.entries.fdb.get(H2.mac), '10.99.0.99');
  t.same([...moved.conflicts], [['old', 'MAC b2:56:42:b5:e6:fc is also that of new, which was told later']]);
  const twice = tunnelled([
    ['old', H2],
    ['new', { ...H2, mac: '02:00:00:00:00:09' }],
  ]);
  t.equal(twice.entries.neighbours.get('10.5.3.0'), '02:00:00:00:00:09');
  t.match([...twice.conflicts], [['old', /address 10\.5\.3\.0 is also that of new/]]);
  t.end();
});
