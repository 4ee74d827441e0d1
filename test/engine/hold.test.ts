/** `hold`: frames that miss leave when they are answered, in order and before all others; and what ends their wait. */
import t from 'tap';
import { HOLD, L2MISS, UP } from '../../lib/dataplane/device.js';
import { Loop } from '../../lib/engine/loop.js';
import type { LinkConfig } from '../../lib/engine/types.js';
import { Batch, GSO_SIZE, GSO_TCPV4, LENGTH, OFFLOAD, OFFSET, STATUS } from '../../lib/memory/batch.js';
import { type Datagram, MemoryFrames } from '../../lib/port/memory-port.js';
import { Bench } from '../support/bench.js';
import { arp, check, ethernet, icmp, ipv4 } from '../support/check.js';
import { FAR, inner, MemoryHost, NEAR, OTHER, PEER, peers, ZERO_MAC } from '../support/memory-host.js';
import {
  addressOctets,
  arpPacket,
  BROADCAST,
  concat,
  ethernetFrame,
  ipv6Packet,
  tagged,
  udp6Frame,
  udpFrame,
} from '../support/packets.js';

const ROUTER = '02:00:00:00:0a:0a';
const IP = '10.20.2.4';

/** Frame number `n` for a MAC or, by the router's, for an address. */
const numbered = (n: number, dst = FAR, ip = '10.0.0.2'): Uint8Array =>
  Uint8Array.from([...udpFrame(dst, NEAR, { dst: ip }).slice(0, -1), n]);
const numbers = (sent: readonly Datagram[]): number[] => sent.map((datagram) => datagram.payload.at(-1)!);

const host = (config: Partial<LinkConfig> = {}): MemoryHost =>
  new MemoryHost({ l2miss: true, hold: 4, ...config });

/** Runs what has changed; what left. */
function settle(h: MemoryHost): Datagram[] {
  h.engine.poll();
  return h.system.underlay.take();
}

const held = ({ vtep }: MemoryHost): Record<string, number> => {
  const { held, released } = vtep.statistics().events;
  return { held: held!, released: released! };
};

t.test('off: dropped, as by the kernel', async (t) => {
  const h = host({ hold: 0 });
  t.same(h.send(numbered(1)), []);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(settle(h), []);
  t.same(h.reasons(), { no_tx_target: 1 });
  t.same(held(h), { held: 0, released: 0 });
});

t.test('an L2 miss: told, kept, and sent as soon as the entry is there', async (t) => {
  const h = host();
  t.same(h.send(numbered(1), numbered(2)), []);
  t.same(h.misses(), [`miss ${FAR}`, `miss ${FAR}`]);
  t.same([h.reasons(), h.counters()], [{}, {}], 'neither dropped nor sent yet');
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  const sent = settle(h);
  t.same([numbers(sent), peers(sent)], [[1, 2], [PEER, PEER]]); // prettier-ignore
  t.same(inner(sent[0]!), numbered(1), 'octet by octet');
  t.same(held(h), { held: 2, released: 2 });
  t.match(h.counters(), { txPackets: 2 });
  t.equal(h.vtep.fdb.get(FAR)!.used, 0, 'the entry was used');
});

t.test('answered by who hears of the miss: nothing is lost, and it takes no further frame', async (t) => {
  const h = host();
  h.engine.subscribe((event) => {
    if (event.type === 'miss' && event.layer === 2)
      h.vtep.fdb.set({ verb: 'replace', mac: event.lladdr, dst: PEER });
  });
  t.same(numbers(h.send(numbered(1))), [1]);
  t.same(numbers(h.send(numbered(2))), [2]);
  t.same(held(h), { held: 1, released: 1 });
});

t.test('a miss that is not told for its rate is kept all the same', async (t) => {
  const h = host({ missrate: 1 });
  h.send(numbered(1), numbered(2, '02:00:00:00:02:03'));
  t.equal(h.misses().length, 1);
  t.same(held(h), { held: 2, released: 0 });
});

t.test('a frame that finds the entry leaves behind those that waited for it', async (t) => {
  const h = host();
  h.send(numbered(1), numbered(2));
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(numbers(h.send(numbered(3), numbered(4))), [1, 2, 3, 4]);
});

