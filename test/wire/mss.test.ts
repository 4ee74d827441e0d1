import fc from 'fast-check';
import t from 'tap';
import { clampMss, FINAL, UNFINISHED, UNKNOWN } from '../../lib/wire/mss.js';
import { hex, placed } from '../support/hex.js';
import {
  checksumOf,
  concat,
  ethernetFrame,
  ipv4Packet,
  ipv6Packet,
  tagged,
  word16,
} from '../support/packets.js';

const TO = '02:00:00:00:02:02';
const FROM = '02:00:00:00:01:01';
const MSS_1460 = hex('0204 05b4');
const SYN = 0x02;

/** A segment; its options are padded with END. */
function tcp(options: Uint8Array, flags = SYN, payload = new Uint8Array()): Uint8Array {
  const padded = concat(options, new Uint8Array(-options.length & 3));
  const words = 5 + padded.length / 4;
  return concat(
    word16(40_000),
    word16(80),
    hex('00000001 00000000'),
    [words << 4, flags],
    hex('ffff 0000 0000'),
    padded,
    payload,
  );
}

const pseudo = (packet: Uint8Array, segment: number): Uint8Array =>
  packet[0] >> 4 === 4
    ? concat(packet.slice(12, 20), [0, 6], word16(packet.length - segment))
    : concat(packet.slice(8, 40), [0, 0], word16(packet.length - segment), [0, 0, 0, 6]);

/** What the checksum field must hold. */
function rightChecksum(packet: Uint8Array, segment: number): number {
  const zeroed = packet.slice(segment);
  zeroed.fill(0, 16, 18);
  return checksumOf(concat(pseudo(packet, segment), zeroed));
}

/** Sets the checksum: final, or as an offload leaves it. */
function summed(packet: Uint8Array, segment: number, finished: boolean): Uint8Array {
  const value = finished ? rightChecksum(packet, segment) : ~checksumOf(pseudo(packet, segment)) & 0xffff;
  packet.set(word16(value), segment + 16);
  return packet;
}

const v4 = (segment: Uint8Array, finished = true): Uint8Array =>
  ethernetFrame(
    TO,
    FROM,
    0x0800,
    summed(ipv4Packet({ src: '10.0.0.1', dst: '10.0.0.2', protocol: 6 }, segment), 20, finished),
  );
const v6 = (segment: Uint8Array, finished = true): Uint8Array =>
  ethernetFrame(
    TO,
    FROM,
    0x86dd,
    summed(ipv6Packet({ src: 'fd00::1', dst: 'fd00::2', nextHeader: 6 }, segment), 40, finished),
  );

/** The frame afterwards, undefined when it is as it was. */
function clamped(frame: Uint8Array, mss: number, packet = 1450, checksum = FINAL): Uint8Array | undefined {
  const bytes = placed(frame, 8, 0);
  const changed = clampMss(bytes, 8, frame.length, mss, packet, checksum);
  const after = bytes.slice(8, 8 + frame.length);
  if (changed === after.every((octet, i) => octet === frame[i]))
    throw new Error('it did not do what it says');
  return changed ? after : undefined;
}

t.test('a SYN, octet by octet', async (t) => {
  const before = hex(`
    020000000202 020000000101 0800
    4500002c 1234 0000 40 06 5496 0a000001 0a000002
    9c40 0050 00000001 00000000 60 02 ffff e792 0000  0204 05b4`);
  t.equal(rightChecksum(before.slice(14), 20), 0xe792);
  const after = before.slice();
  after.set(hex('e7c4 0000 0204 0582'), 50); //             50 less in the option, 50 more in the sum
  t.same(clamped(before, 1410), after);
});

