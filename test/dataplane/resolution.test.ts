/** Options that settle who has which address, together: `hold`, `neighsnoop`, `gateway`; and all that looks into what arrives. */
import t from 'tap';
import type { LinkConfig } from '../../lib/engine/types.js';
import type { Datagram } from '../../lib/port/memory-port.js';
import { arp, check, ethernet } from '../support/check.js';
import { hex } from '../support/hex.js';
import { FAR, inner, MemoryHost, NEAR, PEER, peers } from '../support/memory-host.js';
import { advertise, solicit } from '../support/nd.js';
import { arpPacket, BROADCAST, ethernetFrame, udpFrame } from '../support/packets.js';

const NEAR_IP = '10.20.1.4';
const FAR_IP = '10.20.1.3';
const MOVED = '02:00:00:00:03:03';
const GATEWAY = '00:00:5e:00:01:01';
const GATEWAY_IP = '10.20.1.1';

const asks = (mac: string, ip: string, target: string): Uint8Array =>
  ethernetFrame(
    BROADCAST,
    mac,
    0x0806,
    arpPacket({ senderMac: mac, senderIp: ip, targetMac: '00:00:00:00:00:00', targetIp: target }),
  );
const answers = (mac: string, ip: string, to: string): Uint8Array =>
  ethernetFrame(
    to,
    mac,
    0x0806,
    arpPacket({ operation: 2, senderMac: mac, senderIp: ip, targetMac: to, targetIp: FAR_IP }),
  );

const host = (config: Partial<LinkConfig>): MemoryHost =>
  new MemoryHost({ proxy: true, l3miss: true, hold: 4, ...config });

function settle(h: MemoryHost): Datagram[] {
  h.engine.poll();
  return h.system.underlay.take();
}

const event = ({ vtep }: MemoryHost, name: string): number => vtep.statistics().events[name]!;

t.test('a question the proxy cannot answer goes on, waits, or ends', async (t) => {
  const cases: [Partial<LinkConfig>, 'goes on' | 'waits' | 'ends'][] = [
    [{}, 'waits'],
    [{ l3miss: false, l2miss: true }, 'ends'],
    [{ hold: 0 }, 'ends'],
    [{ neighsnoop: 10 }, 'goes on'],
    [{ neighsnoop: 10, hold: 0 }, 'goes on'],
    [{ neighsnoop: 10, l3miss: false, l2miss: true }, 'goes on'],
  ];
  for (const [config, becomes] of cases) {
    const name = JSON.stringify(config);
    const h = host({ remote: PEER, ...config });
    const sent = h.send(asks(NEAR, NEAR_IP, FAR_IP), solicit('fd00::3', 'fd00::4', NEAR));
    t.equal(sent.length, becomes === 'goes on' ? 2 : 0, name);
    t.equal(event(h, 'held'), becomes === 'waits' ? 2 : 0, name);
    t.same(h.reasons(), becomes === 'ends' ? { arp_unknown: 1, nd_unknown: 1 } : {}, name);
    t.same(h.misses(), config.l3miss === false ? [] : [`miss ${FAR_IP}`, 'miss fd00::3'], `${name} is told`);
  }
});

t.test('what the gateway asks for waits as well, and never leaves', async (t) => {
  const options = { remote: PEER, gateway: [GATEWAY_IP], gatewayMac: GATEWAY };
  const h = host(options);
  t.same(h.send(asks(GATEWAY, GATEWAY_IP, FAR_IP)), []);
  t.equal(event(h, 'held'), 1);
  h.vtep.neighbours.set({ verb: 'add', dst: FAR_IP, lladdr: FAR });
  t.same(settle(h), []);
  check(
    h.replies()[0],
    ethernet({ dst: GATEWAY }),
    arp({ senderMac: FAR, senderIp: FAR_IP, targetIp: GATEWAY_IP }),
  );
  h.send(asks(GATEWAY, GATEWAY_IP, '10.20.1.9'));
  h.clock.pass(2);
  t.same(settle(h), []);
  t.same(h.reasons(), { hold_timeout: 1 });
  const snooping = host({ ...options, neighsnoop: 10 });
  t.same(snooping.send(asks(GATEWAY, GATEWAY_IP, FAR_IP)), []);
  t.equal(event(snooping, 'held'), 0, 'with neighsnoop it would go on, and so it ends');
  t.same(snooping.reasons(), { gateway_own: 1 });
});

t.test('a frame that waited is learned from once, when it came', async (t) => {
  const h = host({ l2miss: true, neighsnoop: 10 });
  const wrong = advertise('fd00::4', NEAR, 'fd00::3', { wrong: 1, to: FAR });
  t.same(h.send(answers(NEAR, NEAR_IP, FAR), wrong), []);
  t.equal(event(h, 'held'), 2);
  t.equal(h.vtep.neighbours.get(NEAR_IP)!.lladdr, NEAR);
  h.arrive(asks(MOVED, NEAR_IP, NEAR_IP));
  t.equal(h.vtep.neighbours.get(NEAR_IP)!.lladdr, MOVED, 'the address goes elsewhere');
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.same(peers(settle(h)), [PEER, PEER]);
  t.equal(h.vtep.neighbours.get(NEAR_IP)!.lladdr, MOVED, 'and stays there');
  t.equal(event(h, 'neighInvalid'), 1);
});

t.test('what is snooped is an answer to those that wait', async (t) => {
  const h = host({ rsc: true, neighsnoop: 10 });
  h.vtep.fdb.set({ verb: 'add', mac: GATEWAY, dst: '0.0.0.0', router: true });
  t.same(h.send(udpFrame(GATEWAY, NEAR, { dst: FAR_IP })), []);
  t.equal(event(h, 'held'), 1);
  h.system.underlay.take();
  h.arrive(asks(FAR, FAR_IP, FAR_IP));
  const [sent] = settle(h);
  check(inner(sent!), ethernet({ dst: FAR, src: GATEWAY }));
});

t.test('whatever looks into what arrives does so beside the others', async (t) => {
  const syn = hex(`
    020000000101 020000000202 0800
    4500002c 1234 0000 40 06 5496 0a000001 0a000002
    9c40 0050 00000001 00000000 60 02 ffff e792 0000  0204 05b4`);
  const all = { mssclamp: 1_200, neighsnoop: 10, remoteStats: true, splitHorizon: 1 } as const;
  const h = new MemoryHost({ remote: PEER, ...all });
  const other = h.add({ name: 'vtep1', id: 43, remote: '192.0.2.9', splitHorizon: 1 });
  t.equal(h.arrive(syn)[0]!.at(-1), 1_200 & 255, 'mssclamp');
  const announcement = asks(FAR, FAR_IP, FAR_IP);
  t.same(h.arrive(announcement), [announcement]);
  t.equal(h.vtep.neighbours.get(FAR_IP)!.lladdr, FAR, 'neighsnoop');
  t.match(h.vtep.remotes().remotes[0]!.statistics, { rxPackets: 2 }, 'remote-stats');
  h.system.frames('vtep1').send(announcement);
  t.same(settle(h), []);
  t.equal(other.statistics().reasons['split_horizon'], 1, 'split-horizon');
});
