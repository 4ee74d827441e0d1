/** Neighbour snooping: what passing ARP and ND teach, and what the proxy makes of it. */
import t from 'tap';
import type { LinkConfig } from '../../lib/engine/types.js';
import { arp, check, ethernet, icmp, ipv6 } from '../support/check.js';
import { FAR, inner, MemoryHost, NEAR, OTHER, PEER, ZERO_MAC } from '../support/memory-host.js';
import { advertise, ALL_NODES, O, R, S, solicit } from '../support/nd.js';
import { type ArpFields, arpPacket, BROADCAST, ethernetFrame, tagged, udpFrame } from '../support/packets.js';

const NEAR_IP = '10.20.1.4';
const FAR_IP = '10.20.1.3';
const NEAR_IP6 = 'fd00::4';
const FAR_IP6 = 'fd00::3';
const MOVED = '02:00:00:00:03:03';

function arpFrame(
  mac: string,
  ip: string,
  asks: string,
  more: Partial<ArpFields> = {},
  to = BROADCAST,
): Uint8Array {
  return ethernetFrame(to, mac, 0x0806, arpPacket({ senderMac: mac, senderIp: ip, targetIp: asks, ...more }));
}

const request = arpFrame(NEAR, NEAR_IP, FAR_IP);
const reply = arpFrame(FAR, FAR_IP, NEAR_IP, { operation: 2, targetMac: NEAR }, NEAR);
const announcement = (mac: string, ip: string): Uint8Array => arpFrame(mac, ip, ip);

function snooping(config: Partial<LinkConfig> = {}): MemoryHost {
  return new MemoryHost({ neighsnoop: 100, remote: PEER, ...config });
}

/** "10.20.1.3 02:… reachable router snooped". */
function shown(host: MemoryHost, dst: string): string | undefined {
  const entry = host.vtep.neighbours.get(dst);
  if (entry === undefined) return undefined;
  return [entry.dst, entry.lladdr, entry.state, ...(entry.router ? ['router'] : []), entry.origin].join(' ');
}

function events(host: MemoryHost): Record<string, number> {
  const all = Object.entries(host.vtep.statistics().events);
  return Object.fromEntries(all.filter(([name, count]) => name.startsWith('neigh') && count > 0));
}

t.test('off: nothing is learned, and the proxy is the kernel’s', async (t) => {
  const host = new MemoryHost({ proxy: true, remote: PEER });
  host.send(request, reply);
  host.arrive(reply);
  t.same(host.vtep.neighbours.list(), []);
  t.same(host.reasons(), { arp_consumed: 1, arp_unknown: 1 });
});

t.test('ARP in both directions', async (t) => {
  const host = snooping();
  t.equal(host.send(request).length, 1, 'it goes on');
  t.equal(shown(host, NEAR_IP), `${NEAR_IP} ${NEAR} reachable snooped`, 'a request tells who asks');
  t.equal(shown(host, FAR_IP), undefined, 'and not of whom');
  t.same(host.arrive(reply), [reply], 'handed up as it was');
  t.equal(shown(host, FAR_IP), `${FAR_IP} ${FAR} reachable snooped`);
  host.arrive(announcement(MOVED, '10.20.1.9'));
  t.equal(shown(host, '10.20.1.9'), `10.20.1.9 ${MOVED} reachable snooped`, 'a gratuitous one');
  t.same(events(host), { neighSnooped: 3 });
  t.same(
    host.events().flatMap((event) => (event.type === 'neigh' ? [`${event.action} ${event.entry.dst}`] : [])),
    [`new ${NEAR_IP}`, `new ${FAR_IP}`, 'new 10.20.1.9'],
    'told',
  );
});

t.test('what teaches nothing', async (t) => {
  const host = snooping();
  host.send(arpFrame(NEAR, '0.0.0.0', FAR_IP), tagged(request, 5), udpFrame(FAR, NEAR));
  host.send(solicit(FAR_IP6, '::', NEAR));
  t.same(events(host), {}, 'probes, other VLANs and other packets are none');
  const wrong = [
    arpFrame(NEAR, NEAR_IP, FAR_IP, { senderMac: FAR }),
    arpFrame(NEAR, '224.0.0.1', FAR_IP),
    request.slice(0, 41),
    solicit(FAR_IP6, NEAR_IP6, NEAR, { hopLimit: 254 }),
    advertise(FAR_IP6, NEAR, ALL_NODES, { wrong: 1 }),
  ];
  t.equal(host.send(...wrong).length, wrong.length, 'malformed ones go on');
  for (const frame of wrong) host.arrive(frame);
  t.same(events(host), { neighInvalid: 2 * wrong.length });
  t.same(host.vtep.neighbours.list(), []);
});

