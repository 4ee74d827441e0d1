import t from 'tap';
import { statisticsJson, statisticsLines } from '../../../lib/cli/format/statistics.js';
import { noStatistics } from '../../support/links.js';

t.test('the columns of ip -s -s link', async (t) => {
  t.same(statisticsLines({ ...noStatistics(), txBytes: 76, txPackets: 1 }, 2).slice(0, 8), [
    '    RX:  bytes packets errors dropped  missed   mcast           ',
    '             0       0      0       0       0       0 ',
    '    RX errors:  length    crc   frame    fifo overrun',
    '                     0      0       0       0       0 ',
    '    TX:  bytes packets errors dropped carrier collsns           ',
    '            76       1      0       0       0       0 ',
    '    TX errors: aborted   fifo  window heartbt transns',
    '                     0      0       0       0       0 ',
  ]);
});

t.test('a wide value widens its column everywhere', async (t) => {
  const [head, row, , tx] = statisticsLines(
    { ...noStatistics(), rxBytes: 123456789012, rxPackets: 12345678 },
    1,
  );
  t.equal(head, '    RX:    bytes  packets errors dropped  missed   mcast           ');
  t.equal(row, '    123456789012 12345678      0       0       0       0 ');
  t.equal(tx, '               0        0      0       0       0       0 ');
});

t.test('reasons by name, met ones first level, all on the second', async (t) => {
  const met = {
    ...noStatistics(),
    reasons: { local_mac: 2, vni_not_found: 3, ecn: 0 },
    events: { learned: 1, moved: 0 },
  };
  const lines = statisticsLines(met, 1).slice(4);
  t.match(lines[0], /^ {4}drop vni_not_found 3: no device has this VNI/);
  t.match(lines[1], /^ {4}drop local_mac 2: /);
  t.equal(lines[2], '    events learned 1');
  t.equal(lines.length, 3);
  const all = statisticsLines(met, 2).slice(8);
  t.match(all[2], /^ {4}drop ecn 0/);
  t.equal(all[3], '    events learned 1 moved 0');
  t.equal(
    statisticsLines({ ...met, reasons: { from_a_newer_daemon: 1 } }, 1)[4],
    '    drop from_a_newer_daemon 1',
  );
});

t.test('JSON has the keys of ip and ours beside them', async (t) => {
  const statistics = { ...noStatistics(), rxFrameErrors: 4, reasons: { ecn: 4 } };
  t.same(statisticsJson(statistics, 1)['stats64'], {
    rx: { bytes: 0, packets: 0, errors: 0, dropped: 0, over_errors: 0, multicast: 0 },
    tx: { bytes: 0, packets: 0, errors: 0, dropped: 0, carrier_errors: 0, collisions: 0 },
  });
  t.match(statisticsJson(statistics, 2), { stats64: { rx: { frame_errors: 4 } }, drops: { ecn: 4 } });
});

t.test('what was met last', async (t) => {
  const statistics = { ...noStatistics(), last: { refused: '203.0.113.9', policy: 7 } };
  t.match(
    statisticsLines(statistics, 1).join('\n'),
    /last peer refused 203\.0\.113\.9\n +last group policy id 7/,
  );
  t.match(statisticsJson(statistics, 1), { last_peer_refused: '203.0.113.9', last_gbp_id: 7 });
});