t.test('both families, SYN and SYN/ACK, and what auto makes of a packet', async (t) => {
  for (const flags of [SYN, SYN | 0x10, SYN | 0xc0]) {
    const four = clamped(v4(tcp(MSS_1460, flags)), 0)!;
    t.same(four.slice(14 + 40), hex(`0204 ${(1450 - 40).toString(16).padStart(4, '0')}`));
    t.equal((four[50] << 8) | four[51], rightChecksum(four.slice(14), 20));
    const six = clamped(v6(tcp(MSS_1460, flags)), 0)!;
    t.same(six.slice(14 + 60), hex(`0204 ${(1450 - 60).toString(16).padStart(4, '0')}`));
    t.equal((six[70] << 8) | six[71], rightChecksum(six.slice(14), 40));
  }
  const inVlan = clamped(tagged(v4(tcp(MSS_1460)), 5), 0)!;
  t.same(inVlan.slice(18 + 40), hex(`0204 ${(1446 - 40).toString(16).padStart(4, '0')}`), 'a tag takes room');
});

t.test('left alone', async (t) => {
  const same = (name: string, frame: Uint8Array, mss = 1410): boolean =>
    t.equal(clamped(frame, mss), undefined, name);
  same('no SYN', v4(tcp(MSS_1460, 0x10)));
  same('no option', v4(tcp(hex('0402 0101'))));
  same('asks for as much', v4(tcp(MSS_1460)), 1460);
  same('asks for less', v4(tcp(MSS_1460)), 9000);
  same('behind the end of options', v4(tcp(concat([0, 0, 0, 0], MSS_1460))));
  same('an option of length 0', v4(tcp(concat([5, 0, 1, 1], MSS_1460))));
  same('an option past the end', v4(tcp(hex('02 04 05'), SYN).slice(0, 20 + 3)));
  same('an MSS of another length', v4(tcp(hex('0206 05b4 0000'))));
  same('UDP', v4(tcp(MSS_1460)).with(14 + 9, 17));
  same('a later fragment', v4(tcp(MSS_1460)).with(14 + 7, 1));
  same('a header cut off', v4(tcp(MSS_1460)).slice(0, -1));
  same('IPv4 cut off', v4(tcp(MSS_1460)).slice(0, 33));
  same('IPv6 cut off', v6(tcp(MSS_1460)).slice(0, 53));
  same('a tag cut off', tagged(v4(tcp(MSS_1460)), 5).slice(0, 14));
  same('no IP', v4(tcp(MSS_1460)).with(12, 0x88));
});

t.test('behind an extension header, but not in a later fragment', async (t) => {
  const behind = (header: number, octets: string): Uint8Array => {
    const packet = ipv6Packet(
      { src: 'fd00::1', dst: 'fd00::2', nextHeader: header },
      concat(hex(octets), tcp(MSS_1460)),
    );
    return ethernetFrame(TO, FROM, 0x86dd, summed(packet, 48, true));
  };
  t.ok(clamped(behind(0, '0600 0104 00000000'), 1410), 'hop by hop');
  t.ok(clamped(behind(44, '0600 0001 00000001'), 1410), 'a first fragment');
  t.equal(clamped(behind(44, '0600 0009 00000001'), 1410), undefined);
});

t.test('an unfinished checksum stays as it is, whether told or found out', async (t) => {
  for (const [frame, at] of [
    [v4(tcp(MSS_1460), false), 50],
    [v6(tcp(MSS_1460), false), 70],
  ] as const) {
    for (const state of [UNFINISHED, UNKNOWN]) {
      const after = clamped(frame, 1300, 1450, state)!;
      t.same(after.slice(at, at + 2), frame.slice(at, at + 2));
    }
  }
  const final = clamped(v4(tcp(MSS_1460)), 1300, 1450, UNKNOWN)!;
  t.equal((final[50] << 8) | final[51], rightChecksum(final.slice(14), 20), 'a final one is corrected');
});

t.test('wherever the option stands, the checksum is right', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 1, max: 65_535 }),
      fc.integer({ min: 88, max: 65_495 }),
      fc.boolean(),
      (nops, asked, mss, six) => {
        const segment = tcp(concat(new Array<number>(nops).fill(1), [2, 4], word16(asked)));
        const after = clamped((six ? v6 : v4)(segment), mss);
        if (after === undefined) return asked <= mss;
        const packet = after.slice(14);
        const at = six ? 40 : 20;
        const value = (packet[at + 20 + nops + 2] << 8) | packet[at + 20 + nops + 3];
        return value === mss && ((packet[at + 16] << 8) | packet[at + 17]) === rightChecksum(packet, at);
      },
    ),
  );
});
