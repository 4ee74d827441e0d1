/** The receive table of vxlan_rcv, row by row: what is delivered, and under which names the rest is counted. */
import t from 'tap';
import { DEVICE, GSO_SIZE, PEER3, PORT } from '../../lib/memory/batch.js';
import { LEARN, MOVE } from '../../lib/dataplane/records.js';
import { Bench } from '../support/bench.js';
import { check, ethernet, ipv4, ipv6, payload, vlan } from '../support/check.js';
import { hex } from '../support/hex.js';
import { FAR, MemoryHost, NEAR, OTHER, PEER } from '../support/memory-host.js';
import { ethernetFrame, ipv4Packet, tagged, udp6Frame, udpFrame, vxlanPacket } from '../support/packets.js';

const FRAME = udpFrame(NEAR, FAR);

t.test('a datagram, octet by octet', async (t) => {
  const host = new MemoryHost();
  const got = host.arriveRaw(
    hex(`
      08000000 00002a00                              # I flag, VNI 42
      020000000101 020000000202 0800                 # to the guest, from a far one
      4500001c 12340000 4011549b 0a000001 0a000002   # IPv4
      03e8 07d0 0008 0000                            # UDP
    `),
  );
  t.equal(got.length, 1);
  t.same(
    got[0],
    hex(`
      020000000101 020000000202 0800
      4500001c 12340000 4011549b 0a000001 0a000002
      03e8 07d0 0008 0000
    `),
  );
  t.same(host.counters(), { rxPackets: 1, rxBytes: 28 }, 'octets from the network header on');
  t.same(host.reasons(), {});
});

interface Row {
  row: string;
  datagram: Uint8Array;
  reason: string;
  counters: Record<string, number>;
  config?: object;
}

const ROWS: Row[] = [
  { row: '1: nothing after UDP', datagram: hex(''), reason: 'pkt_too_small', counters: {} },
  { row: '1: seven octets', datagram: hex('08000000 00002a'), reason: 'pkt_too_small', counters: {} },
  { row: '2: I flag clear', datagram: vxlanPacket(42, FRAME, 0), reason: 'no_i_flag', counters: {} },
  {
    row: '2: all flags but I',
    datagram: vxlanPacket(42, FRAME, 0xf7000000),
    reason: 'no_i_flag',
    counters: {},
  },
  { row: '3: unknown VNI', datagram: vxlanPacket(43, FRAME), reason: 'vni_not_found', counters: {} },
  {
    row: '3: unknown VNI and a reserved bit',
    datagram: vxlanPacket(43, FRAME, 0x88000000),
    reason: 'vni_not_found',
    counters: {},
  },
  {
    row: '4: a flag',
    datagram: vxlanPacket(42, FRAME, 0x88000000),
    reason: 'reserved_bits',
    counters: { rxErrors: 1, rxFrameErrors: 1 },
  },
  {
    row: '4: last bit of the first word',
    datagram: vxlanPacket(42, FRAME, 0x08000001),
    reason: 'reserved_bits',
    counters: { rxErrors: 1, rxFrameErrors: 1 },
  },
  {
    row: '4: the octet behind the VNI',
    datagram: vxlanPacket(42, FRAME, 0x08000000, 1),
    reason: 'reserved_bits',
    counters: { rxErrors: 1, rxFrameErrors: 1 },
  },
  {
    row: '6: thirteen octets inside',
    datagram: vxlanPacket(42, FRAME.slice(0, 13)),
    reason: 'inner_too_small',
    counters: {},
  },
  { row: '6: nothing inside', datagram: vxlanPacket(42, hex('')), reason: 'inner_too_small', counters: {} },
  {
    row: '8: own MAC as source',
    datagram: vxlanPacket(42, udpFrame(NEAR, '02:00:00:00:00:aa')),
    config: { address: '02:00:00:00:00:aa' },
    reason: 'local_mac',
    counters: {},
  },
  {
    row: '8: own MAC, not learning',
    datagram: vxlanPacket(42, udpFrame(NEAR, '02:00:00:00:00:aa')),
    config: { address: '02:00:00:00:00:aa', learning: false },
    reason: 'local_mac',
    counters: {},
  },
  {
    row: '9: zero source',
    datagram: vxlanPacket(42, udpFrame(NEAR, '00:00:00:00:00:00')),
    reason: 'mac_invalid_source',
    counters: {},
  },
  {
    row: '9: group source',
    datagram: vxlanPacket(42, udpFrame(NEAR, '01:00:5e:00:00:01')),
    reason: 'mac_invalid_source',
    counters: {},
  },
  {
    row: '9: broadcast source',
    datagram: vxlanPacket(42, udpFrame(NEAR, 'ff:ff:ff:ff:ff:ff')),
    reason: 'mac_invalid_source',
    counters: {},
  },
  {
    row: '11: IPv4 of 19 octets',
    datagram: vxlanPacket(42, FRAME.slice(0, 14 + 19)),
    reason: 'inner_ip_truncated',
    counters: { rxErrors: 1, rxLengthErrors: 1 },
  },
  {
    row: '11: IPv4 of none',
    datagram: vxlanPacket(42, FRAME.slice(0, 14)),
    reason: 'inner_ip_truncated',
    counters: { rxErrors: 1, rxLengthErrors: 1 },
  },
  {
    row: '11: IPv6 of 39 octets',
    datagram: vxlanPacket(42, udp6Frame(NEAR, FAR).slice(0, 14 + 39)),
    reason: 'inner_ip_truncated',
    counters: { rxErrors: 1, rxLengthErrors: 1 },
  },
];

