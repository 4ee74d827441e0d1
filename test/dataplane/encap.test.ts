/** The transmit order of vxlan_xmit, step by step: where a frame goes, and with what in front of it. */
import t from 'tap';
import { EVENT_FLOODED, EVENT_L2_MISS, EVENT_L3_MISS } from '../../lib/dataplane/counters.js';
import { L3MISS, RSC, UP } from '../../lib/dataplane/device.js';
import {
  CSUM,
  EXTRA,
  GSO_SIZE,
  GSO_TCPV4,
  IFINDEX,
  NEEDS_CSUM,
  OFFLOAD,
  OFFSET,
  PEER3,
  PORT,
  SOURCE_PORT,
} from '../../lib/memory/batch.js';
import { FLAG_ROUTER, STATE_PERMANENT } from '../../lib/table/fdb.js';
import { NUD_PERMANENT } from '../../lib/table/neighbour.js';
import { formatAddress } from '../../lib/wire/text.js';
import { Bench } from '../support/bench.js';
import { check, ethernet, ipv4, vxlan } from '../support/check.js';
import { hex } from '../support/hex.js';
import { FAR, inner, MemoryHost, NEAR, OTHER, PEER, peers, ZERO_MAC } from '../support/memory-host.js';
import { arpPacket, BROADCAST, ethernetFrame, tagged, udp6Frame, udpFrame } from '../support/packets.js';

const FRAME = udpFrame(FAR, NEAR);
const ARP = ethernetFrame(
  BROADCAST,
  NEAR,
  0x0806,
  arpPacket({ senderMac: NEAR, senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
);

t.test('a frame, octet by octet', async (t) => {
  const host = new MemoryHost({ remote: PEER, local: '192.0.2.1' });
  const frame = hex(`
    020000000202 020000000101 0800                 # to a far guest, from ours
    4500001c 12340000 4011549b 0a000001 0a000002   # IPv4
    03e8 07d0 0008 0000                            # UDP
  `);
  const [sent, ...others] = host.send(frame);
  t.same(others, []);
  t.same(sent.payload, Uint8Array.from([...hex('08000000 00002a00'), ...frame]));
  check(sent.payload, vxlan({ vni: 42 }), ethernet({ dst: FAR, src: NEAR }), ipv4({ ttl: 64 }));
  t.same(peers([sent]), [PEER]);
  t.equal(sent.port, 4_789);
  t.equal(formatAddress(sent.local!), '192.0.2.1');
  t.same([sent.tos, sent.ttl, sent.ifindex], [0, 0, 0]);
  t.same(host.counters(), { txPackets: 1, txBytes: 28 });
});

t.test('tx_bytes leaves out Ethernet header and tag', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.send(tagged(FRAME, 5), ethernetFrame(FAR, NEAR, 0x1234, hex('aabbcc')));
  t.same(host.counters(), { txPackets: 2, txBytes: FRAME.length - 14 + 3 });
});

t.test('a known MAC goes to its remote, an unknown one to the default', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  t.same(peers(host.send(FRAME, udpFrame('02:00:00:00:02:99', NEAR))), [OTHER, PEER]);
  t.equal(host.vtep.statistics().events['flooded'], 1);
});

t.test('nothing known: dropped, an L2 miss for unicast alone', async (t) => {
  const host = new MemoryHost({ l2miss: true });
  t.same(host.send(FRAME, FRAME), []);
  t.same(host.misses(), [`miss ${FAR}`, `miss ${FAR}`], 'no deduplication, as in the kernel');
  t.same(host.reasons(), { no_tx_target: 2 });
  t.same(host.counters(), { txDropped: 2 });
  t.same(host.send(ARP, udpFrame('01:00:5e:00:00:05', NEAR)), []);
  t.same(host.misses(), [], 'group addresses raise none');
  t.same(host.reasons(), { no_tx_target: 4 });
});

t.test('no L2 miss without the option, none beside a zero entry', async (t) => {
  const quiet = new MemoryHost();
  quiet.send(FRAME);
  t.same(quiet.misses(), []);
  t.same(quiet.reasons(), { no_tx_target: 1 });
  const flooding = new MemoryHost({ l2miss: true, remote: PEER });
  t.equal(flooding.send(FRAME).length, 1);
  t.same(flooding.misses(), []);
});

