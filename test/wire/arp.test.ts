import t from 'tap';
import * as arp from '../../lib/wire/arp.js';
import * as expect from '../support/check.js';
import { hex, placed } from '../support/hex.js';

const REQUEST = hex(`
  ffff ffff ffff  0200 0000 00aa  0806
  0001 0800 06 04 0001
  ee35 0f11 73b3  0a14 0104        # sender: another MAC than the Ethernet source
  0000 0000 0000  0a14 0103
`);

function verdict(change: Record<number, number> = {}, length = 28): number {
  const packet = REQUEST.slice(14);
  for (const [offset, value] of Object.entries(change)) packet[Number(offset)] = value;
  return arp.checkArp(packet, 0, length);
}

t.test('a request', async (t) => {
  t.equal(verdict(), 0);
  t.equal(arp.targetIp(REQUEST, 14), 0x0a140103);
  t.equal(verdict({ 1: 6 }), 0, 'IEEE 802 hardware');
  t.equal(verdict({}, 46), 0, 'padded to 60 octets');
  t.equal(verdict({ 14: 0, 15: 0, 16: 0, 17: 0 }), 0, 'probe from 0.0.0.0');
});

t.test('what is no request a proxy answers', async (t) => {
  t.equal(verdict({}, 27), arp.ARP_SHORT, 'truncated');
  t.equal(verdict({ 1: 2 }), arp.ARP_NOT_IPV4, 'other hardware');
  t.equal(verdict({ 2: 0x86 }), arp.ARP_NOT_IPV4, 'other protocol');
  t.equal(verdict({ 4: 8 }), arp.ARP_NOT_IPV4, 'hardware length 8');
  t.equal(verdict({ 5: 16 }), arp.ARP_NOT_IPV4, 'protocol length 16');
  t.equal(verdict({ 7: 2 }), arp.ARP_NOT_REQUEST, 'a reply');
  t.equal(verdict({ 7: 8 }), arp.ARP_NOT_REQUEST, 'InARP');
  t.equal(verdict({ 24: 127 }), arp.ARP_TARGET, 'loopback');
  t.equal(verdict({ 24: 224 }), arp.ARP_TARGET, 'multicast');
  t.equal(verdict({ 24: 239 }), arp.ARP_TARGET, 'multicast to the end');
  t.equal(verdict({ 24: 240 }), 0, 'class E is neither');
});

t.test('the reply, in place', async (t) => {
  const bytes = placed(REQUEST, 7, 18);
  bytes[7 + 14 + 1] = 6;
  const length = arp.buildArpReply(bytes, 7, 0xe64bf9ce, 0xd77b);
  t.equal(length, 42);
  expect.check(
    bytes.subarray(7, 7 + length),
    expect.ethernet({ dst: 'ee:35:0f:11:73:b3', src: 'e6:4b:f9:ce:d7:7b', type: 0x0806 }),
    expect.arp({
      operation: 2,
      senderMac: 'e6:4b:f9:ce:d7:7b',
      senderIp: '10.20.1.3',
      targetMac: 'ee:35:0f:11:73:b3',
      targetIp: '10.20.1.4',
    }),
  );
  t.ok(
    [...bytes.subarray(0, 7), ...bytes.subarray(49)].every((octet) => octet === 0),
    'nothing beside the frame changed',
  );
});