for (const { row, datagram, reason, counters, config } of ROWS) {
  t.test(`row ${row}`, async (t) => {
    const host = new MemoryHost(config);
    t.same(host.arriveRaw(datagram), [], 'not delivered');
    t.same(host.reasons(), { [reason]: 1 });
    t.same(host.counters(), counters, 'standard counters as the kernel device');
  });
}

t.test('every reserved bit by itself', async (t) => {
  const host = new MemoryHost();
  let dropped = 0;
  for (let bit = 0; bit < 32; bit++) {
    if (bit === 27) continue;
    t.same(host.arriveRaw(vxlanPacket(42, FRAME, (0x08000000 | (1 << bit)) >>> 0)), []);
    dropped++;
  }
  for (let bit = 0; bit < 8; bit++, dropped++) {
    t.same(host.arriveRaw(vxlanPacket(42, FRAME, 0x08000000, 1 << bit)), []);
  }
  t.equal(dropped, 39);
  t.same(host.reasons(), { reserved_bits: 39 });
  t.same(host.counters(), { rxErrors: 39, rxFrameErrors: 39 });
});

t.test('row 3: a device that is down has no VNI', async (t) => {
  const host = new MemoryHost();
  host.add({ name: 'other', id: 43 });
  host.vtep.set({ up: false });
  t.same(host.arrive(FRAME), []);
  t.same(host.reasons(), { vni_not_found: 1 });
  host.vtep.set({ up: true });
  t.equal(host.arrive(FRAME).length, 1);
});

t.test('VNIs 0 and 16777215 on one socket', async (t) => {
  const host = new MemoryHost({ id: 0 });
  host.add({ name: 'last', id: 0xffffff });
  t.equal(host.arrive(FRAME, { vni: 0 }).length, 1);
  t.same(host.arrive(FRAME, { vni: 0xffffff }), []);
  t.equal(host.system.frames('last').take().length, 1);
});

t.test('row 9: with nolearning any source is good', async (t) => {
  const host = new MemoryHost({ learning: false });
  t.equal(host.arrive(udpFrame(NEAR, '00:00:00:00:00:00')).length, 1);
  t.equal(host.arrive(udpFrame(NEAR, '01:00:5e:00:00:01')).length, 1);
  t.equal(host.arrive(FRAME).length, 1);
  t.same(host.vtep.fdb.list(), []);
});

t.test('row 10: a static entry behind another VTEP', async (t) => {
  for (const state of ['static', 'permanent'] as const) {
    const host = new MemoryHost();
    host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER, state });
    t.same(host.arrive(FRAME), []);
    t.same(host.reasons(), { entry_exists: 1 });
    t.same(host.counters(), {});
    t.equal(host.entry(FAR), `${OTHER} ${state}`, 'it stays where it was');
    t.equal(host.arrive(FRAME, { from: OTHER }).length, 1, 'from its own VTEP it is delivered');
  }
  const host = new MemoryHost({ learning: false });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER, state: 'static' });
  t.equal(host.arrive(FRAME).length, 1, 'nolearning does not look');
});

