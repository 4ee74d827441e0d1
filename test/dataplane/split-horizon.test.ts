/** Split horizon: the table of sources, and VTEPs of a group on one host. */
import t from 'tap';
import { hear, HORIZON_WORDS, isHeard } from '../../lib/dataplane/split-horizon.js';
import { FAR, MemoryHost, NEAR, PEER, ZERO_MAC } from '../support/memory-host.js';
import { arpPacket, BROADCAST, ethernetFrame, udpFrame } from '../support/packets.js';

const HIGH = 0x02000000;

t.test('a source is heard of for a moment, whatever the clock shows', async (t) => {
  for (const now of [0, 5_000, 0x7fffffff]) {
    const words = new Int32Array(HORIZON_WORDS);
    t.notOk(isHeard(words, 0, 0, now), 'an empty table has heard of nobody, all-zeros included');
    hear(words, HIGH, 1, now);
    for (const later of [0, 1, 2]) t.ok(isHeard(words, HIGH, 1, (now + later) | 0));
    t.notOk(isHeard(words, HIGH, 1, (now + 3) | 0));
    t.notOk(isHeard(words, HIGH, 2, now));
    t.notOk(isHeard(words, HIGH + 1, 1, now));
    hear(words, HIGH, 1, (now + 3) | 0);
    t.ok(isHeard(words, HIGH, 1, (now + 5) | 0), 'heard of again');
  }
});

t.test('thousands at a time, and the longest silent gives way', async (t) => {
  const words = new Int32Array(HORIZON_WORDS);
  for (let low = 0; low < 4_000; low++) hear(words, HIGH, low, 1);
  let lost = 0;
  for (let low = 0; low < 4_000; low++) if (!isHeard(words, HIGH, low, 1)) lost++;
  t.ok(lost <= 40, `${lost} of 4,000`);
  for (let low = 0; low < 0x10000; low++) hear(words, HIGH + 1, low, 9);
  hear(words, HIGH, 7, 10);
  for (let low = 0; low < 2_000; low++) hear(words, HIGH + 2, low, 9);
  t.ok(isHeard(words, HIGH, 7, 10), 'not the one heard of last');
});

/** vtep0 (VNI 42, with `first` besides) and vtep1 (VNI 43, with `second`), each with a peer. */
function two(first: object, second: object) {
  const host = new MemoryHost({ remote: PEER, ...first });
  const other = host.add({ name: 'vtep1', id: 43, remote: '192.0.2.9', ...second });
  /** VNIs in which a frame leaves that the bridge hands to a VTEP. */
  const sent = (dev: string, frame: Uint8Array): number[] => {
    host.system.frames(dev).send(frame);
    host.engine.poll();
    return host.system.underlay.take().map(({ payload }) => Buffer.from(payload).readUInt32BE(4) >>> 8);
  };
  const drops = (): number => other.statistics().reasons['split_horizon']!;
  return { host, other, sent, drops };
}

const ECHO = udpFrame(BROADCAST, FAR);

t.test('what one received the other does not send', async (t) => {
  const { host, other, sent, drops } = two({ splitHorizon: 1 }, { splitHorizon: 1 });
  t.same(sent('vtep1', ECHO), [43], 'nobody has heard of it yet');
  t.equal(host.arrive(ECHO).length, 1, 'it is handed to the bridge');
  t.same(sent('vtep1', ECHO), []);
  t.equal(drops(), 1);
  t.equal(other.statistics().txDropped, 0, 'nothing is wrong with it');
  t.same(sent('vtep0', ECHO), [], 'nor back where it came from');
  t.same(sent('vtep1', udpFrame(BROADCAST, NEAR)), [43], 'a guest of this host is sent');
  host.clock.pass(0.3);
  t.same(sent('vtep1', ECHO), [43], 'a guest that came here is, too, though the FDB has it elsewhere still');
  t.equal(host.entry(FAR), `${PEER} reachable`);
});

