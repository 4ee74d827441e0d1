import fc from 'fast-check';
import t from 'tap';
import * as ipv6 from '../../lib/wire/ipv6.js';
import * as expect from '../support/check.js';
import { hex } from '../support/hex.js';

const PACKET = hex(`
  6 b9 12345 0004 11 3f
  2001 0db8 0000 0000 0000 0000 0000 0001
  2001 0db8 0000 0000 0000 0000 0000 0002
  cafe babe
`);

function verdict(change: Record<number, number>, length = PACKET.length): number {
  const packet = PACKET.slice();
  for (const [offset, value] of Object.entries(change)) packet[Number(offset)] = value;
  return ipv6.checkIpv6(packet, 0, length);
}

t.test('deconstruct', async (t) => {
  t.equal(ipv6.checkIpv6(PACKET, 0, PACKET.length), 0);
  t.equal(ipv6.trafficClass(PACKET, 0), 0xb9);
  t.equal(ipv6.ecn(PACKET, 0), 1);
  t.equal(ipv6.flowLabel(PACKET, 0), 0x12345);
  t.equal(ipv6.payloadLength(PACKET, 0), 4);
  t.equal(ipv6.nextHeader(PACKET, 0), 17);
  t.equal(ipv6.hopLimit(PACKET, 0), 63);
});

t.test('construct', async () => {
  const bytes = new Uint8Array(44);
  ipv6.putIpv6(bytes, 0, 4, 0xff, 0xfffff, 58, 255);
  ipv6.putAddress(bytes, ipv6.SOURCE, 0xfe800000 | 0, 0, 0, 1);
  ipv6.putAddress(bytes, ipv6.DESTINATION, 0xff020000 | 0, 0, 0, 2);
  expect.check(
    bytes,
    expect.ipv6({
      src: 'fe80::1',
      dst: 'ff02::2',
      trafficClass: 0xff,
      flowLabel: 0xfffff,
      nextHeader: 58,
      hopLimit: 255,
      payloadLength: 4,
    }),
    expect.payload(4),
  );
});

t.test('odd headers by name', async (t) => {
  t.equal(verdict({}, 39), ipv6.IPV6_SHORT, 'one octet short');
  t.equal(verdict({ 0: 0x45 }), ipv6.IPV6_VERSION, 'version 4');
  t.equal(verdict({}, 43), ipv6.IPV6_PAYLOAD_LENGTH, 'payload past the end');
  t.equal(verdict({ 5: 0 }), 0, 'no payload, padding');
});

t.test('addresses of a kind', async (t) => {
  const kind = (address: string) => {
    const bytes = hex(address);
    return [
      ipv6.isUnspecifiedAddress(bytes, 0),
      ipv6.isLoopbackAddress(bytes, 0),
      ipv6.isMulticastAddress(bytes, 0),
    ];
  };
  t.same(kind('00'.repeat(16)), [true, false, false]);
  t.same(kind(`${'00'.repeat(15)}01`), [false, true, false]);
  t.same(kind(`ff02${'00'.repeat(13)}01`), [false, false, true]);
  t.same(kind(`01${'00'.repeat(14)}01`), [false, false, false]);
});

t.test('hop limit and ECN change nothing beside them', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 255 }), fc.nat(3), (hops, ecn) => {
      const packet = PACKET.slice();
      packet[7] = hops;
      ipv6.decrementHopLimit(packet, 0);
      ipv6.setEcn(packet, 0, ecn);
      const expected = PACKET.slice();
      expected[7] = hops - 1;
      expected[1] = (expected[1] & 0xcf) | (ecn << 4);
      return Buffer.compare(packet, expected) === 0 && ipv6.trafficClass(packet, 0) === (0xb8 | ecn);
    }),
  );
});

t.test('extension headers', async (t) => {
  t.ok([0, 43, 44, 60].every((header) => ipv6.isExtension(header)));
  t.notOk([6, 17, 50, 58, 59].some((header) => ipv6.isExtension(header)));
  t.equal(ipv6.extensionBytes(hex('1100'), 0, ipv6.HOP_BY_HOP), 8);
  t.equal(ipv6.extensionBytes(hex('11ff'), 0, ipv6.DESTINATION_OPTIONS), 2048);
  t.equal(ipv6.extensionBytes(hex('11ff'), 0, ipv6.FRAGMENT), 8, 'its second octet is reserved');
});
