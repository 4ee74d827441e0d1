import t from 'tap';
import { run } from '../../../lib/cli/run.js';
import type { RemoteStatistics } from '../../../lib/engine/types.js';
import { FakeDaemon } from '../fake-daemon.js';
import { collector } from '../fixtures.js';

const NONE: RemoteStatistics = {
  rxPackets: 0,
  rxBytes: 0,
  txPackets: 0,
  txBytes: 0,
  learnLimited: 0,
  reasons: {},
};

const daemon = await FakeDaemon.start();
t.teardown(() => daemon.stop());
t.beforeEach(() => {
  daemon.devices.clear();
  const busy = {
    ...NONE,
    rxPackets: 12,
    rxBytes: 1_000,
    txPackets: 3,
    txBytes: 123_456_789_012,
    learnLimited: 2,
    heard: 3,
    sent: 0,
    reasons: { no_route: 4, peer_refused: 7, entry_exists: 1 },
  };
  daemon.add({ name: 'vx0', id: 42, remoteStats: true }).remotes = {
    remotes: [
      { dst: '192.0.2.2', port: 5000, vni: 9, known: true, statistics: busy },
      { dst: '192.0.2.66', known: false, statistics: { ...NONE, heard: 5 } },
      { dst: '239.1.1.1', known: true, statistics: NONE },
    ],
    others: { ...NONE, rxPackets: 1, rxBytes: 20 },
  };
  daemon.add({ name: 'vx1', id: 43 }).remotes = { remotes: [{ dst: '2001:db8::2', known: true }] };
});

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { exit, ...streams.text };
}

t.test('one a line; the device where it was not named', async (t) => {
  t.same(await vtep('remote show dev vx0'), {
    exit: 0,
    out: '192.0.2.2 port 5000 vni 9\n192.0.2.66 unknown\n239.1.1.1 group\n',
    err: '',
  });
  t.equal((await vtep('-6 remote')).out, '2001:db8::2 dev vx1\n');
  t.equal((await vtep('-s remote show dev vx1')).out, '2001:db8::2\n', 'a device that does not count');
});

t.test('-s: counters in columns, reasons that were met, and the others', async (t) => {
  const { out } = await vtep('-s remote show dev vx0');
  t.same(out.split('\n').slice(0, 9), [
    '192.0.2.2 port 5000 vni 9 heard 3 sent 0',
    '    RX:    bytes packets errors refused limited',
    '            1000      12      1       7       2 ',
    '    TX:    bytes packets errors',
    '    123456789012       3      4 ',
    '    drop entry_exists 1: a static FDB entry places the inner source MAC behind another VTEP (VXLAN_ENTRY_EXISTS)',
    '    drop peer_refused 7: allow: the outer source is not a peer that may send this',
    '    drop no_route 4: the underlay has no route to the remote (IP_OUTNOROUTES)',
    '192.0.2.66 unknown heard 5',
  ]);
  t.match(
    out,
    '\nothers\n    RX:  bytes packets errors refused limited\n            20       1      0       0       0 \n',
  );
  t.equal((await vtep('-s -o remote show dev vx0')).out.trimEnd().split('\n').length, 4);
});

t.test('JSON', async (t) => {
  const plain = JSON.parse((await vtep('-j remote show')).out);
  t.same(plain, [
    { dst: '192.0.2.2', ifname: 'vx0', port: 5000, vni: 9, flags: [] },
    { dst: '192.0.2.66', ifname: 'vx0', flags: ['unknown'] },
    { dst: '239.1.1.1', ifname: 'vx0', flags: ['group'] },
    { dst: '2001:db8::2', ifname: 'vx1', flags: [] },
  ]);
  const [first, , , last] = JSON.parse((await vtep('-j -s remote show dev vx0')).out);
  t.same(first, {
    dst: '192.0.2.2',
    port: 5000,
    vni: 9,
    flags: [],
    heard: 3,
    sent: 0,
    stats64: {
      rx: { bytes: 1000, packets: 12, errors: 1, refused: 7, limited: 2 },
      tx: { bytes: 123_456_789_012, packets: 3, errors: 4 },
    },
    drops: { no_route: 4, peer_refused: 7, entry_exists: 1 },
  });
  t.match(last, { dst: 'others', stats64: { rx: { packets: 1 } } });
});

t.test('wrong words and devices', async (t) => {
  t.match(await vtep('remote show dev vx9'), { exit: 1, err: /Cannot find device "vx9"/ });
  t.match(await vtep('remote add 192.0.2.1'), { exit: 1, err: /Command "add" is unknown to "vtep remote"/ });
  t.match(await vtep('remote show vx0'), { exit: 1, err: /"vx0" is unknown/ });
});

t.test('link add and set take the options', async (t) => {
  daemon.requests.length = 0;
  await vtep('link set vx1 type vxlan remote-stats');
  await vtep('link set vx1 type vxlan noremote-stats');
  t.same(daemon.bodies('PATCH /v1/links/vx1'), [{ remoteStats: true }, { remoteStats: false }]);
  t.same((await vtep('link add vx2 type vxlan id 44 dstport 4789 learn-port')).err, '');
  t.same(daemon.bodies('POST /v1/links'), [{ name: 'vx2', id: 44, dstport: 4789, learnPort: true }]);
});
