import t from 'tap';
import { NO_REPLY, replyBytes } from '../../lib/wire/icmp.js';
import { answerTooBig } from '../../lib/wire/too-big.js';
import * as expect from '../support/check.js';
import { hex, placed } from '../support/hex.js';
import { concat, ethernetFrame, ipv4Packet, ipv6Packet, tagged, udpDatagram } from '../support/packets.js';

const HEADROOM = 64;
const TO = '02:00:00:00:02:02';
const FROM = '02:00:00:00:01:01';
const PAYLOAD = Uint8Array.from({ length: 1472 }, (_, i) => i);

function answer(frame: Uint8Array, limit: number): Uint8Array | undefined {
  const bytes = placed(frame, HEADROOM, 0);
  const at = answerTooBig(bytes, HEADROOM, frame.length, limit);
  return at === NO_REPLY ? undefined : bytes.slice(at, at + replyBytes(bytes, at));
}

interface Change {
  src?: string;
  dst?: string;
  to?: string;
  protocol?: number;
  fragment?: number;
  payload?: Uint8Array;
}

function frame4({ to = TO, fragment = 0x4000, payload, ...ip }: Change = {}): Uint8Array {
  const packet = ipv4Packet(
    { src: '10.0.0.1', dst: '10.0.0.2', ttl: 61, tos: 0xb8, ...ip },
    payload ?? udpDatagram(1000, 2000, PAYLOAD),
  );
  packet.set([fragment >> 8, fragment & 255], 6);
  return ethernetFrame(to, FROM, 0x0800, packet);
}

function frame6({
  to = TO,
  protocol = 17,
  payload,
  src = 'fd00::1',
  dst = 'fd00::2',
}: Change = {}): Uint8Array {
  const packet = ipv6Packet(
    { src, dst, nextHeader: protocol, hopLimit: 61, trafficClass: 0xb8 },
    payload ?? udpDatagram(1000, 2000, PAYLOAD),
  );
  return ethernetFrame(to, FROM, 0x86dd, packet);
}

t.test('fragmentation needed, octet by octet', async (t) => {
  const frame = frame4();
  const reply = answer(frame, 1450)!;
  t.equal(reply.length, 590);
  t.same(
    reply.subarray(0, 42),
    hex(`
      020000000101 020000000202 0800                     # the other way round
      4500 0240 0000 4000 3d01 27bb 0a000002 0a000001    # TOS 0, id 0, DF, its TTL; from whom it was for
      0304 1942 0000 05aa                                # MTU 1450
    `),
  );
  t.same(reply.subarray(42), frame.subarray(14, 14 + 548), 'quotes it up to 576 octets');
});

t.test('packet too big, octet by octet', async (t) => {
  const frame = frame6();
  const reply = answer(frame, 1430)!;
  t.equal(reply.length, 14 + 1280);
  expect.check(
    reply,
    expect.ethernet({ dst: FROM, src: TO }),
    expect.ipv6({
      src: 'fd00::2',
      dst: 'fd00::1',
      hopLimit: 61,
      trafficClass: 0,
      flowLabel: 0,
      nextHeader: 58,
    }),
    expect.icmp({ type: 2, code: 0, rest: 1430 }),
    expect.payload(frame.subarray(14, 14 + 1232)),
  );
});

t.test('behind tags: the path has to carry them too', async (t) => {
  const one = answer(tagged(frame4(), 5), 1450)!;
  t.same(one.subarray(0, 18), hex('020000000101 020000000202 8100 0005 0800'));
  t.equal(one.length, 594);
  t.equal((one[18 + 20 + 6] << 8) | one[18 + 20 + 7], 1446);
  const two = answer(tagged(tagged(frame6(), 5), 7, 0x88a8), 1450)!;
  t.same(two.subarray(12, 22), hex('88a8 0007 8100 0005 86dd'));
  t.equal((two[22 + 40 + 6] << 8) | two[22 + 40 + 7], 1442);
});

t.test('IPv4 that is not answered', async (t) => {
  const silent = (name: string, change: Change, limit = 1450): void => {
    t.equal(answer(frame4(change), limit), undefined, name);
  };
  silent('without DF', { fragment: 0 });
  silent('a first fragment, with DF', { fragment: 0x6000 });
  silent('a later fragment, with DF', { fragment: 0x4001 });
  silent('to a group', { dst: '239.0.0.1' });
  silent('to everybody', { dst: '255.255.255.255' });
  silent('to a group MAC', { to: '01:00:5e:00:00:01' });
  silent('from nowhere', { src: '0.0.0.1' });
  silent('from loopback', { src: '127.0.0.1' });
  silent('from a group', { src: '224.0.0.1' });
  silent('from everybody', { src: '255.255.255.255' });
  for (const type of [3, 4, 5, 11, 12]) {
    silent(`ICMP error ${type}`, { protocol: 1, payload: concat([type, 0], PAYLOAD) });
  }
  silent('a path of less than 576 octets', {}, 575);
  t.ok(answer(frame4(), 576));
  t.ok(answer(frame4({ protocol: 1, payload: concat([8, 0], PAYLOAD) }), 1450), 'an echo request is');
});

t.test('IPv6 that is not answered', async (t) => {
  const silent = (name: string, change: Change, limit = 1450): void => {
    t.equal(answer(frame6(change), limit), undefined, name);
  };
  silent('to a group', { dst: 'ff02::1', to: '33:33:00:00:00:01' });
  silent('from nobody', { src: '::' });
  silent('from loopback', { src: '::1' });
  silent('from a group', { src: 'ff02::1' });
  for (const type of [1, 2, 3, 4, 137]) {
    silent(`ICMPv6 ${type}`, { protocol: 58, payload: concat([type, 0], PAYLOAD) });
  }
  silent('a later fragment', { protocol: 44, payload: concat([17, 0, 0, 8, 0, 0, 0, 1], PAYLOAD) });
  silent('a path of less than 1280 octets', {}, 1279);
  t.ok(answer(frame6(), 1280));
  t.ok(answer(frame6({ protocol: 58, payload: concat([128, 0], PAYLOAD) }), 1450), 'an echo request is');
  t.ok(
    answer(frame6({ protocol: 44, payload: concat([17, 0, 0, 1, 0, 0, 0, 1], PAYLOAD) }), 1450),
    'a first fragment is',
  );
});

t.test('neither IPv4 nor IPv6, and a tag cut off', async (t) => {
  t.equal(answer(ethernetFrame(TO, FROM, 0x88b5, PAYLOAD), 1450), undefined);
  t.equal(answer(ethernetFrame(TO, FROM, 0x8100, hex('0005')), 1450), undefined);
});
