import fc from 'fast-check';
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

/** The request above from a host's own address. */
function sender(change: Record<number, number> = {}, length = 42): number {
  const frame = REQUEST.slice();
  frame.set(hex('ee35 0f11 73b3'), 6);
  for (const [offset, value] of Object.entries(change)) frame[14 + Number(offset)] = value;
  return arp.checkSender(frame, 0, length);
}

t.test('whom a packet tells about', async (t) => {
  t.equal(sender(), 0);
  t.equal(arp.senderIp(REQUEST, 14), 0x0a140104);
  t.equal(sender({ 7: 2 }), 0, 'a reply');
  t.equal(sender({ 24: 10, 25: 20, 26: 1, 27: 4 }), 0, 'an announcement: asks for itself');
  t.equal(sender({ 24: 224 }), 0, 'whatever it asks for');
  t.equal(sender({}, 60), 0, 'padded');
  t.equal(sender({ 14: 0, 15: 0, 16: 0, 17: 0 }), arp.ARP_SILENT, 'a probe');
  t.equal(sender({ 7: 0 }), arp.ARP_SILENT, 'no operation');
  t.equal(sender({ 7: 3 }), arp.ARP_SILENT, 'RARP');
  t.equal(sender({ 6: 1 }), arp.ARP_SILENT, 'operation 257');
  t.equal(sender({ 7: 9 }), arp.ARP_SILENT, 'InARP');
  t.equal(sender({}, 41), arp.ARP_SHORT);
  t.equal(sender({}, 14), arp.ARP_SHORT);
  t.equal(sender({ 1: 15 }), arp.ARP_NOT_IPV4, 'frame relay');
  t.equal(sender({ 4: 5 }), arp.ARP_NOT_IPV4, 'hardware length 5');
  t.equal(sender({ 5: 0 }), arp.ARP_NOT_IPV4, 'protocol length 0');
  t.equal(sender({ 14: 127 }), arp.ARP_SENDER, 'loopback');
  t.equal(sender({ 14: 224 }), arp.ARP_SENDER, 'multicast');
  t.equal(sender({ 14: 255, 15: 255, 16: 255, 17: 255 }), arp.ARP_SENDER, 'broadcast');
  t.equal(sender({ 14: 0 }), arp.ARP_SENDER, 'this network');
  t.equal(sender({ 13: 0 }), arp.ARP_SENDER, 'another MAC than the frame has');
  const group = REQUEST.slice();
  group.set(hex('0100 5e00 0001'), 6);
  group.set(hex('0100 5e00 0001'), 22);
  t.equal(arp.checkSender(group, 0, 42), arp.ARP_SENDER, 'a group MAC');
  group.set(new Uint8Array(6), 6);
  group.set(new Uint8Array(6), 22);
  t.equal(arp.checkSender(group, 0, 42), arp.ARP_SENDER, 'a MAC of zeros');
});

t.test('property: whatever octets come, what is believed is what the frame bears out', async () => {
  const octets = fc.uint8Array({ minLength: 14, maxLength: 64 });
  const changes = fc.array(fc.tuple(fc.nat(41), fc.nat(255)), { maxLength: 4 });
  const mutated = fc.tuple(changes, fc.integer({ min: 14, max: 42 })).map(([list, length]) => {
    const frame = REQUEST.slice();
    frame.set(hex('ee35 0f11 73b3'), 6);
    for (const [offset, value] of list) frame[offset] = value;
    return frame.slice(0, length);
  });
  fc.assert(
    fc.property(fc.oneof(octets, mutated), (frame) => {
      if (arp.checkSender(frame, 0, frame.length) !== 0) return true;
      const [source, claimed] = [frame.slice(6, 12), frame.slice(22, 28)];
      return (
        frame.length >= 42 &&
        source.join() === claimed.join() &&
        (source[0] & 1) === 0 &&
        frame[28] > 0 &&
        frame[28] !== 127 &&
        frame[28] < 224
      );
    }),
    { numRuns: 2_000 },
  );
});
