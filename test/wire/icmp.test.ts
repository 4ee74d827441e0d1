import fc from 'fast-check';
import t from 'tap';
import * as icmp from '../../lib/wire/icmp.js';
import * as ipv4 from '../../lib/wire/ipv4.js';
import * as expect from '../support/check.js';
import { hex, placed } from '../support/hex.js';

const HEADROOM = 64;
const MACS = '5257 0000 0001  0200 0000 0001';
const GATEWAY = 0x0a140101;

/** A frame with an IPv4 packet of `payload` octets; `change` is applied before the header checksum. */
function frame4(payload: number, change: Record<number, number> = {}, tag = ''): Uint8Array {
  const head = hex(`${MACS} ${tag} 0800`);
  const packet = new Uint8Array(20 + payload).map((_, i) => i);
  ipv4.putIpv4(packet, 0, packet.length, 0x2a, 0x1234, ipv4.DONT_FRAGMENT, 1, 17, 0x0a140104, 0x0a140203);
  for (const [offset, value] of Object.entries(change)) packet[Number(offset)] = value;
  ipv4.putChecksum(packet, 0);
  return new Uint8Array([...head, ...packet]);
}

function reply4(frame: Uint8Array): Uint8Array | undefined {
  const bytes = placed(frame, HEADROOM);
  const reply = icmp.timeExceeded4(bytes, HEADROOM, frame.length, GATEWAY);
  return reply === icmp.NO_REPLY ? undefined : bytes.slice(reply, reply + icmp.replyBytes(bytes, reply));
}

t.test('time exceeded over IPv4', async (t) => {
  const frame = frame4(64);
  const reply = reply4(frame);
  if (!reply) return t.fail('no reply');
  expect.check(
    reply,
    expect.ethernet({ dst: '02:00:00:00:00:01', src: '52:57:00:00:00:01', type: 0x0800 }),
    expect.ipv4({
      src: '10.20.1.1',
      dst: '10.20.1.4',
      ttl: 64,
      tos: 0xc8,
      df: false,
      protocol: 1,
      totalLength: 28 + 84,
    }),
    expect.icmp({ type: 11, code: 0, rest: 0 }),
    expect.payload(frame.subarray(14)),
  );
});

t.test('a long packet is quoted to 576 octets', async () => {
  const frame = frame4(1480);
  expect.check(
    reply4(frame) ?? hex(''),
    expect.ethernet(),
    expect.ipv4({ totalLength: 576 }),
    expect.icmp({ type: 11 }),
    expect.payload(frame.subarray(14, 14 + 548)),
  );
});

t.test('Ethernet padding is not quoted', async () => {
  const frame = new Uint8Array([...frame4(1), ...hex('ff'.repeat(25))]);
  expect.check(
    reply4(frame) ?? hex(''),
    expect.ethernet(),
    expect.ipv4({ totalLength: 28 + 21 }),
    expect.icmp(),
  );
});

t.test('a VLAN tag is kept', async () => {
  expect.check(
    reply4(frame4(8, {}, '8100 2064')) ?? hex(''),
    expect.ethernet({ dst: '02:00:00:00:00:01', src: '52:57:00:00:00:01' }),
    expect.vlan({ id: 100, priority: 1 }),
    expect.ipv4({ src: '10.20.1.1' }),
    expect.icmp({ type: 11 }),
  );
});

t.test('fragmentation needed carries the MTU', async () => {
  const frame = frame4(1480);
  const bytes = placed(frame, HEADROOM);
  const at = icmp.buildError4(
    bytes,
    HEADROOM,
    frame.length,
    0x0a140203,
    63,
    icmp.V4_UNREACHABLE,
    icmp.V4_FRAGMENTATION_NEEDED,
    1450,
  );
  expect.check(
    bytes.subarray(at, at + icmp.replyBytes(bytes, at)),
    expect.ethernet(),
    expect.ipv4({ src: '10.20.2.3', ttl: 63 }),
    expect.icmp({ type: 3, code: 4, rest: 1450 }),
  );
});

t.test('no error message is sent over IPv4', async (t) => {
  const none = (name: string, frame: Uint8Array) => t.equal(reply4(frame), undefined, name);
  const multicastMac = frame4(8);
  multicastMac[0] = 0x01;
  none('about a frame to a group address', multicastMac);
  none('about a packet to a multicast address', frame4(8, { 16: 224 }));
  none('about a packet to the limited broadcast address', frame4(8, { 16: 255, 17: 255, 18: 255, 19: 255 }));
  none('about a packet from 0.0.0.0', frame4(8, { 12: 0, 13: 0, 14: 0, 15: 0 }));
  none('about a packet from a loopback address', frame4(8, { 12: 127 }));
  none('about a packet from a multicast address', frame4(8, { 12: 239 }));
  none('about a later fragment', frame4(8, { 6: 0, 7: 1 }));
  t.ok(reply4(frame4(8, { 6: 0x20, 7: 0 })), 'but about the first fragment');
  none('about an ICMP error', frame4(8, { 9: 1, 20: 11 }));
  none('about an ICMP redirect', frame4(8, { 9: 1, 20: 5 }));
  none('about an ICMP message of unknown type', frame4(8, { 9: 1, 20: 200 }));
  none('about an empty ICMP message', frame4(0, { 9: 1 }));
  t.ok(reply4(frame4(8, { 9: 1, 20: 8 })), 'but about an echo request');
  none('about a broken header', frame4(8, { 3: 200 }));
  none('about ARP', hex(`${MACS} 0806 ${'00'.repeat(28)}`));
});