t.test('also where nobody has told the worker of the entry yet', async (t) => {
  const bench = new Bench({ settings: { features: UP | L2MISS | HOLD, hold: 8, holdTicks: 10 } });
  const sent: number[] = [];
  const datagrams = {
    transmit: (slab: { bytes: Uint8Array }, batch: Batch): void => {
      for (let j = 0; j < batch.length; j++) {
        sent.push(slab.bytes[batch.get(OFFSET, j) + batch.get(LENGTH, j) - 1]!);
        batch.set(STATUS, j, 0);
      }
    },
  };
  const loop = new Loop({
    devices: [bench.device],
    ring: bench.ring,
    frames: { transmit: () => {} },
    datagrams,
    seed: 1,
    unclaimed: bench.unclaimed,
  });
  loop.prepareHold();
  const port = new MemoryFrames();
  const burst = (...all: number[]): void => {
    for (const n of all) port.send(numbered(n, n < 50 ? FAR : '02:00:00:00:02:99'));
    loop.frames(port, bench.device, 0);
  };
  bench.learn('02:00:00:00:02:99', [bench.remote(OTHER)]);
  burst(1, 2);
  bench.learn(FAR, [bench.remote(PEER)]);
  loop.hold.stale = false;
  burst(50, 3, 51, 4);
  t.same(sent, [50, 1, 2, 3, 51, 4], 'what came before stays before');
  t.equal(loop.hold.length, 0);
});

t.test('a MAC learned in the meantime, and a default destination, are answers too', async (t) => {
  const h = host();
  h.send(numbered(1));
  h.arrive(udpFrame(NEAR, FAR), { from: OTHER });
  t.same(peers([...settle(h)]), [OTHER]);
  h.send(numbered(2, '02:00:00:00:02:09'));
  h.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: PEER });
  t.same(peers(settle(h)), [PEER]);
  t.equal(h.vtep.statistics().events['flooded'], 1);
});

t.test('learned before the FDB has it: the later frame still leaves behind', async (t) => {
  const h = host();
  h.send(numbered(1));
  for (const n of [2, 3]) h.system.frames('vtep0').send(numbered(n));
  h.arrive(udpFrame(NEAR, FAR), { from: OTHER });
  t.same(numbers(settle(h)), [1, 2, 3]);
});

t.test('an entry that leads nowhere, and a nexthop group', async (t) => {
  const h = host();
  h.send(numbered(1));
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '0.0.0.0' });
  t.same(settle(h), []);
  t.same(h.reasons(), { remote_any: 1 });
  h.vtep.fdb.delete({ mac: FAR });
  h.send(numbered(2));
  h.engine.nexthops.set({ verb: 'add', id: 1, via: OTHER });
  h.engine.nexthops.set({ verb: 'add', id: 10, group: [{ id: 1 }] });
  h.vtep.fdb.set({ verb: 'add', mac: FAR, nhid: 10 });
  t.same(peers(settle(h)), [OTHER]);
});

t.test('limits and time', async (t) => {
  const h = host({ hold: 2, holdtime: 500 });
  h.send(numbered(1), numbered(2), numbered(3));
  t.same(h.reasons(), { hold_full: 1 });
  h.clock.pass(0.5);
  settle(h);
  t.same(h.reasons(), { hold_full: 1 });
  h.clock.pass(0.1);
  settle(h);
  t.same(h.reasons(), { hold_full: 1, hold_timeout: 2 });
  t.match(h.counters(), { txDropped: 3 });
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(settle(h), [], 'too late');
});

t.test('set: more, longer, off', async (t) => {
  const h = host({ hold: 0 });
  h.vtep.set({ hold: 1 });
  h.send(numbered(1), numbered(2));
  h.vtep.set({ hold: 2, holdtime: 60_000 });
  h.send(numbered(3), numbered(4));
  h.clock.pass(59);
  settle(h);
  t.same(h.reasons(), { hold_full: 2 });
  h.vtep.set({ hold: 0 });
  t.same(h.reasons(), { hold_full: 2, no_tx_target: 2 }, 'what waits is what it would have been: dropped');
  h.send(numbered(5));
  t.same(h.reasons(), { hold_full: 2, no_tx_target: 3 });
});