t.test('l3miss alone does nothing', async (t) => {
  const host = new MemoryHost({ l3miss: true, remote: PEER });
  t.equal(host.send(ARP, FRAME).length, 2);
  t.same(host.misses(), []);
});

t.test('a group MAC: its own entry before the zero entry, no prefixes', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.vtep.fdb.set({ verb: 'append', mac: '01:00:5e:00:00:05', dst: OTHER });
  t.same(peers(host.send(udpFrame('01:00:5e:00:00:05', NEAR))), [OTHER]);
  t.same(peers(host.send(udpFrame('01:00:5e:00:00:06', NEAR))), [PEER]);
  host.vtep.fdb.set({ verb: 'append', mac: BROADCAST, dst: '192.0.2.4' });
  t.same(peers(host.send(ARP)), ['192.0.2.4']);
});

t.test('replication: the second to the last remote, then the first', async (t) => {
  const host = new MemoryHost();
  const remotes = ['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14'];
  for (const dst of remotes) host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst });
  const sent = host.send(FRAME);
  t.same(peers(sent), ['192.0.2.12', '192.0.2.13', '192.0.2.14', '192.0.2.11']);
  for (const datagram of sent) t.same(inner(datagram), FRAME);
  t.same(host.counters(), { txPackets: 4, txBytes: 4 * (FRAME.length - 14) }, 'each copy counts');
  t.equal(host.vtep.statistics().events['flooded'], 1, 'the frame once');
});

t.test('port, VNI and interface of a remote', async (t) => {
  const host = new MemoryHost();
  const remotes = [
    { dst: PEER },
    { dst: PEER, port: 8_472 },
    { dst: PEER, vni: 7 },
    { dst: PEER, via: 'eth1', port: 1, vni: 0xffffff },
  ];
  for (const remote of remotes) host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, ...remote });
  const sent = host.send(FRAME).map(({ payload, port, ifindex }) => {
    t.same(payload.slice(8), FRAME);
    return [(payload[4] << 16) | (payload[5] << 8) | payload[6], port, ifindex];
  });
  t.same(sent, [
    [42, 8_472, 0],
    [7, 4_789, 0],
    [0xffffff, 1, 2],
    [42, 4_789, 0],
  ]);
});

t.test('the default destination leaves by `dev`', async (t) => {
  const host = new MemoryHost({ remote: PEER, dev: 'eth1' });
  t.equal(host.send(FRAME)[0].ifindex, 2);
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  t.equal(host.send(FRAME)[0].ifindex, 0, 'other entries where the routes lead');
});

t.test('more replicas than a batch holds, with VNIs of their own', async (t) => {
  const host = new MemoryHost();
  const count = 1_500;
  for (let i = 0; i < count; i++) {
    const dst = `10.1.${i >> 8}.${i & 255}`;
    host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst, ...(i % 3 === 0 ? {} : { vni: 1_000 + i }) });
  }
  const sent = host.send(FRAME, ARP);
  t.equal(sent.length, 2 * count);
  const seen = new Set<string>();
  for (const [n, { payload, peer }] of sent.entries()) {
    const i = peer[3] & 0xffff;
    const vni = (payload[4] << 16) | (payload[5] << 8) | payload[6];
    if (vni !== (i % 3 === 0 ? 42 : 1_000 + i)) t.fail(`remote ${i} got VNI ${vni}`);
    if (Buffer.compare(payload.subarray(8), n < count ? FRAME : ARP) !== 0) t.fail(`copy ${n} is altered`);
    seen.add(`${n < count} ${i}`);
  }
  t.equal(seen.size, 2 * count, 'each remote once a frame');
  t.same(host.reasons(), {});
});

