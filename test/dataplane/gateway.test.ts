/** The anycast gateway: answered here, silent on the underlay, deaf to the others'. */
import t from 'tap';
import type { LinkConfig } from '../../lib/engine/types.js';
import { arp, check, ethernet, icmp, ipv6 } from '../support/check.js';
import { FAR, inner, MemoryHost, NEAR, PEER, ZERO_MAC } from '../support/memory-host.js';
import { advertise, ALL_NODES, linkLayer, ndFrame, O, R, S, solicit } from '../support/nd.js';
import {
  type ArpFields,
  arpPacket,
  BROADCAST,
  ethernetFrame,
  tagged,
  udp6Frame,
  udpFrame,
} from '../support/packets.js';

const MAC = '00:00:5e:00:01:01';
const IP = '10.20.1.1';
const IP6 = 'fd00::1:1';
const GUEST = '10.20.1.4';
const GUEST6 = 'fd00::4';
/** That of the VTEP's interface, and what its answers come from. */
const OWN = '02:00:00:00:00:aa';
const SOURCE = '06:00:00:00:00:aa';

const asked = (
  mac: string,
  ip: string,
  target: string,
  more: Partial<ArpFields> = {},
  to = BROADCAST,
): Uint8Array =>
  ethernetFrame(to, mac, 0x0806, arpPacket({ senderMac: mac, senderIp: ip, targetIp: target, ...more }));

function gateway(config: Partial<LinkConfig> = {}): MemoryHost {
  return new MemoryHost({ address: OWN, remote: PEER, gateway: [IP, IP6], gatewayMac: MAC, ...config });
}

const count = ({ vtep }: MemoryHost, name: string): number => vtep.statistics().events[name]!;

t.test('a guest that asks is answered with the anycast MAC', async (t) => {
  const host = gateway();
  t.same(host.send(asked(NEAR, GUEST, IP)), [], 'nobody else hears it');
  const [answer] = host.replies();
  check(
    answer,
    ethernet({ dst: NEAR, src: SOURCE }),
    arp({ operation: 2, senderMac: MAC, senderIp: IP, targetMac: NEAR, targetIp: GUEST }),
  );
  t.same(host.send(asked(NEAR, GUEST, IP, {}, MAC)), [], 'asking whether it is still there');
  t.equal(host.replies().length, 1);
  t.same(host.send(solicit(IP6, GUEST6, NEAR)), []);
  check(
    host.replies()[0],
    ethernet({ dst: NEAR, src: SOURCE }),
    ipv6({ src: IP6, dst: GUEST6, hopLimit: 255 }),
    icmp({ type: 136, code: 0, rest: (R | S | O) >>> 0 }),
  );
  t.same(host.reasons(), {});
  t.equal(count(host, 'gatewayReplies'), 3);
});

t.test('its address is defended', async () => {
  const host = gateway();
  host.send(asked(NEAR, '0.0.0.0', IP));
  check(
    host.replies()[0],
    ethernet(),
    arp({ operation: 2, senderMac: MAC, senderIp: IP, targetIp: '0.0.0.0' }),
  );
  host.send(solicit(IP6, '::', NEAR));
  check(
    host.replies()[0],
    ethernet({ dst: '33:33:00:00:00:01', src: SOURCE }),
    ipv6({ src: IP6, dst: ALL_NODES }),
    icmp({ type: 136, rest: (R | O) >>> 0 }),
  );
});

t.test('where the VTEP routes, the bridge is to look for the gateway at its port', async () => {
  const host = gateway({ rsc: true });
  host.send(asked(NEAR, GUEST, IP));
  check(host.replies()[0], ethernet({ dst: NEAR, src: MAC }), arp({ senderMac: MAC }));
});

t.test('what the gateway itself says, or somebody in its name, stays here', async (t) => {
  const frames = {
    'its request': asked(MAC, IP, GUEST),
    'its announcement': asked(MAC, IP, IP),
    'its probe': asked(MAC, '0.0.0.0', IP),
    'a request from its address': asked(NEAR, IP, GUEST),
    'a request with its MAC inside': asked(NEAR, GUEST, '10.20.1.9', { senderMac: MAC }),
    'other ARP from its MAC': asked(MAC, GUEST, '10.20.1.9', { hardware: 15 }),
    'a reply to it': asked(NEAR, GUEST, IP, { operation: 2 }, MAC),
    'its solicitation': solicit(GUEST6, IP6, MAC),
    'a solicitation from its address': solicit(GUEST6, IP6, NEAR),
    'its advertisement': advertise(IP6, MAC, ALL_NODES),
    'an advertisement of its address': advertise(IP6, NEAR, ALL_NODES),
    'an advertisement to it': advertise(GUEST6, NEAR, IP6, { to: MAC }),
    'a router advertisement of its': ndFrame({
      type: 134,
      src: 'fe80::1',
      dst: ALL_NODES,
      target: '::',
      from: MAC,
      options: linkLayer(1, MAC),
    }),
  };
  for (const [name, frame] of Object.entries(frames)) {
    const host = gateway();
    t.same(host.send(frame), [], name);
    t.same(host.replies(), [], name);
    t.same(host.reasons(), { gateway_own: 1 }, name);
    const there = gateway();
    t.same(there.arrive(frame), [], `${name}, from another VTEP`);
    t.same(there.reasons(), { gateway_foreign: 1 }, name);
    t.equal(there.entry(MAC), undefined, 'and nothing is learned of it');
    t.equal(there.entry(NEAR), undefined);
    const off = new MemoryHost({ remote: PEER });
    t.equal(off.send(frame).length, 1, `${name}, without the option`);
    t.same(off.arrive(frame), [frame]);
  }
});

