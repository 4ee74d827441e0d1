/** The ARP proxy (arp_reduce): what is answered, with which octets, and that everything else ends here. */
import t from 'tap';
import type { NeighbourStateName } from '../../lib/engine/types.js';
import { arp, check, ethernet } from '../support/check.js';
import { hex } from '../support/hex.js';
import { FAR, MemoryHost, NEAR, PEER } from '../support/memory-host.js';
import { type ArpFields, arpPacket, BROADCAST, ethernetFrame, tagged } from '../support/packets.js';

const TARGET = '10.20.1.3';
/** The Ethernet source of requests: a bridge's, not the requester's. */
const BRIDGE = '02:00:00:00:00:b0';

function request(fields: Partial<ArpFields> = {}, dst = BROADCAST, src = BRIDGE): Uint8Array {
  return ethernetFrame(
    dst,
    src,
    0x0806,
    arpPacket({ senderMac: NEAR, senderIp: '10.20.1.4', targetIp: TARGET, ...fields }),
  );
}

/** A host with `proxy`, a default destination that nothing may reach, and a neighbour. */
function proxy(config: object = {}, state: NeighbourStateName = 'permanent'): MemoryHost {
  const host = new MemoryHost({ proxy: true, remote: PEER, ...config });
  host.vtep.neighbours.set({ verb: 'add', dst: TARGET, lladdr: FAR, state });
  host.events();
  return host;
}

t.test('a request and its answer, octet by octet', async (t) => {
  const host = proxy();
  const sent = host.send(
    hex(`
      ffffffffffff 0200000000b0 0806
      0001 0800 06 04 0001
      020000000101 0a140104
      000000000000 0a140103
    `),
  );
  t.same(sent, [], 'no ARP on the underlay');
  const replies = host.replies();
  t.equal(replies.length, 1);
  t.same(
    replies[0],
    hex(`
      020000000101 020000000202 0806   # to the requester's hardware address, from the neighbour's
      0001 0800 06 04 0002
      020000000202 0a140103
      020000000101 0a140104
    `),
  );
  t.same(host.counters(), {}, 'counted nowhere: neither sent nor received');
  t.same(host.reasons(), {});
  t.equal(host.vtep.statistics().events['proxied'], 1);
});

t.test('answered as well', async (t) => {
  for (const [name, frame, sender] of [
    ['a probe from 0.0.0.0', request({ senderIp: '0.0.0.0' }), '0.0.0.0'],
    ['a unicast request', request({}, FAR), '10.20.1.4'],
    ['hardware type IEEE 802', request({ hardware: 6 }), '10.20.1.4'],
    ['a padded frame', Uint8Array.from([...request(), ...new Uint8Array(18)]), '10.20.1.4'],
    ['a gratuitous request for a known address', request({ senderIp: TARGET }), TARGET],
  ] as const) {
    const host = proxy();
    t.same(host.send(frame), [], name);
    const [reply] = host.replies();
    t.equal(reply.length, 42, `${name}: 42 octets`);
    check(
      reply,
      ethernet({ dst: NEAR, src: FAR }),
      arp({ operation: 2, senderMac: FAR, senderIp: TARGET, targetMac: NEAR, targetIp: sender }),
    );
  }
});

t.test('neighbours in NUD_CONNECTED are answered for, others never', async (t) => {
  for (const state of ['permanent', 'noarp', 'reachable'] as const) {
    const host = proxy({}, state);
    host.send(request());
    t.equal(host.replies().length, 1, state);
  }
  for (const state of ['stale', 'delay', 'probe', 'incomplete', 'failed'] as const) {
    const host = proxy({ l3miss: true }, state);
    t.same(host.send(request()), [], state);
    t.same(host.replies(), []);
    t.same(host.misses(), [], 'not a miss either');
    t.same(host.reasons(), { neighbour_not_connected: 1 });
    t.same(host.counters(), {});
  }
});

t.test('a bridge-local neighbour is not answered for', async (t) => {
  const host = proxy({ l3miss: true });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '0.0.0.0' });
  host.events();
  t.same(host.send(request()), []);
  t.same([host.replies(), host.misses()], [[], []]);
  t.same(host.reasons(), { neighbour_local: 1 });
  host.vtep.fdb.delete({ mac: FAR });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '192.0.2.3' });
  host.send(request());
  t.equal(host.replies().length, 1, 'behind a VTEP it is');
});

t.test('an unknown address: a miss if asked for, never a flood', async (t) => {
  for (const l3miss of [true, false]) {
    const host = proxy({ l3miss });
    t.same(host.send(request({ targetIp: '10.20.1.9' })), []);
    t.same(host.replies(), []);
    t.same(host.misses(), l3miss ? ['miss 10.20.1.9'] : []);
    t.same(host.reasons(), { arp_unknown: 1 });
    t.same(host.counters(), {});
  }
});

t.test('consumed without a word', async (t) => {
  const frames: [string, Uint8Array][] = [
    ['a reply', request({ operation: 2 })],
    ['InARP', request({ operation: 8 })],
    ['loopback target', request({ targetIp: '127.0.0.1' })],
    ['multicast target', request({ targetIp: '224.0.0.5' })],
    ['another hardware type', request({ hardware: 2 })],
    ['another address length', request().with(14 + 4, 8)],
    ['another protocol', request().with(14 + 3, 1)],
  ];
  for (const [name, frame] of frames) {
    const host = proxy({ l3miss: true });
    t.same(host.send(frame), [], name);
    t.same([host.replies(), host.misses()], [[], []], name);
    t.same(host.reasons(), { arp_consumed: 1 }, name);
    t.same(host.counters(), {}, name);
  }
});

t.test('a gratuitous request for an unknown address is consumed', async (t) => {
  const host = proxy();
  t.same(host.send(request({ senderIp: '10.20.1.8', targetIp: '10.20.1.8' })), []);
  t.same(host.replies(), []);
  t.same(host.reasons(), { arp_unknown: 1 });
});

t.test('truncated ARP is dropped and counted', async (t) => {
  const host = proxy();
  t.same(host.send(request().slice(0, 41), request().slice(0, 14)), []);
  t.same(host.reasons(), { arp_truncated: 2 });
  t.same(host.counters(), { txDropped: 2 });
});

t.test('not seen by the proxy: encapsulated', async (t) => {
  const host = proxy();
  const rarp = ethernetFrame(BROADCAST, NEAR, 0x8035, new Uint8Array(28));
  t.equal(host.send(tagged(request(), 5), rarp).length, 2);
  t.same(host.replies(), []);
  const off = new MemoryHost({ remote: PEER });
  off.vtep.neighbours.set({ verb: 'add', dst: TARGET, lladdr: FAR });
  t.equal(off.send(request()).length, 1, 'without the option');
});

t.test('a mirrored neighbour is answered for; own ones have precedence', async () => {
  const host = new MemoryHost({ proxy: true });
  host.vtep.neighbours.mirror({
    dst: TARGET,
    lladdr: FAR,
    state: 'reachable',
    router: false,
    externLearn: false,
  });
  host.send(request());
  check(host.replies()[0], ethernet({ src: FAR }));
  host.vtep.neighbours.set({ verb: 'add', dst: TARGET, lladdr: '02:00:00:00:02:09' });
  host.send(request());
  check(host.replies()[0], ethernet({ src: '02:00:00:00:02:09' }));
});

t.test('answering refreshes `used`', async (t) => {
  const host = proxy();
  host.clock.pass(5);
  host.send(request());
  const { used, updated } = host.vtep.neighbours.get(TARGET)!;
  t.same([used, updated], [0, 5]);
});