t.test('headers of remotes with own VNIs stay until they are sent, whatever stands between', async (t) => {
  const bench = new Bench();
  const remotes = Array.from({ length: 40 }, (_, i) =>
    bench.remote(`10.1.0.${i + 1}`, 0, i % 2 === 0 ? -1 : 100 + i),
  );
  bench.learn(ZERO_MAC, remotes);
  bench.put(FRAME);
  const got: [number, number][] = [];
  for (let more = true; more; bench.tx.length = 0) {
    more = !bench.runEncap();
    for (let j = 0; j < bench.tx.length; j++) {
      const octets = bench.datagram(j);
      got.push([(bench.tx.get(PEER3, j) & 255) - 1, (octets[5] << 8) | octets[6]]);
      if (octets[0] !== 8) t.fail('no I flag');
    }
  }
  t.equal(got.length, 40);
  for (const [i, vni] of got) t.equal(vni, i % 2 === 0 ? 42 : 100 + i, `remote ${i}`);
});

t.test('a frame interrupted by a full batch is not judged again', async (t) => {
  const bench = new Bench({ txCapacity: 2, settings: { features: UP | RSC | L3MISS } });
  const remotes = [1, 2, 3, 4, 5].map((i) => bench.remote(`10.1.0.${i}`));
  bench.learn(ZERO_MAC, remotes);
  bench.learn(FAR, [bench.remote(PEER)], STATE_PERMANENT, FLAG_ROUTER);
  // The batch is full of the first frame's copies each time the router's frame has its turn.
  bench.put(udpFrame('02:00:00:00:02:99', NEAR));
  bench.put(FRAME);
  bench.put(FRAME);
  bench.put(FRAME);
  let sent = 0;
  for (let more = true; more; bench.tx.length = 0) {
    more = !bench.runEncap();
    sent += bench.tx.length;
  }
  t.equal(sent, 5 + 3);
  t.equal(bench.device.counters[EVENT_FLOODED], 1);
  t.equal(bench.device.counters[EVENT_L3_MISS], 3, 'one miss a frame');
});

t.test('`used` is refreshed by transmission, `updated` is not', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  host.clock.pass(7);
  host.send(FRAME);
  const { used, updated } = host.vtep.fdb.get(FAR)!;
  t.same([used, updated], [0, 7]);
  const zero = host.vtep.fdb.get(ZERO_MAC)!;
  t.same([zero.used, zero.updated], [7, 7], 'the default was not needed');
});

t.test('remote 0.0.0.0 without short-circuit has no destination', async (t) => {
  const host = new MemoryHost();
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '0.0.0.0' });
  t.same(host.send(FRAME), []);
  t.same(host.reasons(), { remote_any: 1 });
  t.same(host.counters(), { txDropped: 1 });
  const six = new MemoryHost({ local: '2001:db8::1' });
  six.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '::' });
  t.same(six.send(FRAME), []);
  t.same(six.reasons(), { remote_any: 1 });
});

t.test('odd frames', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  for (const [frame, why] of [
    [FRAME.slice(0, 13), 'frame_too_small'],
    [FRAME.slice(0, 14), 'ip_invalid'],
    [FRAME.slice(0, 33), 'ip_invalid'],
    [udp6Frame(FAR, NEAR).slice(0, 53), 'ip_invalid'],
    [tagged(FRAME, 5).slice(0, 18 + 19), 'ip_invalid'],
  ] as const) {
    const before = host.reasons()[why] ?? 0;
    t.same(host.send(frame), [], why);
    t.equal(host.reasons()[why], before + 1, why);
  }
  t.same(host.counters(), { txDropped: 5 });
  for (const frame of [tagged(FRAME, 5).slice(0, 15), ethernetFrame(FAR, NEAR, 0x1234, hex(''))]) {
    t.same(inner(host.send(frame)[0]), frame, 'not IP as far as one can see: sent as it is');
  }
});