const GUEST6 = 'fd00 0000 0000 0001 0000 0000 0000 0004';
const REMOTE6 = 'fd00 0000 0000 0002 0000 0000 0000 0003';

/** A frame with an IPv6 packet; `body` follows the fixed header. */
function frame6(nextHeader: number, body: Uint8Array, from = GUEST6, to = REMOTE6): Uint8Array {
  const frame = new Uint8Array([...hex(`${MACS} 86dd 6 b9 12345 0000 00 01 ${from} ${to}`), ...body]);
  frame[14 + 4] = body.length >>> 8;
  frame[14 + 5] = body.length;
  frame[14 + 6] = nextHeader;
  return frame;
}

function reply6(frame: Uint8Array): Uint8Array | undefined {
  const bytes = placed(frame, HEADROOM);
  const reply = icmp.timeExceeded6(bytes, HEADROOM, frame.length, 0xfd000000 | 0, 1, 0, 1);
  return reply === icmp.NO_REPLY ? undefined : bytes.slice(reply, reply + icmp.replyBytes(bytes, reply));
}

t.test('time exceeded over IPv6', async () => {
  const frame = frame6(17, hex('c350 0035 0008 0000'));
  expect.check(
    reply6(frame) ?? hex(''),
    expect.ethernet({ dst: '02:00:00:00:00:01', src: '52:57:00:00:00:01', type: 0x86dd }),
    expect.ipv6({
      src: 'fd00:0:0:1::1',
      dst: 'fd00:0:0:1::4',
      hopLimit: 64,
      trafficClass: 0,
      nextHeader: 58,
    }),
    expect.icmp({ type: 3, code: 0, rest: 0 }),
    expect.payload(frame.subarray(14)),
  );
});

t.test('a long IPv6 packet is quoted to 1280 octets', async () => {
  expect.check(
    reply6(frame6(17, new Uint8Array(1400))) ?? hex(''),
    expect.ethernet(),
    expect.ipv6({ payloadLength: 1240 }),
    expect.icmp({ type: 3 }),
    expect.payload(1232),
  );
});

t.test('packet too big comes from where the packet went', async () => {
  const frame = frame6(17, new Uint8Array(1400));
  const bytes = placed(frame, HEADROOM);
  const at = icmp.buildError6(bytes, HEADROOM, frame.length, 63, icmp.V6_PACKET_TOO_BIG, 0, 1430);
  expect.check(
    bytes.subarray(at, at + icmp.replyBytes(bytes, at)),
    expect.ethernet(),
    expect.ipv6({ src: 'fd00:0:0:2::3', dst: 'fd00:0:0:1::4', hopLimit: 63 }),
    expect.icmp({ type: 2, code: 0, rest: 1430 }),
  );
});

t.test('no error message is sent over IPv6', async (t) => {
  const none = (name: string, frame: Uint8Array) => t.equal(reply6(frame), undefined, name);
  const udp = hex('c350 0035 0008 0000');
  none('to an unspecified source', frame6(17, udp, '00'.repeat(16)));
  none('to a multicast source', frame6(17, udp, `ff02${'00'.repeat(13)}01`));
  none('to a loopback source', frame6(17, udp, `${'00'.repeat(15)}01`));
  none('about a packet to a group', frame6(17, udp, GUEST6, `ff02${'00'.repeat(13)}01`));
  none('about an ICMPv6 error', frame6(58, hex('0300 0000 0000 0000')));
  none('about a redirect', frame6(58, hex('8900 0000 0000 0000')));
  t.ok(reply6(frame6(58, hex('8000 0000 0000 0000'))), 'but about an echo request');
  none('about an ICMPv6 error behind options', frame6(60, hex('3a00 0104 0000 0000  0100 0000 0000 0000')));
  t.ok(
    reply6(frame6(60, hex('3a00 0104 0000 0000  8000 0000 0000 0000'))),
    'but about an echo behind options',
  );
  none('about a later fragment', frame6(44, hex('1100 0008 0000 0001 c350 0035')));
  t.ok(reply6(frame6(44, hex('1100 0001 0000 0001 c350 0035 0008 0000'))), 'but about the first fragment');
  none('about an option that runs past the end', frame6(0, hex('3aff 0104 0000 0000')));
});

t.test('whatever the packet, only the headroom and nothing behind it is written', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 14, maxLength: 120 }), fc.boolean(), (frame, six) => {
      frame.set(hex(six ? `${MACS} 86dd` : `${MACS} 0800`));
      if (frame.length > 14) frame[14] = six ? 0x60 : 0x45;
      if (frame.length >= 54 && six) frame.set([0, frame.length - 54], 18);
      if (frame.length >= 34 && !six) frame.set([0, frame.length - 14], 16);
      const bytes = placed(frame, HEADROOM, 8);
      const reply = six
        ? icmp.timeExceeded6(bytes, HEADROOM, frame.length, 1, 2, 3, 4)
        : icmp.timeExceeded4(bytes, HEADROOM, frame.length, GATEWAY);
      if (reply === icmp.NO_REPLY) return Buffer.compare(bytes, placed(frame, HEADROOM, 8)) === 0;
      const quote = HEADROOM + 14;
      return (
        reply >= HEADROOM - icmp.V6_HEADROOM &&
        bytes.subarray(0, reply).every((octet) => octet === 0) &&
        Buffer.compare(bytes.subarray(quote), placed(frame, HEADROOM, 8).subarray(quote)) === 0 &&
        reply + icmp.replyBytes(bytes, reply) <= HEADROOM + frame.length
      );
    }),
    { numRuns: 1000 },
  );
});