t.test('a datagram that is dropped teaches nothing', async (t) => {
  const host = snooping();
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  host.arrive(reply);
  t.same(host.reasons(), { entry_exists: 1 });
  t.same(host.vtep.neighbours.list(), []);
});

t.test('with the proxy, the second request is answered here', async (t) => {
  const host = snooping({ proxy: true });
  t.equal(host.send(request).length, 1, 'the first goes to all');
  t.same(host.replies(), []);
  host.arrive(reply);
  t.same(host.send(request), [], 'the second to nobody');
  const [answer] = host.replies();
  check(
    answer,
    ethernet({ dst: NEAR, src: FAR }),
    arp({ operation: 2, senderMac: FAR, senderIp: FAR_IP, targetMac: NEAR, targetIp: NEAR_IP }),
  );
  t.equal(host.vtep.statistics().events['proxied'], 1);
  t.same(host.reasons(), {});
});

t.test('with the proxy, what is not a question goes on', async (t) => {
  const host = snooping({ proxy: true });
  host.arrive(reply);
  for (const [name, frame] of [
    ['a unicast request: is it still there?', arpFrame(NEAR, NEAR_IP, FAR_IP, {}, FAR)],
    ['a probe', arpFrame(NEAR, '0.0.0.0', FAR_IP)],
    ['an announcement', announcement(NEAR, NEAR_IP)],
    ['a reply', arpFrame(NEAR, NEAR_IP, FAR_IP, { operation: 2 }, FAR)],
    ['one for its own address', arpFrame(FAR, '10.20.1.8', FAR_IP)],
    ['other hardware', arpFrame(NEAR, NEAR_IP, FAR_IP, { hardware: 15 })],
  ] as const) {
    t.equal(host.send(frame).length, 1, name);
    t.same(host.replies(), [], name);
  }
  t.same(host.reasons(), {});
  t.same(host.send(request.slice(0, 30), arpFrame(NEAR, NEAR_IP, '224.0.0.1')), []);
  t.same(host.reasons(), { arp_truncated: 1, arp_consumed: 1 }, 'as ever');
});

t.test('an unknown address is a miss and a flood', async (t) => {
  const host = snooping({ proxy: true, l3miss: true });
  t.equal(host.send(request, solicit(FAR_IP6, NEAR_IP6, NEAR)).length, 2);
  t.same(host.misses(), [`miss ${FAR_IP}`, `miss ${FAR_IP6}`]);
});

t.test('a guest of this side is asked here only, until it is heard of elsewhere', async (t) => {
  const host = snooping({ proxy: true });
  host.send(announcement(FAR, FAR_IP));
  host.clock.pass(1);
  t.same(host.send(request), []);
  t.same(host.replies(), [], 'the guest itself answers');
  t.same(host.reasons(), { neighbour_local: 1 });
  host.arrive(udpFrame(NEAR, FAR));
  t.same(host.send(request), []);
  t.equal(host.replies().length, 1, 'its MAC is behind a peer now');
  host.clock.pass(1);
  host.send(announcement(FAR, FAR_IP));
  t.same(host.send(request), []);
  t.same(host.replies(), [], 'and back: the FDB, which does not hear of it, is older');
});

t.test('roaming: another MAC, another side', async (t) => {
  const host = snooping({ proxy: true });
  host.arrive(reply);
  host.arrive(announcement(MOVED, FAR_IP), { from: OTHER });
  t.equal(shown(host, FAR_IP), `${FAR_IP} ${MOVED} reachable snooped`);
  host.send(request);
  check(host.replies()[0], ethernet({ dst: NEAR, src: MOVED }));
  host.send(announcement(MOVED, FAR_IP));
  t.same(events(host), { neighSnooped: 2, neighMoved: 2 });
  host.send(announcement(MOVED, FAR_IP));
  t.same(events(host), { neighSnooped: 2, neighMoved: 2 }, 'the same again is no move');
});