t.test('an anycast gateway is on both sides: what it sends to whom is remembered', async (t) => {
  const MAC = '00:00:5e:00:01:01';
  const anycast = { splitHorizon: 1, gateway: ['10.20.1.1'], gatewayMac: MAC };
  const { host, sent, drops } = two(anycast, anycast);
  const routed = udpFrame(FAR, MAC);
  host.arrive(routed);
  t.same(sent('vtep1', udpFrame(NEAR, MAC)), [43], 'the own gateway sends to others meanwhile');
  t.same(sent('vtep1', routed), []);
  t.same(sent('vtep0', routed), [], 'a flooded frame makes no loop');
  t.equal(drops(), 1);
  host.clock.pass(0.3);
  t.same(sent('vtep1', routed), [43]);
});

t.test('static entries and nolearning make no difference', async (t) => {
  const { host, sent } = two({ splitHorizon: 1, learning: false }, { splitHorizon: 1, learning: false });
  host.arrive(ECHO);
  t.same(sent('vtep1', ECHO), []);
});

t.test('other groups, and none, are others', async (t) => {
  for (const [first, second] of [
    [1, 2],
    [1, 0],
    [0, 1],
    [0, 0],
  ]) {
    const { host, sent, drops } = two({ splitHorizon: first }, { splitHorizon: second });
    host.arrive(ECHO);
    t.same(sent('vtep1', ECHO), [43], `${first} and ${second}`);
    t.equal(drops(), 0);
  }
});

t.test('set and taken back while it runs', async (t) => {
  const { host, other, sent } = two({}, {});
  host.vtep.set({ splitHorizon: 255 });
  other.set({ splitHorizon: 255 });
  t.equal(other.state().splitHorizon, 255);
  host.arrive(ECHO);
  t.same(sent('vtep1', ECHO), []);
  other.set({ splitHorizon: 0 });
  t.same(sent('vtep1', ECHO), [43]);
});

t.test('a datagram that is dropped is not heard of', async (t) => {
  const { host, sent } = two({ splitHorizon: 1 }, { splitHorizon: 1 });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '192.0.2.77' });
  t.equal(host.arrive(ECHO).length, 0, 'a static entry has it elsewhere');
  t.same(sent('vtep1', ECHO), [43]);
});

t.test('proxy does not answer for the group', async (t) => {
  const { host, other, sent, drops } = two({ splitHorizon: 1 }, { splitHorizon: 1, proxy: true });
  other.neighbours.set({ verb: 'add', dst: '10.0.0.2', lladdr: NEAR });
  const ask = arpPacket({ senderMac: FAR, senderIp: '10.0.0.1', targetIp: '10.0.0.2' });
  const request = ethernetFrame(BROADCAST, FAR, 0x0806, ask);
  host.arrive(request);
  sent('vtep1', request);
  t.equal(host.system.frames('vtep1').take().length, 0);
  t.equal(drops(), 1);
});

t.test('by local bypass, too', async (t) => {
  const { host, other, sent, drops } = two({}, { splitHorizon: 1 });
  host.engine.setLocalAddresses([{ address: PEER, ifindex: 1 }]);
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: PEER, vni: 43 });
  sent('vtep0', ECHO);
  t.equal(host.system.frames('vtep1').take().length, 1, 'handed up at vtep1');
  t.same(sent('vtep1', ECHO), []);
  t.equal(drops(), 1);
  t.equal(other.statistics().events['bypassed'], 0);
});

t.test('VNIs of one device', async (t) => {
  const host = new MemoryHost({ external: true, vnifilter: true, id: 0, splitHorizon: 1 });
  host.vtep.vnis!.add({ vnis: [[100, 101]], vlans: [[10, 11]], remote: PEER });
  const [received] = host.arrive(ECHO, { vni: 100 });
  t.ok(received, 'with tag 10');
  const tagged = Uint8Array.from(received!);
  t.equal(tagged[15], 10);
  tagged[15] = 11;
  t.same(host.send(tagged), [], 'a bridge that translates VLANs brings it back in another');
  host.vtep.set({ splitHorizon: 0 });
  t.equal(host.send(tagged).length, 1);
});