t.test('row 10: of several remotes the first one counts', async (t) => {
  const host = new MemoryHost();
  host.vtep.fdb.set({ verb: 'append', mac: '00:00:00:00:00:00', dst: PEER });
  host.vtep.fdb.set({ verb: 'append', mac: '00:00:00:00:00:00', dst: OTHER });
  t.same(host.arrive(udpFrame(NEAR, '00:00:00:00:00:00')), [], 'the zero MAC is refused before');
  t.same(host.reasons(), { mac_invalid_source: 1 });
});

t.test('learning', async (t) => {
  const host = new MemoryHost();
  t.equal(host.arrive(FRAME).length, 1);
  t.equal(host.entry(FAR), `${PEER} reachable`);
  t.same(host.fdbEvents(), [`new ${FAR} ${PEER} reachable`]);
  host.arrive(FRAME);
  t.same(host.events(), [], 'what is known is not told again');
  host.arrive(FRAME, { from: OTHER });
  t.same(host.fdbEvents(), [`new ${FAR} ${OTHER} reachable`], 'moved');
  t.same(host.vtep.statistics().events['learned'], 1);
  t.same(host.vtep.statistics().events['moved'], 1);
});

t.test('learning: neither the source port nor the VNI is learned', async (t) => {
  const host = new MemoryHost();
  host.arrive(FRAME);
  t.same(host.vtep.fdb.get(FAR)?.remotes, [{ dst: PEER }]);
  const [sent] = host.send(udpFrame(FAR, NEAR));
  t.equal(sent.port, 4_789, 'the device port, not 55555');
});

t.test('a move keeps port, VNI and interface of a dynamic entry', async (t) => {
  const host = new MemoryHost();
  const remote = { dst: PEER, port: 8_472, vni: 7, via: 'eth1' };
  host.vtep.fdb.set({ verb: 'add', mac: FAR, state: 'dynamic', ...remote });
  host.arrive(FRAME, { from: OTHER });
  t.same(host.vtep.fdb.get(FAR)?.remotes, [{ ...remote, dst: OTHER }]);
});

t.test('a frame that is refused later has been learned before', async (t) => {
  const host = new MemoryHost();
  t.same(host.arrive(FRAME.slice(0, 20)), []);
  t.equal(host.entry(FAR), `${PEER} reachable`, 'vxlan_snoop comes before the IP header is looked at');
});

t.test('over maxaddress nothing is learned and everything delivered', async (t) => {
  const host = new MemoryHost({ maxaddress: 1 });
  host.arrive(FRAME);
  t.equal(host.arrive(udpFrame(NEAR, '02:00:00:00:02:03')).length, 1);
  t.same(
    host.vtep.fdb.list().map((entry) => entry.mac),
    [FAR],
  );
});

t.test('any outer source is taken: no peer list', async (t) => {
  const host = new MemoryHost({ remote: PEER, local: '192.0.2.1' });
  t.equal(host.arrive(FRAME, { from: '203.0.113.9' }).length, 1);
  t.equal(host.entry(FAR), '203.0.113.9 reachable');
});

/** inner \ outer: Not-ECT, ECT(1), ECT(0), CE; -1 = dropped. */
const DECAPSULATED = [
  [0, 0, 0, -1],
  [1, 1, 1, 3],
  [2, 1, 2, 3],
  [3, 3, 3, 3],
];

