/** Route short-circuit, with the neighbour table alone (the kernel's) and with routes (ours). */
import t from 'tap';
import { check, ethernet, icmp, ipv4, ipv6, payload, udp } from '../support/check.js';
import { inner, MemoryHost, NEAR, OTHER, PEER, peers } from '../support/memory-host.js';
import {
  concat,
  ethernetFrame,
  ipv4Packet,
  tagged,
  udp6Frame,
  udpDatagram,
  udpFrame,
  word16,
} from '../support/packets.js';

const ROUTER = '02:00:00:00:0a:0a';
const NEXT = '02:00:00:00:0b:0b';
const TO = { src: '10.20.1.4', dst: '10.20.2.4' };

interface Layout {
  route?: string;
  via?: string;
  neighbour?: string;
  state?: 'permanent' | 'stale';
  router?: boolean;
  config?: object;
}

/** Guests' gateway ROUTER behind PEER; NEXT, which a neighbour entry may name, behind OTHER. */
function host(layout: Layout = {}): MemoryHost {
  const made = new MemoryHost({ rsc: true, l3miss: true, ...layout.config });
  made.vtep.fdb.set({ verb: 'add', mac: ROUTER, dst: PEER, router: layout.router ?? true });
  made.vtep.fdb.set({ verb: 'add', mac: NEXT, dst: OTHER });
  if (layout.neighbour !== undefined) {
    made.vtep.neighbours.set({ verb: 'add', dst: layout.neighbour, lladdr: NEXT, state: layout.state });
  }
  if (layout.route !== undefined) made.vtep.routes.set({ verb: 'add', dst: layout.route, via: layout.via });
  made.engine.poll();
  made.events();
  return made;
}

t.test('a known destination: MACs rewritten, TTL and checksum as they were', async (t) => {
  const made = host({ neighbour: TO.dst });
  const frame = udpFrame(ROUTER, NEAR, { ...TO, ttl: 9 });
  const [sent] = made.send(frame);
  t.same(peers([sent]), [OTHER], 'to the guest’s VTEP, not the router’s');
  check(inner(sent), ethernet({ dst: NEXT, src: ROUTER }), ipv4({ ttl: 9, ...TO }), udp());
  t.same(inner(sent).slice(12), frame.slice(12));
  t.equal(made.vtep.statistics().events['shortCircuited'], 1);
  t.equal(made.vtep.statistics().events['routed'], 0);
});

t.test('a stale neighbour is used as well', async (t) => {
  const made = host({ neighbour: TO.dst, state: 'stale' });
  t.same(peers(made.send(udpFrame(ROUTER, NEAR, TO))), [OTHER]);
});

t.test('an unknown destination: L3 miss, and on to the router unchanged', async (t) => {
  const made = host();
  const frame = udpFrame(ROUTER, NEAR, TO);
  const [sent] = made.send(frame);
  t.same(peers([sent]), [PEER]);
  t.same(inner(sent), frame);
  t.same(made.misses(), [`miss ${TO.dst}`]);
  const quiet = host({ config: { l3miss: false } });
  t.equal(quiet.send(frame).length, 1);
  t.same(quiet.misses(), []);
});

t.test('not short-circuited', async (t) => {
  for (const [name, made, frame] of [
    ['no rsc', host({ neighbour: TO.dst, config: { rsc: false } }), udpFrame(ROUTER, NEAR, TO)],
    ['entry without router', host({ neighbour: TO.dst, router: false }), udpFrame(ROUTER, NEAR, TO)],
    ['inside a tag', host({ neighbour: TO.dst }), tagged(udpFrame(ROUTER, NEAR, TO), 5)],
    ['not IP', host({ neighbour: TO.dst }), ethernetFrame(ROUTER, NEAR, 0x0806, new Uint8Array(28))],
  ] as const) {
    const [sent] = made.send(frame);
    t.same(peers([sent]), [PEER], name);
    t.same(inner(sent), frame, name);
    t.same(made.misses(), [], name);
  }
});

t.test('a group MAC is not a router’s, whatever its entry says', async (t) => {
  const made = host({ neighbour: TO.dst });
  const group = '01:00:5e:00:00:05';
  made.vtep.fdb.set({ verb: 'append', mac: group, dst: PEER, router: true });
  const frame = udpFrame(group, NEAR, TO);
  t.same(inner(made.send(frame)[0]), frame);
});

