/** Path MTU for bridged guests (skb_tunnel_check_pmtu): who is told, what counts, and what goes on. */
import t from 'tap';
import { EVENT_ICMP_REPLIES } from '../../lib/dataplane/counters.js';
import {
  GSO_TCPV4,
  GSO_TCPV6,
  GSO_UDP_L4,
  NEEDS_CSUM,
  PEER2,
  PEER3,
  STATUS,
} from '../../lib/memory/batch.js';
import { KIND, RECORD_ADDRESS0, TOO_BIG } from '../../lib/dataplane/records.js';
import { accountTransmitted } from '../../lib/dataplane/output.js';
import { Bench } from '../support/bench.js';
import { check, ethernet, icmp, ipv4, ipv6 } from '../support/check.js';
import { FAR, MemoryHost, NEAR, OTHER, PEER, peers, ZERO_MAC } from '../support/memory-host.js';
import { concat, ethernetFrame, ipv4Packet, ipv6Packet, tagged, udpDatagram } from '../support/packets.js';

const PAYLOAD = new Uint8Array(9000);

/** A UDP packet of so many octets, from its IP header on. */
function packet4(size: number, df = true, dst = FAR): Uint8Array {
  const ip = { src: '10.0.0.1', dst: '10.0.0.2', df };
  return ethernetFrame(dst, NEAR, 0x0800, ipv4Packet(ip, udpDatagram(1, 2, new Uint8Array(size - 28))));
}

function packet6(size: number): Uint8Array {
  const ip = { src: 'fd00::1', dst: 'fd00::2' };
  return ethernetFrame(FAR, NEAR, 0x86dd, ipv6Packet(ip, udpDatagram(1, 2, new Uint8Array(size - 48))));
}

/** A host whose interface is a port of a bridge. */
function bridged(config: object = {}): MemoryHost {
  const host = new MemoryHost({ remote: PEER, ...config });
  host.vtep.noticed({ bridged: true });
  return host;
}

t.test('a packet that is too big: its sender is told', async (t) => {
  const host = bridged();
  t.same(host.send(packet4(1451)), [], 'nothing on the underlay');
  const [reply, ...more] = host.replies();
  t.same(more, []);
  check(
    reply,
    ethernet({ dst: NEAR, src: FAR }),
    ipv4({ src: '10.0.0.2' }),
    icmp({ type: 3, code: 4, rest: 1450 }),
  );
  t.same(host.counters(), { txPackets: 1, txBytes: 590, rxPackets: 1, rxBytes: 590 });
  t.same(host.reasons(), {});
  t.equal(host.vtep.statistics().events['icmpReplies'], 1);
  t.equal(host.send(packet4(1450)).length, 1, 'what just fits goes');
  check(host.send(packet6(1451)) && host.replies()[0], ethernet(), ipv6(), icmp({ type: 2, rest: 1450 }));
});

t.test('what may not be answered goes on', async (t) => {
  const host = bridged();
  t.equal(host.send(packet4(1451, false)).length, 1, 'without DF');
  t.equal(host.send(ethernetFrame(FAR, NEAR, 0x88b5, new Uint8Array(1500))).length, 1, 'no IP');
  t.same(host.replies(), []);
});

t.test('no port of a bridge, no answer', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  t.equal(host.send(packet4(1451)).length, 1);
  host.vtep.noticed({ bridged: true });
  t.equal(host.send(packet4(1451)).length, 0);
  t.ok(host.vtep.state().bridged);
  host.vtep.noticed({ bridged: false });
  t.equal(host.send(packet4(1451)).length, 1);
});

t.test('a tag takes room, too', async (t) => {
  const host = bridged();
  t.equal(host.send(tagged(packet4(1446), 5)).length, 1);
  t.equal(host.send(tagged(packet4(1447), 5)).length, 0);
  check(host.replies()[0].slice(4), ethernet({ type: 0x0800 }), ipv4(), icmp({ rest: 1446 }));
});

t.test('each remote has its own path', async (t) => {
  const host = bridged();
  host.system.paths.set(OTHER, 1400);
  host.vtep.fdb.set({ verb: 'add', mac: '02:00:00:00:02:03', dst: OTHER });
  t.same(peers(host.send(packet4(1400))), [PEER], 'the wider one');
  t.same(host.send(packet4(1351, true, '02:00:00:00:02:03')), []);
  check(host.replies()[0], ethernet(), ipv4(), icmp({ rest: 1350 }));
});

t.test('of several remotes the narrowest path counts, and none is sent to', async (t) => {
  const host = bridged();
  host.system.paths.set(OTHER, 1400);
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER });
  t.same(host.send(packet4(1400)), []);
  t.equal(host.replies().length, 1);
  t.same(peers(host.send(packet4(1350))), [OTHER, PEER]);
});

t.test('over IPv6 the headers take 20 octets more', async (t) => {
  const host = bridged({ remote: '2001:db8::2' });
  t.equal(host.send(packet4(1430)).length, 1);
  t.same(host.send(packet4(1431)), []);
  check(host.replies()[0], ethernet(), ipv4(), icmp({ rest: 1430 }));
});

t.test('of a super-frame a full segment counts', async (t) => {
  const tcp = (size: number) => concat(new Uint8Array(12), [0x80, 0x10], new Uint8Array(size - 14));
  const cases = [
    [GSO_TCPV4, ipv4Packet({ src: '10.0.0.1', dst: '10.0.0.2', protocol: 6, df: true }, tcp(9000)), 34, 32],
    [GSO_TCPV6, ipv6Packet({ src: 'fd00::1', dst: 'fd00::2', nextHeader: 6 }, tcp(9000)), 54, 32],
    [
      GSO_UDP_L4,
      ipv4Packet({ src: '10.0.0.1', dst: '10.0.0.2', df: true }, udpDatagram(1, 2, PAYLOAD)),
      34,
      8,
    ],
  ] as const;
  for (const [type, packet, transport, header] of cases) {
    for (const tooLong of [0, 1]) {
      const bench = new Bench({ settings: { longest: 1464 } });
      const remote = bench.remote(PEER);
      bench.device.tables.remotes.setPacketLimit(remote, 1450);
      bench.learn(FAR, [remote]);
      bench.put(ethernetFrame(FAR, NEAR, type === GSO_TCPV6 ? 0x86dd : 0x0800, packet), {
        offload: type | NEEDS_CSUM,
        csum: transport | (16 << 16),
        gsoSize: 1464 - transport - header + tooLong,
      });
      bench.runEncap();
      t.same([bench.tx.length, bench.back.length], tooLong ? [0, 1] : [1, 0]);
      t.equal(bench.device.counters[EVENT_ICMP_REPLIES], tooLong);
    }
  }
});

t.test('a datagram the system refuses as too big has control ask for the path', async (t) => {
  for (const longest of [1464, 0x7fffffff]) {
    const bench = new Bench({ settings: { longest } });
    bench.learn(FAR, [bench.remote(PEER)]);
    bench.put(packet4(100));
    bench.runEncap();
    bench.tx.set(STATUS, 0, -90);
    accountTransmitted(bench.tx, [bench.device], bench.ring);
    const at = bench.ring.front();
    if (longest > 65536) {
      t.ok(at < 0, 'nobody needs to know');
      continue;
    }
    const { words } = bench.ring;
    t.equal(words[at + KIND], TOO_BIG);
    t.equal(words[at + RECORD_ADDRESS0 + 2], bench.tx.get(PEER2, 0));
    t.equal(words[at + RECORD_ADDRESS0 + 3], bench.tx.get(PEER3, 0));
  }
});
