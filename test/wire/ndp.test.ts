import t from 'tap';
import * as ndp from '../../lib/wire/ndp.js';
import * as expect from '../support/check.js';
import { hex, placed } from '../support/hex.js';

const ASKER = 'fe80 0000 0000 0000 0000 0000 0000 0001';
const TARGET = 'fd00 0000 0000 0001 0000 0000 0000 0003';
const GROUP = 'ff02 0000 0000 0000 0000 0001 ff00 0003';
const MAC_OPTION = '0101 ee35 0f11 73b3';

function solicitation(options = MAC_OPTION, { from = ASKER, to = GROUP, target = TARGET } = {}): Uint8Array {
  const body = hex(`8700 0000 0000 0000 ${target} ${options}`);
  const head = hex(
    `3333 ff00 0003 0200 0000 00aa 86dd 6e00 0000 00${body.length.toString(16)} 3a ff ${from} ${to}`,
  );
  return new Uint8Array([...head, ...body]);
}

function verdict(frame: Uint8Array, change: Record<number, number> = {}, length = frame.length - 14): number {
  const bytes = frame.slice();
  for (const [offset, value] of Object.entries(change)) bytes[14 + Number(offset)] = value;
  return ndp.checkSolicitation(bytes, 14, length);
}

function advertisement(frame: Uint8Array, isRouter: boolean): Uint8Array {
  const bytes = placed(frame, 0, 16);
  return bytes.subarray(0, ndp.buildAdvertisement(bytes, 0, frame.length, 0xe64bf9ce, 0xd77b, isRouter));
}

t.test('a solicitation', async (t) => {
  t.equal(verdict(solicitation()), 0);
  t.equal(verdict(solicitation('')), 0, 'without options');
  t.equal(verdict(solicitation('01')), 0, 'a lone octet behind');
  t.equal(
    verdict(solicitation(`${MAC_OPTION} 0e00 0000 0000 0000`)),
    0,
    'a malformed option behind the address',
  );
  t.equal(verdict(solicitation(), { 5: 23 }), 0, 'a wrong payload length');
  t.equal(verdict(solicitation(`0e01 0000 0000 0000 ${MAC_OPTION}`)), 0, 'a nonce in front (RFC 3971)');
});

t.test('what is none, or not for a proxy', async (t) => {
  const frame = solicitation();
  t.equal(verdict(frame, {}, 63), ndp.NDP_OTHER, 'truncated');
  t.equal(verdict(frame, { 6: 0 }), ndp.NDP_OTHER, 'behind an extension header');
  t.equal(verdict(frame, { 40: 136 }), ndp.NDP_OTHER, 'an advertisement');
  t.equal(verdict(frame, { 41: 1 }), ndp.NDP_OTHER, 'another code');
  t.equal(verdict(solicitation('', { target: GROUP })), ndp.NDP_TARGET, 'asks for a group');
  t.equal(verdict(solicitation('', { to: `${'00'.repeat(15)}01` })), ndp.NDP_TARGET, 'to loopback');
  t.equal(verdict(solicitation('0100 ee35 0f11 73b3')), ndp.NDP_OPTION, 'option of length 0');
  t.equal(verdict(solicitation('0102 ee35 0f11 73b3')), ndp.NDP_OPTION, 'option past the end');
  t.equal(verdict(solicitation('0e01')), ndp.NDP_OPTION, 'two octets of an option');
});

t.test('the advertisement', async (t) => {
  const reply = advertisement(solicitation(), false);
  t.equal(reply.length, 86);
  expect.check(
    reply,
    expect.ethernet({ dst: 'ee:35:0f:11:73:b3', src: 'e6:4b:f9:ce:d7:7b' }),
    expect.ipv6({ src: 'fd00:0:0:1::3', dst: 'fe80::1', hopLimit: 255, trafficClass: 0xe0, nextHeader: 58 }),
    expect.icmp({ type: 136, code: 0, rest: 0x60000000 }),
    expect.payload(hex(`${TARGET} 0201 e64b f9ce d77b`)),
  );
});

t.test('the first of two addresses is answered, and four bits of the traffic class are kept', async () => {
  const frame = solicitation(`${MAC_OPTION} 0101 0200 0000 00bb`);
  frame.set([0x6b, 0x81, 0x23, 0x45], 14);
  expect.check(
    advertisement(frame, false),
    expect.ethernet({ dst: 'ee:35:0f:11:73:b3' }),
    expect.ipv6({ trafficClass: 0xb0, flowLabel: 0 }),
    expect.icmp(),
  );
});

t.test('of a router, to one who gave no link-layer address', async () => {
  expect.check(
    advertisement(solicitation(''), true),
    expect.ethernet({ dst: '02:00:00:00:00:aa' }),
    expect.ipv6(),
    expect.icmp({ rest: 0xe0000000 }),
  );
});

t.test('duplicate address detection asks from ::', async () => {
  expect.check(
    advertisement(solicitation('', { from: '00'.repeat(16) }), false),
    expect.ethernet(),
    expect.ipv6({ dst: '::' }),
    expect.icmp(),
  );
});

t.test('an advertisement to who probes goes to all nodes, unsolicited', async () => {
  const frame = solicitation('', { from: '00'.repeat(16) });
  const bytes = placed(frame, 0, 16);
  const length = ndp.buildAdvertisement(bytes, 0, frame.length, 0xe64bf9ce, 0xd77b, true);
  ndp.addressToAllNodes(bytes, 0);
  expect.check(
    bytes.subarray(0, length),
    expect.ethernet({ dst: '33:33:00:00:00:01', src: 'e6:4b:f9:ce:d7:7b' }),
    expect.ipv6({ src: 'fd00:0:0:1::3', dst: 'ff02::1', hopLimit: 255, nextHeader: 58 }),
    expect.icmp({ type: 136, code: 0, rest: 0xa0000000 }),
    expect.payload(hex(`${TARGET} 0201 e64b f9ce d77b`)),
  );
});
