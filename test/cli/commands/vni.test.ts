import t from 'tap';
import { vniJson, vniLines } from '../../../lib/cli/format/vni.js';
import { run } from '../../../lib/cli/run.js';
import type { NamedVniEntry } from '../../../lib/control/client.js';
import type { VniEntry } from '../../../lib/engine/types.js';
import { FakeDaemon } from '../fake-daemon.js';
import { collector } from '../fixtures.js';

const NONE = {
  rxBytes: 0,
  rxPackets: 0,
  rxDropped: 0,
  rxErrors: 0,
  txBytes: 0,
  txPackets: 0,
  txDropped: 0,
  txErrors: 0,
};
const entry = (vni: number, vlan: number, more: Partial<VniEntry> = {}): VniEntry => ({
  vni,
  vlan,
  statistics: NONE,
  ...more,
});

const daemon = await FakeDaemon.start();
t.teardown(() => daemon.stop());
t.beforeEach(() => {
  daemon.devices.clear();
  daemon.requests.length = 0;
  daemon.add({ name: 'vx0', id: 0, external: true, vnifilter: true });
});

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { exit, ...streams.text };
}

t.test('add and del send what the words say', async (t) => {
  const words = 'dev vx0 vni 100-199,300 vlan 10-109,0 remote 192.0.2.1';
  t.same(await vtep(`vni add ${words}`), { exit: 0, out: '', err: '' });
  await vtep('vni add vni 5 dev vx0 group 239.1.1.1');
  t.same(daemon.bodies('POST /v1/links/vx0/vnis'), [
    {
      vnis: [
        [100, 199],
        [300, 300],
      ],
      vlans: [
        [10, 109],
        [0, 0],
      ],
      remote: '192.0.2.1',
    },
    { vnis: [[5, 5]], group: '239.1.1.1' },
  ]);
  t.same(await vtep('vni del dev vx0 vni 100-101'), { exit: 0, out: '', err: '' });
  t.same(daemon.bodies('DELETE /v1/links/vx0/vnis'), [{ vnis: [[100, 101]] }]);
});

t.test('a DNS name as remote', async (t) => {
  await vtep('vni add dev vx0 vni 100 remote vtep2.example.org');
  t.same(daemon.bodies('POST /v1/links/vx0/vnis'), [{ vnis: [[100, 100]], remote: 'vtep2.example.org' }]);
  const shown: Omit<NamedVniEntry, 'statistics'>[] = [
    { vni: 100, vlan: 10, remote: '192.0.2.2', remoteName: 'vtep2' },
    { vni: 101, vlan: 11, remote: '192.0.2.2' },
  ];
  t.same(
    vniLines('vx0', shown, false, true).map((text) => text.trim().replaceAll(/ +/g, ' ')),
    ['vx0 100 192.0.2.2 vlan 10 remote-name vtep2', '101 192.0.2.2 vlan 11'],
  );
  t.notMatch(vniLines('vx0', shown)[0], 'vtep2');
  t.match(vniJson('vx0', shown), { vnis: [{ vni: 100, remote_name: 'vtep2' }, { vni: 101 }] });
});

t.test('show: ranges of what is alike, as bridge vni does', async (t) => {
  daemon.add({ name: 'vx1', id: 7 });
  daemon.devices
    .get('vx0')!
    .vnis.push(
      entry(100, 10),
      entry(101, 11),
      entry(102, 13),
      entry(103, 14, { remote: '192.0.2.9' }),
      entry(300, 0),
    );
  const expected = [
    'dev               vni              group/remote   vlan',
    'vx0                100-101                        vlan 10-11',
    '                   102                            vlan 13',
    '                   103            192.0.2.9       vlan 14',
    '                   300                            vlan 0',
    '',
  ].join('\n');
  t.equal((await vtep('vni show dev vx0')).out, expected);
  t.equal((await vtep('vni')).out, expected, 'devices with one VNI are left out');
  t.same(JSON.parse((await vtep('-j vni show')).out), [
    {
      ifname: 'vx0',
      vnis: [
        { vni: 100, vniEnd: 101, vlan: 10, vlanEnd: 11 },
        { vni: 102, vlan: 13 },
        { vni: 103, remote: '192.0.2.9', vlan: 14 },
        { vni: 300, vlan: 0 },
      ],
    },
  ]);
});

t.test('show -s: each by itself, with its counters', async (t) => {
  const statistics = { ...NONE, rxBytes: 98, rxPackets: 1, txDropped: 2 };
  daemon.devices.get('vx0')!.vnis.push(entry(100, 10, { statistics }), entry(101, 11));
  const { out } = await vtep('-s vni show dev vx0');
  t.equal(out.split('\n').length, 8);
  t.match(out, '\n                   RX: bytes 98 pkts 1 drops 0 errors 0 \n');
  t.match(out, '\n                   TX: bytes 0 pkts 0 drops 2 errors 0 \n');
  const [{ vnis }] = JSON.parse((await vtep('-s -j vni show dev vx0')).out);
  t.same(vnis[0].stats, {
    rx_bytes: 98,
    rx_pkts: 1,
    rx_drops: 0,
    rx_errors: 0,
    tx_bytes: 0,
    tx_pkts: 0,
    tx_drops: 2,
    tx_errors: 0,
  });
});

t.test('wrong words: exit 1; a device with one VNI: exit 2', async (t) => {
  daemon.add({ name: 'vx1', id: 7 });
  for (const words of [
    'vni 0',
    'vni 16777216',
    'vni 20-10',
    'vni 1-',
    'vni 1,,2',
    'vni abc',
    'vni 1 vlan 4095',
    'vni 1 remote 239.1.1.1',
    'vni 1 foo',
    '',
  ]) {
    const { exit, err } = await vtep(`vni add dev vx0 ${words}`.trim());
    t.equal(exit, 1, words);
    t.match(err, /^Error: .*\n$/, words);
  }
  t.match((await vtep('vni add vni 1')).err, /"dev" is required/);
  t.match(await vtep('vni add dev vx1 vni 1'), {
    exit: 2,
    err: /^RTNETLINK answers: Operation not supported: vx1 has one VNI\n$/,
  });
  t.match(await vtep('vni show dev vx1'), { exit: 2 });
  t.match(await vtep('vni show dev nope'), { exit: 1, err: /Cannot find device "nope"/ });
  t.same(daemon.bodies('POST /v1/links/vx0/vnis'), []);
});

t.test('link add: one VNI or many', async (t) => {
  await vtep('link add vx2 type vxlan external vnifilter dstport 4789');
  t.same(daemon.bodies('POST /v1/links'), [{ name: 'vx2', external: true, vnifilter: true, dstport: 4789 }]);
  for (const [words, says] of [
    ['vnifilter', "vnifilter is valid only when 'external' is set"],
    ['id 1 vnifilter', "vnifilter is valid only when 'external' is set"],
    ['id 1 external vnifilter', "both 'external' and vni cannot be specified"],
  ]) {
    t.same(await vtep(`link add vx3 type vxlan dstport 4789 ${words}`), {
      exit: 1,
      out: '',
      err: `Error: ${says}\n`,
    });
  }
  t.match((await vtep('-d link show vx0')).out, / vxlan external vnifilter id 0 /);
  t.match(JSON.parse((await vtep('-d -j link show vx0')).out)[0].linkinfo.info_data, {
    external: true,
    vnifilter: true,
    id: 0,
  });
});