t.test('a device that goes down or away waits for nothing', async (t) => {
  const h = host();
  h.send(numbered(1));
  h.vtep.set({ up: false });
  t.same(h.reasons(), { tx_device_down: 1 });
  h.vtep.set({ up: true });
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(settle(h), []);
  h.vtep.fdb.delete({ mac: FAR });
  h.send(numbered(2));
  h.engine.delete('vtep0');
  const again = h.add({ name: 'vtep0', l2miss: true, hold: 4 });
  again.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(settle(h), []);
  t.equal(again.statistics().events['held'], 0);
});

t.test('a flush of the FDB ends no wait', async (t) => {
  const h = host();
  h.send(numbered(1));
  h.vtep.fdb.flush({});
  settle(h);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(numbers(settle(h)), [1]);
});

t.test('two devices: each its own', async (t) => {
  const h = host();
  const other = h.add({ name: 'vtep1', id: 43, l2miss: true, hold: 4 });
  h.system.frames('vtep1').send(numbered(9));
  h.send(numbered(1));
  other.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  t.same(peers(settle(h)), [OTHER]);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(peers(settle(h)), [PEER]);
});

t.test('many VNIs: an entry is one of a VNI’s', async (t) => {
  const h = host({ id: undefined, external: true, vnifilter: true });
  h.vtep.vnis!.add({ vnis: [[100, 100], [200, 200]], vlans: [[10, 10], [20, 20]] }); // prettier-ignore
  h.send(tagged(numbered(1), 10), tagged(numbered(2), 20));
  h.vtep.fdb.set({ verb: 'add', mac: FAR, srcVni: 200, dst: OTHER });
  const sent = settle(h);
  t.same([numbers(sent), sent[0]!.payload[6]], [[2], 200]);
  h.vtep.set({ hold: 0 });
  t.same(h.reasons(), { no_tx_target: 1 });
});

t.test('a super-frame waits whole', async (t) => {
  const bench = new Bench({ settings: { features: UP | L2MISS | HOLD, hold: 8, holdTicks: 10 } });
  const seen: number[][] = [];
  const loop = new Loop({
    devices: [bench.device],
    ring: bench.ring,
    frames: { transmit: () => {} },
    datagrams: {
      transmit: (_, batch) =>
        void seen.push([LENGTH, OFFLOAD, GSO_SIZE].map((column) => batch.get(column, 0))),
    },
    seed: 1,
    unclaimed: bench.unclaimed,
  });
  loop.prepareHold();
  const big = numbered(1);
  const port = {
    receive: (slab: Bench['slab'], batch: Batch): number => {
      bench.rx.length = 0;
      slab.bytes.set(big, slab.slotOffset(0));
      for (const [column, value] of [
        [OFFSET, slab.slotOffset(0)],
        [LENGTH, 40_000],
        [OFFLOAD, GSO_TCPV4 | 1],
        [GSO_SIZE, 1_400],
        [STATUS, 0],
      ] as const)
        batch.set(column, 0, value);
      batch.length = 1;
      return 1;
    },
  };
  loop.frames(port, bench.device, 0);
  bench.learn(FAR, [bench.remote(PEER)]);
  loop.hold.stale = true;
  t.equal(loop.release(0), 1);
  t.same(seen, [[40_000, GSO_TCPV4 | 1, 1_400]]);
});

// --- L3 misses ------------------------------------------------------------------------------------------

/** A gateway that is this very VTEP (anycast): its FDB entry leads nowhere. */
function gateway(config: Partial<LinkConfig> = {}, dst = '0.0.0.0'): MemoryHost {
  const h = host({ rsc: true, l3miss: true, ...config });
  h.vtep.fdb.set({ verb: 'add', mac: ROUTER, dst, router: true });
  h.events();
  return h;
}

t.test('to be routed: the neighbour, then the FDB entry of its MAC', async (t) => {
  const h = gateway();
  t.same(h.send(numbered(1, ROUTER, IP), numbered(2, ROUTER, IP)), []);
  t.same(h.misses(), [`miss ${IP}`, `miss ${IP}`]);
  h.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR });
  t.same(settle(h), []);
  t.same(h.misses(), [`miss ${FAR}`, `miss ${FAR}`]);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  const sent = settle(h);
  t.same(numbers(sent), [1, 2]);
  check(inner(sent[0]!), ethernet({ dst: FAR, src: ROUTER }), ipv4({ dst: IP }));
  t.same(h.reasons(), {});
  t.same(held(h), { held: 4, released: 4 }, 'each waited twice');
});