t.test('a neighbour that is the router itself: nothing to do', async (t) => {
  const made = host({ route: '10.20.2.0/24' });
  made.vtep.neighbours.set({ verb: 'add', dst: TO.dst, lladdr: ROUTER });
  const frame = udpFrame(ROUTER, NEAR, { ...TO, ttl: 1 });
  t.same(inner(made.send(frame)[0]), frame, 'the router takes the hop');
});

t.test('the rewritten MAC unknown to the FDB: default destination, or an L2 miss', async (t) => {
  const made = host({ neighbour: TO.dst, config: { l2miss: true } });
  made.vtep.fdb.delete({ mac: NEXT });
  made.events();
  t.same(made.send(udpFrame(ROUTER, NEAR, TO)), []);
  t.same(made.misses(), [`miss ${NEXT}`]);
  made.vtep.fdb.set({ verb: 'append', mac: '00:00:00:00:00:00', dst: '192.0.2.9' });
  t.same(peers(made.send(udpFrame(ROUTER, NEAR, TO))), ['192.0.2.9']);
});

t.test('IPv6', async () => {
  const made = host({ neighbour: 'fd00::2' });
  const [sent] = made.send(udp6Frame(ROUTER, NEAR, { hopLimit: 9 }));
  check(inner(sent), ethernet({ dst: NEXT, src: ROUTER }), ipv6({ hopLimit: 9, dst: 'fd00::2' }));
});

t.test('a route makes it a hop: TTL less one, checksum right', async (t) => {
  const made = host({ route: '10.20.2.0/24', via: '10.20.2.1', neighbour: '10.20.2.1' });
  const [sent] = made.send(udpFrame(ROUTER, NEAR, { ...TO, ttl: 64 }));
  t.same(peers([sent]), [OTHER]);
  check(inner(sent), ethernet({ dst: NEXT, src: ROUTER }), ipv4({ ttl: 63, ...TO }), udp());
  t.equal(made.vtep.statistics().events['routed'], 1);
  t.equal(made.vtep.statistics().events['shortCircuited'], 0);
});

t.test(
  'TTL 2 goes through, the longest prefix decides, on-link routes ask for the destination',
  async (t) => {
    const made = host({ route: '10.20.0.0/16', via: '10.20.0.9', neighbour: TO.dst });
    made.vtep.routes.set({ verb: 'add', dst: '10.20.2.0/24' });
    const [sent] = made.send(udpFrame(ROUTER, NEAR, { ...TO, ttl: 2 }));
    t.ok(sent);
    check(inner(sent), ethernet({ dst: NEXT }), ipv4({ ttl: 1 }));
  },
);

t.test('a next hop without a MAC is missed, not the destination', async (t) => {
  const made = host({ route: '10.20.2.0/24', via: '10.20.2.1', neighbour: TO.dst });
  const frame = udpFrame(ROUTER, NEAR, { ...TO, ttl: 64 });
  t.same(inner(made.send(frame)[0]), frame, 'on to the router, TTL untouched');
  t.same(made.misses(), ['miss 10.20.2.1']);
});

t.test('an IPv6 route', async (t) => {
  const made = host({ route: 'fd00::/64', via: 'fe80::1', neighbour: 'fe80::1' });
  const [sent] = made.send(udp6Frame(ROUTER, NEAR, { hopLimit: 9 }));
  t.same(peers([sent]), [OTHER]);
  check(inner(sent), ethernet({ dst: NEXT }), ipv6({ hopLimit: 8 }));
});

t.test('TTL used up: time exceeded, from the dummy address of RFC 7600', async (t) => {
  const made = host({ route: '10.20.2.0/24', neighbour: TO.dst });
  const frame = udpFrame(ROUTER, NEAR, { ...TO, ttl: 1 });
  t.same(made.send(frame), []);
  const [reply] = made.replies();
  check(
    reply,
    ethernet({ dst: NEAR, src: ROUTER }),
    ipv4({ src: '192.0.0.8', dst: TO.src }),
    icmp({ type: 11, code: 0 }),
    payload(frame.slice(14)),
  );
  t.same(made.reasons(), { ttl_exceeded: 1 });
  t.same(made.counters(), { txDropped: 1 });
  t.equal(made.vtep.statistics().events['icmpReplies'], 1);
});