t.test('ECN: sixteen combinations, DSCP and checksum kept', async (t) => {
  for (let innerEcn = 0; innerEcn < 4; innerEcn++) {
    for (let outer = 0; outer < 4; outer++) {
      const want = DECAPSULATED[innerEcn][outer];
      const host = new MemoryHost();
      const frames = [
        udpFrame(NEAR, FAR, { tos: 0xb8 | innerEcn }),
        udp6Frame(NEAR, FAR, { trafficClass: 0xb8 | innerEcn }),
      ];
      const [four, six] = frames.map((frame) => host.arrive(frame, { tos: 0x14 | outer }));
      if (want < 0) {
        t.same([four, six], [[], []]);
        t.same(host.reasons(), { ecn: 2 });
        t.same(host.counters(), { rxErrors: 2, rxFrameErrors: 2 });
      } else {
        check(four[0], ethernet(), ipv4({ tos: 0xb8 | want }));
        check(six[0], ethernet(), ipv6({ trafficClass: 0xb8 | want }));
        t.same(four[0].slice(26), frames[0].slice(26), 'nothing else changes');
      }
    }
  }
});

t.test('ECN: what is not IP is delivered whatever the mark', async (t) => {
  const host = new MemoryHost();
  const arp = ethernetFrame(NEAR, FAR, 0x0806, new Uint8Array(28));
  t.same(host.arrive(arp, { tos: 3 }), [arp]);
});

t.test('tagged frames are delivered as they are, tag and mark', async (t) => {
  const host = new MemoryHost();
  for (const frame of [
    tagged(FRAME, 5),
    tagged(tagged(FRAME, 5), 6, 0x88a8),
    tagged(udp6Frame(NEAR, FAR), 5),
    tagged(udpFrame(NEAR, FAR, { tos: 2 }), 5),
    tagged(FRAME, 5).slice(0, 20),
    tagged(FRAME, 5).slice(0, 15),
  ]) {
    t.same(
      host.arrive(frame, { tos: 3 }),
      [frame],
      'measured on the kernel: no ECN and no IP check inside a tag',
    );
  }
  check(host.arrive(tagged(FRAME, 5))[0], ethernet(), vlan({ id: 5 }), ipv4());
  t.same(host.reasons(), {});
});

t.test('unknown EtherTypes, and nothing after the Ethernet header', async (t) => {
  const host = new MemoryHost();
  const empty = ethernetFrame(NEAR, FAR, 0x1234, hex(''));
  t.same(host.arrive(empty), [empty]);
  const odd = ethernetFrame(NEAR, FAR, 0x1234, hex('aa'));
  t.same(host.arrive(odd), [odd]);
  t.same(host.counters(), { rxPackets: 2, rxBytes: 1 });
});

t.test('an IPv4 header of which only the length is right is the receiver’s affair', async (t) => {
  const host = new MemoryHost();
  const frame = ethernetFrame(
    NEAR,
    FAR,
    0x0800,
    ipv4Packet({ src: '10.0.0.1', dst: '10.0.0.2', totalLength: 4 }),
  );
  t.same(host.arrive(frame), [frame]);
});

t.test('a datagram longer than a slot', async (t) => {
  const host = new MemoryHost();
  t.same(host.arriveRaw(new Uint8Array(65_601)), []);
  t.same(host.reasons(), { truncated_datagram: 1 });
});

t.test('coalesced datagrams: equal sizes and a short last one', async (t) => {
  const bench = new Bench();
  const parts = [
    vxlanPacket(42, udpFrame(NEAR, FAR)),
    vxlanPacket(42, udpFrame(NEAR, '02:00:00:00:02:03')),
    vxlanPacket(42, ethernetFrame(NEAR, FAR, 0x0842, hex('01'))),
  ];
  const size = parts[0].length;
  bench.put(Uint8Array.from(parts.flatMap((part) => [...part])), { gsoSize: size });
  t.ok(bench.runDecap());
  t.equal(bench.tx.length, 3);
  for (const [j, part] of parts.entries()) {
    t.same(bench.frame(j), part.slice(8), `datagram ${j}`);
    t.equal(bench.tx.get(GSO_SIZE, j), 1_450, 'MTU of the device');
    t.equal(bench.tx.get(PORT, j), 7, 'its TAP');
    t.equal(bench.tx.get(DEVICE, j), 0);
  }
  t.equal(bench.ring.length, 2, 'one record a MAC');
});