t.test('… and frames that come in between stay behind', async (t) => {
  const h = gateway({ hold: 8 });
  h.send(numbered(1, ROUTER, IP), numbered(2, ROUTER, IP));
  h.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR });
  t.same(h.send(numbered(3, ROUTER, IP)), []);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(numbers(h.send(numbered(4, ROUTER, IP))), [1, 2, 3, 4]);
});

t.test('… even if the neighbour went away again, and all is known at once', async (t) => {
  const OTHER_MAC = '02:00:00:00:02:03';
  const h = gateway();
  h.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR });
  h.send(numbered(0, OTHER_MAC), numbered(1, ROUTER, IP));
  h.vtep.neighbours.delete(IP);
  h.system.frames('vtep0').send(numbered(2, ROUTER, IP));
  h.vtep.fdb.set({ verb: 'add', mac: OTHER_MAC, dst: PEER });
  t.same(numbers(settle(h)), [0]);
  h.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR });
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(numbers(settle(h)), [1, 2]);
});

t.test('over IPv6', async (t) => {
  const h = gateway();
  h.send(udp6Frame(ROUTER, NEAR, { dst: 'fd00:2::4' }));
  t.same(h.misses(), ['miss fd00:2::4']);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  h.vtep.neighbours.set({ verb: 'add', dst: 'fd00:2::4', lladdr: FAR });
  check(inner(settle(h)[0]!), ethernet({ dst: FAR, src: ROUTER }));
});

t.test('both answered at once by who hears of the misses', async (t) => {
  const h = gateway();
  h.engine.subscribe((event) => {
    if (event.type !== 'miss') return;
    if (event.layer === 3) h.vtep.neighbours.set({ verb: 'replace', dst: event.dst, lladdr: FAR });
    else h.vtep.fdb.set({ verb: 'replace', mac: event.lladdr, dst: PEER });
  });
  t.same(numbers(h.send(numbered(1, ROUTER, IP), numbered(2, ROUTER, IP))), [1, 2]);
  t.same(h.reasons(), {});
});

t.test('the whole wait is bounded, of both misses together', async (t) => {
  const h = gateway({ holdtime: 1_000 });
  h.send(numbered(1, ROUTER, IP));
  h.clock.pass(0.8);
  h.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR });
  settle(h);
  h.clock.pass(0.3);
  settle(h);
  t.same(h.reasons(), { hold_timeout: 1 });
});

t.test('a routed hop is one: the TTL is lowered once', async (t) => {
  const h = gateway();
  h.vtep.routes.set({ verb: 'add', dst: '10.20.2.0/24', via: '10.20.2.1' });
  h.send(udpFrame(ROUTER, NEAR, { dst: IP, ttl: 9 }));
  t.same(h.misses(), ['miss 10.20.2.1'], 'the next hop is missed');
  h.vtep.neighbours.set({ verb: 'add', dst: '10.20.2.1', lladdr: FAR });
  settle(h);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER, router: true });
  const [sent] = settle(h);
  check(inner(sent!), ethernet({ dst: FAR, src: ROUTER }), ipv4({ ttl: 8, dst: IP }));
  t.equal(h.vtep.statistics().events['routed'], 1);
});

t.test('a route that is learned of with the neighbour', async (t) => {
  const h = gateway();
  h.send(numbered(1, ROUTER, IP));
  t.same(h.misses(), [`miss ${IP}`]);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  h.vtep.neighbours.set({ verb: 'add', dst: '10.20.2.1', lladdr: FAR });
  t.same(settle(h), []);
  h.vtep.routes.set({ verb: 'add', dst: '10.20.2.0/24', via: '10.20.2.1' });
  t.same(numbers(settle(h)), [1]);
});

t.test('a TTL that is used up is answered when the frame may go', async (t) => {
  const h = gateway();
  h.vtep.routes.set({ verb: 'add', dst: '10.20.2.0/24' });
  h.send(udpFrame(ROUTER, NEAR, { dst: IP, ttl: 1 }));
  h.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR });
  t.same(settle(h), []);
  const [reply] = h.replies();
  check(reply!, ethernet({ dst: NEAR }), ipv4({}), icmp({ type: 11 }));
});