/** inner TOS -> outer TOS for a `tos` of 0, 0x20, 'inherit' and 3. */
t.test('TOS and ECN, also through a tag', async (t) => {
  for (const [tos, innerTos, outer] of [
    [0, 0xb8, 0],
    [0, 0xb9, 1],
    [0, 0xba, 2],
    [0, 0xbb, 2],
    [0x20, 0xb9, 0x21],
    ['inherit', 0xb9, 0xb9],
    ['inherit', 0xbb, 0xba],
    [1, 0xb9, 0xb9],
    [3, 0xb8, 0],
    [0xff, 0xb9, 0xfd],
  ] as const) {
    const host = new MemoryHost({ remote: PEER, tos });
    const four = udpFrame(FAR, NEAR, { tos: innerTos });
    const sent = host.send(
      four,
      udp6Frame(FAR, NEAR, { trafficClass: innerTos }),
      tagged(four, 5),
      tagged(tagged(four, 5), 6, 0x88a8),
    );
    t.same(
      sent.map((datagram) => datagram.tos),
      [outer, outer, outer, outer],
      `tos ${tos}, inner ${innerTos}`,
    );
    t.equal(host.send(ARP)[0].tos, tos === 'inherit' || tos === 1 ? 0 : tos & 0xfc, 'not IP: no ECN');
  }
});

t.test('TTL', async (t) => {
  const frames = [
    udpFrame(FAR, NEAR, { ttl: 9 }),
    udp6Frame(FAR, NEAR, { hopLimit: 8 }),
    tagged(udpFrame(FAR, NEAR, { ttl: 7 }), 5),
    ARP,
  ];
  const ttls = (config: object) => new MemoryHost(config).send(...frames).map((datagram) => datagram.ttl);
  t.same(ttls({ remote: PEER }), [0, 0, 0, 0], 'the system’s own');
  t.same(ttls({ remote: PEER, ttl: 33 }), [33, 33, 33, 33]);
  t.same(ttls({ remote: PEER, ttl: 'inherit' }), [9, 8, 7, 0]);
  const group = { group: '239.1.1.1', dev: 'eth0' };
  t.same(ttls(group), [1, 1, 1, 1], 'a group is not left by default');
  t.same(ttls({ ...group, ttl: 5 }), [5, 5, 5, 5]);
  t.same(ttls({ ...group, ttl: 'inherit' }), [9, 8, 7, 64], 'measured: nothing to inherit is 64, not 1');
  t.same(ttls({ group: 'ff0e::1', dev: 'eth0' }), [1, 1, 1, 1]);
});

t.test('DF chooses the socket', async (t) => {
  const frames = [
    udpFrame(FAR, NEAR),
    udpFrame(FAR, NEAR, { df: true }),
    udp6Frame(FAR, NEAR),
    tagged(udpFrame(FAR, NEAR, { df: true }), 5),
    tagged(udp6Frame(FAR, NEAR), 5),
    ARP,
  ];
  for (const [df, wanted] of [
    [0, [false, false, false, false, false, false]],
    [1, [true, true, true, true, true, true]],
    [2, [false, true, true, false, false, false]],
  ] as const) {
    const bench = new Bench({ settings: { df } });
    bench.learn(ZERO_MAC, [bench.remote(PEER)]);
    for (const frame of frames) bench.put(frame);
    t.ok(bench.runEncap());
    t.same(
      frames.map((_, j) => bench.tx.get(PORT, j) >= 200),
      wanted,
      `df ${df}`,
    );
    for (let j = 0; j < bench.tx.length; j++) {
      const k = bench.tx.get(PORT, j) % 100;
      t.equal(bench.tx.get(SOURCE_PORT, j), 50_000 + k, 'both sockets have one port');
    }
  }
});

t.test('source port: within the range, the same for a flow, different for flows', async (t) => {
  const host = new MemoryHost({ remote: PEER, srcport: [5_000, 5_010] });
  const ports = (frames: Uint8Array[]) => host.send(...frames).map((datagram) => datagram.sourcePort!);
  const flows = Array.from({ length: 400 }, (_, i) => udpFrame(FAR, NEAR, {}, [1_000 + i, 53]));
  const used = new Set(ports(flows));
  t.ok(
    [...used].every((port) => port >= 5_000 && port < 5_010),
    'the last port is exclusive',
  );
  t.ok(used.size >= 9, `${used.size} of 10 ports used`);
  const [first] = ports([flows[0]]);
  const again = [
    udpFrame(FAR, NEAR, { ttl: 3, tos: 4 }, [1_000, 53]),
    udpFrame('02:00:00:00:02:77', '02:00:00:00:01:77', {}, [1_000, 53]),
    ...Array.from({ length: 20 }, () => flows[0]),
  ];
  t.same(new Set(ports(again)), new Set([first]), 'TTL, TOS and MACs do not matter');
  t.same(new Set(ports([ARP, ARP])).size, 1);
});