t.test('TTL used up: signed by the neighbour that is the router', async () => {
  const made = host({ route: '10.20.2.0/24', neighbour: TO.dst });
  made.vtep.neighbours.set({ verb: 'add', dst: '10.20.1.1', lladdr: ROUTER });
  made.engine.poll();
  made.send(udpFrame(ROUTER, NEAR, { ...TO, ttl: 1 }));
  check(made.replies()[0], ethernet({ src: ROUTER }), ipv4({ src: '10.20.1.1' }), icmp({ type: 11 }));
  made.vtep.neighbours.delete('10.20.1.1');
  made.engine.poll();
  made.send(udpFrame(ROUTER, NEAR, { ...TO, ttl: 0 }));
  check(made.replies()[0], ethernet(), ipv4({ src: '192.0.0.8' }), icmp({ type: 11 }));
});

t.test('hop limit used up: ICMPv6, once the router has an address to sign with', async (t) => {
  const made = host({ route: 'fd00::/64', neighbour: 'fd00::2' });
  const frame = udp6Frame(ROUTER, NEAR, { hopLimit: 1 });
  t.same([made.send(frame), made.replies()], [[], []], 'IPv6 has no dummy address');
  made.vtep.neighbours.set({ verb: 'add', dst: 'fd00::1:1', lladdr: ROUTER });
  made.engine.poll();
  made.send(frame);
  check(
    made.replies()[0],
    ethernet({ dst: NEAR, src: ROUTER }),
    ipv6({ src: 'fd00::1:1', dst: 'fd00::1' }),
    icmp({ type: 3, code: 0 }),
    payload(frame.slice(14)),
  );
  t.same(made.reasons(), { ttl_exceeded: 2 });
});

t.test('no ICMP about ICMP errors, fragments and groups', async (t) => {
  const made = host({ route: '10.20.2.0/24', neighbour: TO.dst });
  const error = concat([3, 0, 0, 0, 0, 0, 0, 0], new Uint8Array(20));
  const fragment = ipv4Packet({ ...TO, ttl: 1 }, udpDatagram(1, 2));
  fragment.set(word16(100), 6);
  for (const packet of [ipv4Packet({ ...TO, ttl: 1, protocol: 1 }, error), fragment]) {
    t.same([made.send(ethernetFrame(ROUTER, NEAR, 0x0800, packet)), made.replies()], [[], []]);
  }
  t.same(made.reasons(), { ttl_exceeded: 2 }, 'dropped all the same');
});

t.test('an IP header that contradicts itself is not routed', async (t) => {
  const made = host({ neighbour: TO.dst });
  for (const packet of [
    ipv4Packet({ ...TO, totalLength: 4_000 }),
    ipv4Packet({ ...TO, totalLength: 8 }),
    ipv4Packet(TO).with(0, 0x55),
    ipv4Packet(TO).with(0, 0x44),
    ipv4Packet(TO).with(0, 0x4f),
  ]) {
    t.same(made.send(ethernetFrame(ROUTER, NEAR, 0x0800, packet)), []);
  }
  t.same(made.reasons(), { ip_invalid: 5 });
});

t.test('a local remote: looped back as if received', async (t) => {
  const made = host({ neighbour: TO.dst });
  made.vtep.fdb.set({ verb: 'replace', mac: NEXT, dst: '0.0.0.0' });
  const before = made.vtep.fdb.list();
  const frame = udpFrame(ROUTER, NEAR, { ...TO, ttl: 9 });
  t.same(made.send(frame), []);
  const [reply] = made.replies();
  check(reply, ethernet({ dst: NEXT, src: ROUTER }), ipv4({ ttl: 9 }), udp());
  t.same(
    made.counters(),
    { txPackets: 1, txBytes: frame.length, rxPackets: 1, rxBytes: frame.length },
    'whole frames',
  );
  t.same(made.vtep.fdb.list(), before, 'the router’s entry stays where it is');
});