t.test('coalesced datagrams: each is judged by itself', async (t) => {
  const bench = new Bench();
  const good = vxlanPacket(42, FRAME);
  const parts = [good, vxlanPacket(42, FRAME, 0), vxlanPacket(99, FRAME), good, good.slice(0, 5)];
  bench.put(Uint8Array.from(parts.flatMap((part) => [...part])), { gsoSize: good.length });
  t.ok(bench.runDecap());
  t.equal(bench.tx.length, 2);
  t.same(bench.reasons(), { no_i_flag: 1, vni_not_found: 1, pkt_too_small: 1 });
});

t.test('a full batch: goes on with the next datagram, none lost, none twice', async (t) => {
  const bench = new Bench({ txCapacity: 3 });
  const datagrams = Array.from({ length: 7 }, (_, i) =>
    vxlanPacket(42, ethernetFrame(NEAR, `02:00:00:00:03:0${i}`, 0x1234, Uint8Array.of(i))),
  );
  bench.put(Uint8Array.from(datagrams.slice(0, 5).flatMap((d) => [...d])), { gsoSize: datagrams[0].length });
  bench.put(datagrams[5]);
  bench.put(datagrams[6]);
  const got: number[] = [];
  for (let more = true; more; bench.tx.length = 0) {
    more = !bench.runDecap();
    for (let j = 0; j < bench.tx.length; j++) got.push(bench.frame(j)[14]);
  }
  t.same(got, [0, 1, 2, 3, 4, 5, 6]);
  bench.rx.length = 0;
  bench.put(datagrams[0]);
  t.ok(bench.runDecap(), 'and begins anew with the next burst');
  t.equal(bench.tx.length, 1);
});

t.test('records: what they say, and none for what is known', async (t) => {
  const bench = new Bench();
  const known = bench.learn('02:00:00:00:02:05', [bench.remote(PEER)], 0x02);
  const moved = bench.learn('02:00:00:00:02:06', [bench.remote(OTHER)], 0x02);
  for (const mac of [FAR, FAR, '02:00:00:00:02:05', '02:00:00:00:02:06'])
    bench.put(vxlanPacket(42, udpFrame(NEAR, mac)));
  t.ok(bench.runDecap(9));
  const records = [];
  for (let at = bench.ring.front(); at >= 0; bench.ring.release(), at = bench.ring.front()) {
    records.push([...bench.ring.words.slice(at, at + 10)]);
  }
  const address = [0, 0, 0xffff, 0xc0000202 | 0];
  t.same(records, [
    [LEARN, 0, 0x02000000, 0x0202, 42, ...address, 0],
    [MOVE, 0, 0x02000000, 0x0206, 42, ...address, 0],
  ]);
  t.equal(bench.device.tables.fdb.updated(known), 9, 'refreshed');
  t.equal(bench.device.tables.fdb.used(known), 0, 'not used');
  t.equal(bench.device.tables.fdb.updated(moved), 9);
});

t.test('one MAC from two VTEPs in one burst: the second one has moved', async (t) => {
  const bench = new Bench();
  bench.learn(FAR, [bench.remote(PEER)], 0x02);
  bench.put(vxlanPacket(42, FRAME));
  bench.put(vxlanPacket(42, FRAME));
  bench.rx.set(PEER3, 1, 0xc0000203 | 0);
  t.ok(bench.runDecap());
  t.equal(bench.ring.length, 1);
  t.equal(bench.ring.words[bench.ring.front()], MOVE);
});

t.test('a full ring drops the record and counts; the frame is delivered', async (t) => {
  const bench = new Bench({ ring: 2 });
  for (let i = 0; i < 5; i++) bench.put(vxlanPacket(42, udpFrame(NEAR, `02:00:00:00:04:0${i}`)));
  t.ok(bench.runDecap());
  t.equal(bench.tx.length, 5);
  t.equal(bench.ring.length, 2);
  t.equal(bench.ring.dropped, 3);
});

t.test('payload is never touched', async () => {
  const host = new MemoryHost();
  const content = Uint8Array.from({ length: 1_400 }, (_, i) => i & 255);
  const frame = ethernetFrame(NEAR, FAR, 0x0800, ipv4Packet({ src: '10.0.0.1', dst: '10.0.0.2' }, content));
  check(host.arrive(frame)[0], ethernet({ dst: NEAR, src: FAR }), ipv4(), payload(content));
});