t.test('neighbor discovery', async (t) => {
  const host = snooping({ proxy: true });
  t.equal(host.send(solicit(FAR_IP6, NEAR_IP6, NEAR)).length, 1);
  t.equal(shown(host, NEAR_IP6), `${NEAR_IP6} ${NEAR} stale snooped`, 'it may be a router');
  host.arrive(advertise(FAR_IP6, FAR, NEAR_IP6));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${FAR} reachable snooped`);
  t.same(host.send(solicit(FAR_IP6, NEAR_IP6, NEAR)), []);
  check(
    host.replies()[0],
    ethernet({ dst: NEAR, src: FAR }),
    ipv6({ src: FAR_IP6, dst: NEAR_IP6, hopLimit: 255 }),
    icmp({ type: 136, code: 0, rest: S | O }),
  );
  host.arrive(solicit(NEAR_IP6, FAR_IP6, FAR));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${FAR} reachable snooped`, 'what it was told it keeps');
  for (const [name, frame] of [
    ['a probe for duplicates', solicit(FAR_IP6, '::', NEAR)],
    ['a unicast solicitation', solicit(FAR_IP6, NEAR_IP6, NEAR, { dst: FAR_IP6 })],
    ['of somebody stale', solicit(NEAR_IP6, 'fd00::5', MOVED)],
    ['an advertisement', advertise(NEAR_IP6, NEAR, FAR_IP6)],
  ] as const) {
    t.equal(host.send(frame).length, 1, name);
    t.same(host.replies(), [], name);
  }
  t.equal(shown(host, NEAR_IP6), `${NEAR_IP6} ${NEAR} reachable snooped`, 'it has said what it is');
});

t.test('a router is answered for as one', async (t) => {
  const host = snooping({ proxy: true });
  const ask = (): number => {
    host.send(solicit(FAR_IP6, NEAR_IP6, NEAR));
    return host.replies()[0][14 + 40 + 4];
  };
  host.arrive(advertise(FAR_IP6, FAR, ALL_NODES, { flags: R | O }));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${FAR} reachable router snooped`);
  t.equal(ask(), 0xe0);
  host.arrive(solicit(NEAR_IP6, FAR_IP6, FAR));
  t.equal(ask(), 0xe0, 'a solicitation does not say otherwise');
  host.arrive(advertise(FAR_IP6, FAR, ALL_NODES, { flags: O }));
  t.equal(ask(), 0x60, 'a router no more');
});

t.test('advertisements that may not override', async (t) => {
  const host = snooping();
  const none = { options: new Uint8Array() };
  host.arrive(advertise(FAR_IP6, FAR, NEAR_IP6, none));
  t.equal(shown(host, FAR_IP6), undefined, 'without an option nothing new');
  host.arrive(advertise(FAR_IP6, FAR, NEAR_IP6, { flags: S }));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${FAR} reachable snooped`, 'the first may');
  host.arrive(advertise(FAR_IP6, MOVED, NEAR_IP6, { flags: S }));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${FAR} reachable snooped`, 'O clear');
  host.arrive(advertise(FAR_IP6, MOVED, NEAR_IP6, { ...none }));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${FAR} reachable snooped`, 'no option');
  host.arrive(advertise(FAR_IP6, FAR, NEAR_IP6, { ...none, flags: R | S }));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${FAR} reachable router snooped`, 'but it confirms, and says R');
  host.arrive(advertise(FAR_IP6, MOVED, NEAR_IP6));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${MOVED} reachable snooped`, 'O set');
  host.arrive(solicit(NEAR_IP6, FAR_IP6, FAR));
  t.equal(shown(host, FAR_IP6), `${FAR_IP6} ${FAR} stale snooped`, 'a solicitation of another MAC');
});

t.test('an address in IPv6 clothes does not become an IPv4 neighbour', async (t) => {
  const host = snooping();
  host.arrive(advertise(`::ffff:${FAR_IP}`, FAR, ALL_NODES));
  t.same(host.vtep.neighbours.list(), []);
});

t.test('from another VTEP of this host', async (t) => {
  const host = new MemoryHost({ remote: '192.0.2.1' });
  host.engine.setLocalAddresses([{ address: '192.0.2.1', ifindex: 1 }]);
  const other = host.add({ name: 'vtep1', id: 43, neighsnoop: 10 });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: '192.0.2.1', vni: 43 });
  host.send(request);
  t.match(other.neighbours.get(NEAR_IP), { lladdr: NEAR, origin: 'snooped' });
  t.same(host.vtep.neighbours.list(), [], 'who does not ask for it learns nothing');
});

t.test('a frame that is sent on is as it was', async (t) => {
  const host = snooping({ proxy: true });
  for (const frame of [request, solicit(FAR_IP6, NEAR_IP6, NEAR), advertise(NEAR_IP6, NEAR, ALL_NODES)]) {
    t.same(host.send(frame).map(inner), [frame]);
  }
});