t.test('source port: the default range is that of RFC 7348', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  const flows = Array.from({ length: 400 }, (_, i) => udpFrame(FAR, NEAR, {}, [1_000 + i, 53]));
  const used = new Set(host.send(...flows).map((datagram) => datagram.sourcePort!));
  t.ok([...used].every((port) => port >= 49_152 && port < 65_536));
  t.equal(used.size, 16, 'a pool of sockets');
});

t.test('an offload request travels with every copy', async (t) => {
  const bench = new Bench();
  bench.learn(
    ZERO_MAC,
    [1, 2, 3].map((i) => bench.remote(`10.1.0.${i}`)),
  );
  bench.put(FRAME, { offload: NEEDS_CSUM, csum: 34 | (6 << 16) });
  bench.put(FRAME, { offload: NEEDS_CSUM | GSO_TCPV4, gsoSize: 1_400, csum: 34 | (16 << 16) });
  t.ok(bench.runEncap());
  t.equal(bench.tx.length, 6);
  for (let j = 0; j < 6; j++) {
    t.equal(bench.tx.get(OFFLOAD, j), j < 3 ? NEEDS_CSUM : NEEDS_CSUM | GSO_TCPV4);
    t.equal(bench.tx.get(GSO_SIZE, j), j < 3 ? 0 : 1_400);
    t.equal(bench.tx.get(CSUM, j), 34 | ((j < 3 ? 6 : 16) << 16));
    t.equal(bench.tx.get(OFFSET, j), bench.slab.slotOffset(j < 3 ? 0 : 1), 'no copy of the frame is made');
    t.equal(bench.tx.get(EXTRA, j), FRAME.length - 14);
    t.equal(bench.tx.get(IFINDEX, j), 0);
  }
});

t.test('a frame sent and looped back: the finished checksum is not asked for again', async (t) => {
  const router = '02:00:00:00:0a:0a';
  for (const [offload, expected] of [
    [NEEDS_CSUM, 0],
    [NEEDS_CSUM | GSO_TCPV4, NEEDS_CSUM | GSO_TCPV4],
  ]) {
    const bench = new Bench({ settings: { features: UP | RSC } });
    bench.learn(router, [bench.remote(PEER)], STATE_PERMANENT, FLAG_ROUTER);
    bench.learn(ZERO_MAC, [bench.remote('0.0.0.0'), bench.remote(PEER), bench.remote('0.0.0.0', 1)]);
    bench.device.tables.neighbours.set(0, 0, 0xffff, 0x0a000002, 0x02000000, 0x0b0b, NUD_PERMANENT, 0, 0);
    for (let i = 0; i < 64; i++) bench.put(udpFrame(router, NEAR), { offload, csum: 34 | (6 << 16) });
    t.ok(bench.runEncap());
    t.equal(bench.tx.length, 64);
    t.equal(bench.back.length, 64, 'looped back once, however many remotes are local');
    t.equal(bench.back.get(OFFLOAD, 0), expected);
    t.equal(bench.tx.get(OFFLOAD, 0), offload);
  }
});

t.test('a frame the port cut off is not sent', async (t) => {
  const bench = new Bench();
  bench.learn(ZERO_MAC, [bench.remote(PEER)]);
  bench.put(FRAME, { status: -90 });
  bench.put(FRAME);
  t.ok(bench.runEncap());
  t.equal(bench.tx.length, 1);
  t.same(bench.reasons(), { too_big: 1 });
});

t.test('a device that is down takes nothing', async (t) => {
  const bench = new Bench({ settings: { features: 0 } });
  bench.learn(ZERO_MAC, [bench.remote(PEER)]);
  bench.put(FRAME);
  t.ok(bench.runEncap());
  t.equal(bench.tx.length, 0);
  t.same(bench.reasons(), { tx_device_down: 1 });
  t.equal(bench.device.counters[EVENT_L2_MISS], 0);
});