t.test('a guest of this host: handed up when its neighbour is known', async (t) => {
  const h = gateway();
  h.send(numbered(1, ROUTER, IP));
  h.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR });
  settle(h);
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '0.0.0.0' });
  t.same(settle(h), []);
  const [up] = h.replies();
  check(up!, ethernet({ dst: FAR, src: ROUTER }));
  t.same(h.reasons(), {});
});

t.test('a router behind a VTEP routes what is missed, as for the kernel', async (t) => {
  const h = gateway({}, OTHER);
  t.same(peers(h.send(numbered(1, ROUTER, IP))), [OTHER]);
  t.same(held(h), { held: 0, released: 0 });
});

t.test('without hold the gateway that leads nowhere drops it', async (t) => {
  const h = gateway({ hold: 0 });
  h.send(numbered(1, ROUTER, IP));
  t.same(h.reasons(), { remote_any: 1 });
});

t.test('a request that the proxy cannot answer waits for the neighbour', async (t) => {
  const h = host({ proxy: true, l3miss: true });
  const request = ethernetFrame(
    BROADCAST,
    NEAR,
    0x0806,
    arpPacket({ senderMac: NEAR, senderIp: '10.20.2.1', targetIp: IP }),
  );
  t.same(h.send(request), []);
  t.same(h.misses(), [`miss ${IP}`]);
  t.same([h.replies(), h.reasons()], [[], {}]);
  h.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR });
  t.same(settle(h), []);
  const [reply] = h.replies();
  check(reply!, ethernet({ dst: NEAR, src: FAR }), arp({ operation: 2, senderIp: IP, senderMac: FAR }));
  t.equal(h.vtep.statistics().events['proxied'], 1);

  const plain = host({ proxy: true, l3miss: true, hold: 0 });
  plain.send(request);
  t.same(plain.reasons(), { arp_unknown: 1 });
});

t.test('… and so does a solicitation', async (t) => {
  const h = host({ proxy: true, l3miss: true });
  const body = concat([135, 0, 0, 0, 0, 0, 0, 0], addressOctets('fd00::2'));
  const packet = ipv6Packet({ src: 'fd00::1', dst: 'ff02::1:ff00:2', nextHeader: 58, hopLimit: 255 }, body);
  h.send(ethernetFrame('33:33:ff:00:00:02', NEAR, 0x86dd, packet));
  t.same(h.misses(), ['miss fd00::2']);
  h.vtep.neighbours.set({ verb: 'add', dst: 'fd00::2', lladdr: FAR });
  settle(h);
  const [reply] = h.replies();
  check(reply!, ethernet({ dst: NEAR, src: FAR }));
  t.equal(reply![54], 136);
});

t.test('without l3miss a request is not kept: nobody would answer', async (t) => {
  const h = host({ proxy: true });
  h.send(
    ethernetFrame(
      BROADCAST,
      NEAR,
      0x0806,
      arpPacket({ senderMac: NEAR, senderIp: '10.0.0.1', targetIp: IP }),
    ),
  );
  t.same(h.reasons(), { arp_unknown: 1 });
});

t.test('hold needs a miss that is told', async (t) => {
  const plain = new MemoryHost();
  t.throws(() => plain.vtep.set({ hold: 4 }), { code: 'ERR_VTEP_ARGUMENT', word: '4' });
  t.equal(plain.vtep.config.hold, 0);
  t.throws(() => plain.engine.add({ name: 'vtep1', id: 7, hold: 4 }), {
    code: 'ERR_VTEP_ARGUMENT',
    word: '4',
  });
  t.equal(plain.engine.get('vtep1'), undefined);
  t.throws(() => new MemoryHost({ l2miss: true, holdtime: 500 }), { code: 'ERR_VTEP_ARGUMENT', word: '500' });
  const h = host({ l2miss: false, l3miss: true });
  h.vtep.set({ hold: 0 });
  t.throws(() => h.vtep.set({ holdtime: 500 }), { code: 'ERR_VTEP_ARGUMENT' });
});
