import fc from 'fast-check';
import t from 'tap';
import * as ipv4 from '../../lib/wire/ipv4.js';
import * as expect from '../support/check.js';
import { hex } from '../support/hex.js';

const HEADER = hex('45 b9 0054  1234 4000  40 01 0000  0a14 0104  0a14 0103');
const PACKET = new Uint8Array(84);
PACKET.set(HEADER);
ipv4.putChecksum(PACKET, 0);

function verdict(change: Record<number, number>, length = PACKET.length): number {
  const packet = PACKET.slice();
  for (const [offset, value] of Object.entries(change)) packet[Number(offset)] = value;
  return ipv4.checkIpv4(packet, 0, length);
}

t.test('deconstruct', async (t) => {
  t.equal(ipv4.checkIpv4(PACKET, 0, PACKET.length), 0);
  t.equal(ipv4.headerBytes(PACKET, 0), 20);
  t.equal(ipv4.totalLength(PACKET, 0), 84);
  t.equal(ipv4.tos(PACKET, 0), 0xb9);
  t.equal(ipv4.ecn(PACKET, 0), 1);
  t.equal(ipv4.ttl(PACKET, 0), 64);
  t.equal(ipv4.protocol(PACKET, 0), ipv4.PROTOCOL_ICMP);
  t.equal(ipv4.source(PACKET, 0), 0x0a140104);
  t.equal(ipv4.destination(PACKET, 0), 0x0a140103);
  t.ok(ipv4.dontFragment(PACKET, 0));
  t.ok(ipv4.hasValidChecksum(PACKET, 0));
});

t.test('construct', async (t) => {
  const bytes = new Uint8Array(3 + 24).fill(0xee);
  ipv4.putIpv4(bytes, 3, 24, 0xb8, 0xffff, ipv4.DONT_FRAGMENT, 62, 17, 0xc0a86402, 0xc0a86403 | 0);
  t.equal(bytes[2], 0xee);
  expect.check(
    bytes.subarray(3),
    expect.ipv4({
      src: '192.168.100.2',
      dst: '192.168.100.3',
      ttl: 62,
      tos: 0xb8,
      df: true,
      protocol: 17,
      identification: 0xffff,
      totalLength: 24,
    }),
    expect.payload(4),
  );
});

t.test('odd headers by name', async (t) => {
  t.equal(verdict({}, 19), ipv4.IPV4_SHORT, 'one octet short');
  t.equal(verdict({ 0: 0x65 }), ipv4.IPV4_VERSION, 'version 6');
  t.equal(verdict({ 0: 0x44 }), ipv4.IPV4_IHL, 'IHL 4');
  t.equal(verdict({ 0: 0x4f }, 59), ipv4.IPV4_IHL, 'options past the end');
  t.equal(verdict({ 0: 0x4f, 3: 60 }), 0, 'the longest header');
  t.equal(verdict({ 3: 19 }), ipv4.IPV4_TOTAL_LENGTH, 'total length below the header');
  t.equal(verdict({ 0: 0x46, 3: 20 }), ipv4.IPV4_TOTAL_LENGTH, 'total length inside the options');
  t.equal(verdict({}, 83), ipv4.IPV4_TOTAL_LENGTH, 'total length past the end');
  t.equal(verdict({ 3: 20 }), 0, 'padding after the packet');
});

t.test('fragments', async (t) => {
  const fragment = (word: number) => {
    const packet = PACKET.slice();
    packet[6] = word >>> 8;
    packet[7] = word;
    return [ipv4.isFragment(packet, 0), ipv4.isLaterFragment(packet, 0)];
  };
  t.same(fragment(0), [false, false]);
  t.same(fragment(ipv4.DONT_FRAGMENT), [false, false]);
  t.same(fragment(ipv4.MORE_FRAGMENTS), [true, false], 'the first');
  t.same(fragment(ipv4.MORE_FRAGMENTS | 185), [true, true], 'one in the middle');
  t.same(fragment(1), [true, true], 'the last');
});

t.test('addresses of a kind', async (t) => {
  t.ok(ipv4.isMulticastAddress(0xe0000001 | 0) && ipv4.isMulticastAddress(0xefffffff));
  t.notOk(ipv4.isMulticastAddress(0xdfffffff) || ipv4.isMulticastAddress(0xf0000000));
  t.ok(ipv4.isLoopbackAddress(0x7fffffff));
  t.notOk(ipv4.isLoopbackAddress(0x80000000 | 0));
});

t.test('one hop less, and any ECN mark, keep the checksum right', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(3),
      (bytes, ttl, ecn) => {
        bytes[0] = 0x45;
        bytes[8] = ttl;
        ipv4.putChecksum(bytes, 0);
        const before = bytes.slice();
        ipv4.decrementTtl(bytes, 0);
        ipv4.setEcn(bytes, 0, ecn);
        const after = bytes.slice();
        ipv4.putChecksum(bytes, 0);
        return (
          Buffer.compare(bytes, after) === 0 &&
          bytes[8] === ttl - 1 &&
          bytes[9] === before[9] &&
          bytes[0] === 0x45 &&
          bytes[1] === ((before[1] & 0xfc) | ecn)
        );
      },
    ),
  );
});

t.test('a damaged header is seen', async (t) => {
  const packet = PACKET.slice();
  packet[8] ^= 1;
  t.notOk(ipv4.hasValidChecksum(packet, 0));
});