t.test('what asks for it does not come in', async (t) => {
  const host = gateway();
  for (const frame of [asked(FAR, '10.20.1.3', IP), solicit(IP6, 'fd00::3', FAR)])
    t.same(host.arrive(frame), []);
  t.same(host.reasons(), { gateway_foreign: 2 });
});

t.test('frames to its MAC never leave, whatever they are', async (t) => {
  const host = gateway();
  host.vtep.fdb.set({ verb: 'add', mac: MAC, dst: PEER });
  const frames = [udpFrame(MAC, NEAR), udp6Frame(MAC, NEAR), tagged(udpFrame(MAC, NEAR), 5)];
  t.same(host.send(...frames, asked(NEAR, GUEST, '10.20.1.9', {}, MAC)), []);
  t.same(host.reasons(), { gateway_mac: 4 });
  t.equal(host.send(udpFrame(FAR, NEAR)).length, 1, 'others do');
});

t.test('with rsc and a router entry they are routed', async () => {
  const host = gateway({ rsc: true });
  host.vtep.fdb.set({ verb: 'add', mac: MAC, dst: PEER, router: true });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  host.vtep.routes.set({ verb: 'add', dst: '10.20.2.0/24' });
  host.vtep.neighbours.set({ verb: 'add', dst: '10.20.2.3', lladdr: FAR });
  const [sent] = host.send(udpFrame(MAC, NEAR, { dst: '10.20.2.3', ttl: 9 }));
  check(inner(sent), ethernet({ dst: FAR, src: MAC }));
});

t.test('frames from its MAC are handed up, and the MAC is not learned', async (t) => {
  const host = gateway();
  const routed = udpFrame(NEAR, MAC);
  t.same(host.arrive(routed), [routed]);
  t.equal(host.entry(MAC), undefined);
  t.equal(count(host, 'gatewayUnlearned'), 1);
  t.same(host.send(udpFrame(FAR, MAC)).map(inner), [udpFrame(FAR, MAC)], 'our host may route, too');
});

t.test('a MAC that was learned is forgotten when it becomes the gateway’s', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  host.arrive(udpFrame(NEAR, MAC));
  host.arrive(udpFrame(NEAR, FAR));
  t.equal(host.entry(MAC), `${PEER} reachable`);
  host.vtep.set({ gateway: [IP], gatewayMac: MAC });
  t.equal(host.entry(MAC), undefined);
  t.equal(host.entry(FAR), `${PEER} reachable`);
  host.vtep.set({ gateway: [] });
  t.same([host.vtep.state().gateway, host.vtep.state().gatewayMac], [[], undefined]);
  t.equal(host.send(asked(NEAR, GUEST, IP)).length, 1, 'no gateway any more');
});

t.test('with the proxy its own questions are answered, the rest stays here', async (t) => {
  const host = gateway({ proxy: true, neighsnoop: 10 });
  host.arrive(asked(FAR, '10.20.1.3', '10.20.1.3'));
  t.same(host.send(asked(MAC, IP, '10.20.1.3')), []);
  check(
    host.replies()[0],
    ethernet(),
    arp({ senderMac: FAR, senderIp: '10.20.1.3', targetMac: MAC, targetIp: IP }),
  );
  t.same(host.send(asked(MAC, IP, '10.20.1.8')), [], 'unknown');
  t.same(host.reasons(), { gateway_own: 1 });
  host.send(asked(NEAR, GUEST, IP));
  t.same(
    host.vtep.neighbours.list().map(({ dst }) => dst),
    [GUEST, '10.20.1.3'],
    'who asks for the gateway is snooped, the gateway never',
  );
});

t.test('a tagged frame is another network’s', async (t) => {
  const host = gateway();
  t.equal(host.send(tagged(asked(NEAR, GUEST, IP), 7)).length, 1);
  t.equal(host.arrive(tagged(asked(FAR, '10.20.1.3', IP), 7)).length, 1);
});

t.test('cut off', async (t) => {
  const host = gateway();
  const request = asked(NEAR, GUEST, IP);
  t.equal(host.send(request.slice(0, 30)).length, 1, 'ARP of which nobody can say for whom it is');
  const probe = solicit(IP6, GUEST6, NEAR, { options: new Uint8Array([1, 0]) });
  t.same(host.send(probe), [], 'malformed options');
  t.same(host.replies(), []);
  t.same(host.reasons(), { gateway_own: 1 });
  for (let length = 0; length < probe.length; length++) host.arrive(probe.slice(0, length));
  t.pass('nothing is thrown');
});

t.test('from another VTEP of this host', async (t) => {
  const host = new MemoryHost({ remote: '192.0.2.1' });
  host.engine.setLocalAddresses([{ address: '192.0.2.1', ifindex: 1 }]);
  const other = host.add({ name: 'vtep1', id: 43, gateway: [IP], gatewayMac: MAC });
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: '192.0.2.1', vni: 43 });
  host.send(asked(NEAR, GUEST, IP), udpFrame(FAR, NEAR));
  t.equal(host.system.frames('vtep1').take().length, 1);
  t.equal(other.statistics().reasons['gateway_foreign'], 1);
});

t.test('for every VNI of a device that has many', async (t) => {
  const host = gateway({ id: undefined, external: true, vnifilter: true });
  host.vtep.vnis!.add({ vnis: [[100, 100]], vlans: [[10, 10]] }); // prettier-ignore
  t.same(host.send(tagged(asked(NEAR, GUEST, IP), 10)), []);
  const [answer] = host.replies();
  t.same(answer.slice(12, 16), new Uint8Array([0x81, 0, 0, 10]), 'in the VLAN that asked');
  t.same(host.arrive(asked(FAR, '10.20.1.3', IP), { vni: 100 }), []);
  t.equal(host.vtep.statistics().reasons['gateway_foreign'], 1);
});
